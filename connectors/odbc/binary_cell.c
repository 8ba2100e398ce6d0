/* binary_cell.c - rows of PostgreSQL's COPY ... (FORMAT binary) into typed cells.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "connectors/odbc/binary_cell.h"
#include "connectors/odbc/binary_numeric.h"
#include "connectors/odbc/network_order.h"
#include "engine/core/cell.h"
#include "engine/core/typed.h"

static const int64_t EPOCH_DAYS = 10957, EPOCH_US = INT64_C(946684800000000), DAY_US = INT64_C(86400000000);
/* 0001-01-01 and 10000-01-01 from 1970 on. */
static const int64_t DAYS_FIRST = -719162, DAYS_BEHIND = 2932897;

enum {
	HEAD_BYTES = 19, /* signature, flags, length of the extension */
	LENGTH_BYTES = 4,
	COUNT_BYTES = 2,
	UUID_BYTES = 16,
	UUID_CHARACTERS = 36,
	MOMENT_MAX = 64,
	NUMERIC_TEXT_MAX = 512 * 1024, /* 131,072 digits before the point, and 16,383 behind it */
};

/* ---- types ---- */

static const struct {
	unsigned oid;
	enum binary_form form;
} forms[] = {
	{ 16, BINARY_BOOL }, { 17, BINARY_BYTES }, { 20, BINARY_INT8 }, { 21, BINARY_INT2 }, { 23, BINARY_INT4 }, { 700, BINARY_FLOAT4 },
	{ 701, BINARY_FLOAT8 }, { 1082, BINARY_DATE }, { 1083, BINARY_TIME }, { 1114, BINARY_TIMESTAMP }, { 1184, BINARY_TIMESTAMP },
	{ 1700, BINARY_NUMERIC }, { 2950, BINARY_UUID },
};

static bool is_integer(enum binary_form form)
{
	return form == BINARY_INT2 || form == BINARY_INT4 || form == BINARY_INT8;
}

static bool gives(enum value_type type, enum binary_form form)
{
	switch (type) {
	case VALUE_INTEGER:
	case VALUE_YEAR:
		return is_integer(form);
	case VALUE_DECIMAL:
		return is_integer(form) || form == BINARY_NUMERIC;
	case VALUE_DOUBLE:
		return form == BINARY_FLOAT4 || form == BINARY_FLOAT8 || form == BINARY_NUMERIC;
	case VALUE_BOOLEAN:
		return form == BINARY_BOOL;
	case VALUE_DATE:
		return form == BINARY_DATE;
	case VALUE_TIME:
		return form == BINARY_TIME;
	case VALUE_DATETIME:
		return form == BINARY_TIMESTAMP;
	case VALUE_UUID:
		return form == BINARY_UUID;
	case VALUE_BINARY:
		return form == BINARY_BYTES;
	default:
		return false;
	}
}

bool binary_has_text(enum binary_form form)
{
	return form == BINARY_PRINTED || is_integer(form) || form == BINARY_UUID;
}

bool binary_form_of(enum value_type field, unsigned oid, struct binary_reading *out)
{
	out->form = BINARY_PRINTED;
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		if (forms[i].oid == oid && (field ? gives(field, forms[i].form) : binary_has_text(forms[i].form)))
			out->form = forms[i].form;
	out->zoned = oid == 1184;
	return out->form != BINARY_PRINTED;
}

bool binary_is_text(unsigned oid)
{
	/* text, varchar, character(n), name, and what else has no OID of its own: citext, which the caller knows by its name */
	return oid == 25 || oid == 1043 || oid == 1042 || oid == 19;
}

/* ---- the stream ---- */

static int broken(const char *how, struct error *error)
{
	return error_set(error, ERROR_SOURCE, NULL, "what the server sends is no binary COPY: %s (read: fetch reads without it)", how);
}

void binary_feed(struct binary_stream *stream, char *data, size_t length)
{
	assert(stream->at == stream->end);
	stream->at = data;
	stream->end = data + length;
}

