/* spelling.c - tables of spellings, and reading by them with what the rules read with.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/discover/spelling.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "rules/moment.h"
#include "rules/timeformat.h"

enum { NUMBER_MAX = 64 };

const char *const missing_words[MISSING_WORDS] = {
	"NA", "N/A", "n/a", "#N/A", "NULL", "null", "Null", "None", "none", "NaN", "nan", "NAN", "-", "--", "\\N", "?", "(null)", "nil", "na",
};

int missing_word(const char *text, size_t length)
{
	for (int i = 0; i < MISSING_WORDS && length <= 6; i++)
		if (missing_words[i][0] == text[0] && strlen(missing_words[i]) == length && memcmp(missing_words[i], text, length) == 0)
			return i;
	return -1;
}

/* --- numbers ------------------------------------------------------------------------------------ */

void number_spelling(size_t index, struct number_spelling *out)
{
	static const struct {
		const char *decimal, *group;
	} spellings[NUMBER_STYLES] = {
		{ ".", NULL }, { ",", NULL }, { ".", "," }, { ",", "." }, { ",", " " }, { ".", " " }, { ",", "\u00A0" }, { ",", "\u202F" }, { ".", "'" },
	};
	*out = (struct number_spelling){ .decimal = spellings[index].decimal, .group = spellings[index].group };
	out->style = (struct number_style){ .decimal_length = 1, .bare = true };
	out->style.decimal[0] = out->decimal[0];
	if (out->group) {
		out->style.group_length = strlen(out->group);
		memcpy(out->style.group, out->group, out->style.group_length);
	}
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Groups of three digits, the first one of one to three, up to the point. */
static bool grouped_well(const struct number_spelling *spelling, const char *text, size_t length, bool *grouped)
{
	size_t digits = 0, group = spelling->style.group_length;
	*grouped = false;
	for (size_t i = 0; i < length;) {
		if (group > 0 && length - i >= group && memcmp(text + i, spelling->group, group) == 0) {
			if (digits == 0 || digits > 3 || (*grouped && digits != 3))
				return false;
			*grouped = true;
			digits = 0;
			i += group;
		} else if (is_digit(text[i])) {
			digits++;
			i++;
		} else {
			break;
		}
	}
	return !*grouped || digits == 3;
}

bool number_is(const struct number_spelling *spelling, const char *text, size_t length, locale_t c, struct number_seen *seen)
{
	char plain[NUMBER_MAX], scratch[NUMBER_MAX + 1];
	size_t sign = length > 0 && text[0] == '-';

	*seen = (struct number_seen){ .grouped = false };
	if (length == 0 || length > NUMBER_MAX || length == sign || (!is_digit(text[sign]) && text[sign] != spelling->decimal[0]))
		return false;
	if (text[sign] == '0' && length > sign + 1 && is_digit(text[sign + 1]))
		return false;
	if (!grouped_well(spelling, text + sign, length - sign, &seen->grouped))
		return false;
	size_t count = number_unstyle(&spelling->style, false, text, length, plain);
	if (count == 0 || !number_double(plain, count, scratch, c, &seen->value))
		return false;
	const char *point = memchr(plain, '.', count);
	size_t whole = point ? (size_t)(point - plain) : count;
	seen->pointed = point != NULL;
	seen->exponent = memchr(plain, 'e', count) || memchr(plain, 'E', count);
	if (seen->exponent) {
		const char *e = memchr(plain, 'e', count) ? memchr(plain, 'e', count) : memchr(plain, 'E', count);
		seen->coded = !seen->pointed && e + 1 < plain + count && is_digit(e[1]);
		return true;
	}
	whole -= sign;
	seen->whole = whole == 1 && plain[sign] == '0' ? 0 : (unsigned)whole;
	seen->fraction = point ? (unsigned)(count - (size_t)(point - plain) - 1) : 0;
	seen->padded = seen->fraction > 1 && plain[count - 1] == '0';
	return true;
}

/* --- booleans ----------------------------------------------------------------------------------- */

const struct boolean_pair boolean_pairs[BOOLEAN_PAIRS] = {
	{ "true", "false" }, { "True", "False" }, { "TRUE", "FALSE" }, { "yes", "no" }, { "Yes", "No" }, { "YES", "NO" },
	{ "Y", "N" }, { "y", "n" }, { "T", "F" }, { "t", "f" },
};

/* --- dates and times ---------------------------------------------------------------------------- */

static int add(struct moment_formats *formats, enum value_type type, const char *day, const char *time, struct error *error)
{
	char reason[TIMEFORMAT_REASON_MAX];
	assert(formats->count < MOMENT_FORMATS);
	struct moment_format *format = &formats->items[formats->count];
	*format = (struct moment_format){ .type = type };
	snprintf(format->pattern, sizeof format->pattern, "%s%s", day, time);
	format->month_first = strncmp(day, "%m", 2) == 0;
	if (format->pattern[0]) {
		format->read = timeformat_new(format->pattern, type, reason);
		if (!format->read)
			return error_memory(error, "a format of dates");
	}
	formats->count++;
	return 0;
}

int moment_formats_init(struct moment_formats *formats, struct error *error)
{
	/* Where day and month could change places, the day comes first. */
	static const char *const days[] = { "%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%y",
		"%d/%m/%y", "%m/%d/%y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%B %d, %Y", "%Y%m%d", NULL };
	static const char *const times[] = { " %H:%M:%S", " %H:%M", "T%H:%M:%S", "T%H:%M", " %H:%M:%S.%f", " %I:%M:%S %p", " %I:%M %p", NULL };
	static const char *const clocks[] = { "%H:%M", "%H:%M:%S", "%I:%M:%S %p", "%I:%M %p", NULL };

	*formats = (struct moment_formats){ .count = 0 };
	if (add(formats, VALUE_DATE, "", "", error) < 0 || add(formats, VALUE_TIME, "", "", error) < 0 ||
	    add(formats, VALUE_DATETIME, "", "", error) < 0)
		return -1;
	for (size_t c = 0; clocks[c]; c++)
		if (add(formats, VALUE_TIME, "", clocks[c], error) < 0)
			return -1;
	for (size_t d = 0; days[d]; d++)
		if (add(formats, VALUE_DATE, days[d], "", error) < 0)
			return -1;
	if (add(formats, VALUE_DATETIME, "%Y-%m-%d", " %H:%M:%S%z", error) < 0 || add(formats, VALUE_DATETIME, "%Y-%m-%d", " %H:%M:%S.%f%z", error) < 0 ||
	    add(formats, VALUE_DATETIME, "%Y%m%d", "T%H%M%S", error) < 0)
		return -1;
	for (size_t d = 0; days[d + 1]; d++)
		for (size_t t = 0; times[t]; t++)
			if (add(formats, VALUE_DATETIME, days[d], times[t], error) < 0)
				return -1;
	return 0;
}

void moment_formats_fini(struct moment_formats *formats)
{
	for (size_t i = 0; i < formats->count; i++)
		timeformat_free(formats->items[i].read);
	formats->count = 0;
}

bool moment_is(const struct moment_format *format, const char *text, size_t length, int64_t *out)
{
	if (format->read)
		return timeformat_read(format->read, text, length, NULL, out);
	if (format->type == VALUE_DATE)
		return moment_date(text, length, out);
	return format->type == VALUE_TIME ? moment_time(text, length, out) : moment_datetime(text, length, NULL, out);
}
