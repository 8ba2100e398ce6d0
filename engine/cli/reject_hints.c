/* reject_hints.c - looking at the values of rejected records.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/cli/reject_hints.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/plural.h"
#include "engine/core/utf8.h"

/* --- forms --- */

/* Whether text is of the pattern: 9 is a digit, all else itself; behind it nothing, or with rest anything. */
static bool is_like(const char *text, size_t length, const char *pattern, bool rest)
{
	size_t i = 0;
	for (; pattern[i]; i++)
		if (i >= length || (pattern[i] == '9' ? text[i] < '0' || text[i] > '9' : text[i] != pattern[i]))
			return false;
	return rest || i == length;
}

/* Day and month of one or two digits each, and a year of four: "1/2/2021". */
static bool is_split(const char *text, size_t length, char between, int parts[2])
{
	size_t at = 0;
	for (int i = 0; i < 2; i++) {
		size_t digits = 0;
		for (parts[i] = 0; at < length && text[at] >= '0' && text[at] <= '9' && digits < 3; at++, digits++)
			parts[i] = 10 * parts[i] + (text[at] - '0');
		if (digits < 1 || digits > 2 || at >= length || text[at++] != between)
			return false;
	}
	return is_like(text + at, length - at, "9999", true) && (at + 4 == length || text[at + 4] == ' ' || text[at + 4] == 'T') &&
		parts[0] >= 1 && parts[1] >= 1 && parts[0] <= 31 && parts[1] <= 31;
}

static size_t count_of(const char *text, size_t length, char c)
{
	size_t count = 0;
	for (size_t i = 0; i < length; i++)
		count += text[i] == c;
	return count;
}

static bool is_made_of(const char *text, size_t length, const char *characters)
{
	for (size_t i = 0; i < length; i++)
		if (!strchr(characters, text[i]) || !text[i])
			return false;
	return length > 0;
}

/* The mark that the message names behind what the field takes: 'decimalChar ","'; fallback where it names none. */
static char mark_of(const char *message, const char *name, char fallback)
{
	const char *at = strstr(message, " is not a number"), *mark;
	for (const char *next = at; next; next = strstr(next + 1, " is not a number"))
		at = next; /* the value may say the same */
	mark = at ? strstr(at, name) : NULL;
	return mark && mark[strlen(name)] == ' ' && mark[strlen(name) + 1] == '"' ? mark[strlen(name) + 2] : fallback;
}

/* A sign, digits, and at most one mark among them. */
static bool is_number_with(const char *text, size_t length, char mark)
{
	size_t at = length > 0 && (text[0] == '-' || text[0] == '+'), digits = 0, marks = 0;
	for (; at < length; at++) {
		bool digit = text[at] >= '0' && text[at] <= '9';
		if (!digit && text[at] != mark)
			return false;
		digits += digit;
		marks += !digit;
	}
	return digits > 0 && marks <= 1;
}

/* What would be a number with another mark, with groups, or in a larger field. True: nothing else is to be looked for. */
static bool look_at_number(struct hint_rule *rule, const char *text, size_t length)
{
	char decimal = mark_of(rule->message, "decimalChar", '.'), group = mark_of(rule->message, "groupChar", '\0');
	char plain[HINT_VALUE_MAX];
	size_t used = 0;
	if (length > sizeof plain)
		return false;
	for (size_t i = 0; i < length; i++)
		if (!group || text[i] != group)
			plain[used++] = text[i];
	if (strstr(rule->message, " with at most ") && is_number_with(plain, used, decimal))
		rule->forms[FORM_DIGITS]++;
	else if (decimal != ',' && memchr(text, ',', length) && is_number_with(text, length, ','))
		rule->forms[FORM_COMMA]++;
	else if (decimal != '.' && memchr(text, '.', length) && is_number_with(text, length, '.'))
		rule->forms[FORM_POINT]++;
	else
		return false;
	return true;
}

/* As accountants and some programs write it: (5), 5-, or with the minus sign of Unicode. */
static bool is_negative_otherwise(const char *text, size_t length)
{
	bool brackets = memchr(text, '(', length) && memchr(text, ')', length);
	return strpbrk(text, "0123456789") && (brackets || text[length - 1] == '-' || strstr(text, "\xE2\x88\x92"));
}

