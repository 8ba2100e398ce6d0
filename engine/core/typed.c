/* typed.c - canonical texts into typed cells.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/typed.h"

#include "engine/core/json_text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MICROS_PER_SECOND = 1000000, SECONDS_PER_DAY = 86400, SHOWN_MAX = 256, WHOLE_SECONDS = 19 };

static bool read_boolean(const char *text, int64_t *out)
{
	static const char *const words[] = { "0", "1", "f", "t", "false", "true" };
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(text, words[i]) == 0) {
			*out = i % 2;
			return true;
		}
	return false;
}

static bool read_integer(const char *text, int64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoll(text, &end, 10);
	return !errno && end != text && !*end;
}

/* Exactly two digits; moves the text. The NUL at a text's end is no digit, so nothing behind it is looked at. */
static bool take_two(const char **text, unsigned *out)
{
	unsigned tens = (unsigned)((*text)[0] - '0'), ones;

	if (tens > 9 || (ones = (unsigned)((*text)[1] - '0')) > 9)
		return false;
	*text += 2;
	*out = tens * 10 + ones;
	return true;
}

static bool take_date(const char **text, int64_t *days)
{
	unsigned century, year, month, day;

	if (!take_two(text, &century) || !take_two(text, &year) || *(*text)++ != '-' || !take_two(text, &month) ||
	    *(*text)++ != '-' || !take_two(text, &day))
		return false;
	return value_days_from_civil((int)(century * 100 + year), month, day, days);
}

/* ".5" and so on: microseconds, what is beyond them is left; moves the text. */
static int64_t take_fraction(const char **text)
{
	int64_t fraction = 0;
	int digits = 0;

	for ((*text)++; **text >= '0' && **text <= '9' && digits < 6; (*text)++, digits++)
		fraction = fraction * 10 + (**text - '0');
	for (; digits < 6; digits++)
		fraction *= 10;
	return fraction;
}

static bool take_time(const char **text, int64_t *micros)
{
	unsigned hour, minute, second;

	if (!take_two(text, &hour) || *(*text)++ != ':' || !take_two(text, &minute) || *(*text)++ != ':' ||
	    !take_two(text, &second) || hour > 23 || minute > 59 || second > 59)
		return false;
	*micros = (int64_t)(hour * 3600 + minute * 60 + second) * MICROS_PER_SECOND + (**text == '.' ? take_fraction(text) : 0);
	return true;
}

/* Two digits; what is none leaves a bit in *bad. */
static inline unsigned two(const char *text, unsigned *bad)
{
	unsigned tens = (unsigned char)text[0] - 48u, ones = (unsigned char)text[1] - 48u;

	*bad |= (unsigned)(tens > 9) | (unsigned)(ones > 9);
	return tens * 10 + ones;
}

/* "2021-11-07T02:48:42" and whatever follows it. The one question at the end is cheaper than one a character. */
static bool read_whole_seconds(const char *text, int64_t *out)
{
	unsigned bad = (unsigned)(text[4] != '-') | (unsigned)(text[7] != '-') | (unsigned)(text[13] != ':') | (unsigned)(text[16] != ':');
	unsigned year = two(text, &bad) * 100 + two(text + 2, &bad), month = two(text + 5, &bad), day = two(text + 8, &bad);
	unsigned hour = two(text + 11, &bad), minute = two(text + 14, &bad), second = two(text + 17, &bad);
	int64_t days;

	bad |= (unsigned)(text[10] != 'T' && text[10] != ' ') | (unsigned)(hour > 23) | (unsigned)(minute > 59) | (unsigned)(second > 59);
	if (bad || !value_days_from_civil((int)year, month, day, &days))
		return false;
	*out = (days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second) * MICROS_PER_SECOND;
	return true;
}

