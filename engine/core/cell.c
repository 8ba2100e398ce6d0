/* cell.c - a value as a database stores it, into a typed cell of a batch.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/cell.h"
#include "engine/core/typed.h"
#include "engine/core/utf8.h"

enum { SHOWN_BYTES = 32, DECIMAL_TEXT_MAX = 512, YEAR_MAX = 9999, DIGITS_MAX = 20 /* more than a double has */, SHOWN_DIGITS = 256 };

static int bad(struct batch *batch, size_t column, uint32_t row, struct text shown, struct error *error)
{
	return typed_bad(batch, column, row, shown, error);
}

static int bad_string(struct batch *batch, size_t column, uint32_t row, const char *shown, struct error *error)
{
	return bad(batch, column, row, (struct text){ shown, strlen(shown) }, error);
}

/* Its digits without zeros around them, and the power of ten behind the first of them; false where there are none, or too many. */
static bool digits_of(const char *text, char *digits, int *power)
{
	bool point = false;
	size_t count = 0;
	long ten = 0;

	for (text += *text == '-' || *text == '+'; (*text >= '0' && *text <= '9') || *text == '.'; text++) {
		if (*text == '.') {
			point = true;
			continue;
		}
		if (count || *text != '0') {
			if (count < DIGITS_MAX)
				digits[count] = *text;
			else if (*text != '0')
				return false;
			count++;
			ten += !point;
		} else {
			ten -= point;
		}
	}
	if (*text == 'e' || *text == 'E')
		ten += strtol(text + 1, NULL, 10);
	count = count < DIGITS_MAX ? count : DIGITS_MAX;
	while (count && digits[count - 1] == '0')
		count--;
	digits[count] = '\0';
	*power = count ? (int)ten : 0;
	return true;
}

/* The decimal number text says is the one that the double's own shortest text says, so that it comes back as it was. */
static bool is_double(const char *text, double value)
{
	char digits[DIGITS_MAX + 1], others[DIGITS_MAX + 1], spelled[VALUE_TEXT_MAX];
	int power, other;

	value_format_double(value, spelled);
	return digits_of(text, digits, &power) && digits_of(spelled, others, &other) && power == other && strcmp(digits, others) == 0;
}

/* A number that would be another one as a double. */
static int bad_double(struct batch *batch, size_t column, uint32_t row, struct text shown, struct error *error)
{
	size_t length = shown.length < SHOWN_DIGITS ? shown.length : SHOWN_DIGITS;

	batch->columns[column].cells[row] = CELL_BAD;
	if (batch_store(batch, shown.data, length, &batch->columns[column].texts[row], error))
		return -1;
	return batch_fault(batch, row, FAULT_TYPE, column, error,
		"\"%.*s\"%s is not exactly a number of 64 bits; a precision and a scale in the dictionary make it a decimal", (int)length,
		shown.data, shown.length > length ? "..." : "");
}

/* Bytes that are no text, as x'4142'. */
static int bad_bytes(struct batch *batch, size_t column, uint32_t row, struct text bytes, struct error *error)
{
	char shown[2 * SHOWN_BYTES + 8];
	size_t at = (size_t)snprintf(shown, sizeof shown, "x'");

	for (size_t i = 0; i < bytes.length && i < SHOWN_BYTES; i++)
		at += (size_t)snprintf(shown + at, sizeof shown - at, "%02X", (unsigned)(unsigned char)bytes.data[i]);
	snprintf(shown + at, sizeof shown - at, "%s", bytes.length > SHOWN_BYTES ? "..." : "'");
	return bad_string(batch, column, row, shown, error);
}

static int too_long(struct batch *batch, size_t column, uint32_t row, size_t length, uint64_t most, struct error *error)
{
	batch->columns[column].cells[row] = CELL_BAD;
	return batch_fault(batch, row, FAULT_RECORD, SCHEMA_NO_FIELD, error, "%s has %zu bytes, more than limits.field (%" PRIu64 ")",
		batch->columns[column].field->name, length, most);
}

static bool is_plain_integer(const char *text, size_t length)
{
	size_t sign = length && text[0] == '-';

	return length > sign && strspn(text + sign, "0123456789") == length - sign;
}

int cell_integer(struct batch *batch, size_t column, uint32_t row, int64_t value, struct error *error)
{
	struct column *to = &batch->columns[column];
	char shown[VALUE_TEXT_MAX];
	size_t length;

	switch (to->field->type) {
	case VALUE_INTEGER:
		typed_integer(batch, column, row, value);
		return 0;
	case VALUE_BOOLEAN:
		if (value != 0 && value != 1)
			break;
		typed_integer(batch, column, row, value);
		return 0;
	case VALUE_YEAR:
		if (value < 1 || value > YEAR_MAX)
			break;
		typed_integer(batch, column, row, value);
		return 0;
	case VALUE_DOUBLE:
		length = value_format_integer(value, shown);
		/* Doubles and integers of one value are one in SQLite. 2^63 is no int64: the comparison would not be defined. */
		if ((double)value >= 9223372036854775808.0 || (int64_t)(double)value != value)
			return bad_double(batch, column, row, (struct text){ shown, length }, error);
		to->doubles[row] = (double)value;
		to->cells[row] = CELL_VALUE;
		return 0;
	case VALUE_DECIMAL:
		length = value_format_integer(value, shown);
		if (!value_parse_decimal(shown, length, to->field->precision, to->field->scale, &to->decimals[row]))
			break;
		to->cells[row] = CELL_VALUE;
		return 0;
	default:
		break;
	}
	length = value_format_integer(value, shown);
	return bad(batch, column, row, (struct text){ shown, length }, error);
}