static void look_at_forms(struct hint_rule *rule, const char *text, size_t length)
{
	int parts[2];
	size_t commas = count_of(text, length, ','), points = count_of(text, length, '.');
	if (strstr(rule->message, " is not a number") && look_at_number(rule, text, length))
		return;
	bool number = strstr(rule->message, " is not a number") || strstr(rule->message, " is not an integer");
	if (number && length > 0 && is_negative_otherwise(text, length)) {
		rule->forms[FORM_NEGATIVE]++;
		return;
	}
	if (is_split(text, length, '/', parts)) {
		rule->forms[FORM_SLASHED]++;
		rule->day_first = rule->day_first || parts[0] > 12;
		rule->month_first = rule->month_first || parts[1] > 12;
	} else if (is_split(text, length, '.', parts))
		rule->forms[FORM_DOTTED]++;
	else if (is_split(text, length, '-', parts))
		rule->forms[FORM_DASHED]++;
	else if (is_like(text, length, "9999/99/99", true))
		rule->forms[FORM_YEAR_SLASHED]++;
	else if (is_like(text, length, "99999999", false))
		rule->forms[FORM_BARE_DATE]++;
	else if (is_like(text, length, "9999-99-99 99:99", true))
		rule->forms[FORM_SPACED]++;
	else if (is_like(text, length, "9999999999", false) || is_like(text, length, "9999999999999", false))
		rule->forms[FORM_SECONDS]++;
	else if (commas + points > 0 && is_made_of(text, length, "+-0123456789,. '"))
		rule->forms[FORM_GROUPED]++;
	else if (is_made_of(text, strspn(text, "+-0123456789,. $"), "+-0123456789,. $") && strpbrk(text, "0123456789") &&
		(strpbrk(text, "$%") || strstr(text, "\xE2\x82\xAC") || strstr(text, "\xC2\xA3")))
		rule->forms[FORM_SIGN]++;
}

/* --- values --- */

static uint64_t hash_of(const char *text, size_t length)
{
	uint64_t hash = 14695981039346656037u;
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)text[i]) * 1099511628211u;
	return hash;
}

static void count_value(struct hint_rule *rule, const char *text, size_t length)
{
	uint64_t hash = hash_of(text, length);
	size_t least = 0;
	for (size_t i = 0; i < rule->value_count; i++) {
		if (rule->values[i].hash == hash) {
			rule->values[i].count++;
			return;
		}
		if (rule->values[i].count < rule->values[least].count)
			least = i;
	}
	struct hint_value *value = &rule->values[rule->value_count < HINT_VALUES ? rule->value_count : least];
	uint64_t before = 0;
	if (rule->value_count < HINT_VALUES)
		rule->value_count++;
	else {
		before = value->count;
		rule->evicted = true;
	}
	*value = (struct hint_value){.hash = hash, .count = before + 1, .over = before};
	size_t kept = utf8_cut(text, length, HINT_VALUE_MAX - 4);
	memcpy(value->text, text, kept);
	strcpy(value->text + kept, kept < length ? "..." : "");
}

void hint_add(struct hint_rule *rule, const char *value, size_t length, bool cut, const char *message)
{
	uint64_t characters = utf8_count(value, length);
	char *end;
	if (rule->count++ == 0) {
		snprintf(rule->message, sizeof rule->message, "%.*s", (int)utf8_cut(message, strlen(message), sizeof rule->message - 1), message);
		rule->shortest = UINT64_MAX;
	}
	rule->empty += length == 0;
	rule->cut += cut;
	if (characters > rule->longest)
		rule->longest = characters;
	if (characters < rule->shortest)
		rule->shortest = characters;
	if (length == 0)
		return;
	double number = strtod(value, &end);
	if (end == value + length && number - number == 0) {
		if (rule->numbers == 0 || number < rule->least)
			rule->least = number;
		if (rule->numbers == 0 || number > rule->greatest)
			rule->greatest = number;
		rule->numbers++;
	}
	look_at_forms(rule, value, length);
	count_value(rule, value, length);
}

/* --- words --- */

char *hint_number(uint64_t number, char out[32])
{
	char digits[24];
	int length = snprintf(digits, sizeof digits, "%" PRIu64, number);
	char *at = out;
	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			*at++ = ',';
		*at++ = digits[i];
	}
	*at = '\0';
	return out;
}

