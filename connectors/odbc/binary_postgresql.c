/* binary_postgresql.c - values of a batch in PostgreSQL's binary form.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/binary_postgresql.h"
#include "connectors/odbc/catalog.h"

/* From 1970-01-01, as values count, to 2000-01-01, as PostgreSQL does. */
static const int64_t EPOCH_DAYS = 10957, EPOCH_US = INT64_C(946684800000000);

enum {
	LENGTH_BYTES = 4,  /* before each value; -1 for NULL */
	COUNT_BYTES = 2,   /* before each row */
	UUID_BYTES = 16,
	UUID_CHARACTERS = 36,
	DIGIT_GROUP = 4,   /* decimal digits in one of numeric's own */
	DIGITS_MAX = 40,   /* decimal digits of a value that are not zeros at its ends */
	NUMERIC_HEAD = 8,
	NUMERIC_NEGATIVE = 0x4000,
	/* Of one value that is no span, with its length. */
	FIXED_MAX = LENGTH_BYTES + NUMERIC_HEAD + 2 * (DIGITS_MAX / DIGIT_GROUP + 1),
};

/* ---- which form ---- */

static const struct {
	const char *word;
	enum binary_form form;
} types[] = {
	{ "text", BINARY_BYTES }, { "character varying", BINARY_BYTES }, { "varchar", BINARY_BYTES }, { "character", BINARY_BYTES },
	{ "bpchar", BINARY_BYTES }, { "name", BINARY_BYTES }, { "citext", BINARY_BYTES }, { "bytea", BINARY_BYTES },
	{ "json", BINARY_BYTES }, { "jsonb", BINARY_JSONB }, { "smallint", BINARY_INT2 }, { "integer", BINARY_INT4 },
	{ "bigint", BINARY_INT8 }, { "real", BINARY_FLOAT4 }, { "double precision", BINARY_FLOAT8 }, { "numeric", BINARY_NUMERIC },
	{ "boolean", BINARY_BOOL }, { "date", BINARY_DATE }, { "time without time zone", BINARY_TIME }, { "time", BINARY_TIME },
	{ "timestamp without time zone", BINARY_TIMESTAMP }, { "timestamp with time zone", BINARY_TIMESTAMP },
	{ "timestamptz", BINARY_TIMESTAMP }, { "uuid", BINARY_UUID },
};

static bool is_number(enum binary_form form)
{
	return form >= BINARY_INT2 && form <= BINARY_NUMERIC;
}

static bool carries(enum value_type type, enum binary_form form)
{
	switch (type) {
	case VALUE_INTEGER:
	case VALUE_YEAR:
	case VALUE_DECIMAL:
		return is_number(form);
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
		return form == BINARY_UUID || form == BINARY_BYTES;
	case VALUE_JSON:
		return form == BINARY_JSONB || form == BINARY_BYTES;
	case VALUE_STRING:
	case VALUE_YEARMONTH:
	case VALUE_DURATION:
	case VALUE_BINARY:
		return form == BINARY_BYTES;
	}
	return false;
}

bool binary_plan(struct binary_column *column, const struct field *field, const char *declared)
{
	char word[256];
	long numbers[2];

	*column = (struct binary_column){ .field = field };
	catalog_split_type(declared, word, sizeof word, numbers);
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (strcmp(types[i].word, word) == 0)
			column->form = types[i].form;
	column->span = column->form == BINARY_BYTES || column->form == BINARY_JSONB;
	return column->form && carries(field->type, column->form);
}

/* ---- numbers ---- */

static unsigned char *put16(unsigned char *out, unsigned value)
{
	out[0] = (unsigned char)(value >> 8);
	out[1] = (unsigned char)value;
	return out + 2;
}

static unsigned char *put32(unsigned char *out, uint32_t value)
{
	out = put16(out, value >> 16);
	return put16(out, value & 0xffff);
}

static unsigned char *put64(unsigned char *out, uint64_t value)
{
	out = put32(out, (uint32_t)(value >> 32));
	return put32(out, (uint32_t)value);
}

