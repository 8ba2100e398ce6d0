/* fit_kept.c - values that a column would keep as other ones, without a word.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "connectors/odbc/fit_kept.h"

static bool is_list(const struct catalog_column *column, const char *kind)
{
	return column->kind == KIND_OTHER && strncmp(column->declared, kind, strlen(kind)) == 0;
}

bool fit_kept_asks(const struct field *field, const struct catalog_column *column)
{
	bool number = field->type == VALUE_DOUBLE || field->type == VALUE_DECIMAL || field->type == VALUE_INTEGER || field->type == VALUE_YEAR;

	return column->cuts_spaces || column->fills || (column->makes_numbers && (field->type == VALUE_STRING || field->type == VALUE_JSON)) || (column->not_negative && number) ||
		(column->ranged && field->type == VALUE_DATETIME) || is_list(column, "enum(") || is_list(column, "set(");
}

/* The item of the list 'a','b''c',... at *p equals the word; *p goes behind it. False at the end of the list. */
static bool next_item(const char **p, struct text word, bool *equal)
{
	size_t at = 0;

	*p += strcspn(*p, "'");
	if (!**p)
		return false;
	*equal = true;
	for ((*p)++; **p && (**p != '\'' || (*p)[1] == '\''); (*p)++) {
		*p += **p == '\'';
		*equal = *equal && at < word.length && word.data[at] == **p;
		at++;
	}
	*equal = *equal && at == word.length;
	*p += **p == '\'';
	return true;
}

/* An ENUM takes what is equal to one of its words as its collation says, and numbers for their places. */
static bool is_word(const char *list, struct text word)
{
	bool equal = false;

	while (!equal && next_item(&list, word, &equal))
		;
	return equal;
}

/* A SET brings its words into its own order, each of them once. */
static bool is_set(const char *list, struct text value)
{
	for (size_t from = 0; from < value.length || (from && from == value.length);) {
		const char *comma = memchr(value.data + from, ',', value.length - from);
		size_t end = comma ? (size_t)(comma - value.data) : value.length;
		bool equal = false;

		while (!equal && next_item(&list, (struct text){ value.data + from, end - from }, &equal))
			;
		if (!equal)
			return false;
		if (!comma)
			return true;
		from = end + 1;
	}
	return true;
}

static const char *skip_digits(const char *p, const char *end, bool *any)
{
	for (; p < end && *p >= '0' && *p <= '9'; p++)
		*any = true;
	return p;
}

/* A number as SQLite reads it from a text (its documentation, "Datatypes", 3.3): with spaces around it. */
static bool is_number(struct text text)
{
	static const char spaces[] = " \t\n\v\f\r";
	const char *p = text.data, *end = text.data + text.length;
	bool digits = false, power = true;

	while (p < end && strchr(spaces, *p))
		p++;
	while (end > p && strchr(spaces, end[-1]))
		end--;
	p += p < end && (*p == '-' || *p == '+');
	p = skip_digits(p, end, &digits);
	if (p < end && *p == '.')
		p = skip_digits(p + 1, end, &digits);
	if (digits && p < end && (*p == 'e' || *p == 'E')) {
		power = false;
		p++;
		p += p < end && (*p == '-' || *p == '+');
		p = skip_digits(p, end, &power);
	}
	return digits && power && p == end;
}

static bool is_negative(const struct field *field, const struct column *column, uint32_t row)
{
	if (field->type == VALUE_DOUBLE)
		return column->doubles[row] < 0;
	return field->type == VALUE_DECIMAL ? column->decimals[row] < 0 : column->integers[row] < 0;
}

bool fit_kept(const struct fit *fit, const struct batch *batch, size_t field, uint32_t row, char why[FIT_TEXT_MAX])
{
	const struct catalog_column *to = fit->column;
	const struct column *column = &batch->columns[field];
	char typed[VALUE_TEXT_MAX], first[VALUE_TEXT_MAX], last[VALUE_TEXT_MAX];
	struct text text = { "", 0 };

	if (to->kind == KIND_TEXT || to->kind == KIND_OTHER || to->makes_numbers)
		text = batch_cell_text(batch, field, row, typed);
	if (to->cuts_spaces && text.length && text.data[text.length - 1] == ' ') {
		snprintf(why, FIT_TEXT_MAX, "ends with a space, which the column does not keep (%s)", to->declared);
		return false;
	}
	if (to->makes_numbers && is_number(text)) {
		snprintf(why, FIT_TEXT_MAX, "would be kept as a number, not as this text, by a column of type %.64s, which SQLite does not know; TEXT keeps it",
			to->declared);
		return false;
	}
	if (to->fills && fit->field->type == VALUE_BINARY && column->spans[row].length < to->length) {
		snprintf(why, FIT_TEXT_MAX, "has %" PRIu32 " bytes, and the column would fill it up to %" PRIu64 " (%s)", column->spans[row].length,
			to->length, to->declared);
		return false;
	}
	if (to->not_negative && is_negative(fit->field, column, row)) {
		snprintf(why, FIT_TEXT_MAX, "is negative, and the column takes no such numbers (%s)", to->declared);
		return false;
	}
	if (to->ranged && fit->field->type == VALUE_DATETIME &&
	    (column->integers[row] < to->minimum || column->integers[row] > to->maximum)) {
		value_format_datetime(to->minimum, first);
		value_format_datetime(to->maximum, last);
		snprintf(why, FIT_TEXT_MAX, "is beyond %s to %s, which the column takes (%s)", first, last, to->declared);
		return false;
	}
	if ((is_list(to, "enum(") && !is_word(to->declared, text)) || (is_list(to, "set(") && !is_set(to->declared, text))) {
		snprintf(why, FIT_TEXT_MAX, "is not one of what the column takes, spelled and ordered as there (%.200s)", to->declared);
		return false;
	}
	return true;
}