/* What the rule's own name is: "maxLength" of orders.note.maxLength, "primary-key" of orders.primary-key(a+b). */
static bool is_rule(const struct hint_rule *rule, const char *name)
{
	const char *dot = strrchr(rule->id, '.');
	const char *last = dot ? dot + 1 : rule->id;
	size_t length = strcspn(last, "(");
	/* A field may have a dot in its name; of those in brackets nothing is looked at. */
	const char *bracket = strchr(rule->id, '(');
	if (bracket && bracket < last) {
		while (bracket > rule->id && bracket[-1] != '.')
			bracket--;
		last = bracket;
		length = strcspn(last, "(");
	}
	return strlen(name) == length && memcmp(last, name, length) == 0;
}

/* The number that the message ends with, as "is longer than 50 characters" has one; 0: none. */
static uint64_t limit_of(const struct hint_rule *rule)
{
	const char *at = strrchr(rule->message, '"');
	at = at ? at + 1 : rule->message;
	at += strcspn(at, "0123456789");
	return *at ? strtoull(at, NULL, 10) : 0;
}

static const struct hint_value *most_frequent(const struct hint_rule *rule)
{
	const struct hint_value *best = NULL;
	for (size_t i = 0; i < rule->value_count; i++)
		if (!best || rule->values[i].count - rule->values[i].over > best->count - best->over)
			best = &rule->values[i];
	return best;
}

/* Whether the store has nothing but masks of a sensitive field: neither their lengths nor how often they come say anything. */
static bool is_masked(const struct hint_rule *rule)
{
	return rule->value_count == 1 && rule->values[0].count == rule->count && strcmp(rule->values[0].text, "***") == 0;
}

static int put_frequent(const struct hint_rule *rule, const char *what, struct buffer *out, struct error *error)
{
	const struct hint_value *value = most_frequent(rule);
	char number[32];
	if (is_masked(rule))
		return buffer_printf(out, error, "values of %s are masked", rule->field);
	if (value && rule->count > 1 && value->count == 1 && !rule->evicted)
		return buffer_printf(out, error, "%s%s%s: none comes twice, such as %s", what, *what && *rule->field ? " " : "", rule->field, value->text);
	if (!value || (value->count - value->over < 2 && rule->count > 1))
		return 0;
	return buffer_printf(out, error, "most frequent %s%s%s: %s (%s%s time%s)", what, *what && *rule->field ? " " : "", rule->field, value->text,
		value->over ? "at least " : "", hint_number(value->count - value->over, number), value->count - value->over == 1 ? "" : "s");
}

static int put_length(const struct hint_rule *rule, bool most, struct buffer *out, struct error *error)
{
	char count[32], number[32], limit[32];
	uint64_t bound = limit_of(rule);
	if (buffer_printf(out, error, "%s row%s too %s; ", hint_number(rule->count, count), plural(rule->count, "", "s"), most ? "long" : "short") < 0 ||
		(is_masked(rule) ? buffer_puts(out, "values are masked", error)
				 : buffer_printf(out, error, "%s %s%s", most ? "longest" : "shortest", most && rule->cut ? "more than " : "",
					   hint_number(most ? rule->longest : rule->shortest, number))) < 0)
		return -1;
	return bound > 0 ? buffer_printf(out, error, ", limit %s", hint_number(bound, limit)) : 0;
}

static int put_bounds(const struct hint_rule *rule, struct buffer *out, struct error *error)
{
	const char *at = strrchr(rule->message, '"');
	if (rule->numbers == 0)
		return put_frequent(rule, "value of", out, error);
	return buffer_printf(out, error, "from %.15g to %.15g%s%s", rule->least, rule->greatest, at ? ";" : "", at ? at + 1 : "");
}

/* Behind the number: of {one|several} the part that goes with it. */
static const char *slashed(const struct hint_rule *rule)
{
	if (rule->day_first && rule->month_first)
		return " are dates, some in the form DD/MM/YYYY and some MM/DD/YYYY: mend them one by one";
	if (rule->month_first)
		return " {is a date|are dates} in the form MM/DD/YYYY: set format \"%m/%d/%Y\"";
	return rule->day_first ? " {is a date|are dates} in the form DD/MM/YYYY: set format \"%d/%m/%Y\""
			       : " {is a date|are dates} in the form DD/MM/YYYY or MM/DD/YYYY: set format";
}

static void choose_words(char *out, size_t size, const char *text, uint64_t count)
{
	size_t at = 0;
	for (const char *c = text; *c && at + 1 < size; c++) {
		if (*c == '{' && count != 1)
			c += strcspn(c, "|");
		else if (*c == '|')
			c += strcspn(c, "}");
		else if (*c != '{' && *c != '}')
			out[at++] = *c;
	}
	out[at] = '\0';
}