/* numeric_recv: how many groups, the weight of the first, sign, digits behind the point that are shown; then the groups.
 * The value is 0.DIGITS * 10^point; digits holds count of them as numbers from 0 to 9. */
static unsigned char *put_digits(unsigned char *out, const unsigned char *digits, int count, int point, bool negative, int shown)
{
	unsigned char *head = out;
	int groups, weight, first;

	while (count && digits[0] == 0) {
		digits++;
		count--;
		point--;
	}
	while (count && digits[count - 1] == 0)
		count--;
	if (!count) {
		out = put16(put16(put16(out, 0), 0), 0);
		return put16(out, (unsigned)shown);
	}
	/* The group of the first digit: point digits stand before the point (point may be negative). */
	weight = point > 0 ? (point - 1) / DIGIT_GROUP : -((DIGIT_GROUP - point) / DIGIT_GROUP);
	/* Where its group begins, in digits: at or before the first of them. */
	first = point - (weight + 1) * DIGIT_GROUP;
	groups = (count - first + DIGIT_GROUP - 1) / DIGIT_GROUP;
	out = put16(out, (unsigned)groups);
	out = put16(out, (unsigned)weight & 0xffff);
	out = put16(out, negative ? NUMERIC_NEGATIVE : 0);
	out = put16(out, (unsigned)shown);
	for (int group = 0; group < groups; group++) {
		unsigned value = 0;

		for (int i = 0; i < DIGIT_GROUP; i++) {
			int at = first + group * DIGIT_GROUP + i;

			value = value * 10 + (at >= 0 && at < count ? digits[at] : 0);
		}
		out = put16(out, value);
	}
	assert(out - head <= FIXED_MAX - LENGTH_BYTES);
	return out;
}

static unsigned char *put_decimal(unsigned char *out, decimal_t value, unsigned scale)
{
	unsigned char digits[DECIMAL_PRECISION_MAX + 2];
	unsigned char *at = digits + sizeof digits;
	bool negative = value < 0;
	decimal_t rest = negative ? -value : value; /* of at most 38 digits */
	int count;

	for (; rest > UINT64_MAX; rest /= 10)
		*--at = (unsigned char)(rest % 10);
	for (uint64_t low = (uint64_t)rest; low > 0; low /= 10)
		*--at = (unsigned char)(low % 10);
	count = (int)(digits + sizeof digits - at);
	return put_digits(out, at, count, count - (int)scale, negative, (int)scale);
}

/* "-1.5e+300" as value_format_double writes it. */
static unsigned char *put_number(unsigned char *out, const char *text)
{
	unsigned char digits[VALUE_TEXT_MAX];
	int count = 0, point = 0, shown;
	bool negative = *text == '-', behind = false;

	for (text += negative; (*text >= '0' && *text <= '9') || *text == '.'; text++) {
		if (*text == '.') {
			behind = true;
			continue;
		}
		digits[count++] = (unsigned char)(*text - '0');
		point += !behind;
	}
	if (*text == 'e' || *text == 'E')
		point += (int)strtol(text + 1, NULL, 10);
	shown = count > point ? count - point : 0;
	return put_digits(out, digits, count, point, negative, shown);
}

static unsigned char *put_single(unsigned char *out, float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof bits);
	return put32(out, bits);
}

static unsigned char *put_double(unsigned char *out, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof bits);
	return put64(out, bits);
}

static unsigned char *put_integer(unsigned char *out, enum binary_form form, int64_t value)
{
	switch (form) {
	case BINARY_INT2:
		return put16(out, (unsigned)value & 0xffff);
	case BINARY_INT4:
		return put32(out, (uint32_t)value);
	case BINARY_FLOAT4:
		return put_single(out, (float)value);
	case BINARY_FLOAT8:
		return put_double(out, (double)value);
	case BINARY_NUMERIC:
		return put_decimal(out, value, 0);
	default:
		return put64(out, (uint64_t)value);
	}
}

/* What a database makes of the text, which is what it would have got otherwise. */
static unsigned char *put_real(unsigned char *out, enum binary_form form, const char *text)
{
	if (form == BINARY_FLOAT4)
		return put_single(out, strtof(text, NULL));
	return form == BINARY_FLOAT8 ? put_double(out, strtod(text, NULL)) : put_number(out, text);
}

