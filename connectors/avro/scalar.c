/* scalar.c - values that are no list, map or record.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/avro/scalar.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

static const int64_t DAY_FIRST = -719162, DAY_LAST = 2932896; /* 0001-01-01 and 9999-12-31 */
static const int64_t MICROS_PER_DAY = INT64_C(86400000000);

enum scalar_class scalar_class_of(const struct avro_type *type)
{
	switch (type->logical) {
	case LOGICAL_NONE:
		break;
	case LOGICAL_DECIMAL:
		return CLASS_DECIMAL;
	case LOGICAL_DATE:
		return CLASS_DATE;
	case LOGICAL_TIME_MILLIS:
	case LOGICAL_TIME_MICROS:
	case LOGICAL_TIME_NANOS:
		return CLASS_TIME;
	case LOGICAL_TIMESTAMP_MILLIS:
	case LOGICAL_TIMESTAMP_MICROS:
	case LOGICAL_TIMESTAMP_NANOS:
	case LOGICAL_LOCAL_MILLIS:
	case LOGICAL_LOCAL_MICROS:
	case LOGICAL_LOCAL_NANOS:
		return CLASS_DATETIME;
	case LOGICAL_UUID:
		return type->kind == KIND_STRING ? CLASS_UUID_TEXT : CLASS_UUID_BYTES;
	case LOGICAL_DURATION:
		return CLASS_DURATION;
	}
	switch (type->kind) {
	case KIND_NULL:
		return CLASS_NULL;
	case KIND_BOOLEAN:
		return CLASS_BOOLEAN;
	case KIND_INT:
	case KIND_LONG:
		return CLASS_INTEGER;
	case KIND_FLOAT:
	case KIND_DOUBLE:
		return CLASS_DOUBLE;
	case KIND_BYTES:
	case KIND_FIXED:
		return CLASS_BYTES;
	case KIND_STRING:
	case KIND_ENUM:
		return CLASS_STRING;
	case KIND_ARRAY:
	case KIND_MAP:
	case KIND_RECORD:
	case KIND_UNION:
		return CLASS_NESTED;
	}
	assert(0 && "a kind that is not in the enum");
	return CLASS_NESTED;
}

bool scalar_fits(enum scalar_class class, enum value_type type)
{
	bool text = class == CLASS_STRING || class == CLASS_BYTES;
	bool numeric = class == CLASS_INTEGER || class == CLASS_DOUBLE || class == CLASS_DECIMAL;
	switch (type) {
	case VALUE_STRING:
	case VALUE_JSON:
		return true;
	case VALUE_INTEGER:
		return text || numeric || class == CLASS_BOOLEAN;
	case VALUE_DOUBLE:
	case VALUE_DECIMAL:
		return text || numeric;
	case VALUE_BOOLEAN:
		return text || class == CLASS_BOOLEAN || class == CLASS_INTEGER;
	case VALUE_DATE:
		return text || class == CLASS_DATE;
	case VALUE_TIME:
		return text || class == CLASS_TIME;
	case VALUE_DATETIME:
		return text || class == CLASS_DATETIME;
	case VALUE_YEAR:
		return text || class == CLASS_INTEGER;
	case VALUE_YEARMONTH:
		return text;
	case VALUE_DURATION:
		return text || class == CLASS_DURATION;
	case VALUE_UUID:
		return text || class == CLASS_UUID_TEXT || class == CLASS_UUID_BYTES;
	case VALUE_BINARY:
		return text || class == CLASS_UUID_BYTES || class == CLASS_DURATION;
	}
	assert(0 && "a value type that is not in the enum");
	return false;
}

/* ---- units ---- */

bool scalar_date(int64_t days)
{
	return days >= DAY_FIRST && days <= DAY_LAST;
}

/* Of a unit into microseconds, exactly. */
static bool to_micros(int64_t value, bool millis, bool nanos, int64_t *micros)
{
	if (millis)
		return !__builtin_mul_overflow(value, (int64_t)1000, micros);
	*micros = nanos ? value / 1000 : value;
	return !nanos || value % 1000 == 0;
}

bool scalar_time(enum avro_logical logical, int64_t value, int64_t *micros)
{
	return to_micros(value, logical == LOGICAL_TIME_MILLIS, logical == LOGICAL_TIME_NANOS, micros) && *micros >= 0 &&
	       *micros < MICROS_PER_DAY;
}

bool scalar_timestamp(enum avro_logical logical, int64_t value, int64_t *micros)
{
	bool millis = logical == LOGICAL_TIMESTAMP_MILLIS || logical == LOGICAL_LOCAL_MILLIS;
	bool nanos = logical == LOGICAL_TIMESTAMP_NANOS || logical == LOGICAL_LOCAL_NANOS;
	return to_micros(value, millis, nanos, micros) && *micros >= DAY_FIRST * MICROS_PER_DAY &&
	       *micros < (DAY_LAST + 1) * MICROS_PER_DAY;
}

bool scalar_exact_double(int64_t value, double *out)
{
	*out = (double)value;
	return *out < 0x1p63 && (int64_t)*out == value;
}

/* ---- reading ---- */