/* Whether the form that a hint would tell to set, in its quotes, is the one that the values were held against. */
static bool is_set_already(const struct hint_rule *rule, const char *hint)
{
	const char *form = strchr(hint, '"'), *held = strstr(rule->message, "\" is not a date");
	const char *of = held ? strstr(held, " of the form ") : NULL;
	if (!form || !of)
		return false;
	size_t length = strcspn(++form, "\"");
	of += strlen(" of the form ");
	return strlen(of) == length && memcmp(of, form, length) == 0;
}

static int put_forms(const struct hint_rule *rule, struct buffer *out, struct error *error)
{
	static const char *const texts[FORMS] = {
		[FORM_DOTTED] = " {is a date|are dates} in the form DD.MM.YYYY: set format \"%d.%m.%Y\"",
		[FORM_DASHED] = " {is a date|are dates} in the form DD-MM-YYYY: set format",
		[FORM_YEAR_SLASHED] = " {is a date|are dates} in the form YYYY/MM/DD: set format \"%Y/%m/%d\"",
		[FORM_BARE_DATE] = " {is a date|are dates} in the form YYYYMMDD: set format \"%Y%m%d\"",
		[FORM_SPACED] = " {has|have} a space between date and time: set format \"%Y-%m-%d %H:%M:%S\"",
		[FORM_SECONDS] = " {is a number of|are} seconds or milliseconds since 1970",
		[FORM_DIGITS] = " {has|have} more digits than the field takes: raise its precision or scale",
		[FORM_COMMA] = " {has|have} a comma before {its|their} fraction: set decimalChar \",\"",
		[FORM_POINT] = " {has|have} a point before {its|their} fraction: set decimalChar \".\"",
		[FORM_GROUPED] = " {has|have} groups of digits: set groupChar",
		[FORM_SIGN] = " {has|have} a sign or a unit: set bareNumber false",
		[FORM_NEGATIVE] = " {is|are} negative in another way than -5 (brackets, a minus sign behind, or one of Unicode): a transform can rewrite {it|them}",
	};
	bool dates = strstr(rule->message, " is not a date") != NULL, any = false;
	for (int form = 0; form < FORMS; form++) {
		char number[32], text[160];
		if (rule->forms[form] == 0 || (form < FORM_DIGITS) != dates)
			continue;
		choose_words(text, sizeof text, form == FORM_SLASHED ? slashed(rule) : texts[form], rule->forms[form]);
		if (dates && is_set_already(rule, text))
			choose_words(text, sizeof text, " {has|have} the form that is set, but there is no such date", rule->forms[form]);
		if (buffer_printf(out, error, "%s%s%s", any ? "; " : "", hint_number(rule->forms[form], number), text) < 0)
			return -1;
		any = true;
	}
	return any ? 1 : 0;
}

int hint_put(const struct hint_rule *rule, struct buffer *out, struct error *error)
{
	char number[32];
	if (is_rule(rule, "required"))
		return buffer_printf(out, error, "%s empty: required", hint_number(rule->count, number));
	if (is_rule(rule, "maxLength") || is_rule(rule, "minLength"))
		return put_length(rule, is_rule(rule, "maxLength"), out, error);
	if (is_rule(rule, "minimum") || is_rule(rule, "maximum") || is_rule(rule, "exclusiveMinimum") || is_rule(rule, "exclusiveMaximum"))
		return put_bounds(rule, out, error);
	if (is_rule(rule, "foreign-key"))
		return put_frequent(rule, "unknown", out, error);
	if (is_rule(rule, "type")) {
		int forms = put_forms(rule, out, error);
		return forms < 0 ? -1 : forms > 0 ? 0 : put_frequent(rule, "value of", out, error);
	}
	const char *character = strstr(rule->message, "no character of ");
	if (strcmp(rule->code, "encoding-error") == 0 && character)
		return buffer_printf(out, error, "bytes that are %.*s: say in which encoding the file is", (int)strcspn(character, ","), character);
	if (strcmp(rule->code, "encoding-error") == 0)
		return buffer_puts(out, "bytes that are no UTF-8: say in which encoding the file is, or convert it", error);
	if (rule->value_count > 0)
		return put_frequent(rule, "value of", out, error);
	return buffer_printf(out, error, "the first: %s", rule->message);
}