static int take_head(struct binary_stream *stream, struct error *error)
{
	static const char signature[] = { 'P', 'G', 'C', 'O', 'P', 'Y', '\n', '\377', '\r', '\n', '\0' };
	size_t extension;

	if (stream->end - stream->at < HEAD_BYTES || memcmp(stream->at, signature, sizeof signature) != 0)
		return broken("its head is missing", error);
	/* Flags 16 to 31 are those which a reader has to know; the rest says nothing about the form. */
	if (network_16(stream->at + sizeof signature))
		return broken("it has flags that are not known", error);
	extension = network_32(stream->at + sizeof signature + 4);
	stream->at += HEAD_BYTES;
	if (extension > (size_t)(stream->end - stream->at))
		return broken("its head is cut off", error);
	stream->at += extension;
	stream->headed = true;
	return 0;
}

int binary_row(struct binary_stream *stream, struct binary_value *values, size_t count, struct error *error)
{
	char *at, *end = stream->end;

	if (stream->at == end)
		return 0;
	if (!stream->headed && take_head(stream, error))
		return -1;
	at = stream->at;
	if (at == end)
		return 0;
	if (stream->tailed)
		return broken("it goes on behind its end", error);
	if (end - at < COUNT_BYTES)
		return broken("a row is cut off", error);
	if (network_16(at) == 0xffff) {
		stream->tailed = true;
		stream->at = at + COUNT_BYTES;
		return stream->at == end ? 0 : broken("it goes on behind its end", error);
	}
	if (network_16(at) != count)
		return broken("a row has another number of values", error);
	at += COUNT_BYTES;
	for (size_t i = 0; i < count; i++) {
		uint32_t length;

		if (end - at < LENGTH_BYTES)
			return broken("a row is cut off", error);
		length = network_32(at);
		at += LENGTH_BYTES;
		if (length == UINT32_MAX) {
			values[i] = (struct binary_value){ NULL, 0 };
			continue;
		}
		if (length > (size_t)(end - at))
			return broken("a value is cut off", error);
		values[i] = (struct binary_value){ at, length };
		at += length;
	}
	stream->at = at;
	return 1;
}

/* ---- moments, as the server prints those which no field takes ---- */

/* Gregorian, whatever the year is; days from 1970-01-01. */
static void civil(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
	/* From 0000-03-01 on, in cycles of 400 years: the leap day is the last one of its year. */
	int64_t shifted = days + 719468, cycle = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	unsigned in_cycle = (unsigned)(shifted - cycle * 146097);
	unsigned years = (in_cycle - in_cycle / 1460 + in_cycle / 36524 - in_cycle / 146096) / 365;
	unsigned in_year = in_cycle - (365 * years + years / 4 - years / 100);
	unsigned shifted_month = (5 * in_year + 2) / 153;

	*day = in_year - (153 * shifted_month + 2) / 5 + 1;
	*month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
	*year = (int64_t)years + cycle * 400 + (*month <= 2);
}

static size_t print_clock(int64_t micros, char *out, size_t size)
{
	int64_t seconds = micros / 1000000;
	int fraction = (int)(micros % 1000000), at;

	at = snprintf(out, size, "%02d:%02d:%02d", (int)(seconds / 3600), (int)(seconds / 60 % 60), (int)(seconds % 60));
	if (fraction) {
		at += snprintf(out + at, size - (size_t)at, ".%06d", fraction);
		while (out[at - 1] == '0')
			out[--at] = '\0';
	}
	return (size_t)at;
}

/* "10000-01-01 02:48:42.5+00", "0044-03-15 BC"; micros below 0: a date alone. */
static size_t print_moment(int64_t days, int64_t micros, bool zoned, char out[MOMENT_MAX])
{
	int64_t year;
	unsigned month, day;
	size_t at;

	civil(days, &year, &month, &day);
	at = (size_t)snprintf(out, MOMENT_MAX, "%04" PRId64 "-%02u-%02u", year > 0 ? year : 1 - year, month, day);
	if (micros >= 0) {
		out[at++] = ' ';
		at += print_clock(micros, out + at, MOMENT_MAX - at);
		if (zoned)
			at += (size_t)snprintf(out + at, MOMENT_MAX - at, "+00");
	}
	if (year <= 0)
		at += (size_t)snprintf(out + at, MOMENT_MAX - at, " BC");
	return at;
}

