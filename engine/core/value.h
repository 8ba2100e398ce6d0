/* value.h - the types of values in a batch, and their canonical texts.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A date is days since 1970-01-01, a time microseconds since midnight, a datetime microseconds since
 * 1970-01-01T00:00:00Z, all in the proleptic Gregorian calendar, years 0001 to 9999 (ISO 8601).
 * A decimal is an integer scaled by its column: value = unscaled / 10^scale.
 */
#ifndef PENSTOCK_CORE_VALUE_H
#define PENSTOCK_CORE_VALUE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A piece of an arena: bytes [offset, offset + length). Not terminated. */
struct span {
	uint32_t offset;
	uint32_t length;
};

/* Bytes that somebody else owns; not terminated. */
struct text {
	const char *data;
	size_t length;
};

enum value_type {
	VALUE_STRING = 1, /* UTF-8 without NUL; span */
	VALUE_INTEGER,    /* int64 */
	VALUE_DOUBLE,     /* finite, never -0 */
	VALUE_DECIMAL,    /* unscaled, 128 bit, at most DECIMAL_PRECISION_MAX digits */
	VALUE_BOOLEAN,    /* int64 0 or 1 */
	VALUE_DATE,       /* int64 days */
	VALUE_TIME,       /* int64 microseconds */
	VALUE_DATETIME,   /* int64 microseconds, UTC */
	VALUE_YEAR,       /* int64 */
	VALUE_YEARMONTH,  /* span "2021-11" */
	VALUE_DURATION,   /* span, ISO 8601 */
	VALUE_UUID,       /* span, 36 characters, lower case */
	VALUE_BINARY,     /* span of raw bytes */
	VALUE_JSON,       /* span, canonical: sorted keys, no spaces */
};

enum value_storage { STORAGE_SPAN = 1, STORAGE_INTEGER, STORAGE_DOUBLE, STORAGE_DECIMAL };

enum { DECIMAL_PRECISION_MAX = 38, VALUE_TEXT_MAX = 64 };

__extension__ typedef __int128 decimal_t; /* the one typedef: C has no portable name for it */

/* Here, and not in value.c: it is asked for each cell. */
static inline enum value_storage value_storage(enum value_type type)
{
	switch (type) {
	case VALUE_INTEGER:
	case VALUE_BOOLEAN:
	case VALUE_DATE:
	case VALUE_TIME:
	case VALUE_DATETIME:
	case VALUE_YEAR:
		return STORAGE_INTEGER;
	case VALUE_DOUBLE:
		return STORAGE_DOUBLE;
	case VALUE_DECIMAL:
		return STORAGE_DECIMAL;
	case VALUE_STRING:
	case VALUE_YEARMONTH:
	case VALUE_DURATION:
	case VALUE_UUID:
	case VALUE_BINARY:
	case VALUE_JSON:
		return STORAGE_SPAN;
	}
	assert(0 && "a value type that is not in the enum");
	return STORAGE_SPAN;
}

/* "string", "integer", ... as the dictionary says it; for messages. */
const char *value_type_name(enum value_type type);

/* Each writes a NUL-terminated text of less than VALUE_TEXT_MAX bytes and returns its length.
 * date 2021-11-07, time 02:48:42[.ffffff], datetime 2021-11-07T02:48:42[.ffffff]Z. */
size_t value_format_integer(int64_t value, char *out);
size_t value_format_double(double value, char *out); /* shortest that reads back equal */
size_t value_format_decimal(decimal_t unscaled, unsigned scale, char *out);
size_t value_format_date(int64_t days, char *out);
size_t value_format_time(int64_t micros, char *out);
size_t value_format_datetime(int64_t micros, char *out);

/* Days since 1970-01-01 of a date that exists, year 1 to 9999; false when it does not exist. */
bool value_days_from_civil(int year, unsigned month, unsigned day, int64_t *days);
void value_civil_from_days(int64_t days, int *year, unsigned *month, unsigned *day);

/* 10^exponent, exponent 0 to 38. */
decimal_t value_power_of_ten(unsigned exponent);

/* Reads [-+]digits[.digits] exactly at the given scale; false when it is no such text, or has more digits than
 * precision allows (zeros at the end of the fraction do not count). For texts from databases and files. */
bool value_parse_decimal(const char *text, size_t length, unsigned precision, unsigned scale, decimal_t *out);

/* Texts of types that are kept as they are written. A yearmonth is "2021-11"; a duration is one of ISO 8601 as XML Schema narrows it
 * ("P1Y2M3DT4H5M6.7S", only its seconds with a fraction, "-P1D"), or weeks ("P2W"), of at most VALUE_TEXT_MAX bytes. */
bool value_is_yearmonth(const char *text, size_t length);
bool value_is_duration(const char *text, size_t length);

#endif