/* ---- values ---- */

static unsigned hex(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

static unsigned char *put_uuid(unsigned char *out, const char *text)
{
	for (int i = 0; i < UUID_CHARACTERS; i += 2) {
		i += text[i] == '-';
		*out++ = (unsigned char)(hex(text[i]) << 4 | hex(text[i + 1]));
	}
	return out;
}

/* A value that is no span, without its length. */
static unsigned char *put_value(unsigned char *out, const struct binary_column *column, const struct batch *batch,
	const struct column *from, uint32_t row)
{
	char text[VALUE_TEXT_MAX];

	switch (column->field->type) {
	case VALUE_DECIMAL:
		if (column->form == BINARY_NUMERIC)
			return put_decimal(out, from->decimals[row], column->field->scale);
		/* Whole numbers alone go into columns of such. */
		if (column->form == BINARY_INT2 || column->form == BINARY_INT4 || column->form == BINARY_INT8)
			return put_integer(out, column->form, (int64_t)from->decimals[row]);
		value_format_decimal(from->decimals[row], column->field->scale, text);
		return put_real(out, column->form, text);
	case VALUE_DOUBLE:
		if (column->form == BINARY_FLOAT8)
			return put_double(out, from->doubles[row]);
		value_format_double(from->doubles[row], text);
		return put_real(out, column->form, text);
	case VALUE_BOOLEAN:
		*out = from->integers[row] != 0;
		return out + 1;
	case VALUE_DATE:
		return put32(out, (uint32_t)(int32_t)(from->integers[row] - EPOCH_DAYS));
	case VALUE_TIME:
		return put64(out, (uint64_t)from->integers[row]);
	case VALUE_DATETIME:
		return put64(out, (uint64_t)(from->integers[row] - EPOCH_US));
	case VALUE_UUID:
		return put_uuid(out, batch_bytes(batch, from->spans[row]));
	default:
		return put_integer(out, column->form, from->integers[row]);
	}
}

static size_t row_size(const struct binary_column *columns, size_t count, const struct batch *batch, uint32_t row)
{
	size_t size = COUNT_BYTES;

	for (size_t i = 0; i < count; i++) {
		const struct column *from = &batch->columns[i];

		if (!columns[i].span)
			size += columns[i].form == BINARY_NUMERIC ? (size_t)FIXED_MAX : LENGTH_BYTES + UUID_BYTES;
		else
			size += LENGTH_BYTES + 1 + (from->cells[row] == CELL_VALUE ? from->spans[row].length : 0);
	}
	return size;
}

int binary_put_row(const struct binary_column *columns, size_t count, const struct batch *batch, uint32_t row, struct buffer *out,
	struct error *error)
{
	unsigned char *begin, *at;

	if (buffer_reserve(out, row_size(columns, count, batch, row), error))
		return -1;
	begin = at = (unsigned char *)out->data + out->length;
	at = put16(at, (unsigned)count);
	for (size_t i = 0; i < count; i++) {
		const struct column *from = &batch->columns[i];
		unsigned char *value = at + LENGTH_BYTES, *end = value;

		if (from->cells[row] != CELL_VALUE) {
			at = put32(at, UINT32_MAX);
			continue;
		}
		if (columns[i].form == BINARY_JSONB)
			*end++ = 1; /* jsonb_recv: the version of the form, whose text follows */
		if (columns[i].span) {
			if (from->spans[row].length)
				memcpy(end, batch_bytes(batch, from->spans[row]), from->spans[row].length);
			end += from->spans[row].length;
		} else {
			end = put_value(value, &columns[i], batch, from, row);
		}
		put32(at, (uint32_t)(end - value));
		at = end;
	}
	out->length += (size_t)(at - begin);
	return 0;
}

int binary_put_head(struct buffer *out, struct error *error)
{
	/* Signature, no flags, no extension. */
	static const char head[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";

	return buffer_append(out, head, sizeof head, error);
}

int binary_put_tail(struct buffer *out, struct error *error)
{
	return buffer_append(out, "\377\377", 2, error);
}