static int bad(struct batch *batch, size_t column, uint32_t row, const char *shown, struct error *error)
{
	return typed_bad(batch, column, row, (struct text){ shown, strlen(shown) }, error);
}

static int take_date(struct batch *batch, size_t column, uint32_t row, int32_t value, struct error *error)
{
	int64_t days = value + EPOCH_DAYS;
	char text[MOMENT_MAX];

	if (days >= DAYS_FIRST && days < DAYS_BEHIND) {
		typed_integer(batch, column, row, days);
		return 0;
	}
	if (value == INT32_MAX || value == INT32_MIN)
		return bad(batch, column, row, value > 0 ? "infinity" : "-infinity", error);
	print_moment(days, -1, false, text);
	return bad(batch, column, row, text, error);
}

static int take_time(struct batch *batch, size_t column, uint32_t row, int64_t micros, struct error *error)
{
	char text[MOMENT_MAX];

	if (micros >= 0 && micros < DAY_US) {
		typed_integer(batch, column, row, micros);
		return 0;
	}
	if (micros != DAY_US)
		return broken("a time of day is none", error);
	print_clock(micros, text, sizeof text); /* 24:00:00 */
	return bad(batch, column, row, text, error);
}

static int take_timestamp(const struct binary_reading *reading, struct batch *batch, uint32_t row, int64_t value, struct error *error)
{
	int64_t days, micros;
	char text[MOMENT_MAX];

	if (value == INT64_MAX || value == INT64_MIN)
		return bad(batch, reading->column, row, value > 0 ? "infinity" : "-infinity", error);
	days = value / DAY_US;
	micros = value % DAY_US;
	if (micros < 0) {
		days--;
		micros += DAY_US;
	}
	days += EPOCH_DAYS;
	if (days >= DAYS_FIRST && days < DAYS_BEHIND) {
		typed_integer(batch, reading->column, row, value + EPOCH_US);
		return 0;
	}
	print_moment(days, micros, reading->zoned, text);
	return bad(batch, reading->column, row, text, error);
}

/* ---- numbers ---- */

static int take_real(struct batch *batch, size_t column, uint32_t row, double value, struct error *error)
{
	if (isfinite(value))
		return cell_real(batch, column, row, value, error);
	return bad(batch, column, row, isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity", error);
}

static int take_numeric(const struct binary_reading *reading, struct batch *batch, uint32_t row, struct binary_value value,
	uint64_t most, struct error *error)
{
	struct column *to = &batch->columns[reading->column];
	struct numeric numeric;
	struct buffer text;
	int result;

	if (!numeric_read(value, &numeric))
		return broken("a numeric is none", error);
	if (to->field->type == VALUE_DECIMAL && numeric_decimal(&numeric, to->field, &to->decimals[row])) {
		to->cells[row] = CELL_VALUE;
		return 0;
	}
	buffer_init(&text, NUMERIC_TEXT_MAX);
	result = numeric_put(&numeric, &text, error);
	if (result == 0)
		result = cell_printed(batch, reading->column, row, (struct text){ buffer_text(&text), text.length }, false, most, error);
	buffer_fini(&text);
	return result;
}

static bool integer_of(enum binary_form form, struct binary_value value, int64_t *out)
{
	switch (form) {
	case BINARY_INT2:
		*out = value.length == 2 ? (int16_t)network_16(value.data) : 0;
		return value.length == 2;
	case BINARY_INT4:
		*out = value.length == 4 ? (int32_t)network_32(value.data) : 0;
		return value.length == 4;
	default:
		*out = value.length == 8 ? (int64_t)network_64(value.data) : 0;
		return value.length == 8;
	}
}

/* ---- cells ---- */

static void print_uuid(const char *bytes, char out[UUID_CHARACTERS])
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < UUID_BYTES; i++) {
		unsigned byte = (unsigned char)bytes[i];

		if (i == 4 || i == 6 || i == 8 || i == 10)
			*out++ = '-';
		*out++ = digits[byte >> 4];
		*out++ = digits[byte & 15];
	}
}