/* A decimal that a column of floating point keeps: the one of this scale that reads back as the same number. */
static bool decimal_of(double value, const struct field *field, decimal_t *out)
{
	char text[DECIMAL_TEXT_MAX];
	int length = snprintf(text, sizeof text, "%.*f", (int)field->scale, value);

	return length > 0 && (size_t)length < sizeof text && strtod(text, NULL) == value &&
		value_parse_decimal(text, (size_t)length, field->precision, field->scale, out);
}

int cell_real(struct batch *batch, size_t column, uint32_t row, double value, struct error *error)
{
	struct column *to = &batch->columns[column];
	char shown[VALUE_TEXT_MAX];

	if (isfinite(value) && to->field->type == VALUE_DOUBLE) {
		to->doubles[row] = value + 0.0; /* -0 is 0 */
		to->cells[row] = CELL_VALUE;
		return 0;
	}
	if (isfinite(value) && to->field->type == VALUE_DECIMAL && decimal_of(value, to->field, &to->decimals[row])) {
		to->cells[row] = CELL_VALUE;
		return 0;
	}
	value_format_double(value, shown);
	if (isfinite(value) && !strpbrk(shown, ".e")) /* so that a person sees what it is */
		strcat(shown, ".0");
	return bad_string(batch, column, row, shown, error);
}

/* Texts of typed_read's types. */
static int read_typed(struct batch *batch, size_t column, uint32_t row, struct text text, struct error *error)
{
	size_t used = batch->arena.used;
	bool valid = false;

	if (typed_read(batch, column, row, text, &valid, error))
		return -1;
	if (valid)
		return 0;
	batch->arena.used = used;
	return bad(batch, column, row, text, error);
}

int cell_text(struct batch *batch, size_t column, uint32_t row, struct text text, uint64_t most, struct error *error)
{
	enum value_type type = batch->columns[column].field->type;

	if (text.length > most)
		return too_long(batch, column, row, text.length, most, error);
	if (utf8_find_bad(text.data, text.length, 0) < text.length)
		return bad_bytes(batch, column, row, text, error);
	switch (type) {
	case VALUE_STRING:
		return typed_bytes(batch, column, row, text, error);
	case VALUE_DECIMAL:
	case VALUE_DATE:
	case VALUE_TIME:
	case VALUE_DATETIME:
	case VALUE_YEARMONTH:
	case VALUE_DURATION:
	case VALUE_UUID:
	case VALUE_JSON:
		return read_typed(batch, column, row, text, error);
	default: /* a number is none in quotes, and bytes are none in letters */
		break;
	}
	return bad(batch, column, row, text, error);
}

int cell_blob(struct batch *batch, size_t column, uint32_t row, struct text bytes, uint64_t most, struct error *error)
{
	if (bytes.length > most)
		return too_long(batch, column, row, bytes.length, most, error);
	if (batch->columns[column].field->type == VALUE_BINARY)
		return typed_bytes(batch, column, row, bytes, error);
	return bad_bytes(batch, column, row, bytes, error);
}

static int printed_binary(struct batch *batch, size_t column, uint32_t row, struct text text, uint64_t most, struct error *error)
{
	if (text.length >= 2 && text.data[0] == '\\' && text.data[1] == 'x')
		text = (struct text){ text.data + 2, text.length - 2 };
	if (text.length / 2 > most)
		return too_long(batch, column, row, text.length / 2, most, error);
	return read_typed(batch, column, row, text, error);
}

int cell_printed(struct batch *batch, size_t column, uint32_t row, struct text text, bool floating, uint64_t most, struct error *error)
{
	switch (batch->columns[column].field->type) {
	case VALUE_BINARY:
		return printed_binary(batch, column, row, text, most, error);
	case VALUE_YEAR:
		if (!is_plain_integer(text.data, text.length) || text.length > 4 || atoi(text.data) < 1)
			return bad(batch, column, row, text, error);
		return read_typed(batch, column, row, text, error);
	case VALUE_INTEGER:
		if (!is_plain_integer(text.data, text.length))
			return bad(batch, column, row, text, error);
		return read_typed(batch, column, row, text, error);
	case VALUE_BOOLEAN:
		return read_typed(batch, column, row, text, error);
	case VALUE_DOUBLE:
		if (read_typed(batch, column, row, text, error))
			return -1;
		if (!floating && batch->columns[column].cells[row] == CELL_VALUE &&
		    !is_double(text.data, batch->columns[column].doubles[row]))
			return bad_double(batch, column, row, text, error);
		return 0;
	default:
		return cell_text(batch, column, row, text, most, error);
	}
}