/* "2021-11-07T02:48:42.5Z" or "2021-11-07 02:48:42.5+00": every session is in UTC. */
static bool read_datetime(struct text text, int64_t *out)
{
	const char *rest = text.data + WHOLE_SECONDS;

	if (text.length < WHOLE_SECONDS || !read_whole_seconds(text.data, out))
		return false;
	if (*rest == '.')
		*out += take_fraction(&rest);
	return !*rest || strcmp(rest, "Z") == 0 || strcmp(rest, "+00") == 0 || strcmp(rest, "+00:00") == 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int store_hexadecimal(struct batch *batch, struct text text, struct span *out, bool *valid, struct error *error)
{
	char *to = batch_reserve(batch, text.length / 2, out, error);

	if (!to)
		return -1;
	*valid = text.length % 2 == 0;
	for (size_t i = 0; *valid && i + 1 < text.length; i += 2) {
		int high = hex_digit(text.data[i]), low = hex_digit(text.data[i + 1]);

		*valid = high >= 0 && low >= 0;
		*to++ = (char)(high * 16 + low);
	}
	return 0;
}

/* 36 characters in groups of 8-4-4-4-12, in lower case. */
static int store_uuid(struct batch *batch, struct text text, struct span *out, bool *valid, struct error *error)
{
	*valid = text.length == 36;
	for (size_t i = 0; *valid && i < text.length; i++)
		*valid = i == 8 || i == 13 || i == 18 || i == 23 ? text.data[i] == '-' : hex_digit(text.data[i]) >= 0;
	if (!*valid)
		return 0;
	char *to = batch_reserve(batch, text.length, out, error);
	if (!to)
		return -1;
	for (size_t i = 0; i < text.length; i++)
		to[i] = (char)(text.data[i] >= 'A' && text.data[i] <= 'F' ? text.data[i] + ('a' - 'A') : text.data[i]);
	return 0;
}

static int store_json(struct batch *batch, struct text text, struct span *out, bool *valid, struct error *error)
{
	struct buffer canonical;
	buffer_init(&canonical, UINT32_MAX);
	int result = json_canonical(text.data, text.length, &canonical, NULL, error);

	*valid = result > 0;
	if (result > 0)
		result = batch_store(batch, buffer_text(&canonical), canonical.length, out, error);
	buffer_fini(&canonical);
	return result;
}

static int read_span(struct batch *batch, const struct column *column, uint32_t row, struct text text, bool *valid,
	struct error *error)
{
	switch (column->field->type) {
	case VALUE_BINARY:
		return store_hexadecimal(batch, text, &column->spans[row], valid, error);
	case VALUE_UUID:
		return store_uuid(batch, text, &column->spans[row], valid, error);
	case VALUE_JSON:
		return store_json(batch, text, &column->spans[row], valid, error);
	case VALUE_YEARMONTH:
		*valid = value_is_yearmonth(text.data, text.length);
		break;
	case VALUE_DURATION:
		*valid = value_is_duration(text.data, text.length);
		break;
	default:
		break;
	}
	return *valid ? batch_store(batch, text.data, text.length, &column->spans[row], error) : 0;
}

static int read_value(struct batch *batch, struct column *column, uint32_t row, struct text text, bool *valid,
	struct error *error)
{
	const char *p = text.data;
	char *end;

	*valid = true;
	switch (column->field->type) {
	case VALUE_INTEGER:
		*valid = read_integer(p, &column->integers[row]);
		return 0;
	case VALUE_YEAR:
		*valid = read_integer(p, &column->integers[row]) && column->integers[row] >= 1 && column->integers[row] <= 9999;
		return 0;
	case VALUE_BOOLEAN:
		*valid = read_boolean(p, &column->integers[row]);
		return 0;
	case VALUE_DOUBLE:
		column->doubles[row] = strtod(p, &end) + 0.0; /* -0 is 0 */
		*valid = end != p && !*end && isfinite(column->doubles[row]);
		return 0;
	case VALUE_DECIMAL:
		*valid = value_parse_decimal(p, text.length, column->field->precision, column->field->scale,
			&column->decimals[row]);
		return 0;
	case VALUE_DATE:
		*valid = take_date(&p, &column->integers[row]) && !*p;
		return 0;
	case VALUE_TIME:
		*valid = take_time(&p, &column->integers[row]) && !*p;
		return 0;
	case VALUE_DATETIME:
		*valid = read_datetime(text, &column->integers[row]);
		return 0;
	default:
		return read_span(batch, column, row, text, valid, error);
	}
}

int typed_read(struct batch *batch, size_t column, uint32_t row, struct text text, bool *valid, struct error *error)
{
	struct column *to = &batch->columns[column];

	if (read_value(batch, to, row, text, valid, error) < 0)
		return -1;
	if (*valid)
		to->cells[row] = CELL_VALUE;
	return 0;
}

int typed_bytes(struct batch *batch, size_t column, uint32_t row, struct text bytes, struct error *error)
{
	if (batch_store(batch, bytes.data, bytes.length, &batch->columns[column].spans[row], error) < 0)
		return -1;
	batch->columns[column].cells[row] = CELL_VALUE;
	return 0;
}

int typed_bad(struct batch *batch, size_t column, uint32_t row, struct text shown, struct error *error)
{
	size_t length = shown.length < SHOWN_MAX ? shown.length : SHOWN_MAX;

	batch->columns[column].cells[row] = CELL_BAD;
	/* As the cell's text it is shown, capped and masked, as those of other sources are. */
	if (batch_store(batch, shown.data, length, &batch->columns[column].texts[row], error) < 0)
		return -1;
	return batch_fault(batch, row, FAULT_TYPE, column, error, "\"%.*s\"%s", (int)length, shown.data,
		shown.length < SHOWN_MAX ? "" : "...");
}