static int take_uuid(struct batch *batch, size_t column, uint32_t row, const char *bytes, struct error *error)
{
	char *to = batch_reserve(batch, UUID_CHARACTERS, &batch->columns[column].spans[row], error);

	if (!to)
		return -1;
	print_uuid(bytes, to);
	batch->columns[column].cells[row] = CELL_VALUE;
	return 0;
}

/* The calls behind want a NUL at a text's end: the place of the next value's length, which was read already. */
static int take_printed(const struct binary_reading *reading, struct batch *batch, uint32_t row, struct binary_value value,
	uint64_t most, struct error *error)
{
	char behind = value.data[value.length];
	int result;

	value.data[value.length] = '\0';
	result = cell_printed(batch, reading->column, row, (struct text){ value.data, value.length }, reading->floating, most, error);
	value.data[value.length] = behind;
	return result;
}

static size_t size_of(enum binary_form form)
{
	switch (form) {
	case BINARY_BOOL:
		return 1;
	case BINARY_FLOAT4:
	case BINARY_DATE:
		return 4;
	case BINARY_FLOAT8:
	case BINARY_TIME:
	case BINARY_TIMESTAMP:
		return 8;
	case BINARY_UUID:
		return UUID_BYTES;
	default:
		return 0; /* checked where it is read */
	}
}

/* A value of size_of its form. */
static int take_fixed(const struct binary_reading *reading, struct batch *batch, uint32_t row, const char *data, struct error *error)
{
	union {
		uint32_t bits;
		float value;
	} single;
	union {
		uint64_t bits;
		double value;
	} whole;

	switch (reading->form) {
	case BINARY_BOOL:
		typed_integer(batch, reading->column, row, data[0] != 0);
		return 0;
	case BINARY_FLOAT4:
		single.bits = network_32(data);
		return take_real(batch, reading->column, row, single.value, error);
	case BINARY_FLOAT8:
		whole.bits = network_64(data);
		return take_real(batch, reading->column, row, whole.value, error);
	case BINARY_DATE:
		return take_date(batch, reading->column, row, (int32_t)network_32(data), error);
	case BINARY_TIME:
		return take_time(batch, reading->column, row, (int64_t)network_64(data), error);
	case BINARY_TIMESTAMP:
		return take_timestamp(reading, batch, row, (int64_t)network_64(data), error);
	default:
		return take_uuid(batch, reading->column, row, data, error);
	}
}

int binary_cell(const struct binary_reading *reading, struct batch *batch, uint32_t row, struct binary_value value, uint64_t most,
	struct error *error)
{
	int64_t integer;

	if (!value.data) {
		typed_null(batch, reading->column, row);
		return 0;
	}
	if (reading->form == BINARY_PRINTED)
		return take_printed(reading, batch, row, value, most, error);
	if (is_integer(reading->form)) {
		if (!integer_of(reading->form, value, &integer))
			return broken("an integer has another length", error);
		return cell_integer(batch, reading->column, row, integer, error);
	}
	if (reading->form == BINARY_NUMERIC)
		return take_numeric(reading, batch, row, value, most, error);
	if (reading->form == BINARY_BYTES)
		return cell_blob(batch, reading->column, row, (struct text){ value.data, value.length }, most, error);
	if (value.length != size_of(reading->form))
		return broken("a value has another length than its type", error);
	return take_fixed(reading, batch, row, value.data, error);
}

int binary_text(enum binary_form form, struct binary_value value, struct buffer *out, struct error *error)
{
	char uuid[UUID_CHARACTERS];
	int64_t integer;

	if (form == BINARY_PRINTED)
		return buffer_append(out, value.data, value.length, error);
	if (form == BINARY_UUID) {
		if (value.length != UUID_BYTES)
			return broken("a uuid has another length", error);
		print_uuid(value.data, uuid);
		return buffer_append(out, uuid, sizeof uuid, error);
	}
	if (!integer_of(form, value, &integer))
		return broken("an integer has another length", error);
	return buffer_printf(out, error, "%" PRId64, integer);
}