static int read_number(struct wire *wire, const struct avro_type *type, struct scalar *out, struct error *error)
{
	int64_t value = 0, micros;
	if ((type->kind == KIND_INT ? wire_int(wire, &value, error) : wire_long(wire, &value, error)) < 0)
		return -1;
	out->integer = value;
	if (out->class == CLASS_DATE)
		out->bad = !scalar_date(value);
	else if (out->class == CLASS_TIME)
		out->bad = !scalar_time(type->logical, value, &micros);
	else if (out->class == CLASS_DATETIME)
		out->bad = !scalar_timestamp(type->logical, value, &micros);
	if (!out->bad && (out->class == CLASS_TIME || out->class == CLASS_DATETIME))
		out->integer = micros;
	return 0;
}

int scalar_read(struct wire *wire, const struct avro_type *type, struct scalar *out, struct error *error)
{
	size_t index = 0;
	int result;
	*out = (struct scalar){ .class = scalar_class_of(type), .type = type };
	switch (type->kind) {
	case KIND_NULL:
		return 0;
	case KIND_BOOLEAN:
		return wire_boolean(wire, &out->integer, error);
	case KIND_INT:
	case KIND_LONG:
		return read_number(wire, type, out, error);
	case KIND_FLOAT:
	case KIND_DOUBLE:
		result = type->kind == KIND_FLOAT ? wire_float(wire, &out->number, error) : wire_double(wire, &out->number, error);
		out->bad = !isfinite(out->number);
		if (!out->bad)
			out->number += 0.0; /* -0 is 0 */
		return result;
	case KIND_BYTES:
	case KIND_STRING:
		return wire_bytes(wire, &out->bytes, error);
	case KIND_FIXED:
		return wire_fixed(wire, type->size, &out->bytes, error);
	case KIND_ENUM:
		if (wire_index(wire, type->count, "symbol", &index, error) < 0)
			return -1;
		out->bytes = (struct text){ type->symbols[index], strlen(type->symbols[index]) };
		return 0;
	case KIND_ARRAY:
	case KIND_MAP:
	case KIND_RECORD:
	case KIND_UNION:
		break;
	}
	assert(0 && "a nested type is read elsewhere");
	return -1;
}

/* ---- texts ---- */

static struct text uuid_text(struct text bytes, char *out)
{
	size_t length = 0;
	for (size_t i = 0; i < bytes.length; i++)
		length += (size_t)snprintf(out + length, 4, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x",
			(unsigned)(unsigned char)bytes.data[i]);
	return (struct text){ out, length };
}

static uint32_t little_endian(const char *from)
{
	const unsigned char *at = (const unsigned char *)from;
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* Months, days and milliseconds as ISO 8601: "P1Y2M3DT4H5M6.7S". */
static struct text duration_text(struct text bytes, char *out)
{
	uint32_t months = little_endian(bytes.data), days = little_endian(bytes.data + 4), millis = little_endian(bytes.data + 8);
	const uint32_t parts[] = { months / 12, months % 12, days, millis / 3600000, millis / 60000 % 60, millis / 1000 % 60 };
	uint32_t fraction = millis % 1000;
	size_t length = 0;
	out[length++] = 'P';
	for (size_t i = 0; i < 6; i++) {
		if (i == 3 && millis > 0)
			out[length++] = 'T';
		if (i == 5 && fraction > 0) {
			length += (size_t)snprintf(out + length, 32, "%" PRIu32 ".%03" PRIu32, parts[i], fraction);
			while (out[length - 1] == '0')
				length--;
			out[length++] = 'S';
		} else if (parts[i] > 0) {
			length += (size_t)snprintf(out + length, 32, "%" PRIu32 "%c", parts[i], "YMDHMS"[i]);
		}
	}
	if (length == 1)
		length += (size_t)snprintf(out + length, 8, "T0S");
	out[length] = '\0';
	return (struct text){ out, length };
}

struct text scalar_text(const struct scalar *scalar, char out[SCALAR_TEXT_MAX])
{
	size_t length = 0;
	switch (scalar->bad ? CLASS_INTEGER : scalar->class) {
	case CLASS_NULL:
		length = (size_t)snprintf(out, SCALAR_TEXT_MAX, "null");
		break;
	case CLASS_BOOLEAN:
		length = (size_t)snprintf(out, SCALAR_TEXT_MAX, "%s", scalar->integer ? "true" : "false");
		break;
	case CLASS_INTEGER:
		if (scalar->class == CLASS_DOUBLE)
			length = (size_t)snprintf(out, SCALAR_TEXT_MAX, "%s", isnan(scalar->number) ? "NaN" : scalar->number < 0 ? "-INF" : "INF");
		else
			length = value_format_integer(scalar->integer, out);
		break;
	case CLASS_DOUBLE:
		length = value_format_double(scalar->number, out);
		break;
	case CLASS_DATE:
		length = value_format_date(scalar->integer, out);
		break;
	case CLASS_TIME:
		length = value_format_time(scalar->integer, out);
		break;
	case CLASS_DATETIME:
		length = value_format_datetime(scalar->integer, out);
		break;
	case CLASS_DECIMAL:
		length = avro_decimal_text(scalar->bytes, scalar->type->scale, out);
		break;
	case CLASS_UUID_BYTES:
		return uuid_text(scalar->bytes, out);
	case CLASS_DURATION:
		return duration_text(scalar->bytes, out);
	case CLASS_STRING:
	case CLASS_BYTES:
	case CLASS_UUID_TEXT:
		return scalar->bytes;
	case CLASS_NESTED:
		assert(0 && "a nested type has no such text");
	}
	out[length] = '\0';
	return (struct text){ out, length };
}
