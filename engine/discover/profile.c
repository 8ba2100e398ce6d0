/* profile.c - narrowing down, and deciding.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/discover/profile.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/core/uuid.h"
#include "engine/core/utf8.h"
#include "rules/moment.h"
#include "rules/textformat.h"

enum { MOMENT_LENGTH_MAX = 48, YEAR_FIRST = 1800, YEAR_LAST = 2199, INTEGER_DIGITS = 18, EMAILS_LEAST = 2 };

int profiling_init(struct profiling *profiling, size_t room, struct error *error)
{
	*profiling = (struct profiling){ .room = { .limit = room, .seed = 0x70656E73746F636Bu } };
	profiling->c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (!profiling->c)
		return error_memory(error, "a locale");
	return moment_formats_init(&profiling->formats, error);
}

void profiling_fini(struct profiling *profiling)
{
	moment_formats_fini(&profiling->formats);
	if (profiling->c)
		freelocale(profiling->c);
}

void column_profile_init(struct profile *profile)
{
	*profile = (struct profile){
		.integer = true, .yearmonth = true, .uuid = true, .email = true, .uri = true, .only_digits = true, .years = true,
		.styles = (1u << NUMBER_STYLES) - 1, .booleans = (1u << BOOLEAN_PAIRS) - 1, .shortest = UINT64_MAX,
	};
	formats_fill(profile->formats);
}

void column_profile_fini(struct profile *profile, struct profiling *profiling)
{
	free(profile->ranges);
	profile->ranges = NULL;
	free(profile->near);
	profile->near = NULL;
	unique_free(&profile->unique, &profiling->room);
}

/* What the rules take away around everything but strings. */
static struct text trimmed(const char *text, size_t length)
{
	while (length > 0 && (text[length - 1] == ' ' || (text[length - 1] >= '\t' && text[length - 1] <= '\r')))
		length--;
	while (length > 0 && (*text == ' ' || (*text >= '\t' && *text <= '\r'))) {
		text++;
		length--;
	}
	return (struct text){ text, length };
}

static bool is(const struct text *text, const char *word)
{
	return strlen(word) == text->length && memcmp(word, text->data, text->length) == 0;
}

/* --- one value ---------------------------------------------------------------------------------- */

static void narrow_booleans(struct profile *profile, const struct text *value)
{
	for (size_t i = 0; i < BOOLEAN_PAIRS; i++) {
		bool yes = is(value, boolean_pairs[i].yes), no = is(value, boolean_pairs[i].no);
		if (!yes && !no)
			profile->booleans &= ~(1u << i);
		profile->booleans_yes |= (uint32_t)yes << i;
		profile->booleans_no |= (uint32_t)no << i;
	}
}

static void narrow_integer(struct profile *profile, const struct text *value)
{
	int64_t number;
	size_t sign = value->length > 0 && (value->data[0] == '-' || value->data[0] == '+');
	bool plain = value->data[0] != '+' && !(value->length > sign + 1 && value->data[sign] == '0') &&
		     !(value->length == 2 && memcmp(value->data, "-0", 2) == 0);
	if (!number_integer(value->data, value->length, &number)) {
		profile->integer = false;
		return;
	}
	profile->zeros_in_front = profile->zeros_in_front || !plain;
	profile->integer = plain;
	profile->years = profile->years && value->length == 4 && number >= YEAR_FIRST && number <= YEAR_LAST;
	if (profile->values == 1 || number < profile->least_integer)
		profile->least_integer = number;
	if (profile->values == 1 || number > profile->most_integer)
		profile->most_integer = number;
}

static void measure(struct number_measure *measure, const struct number_seen *seen, bool first)
{
	measure->grouped = measure->grouped || seen->grouped;
	measure->pointed = measure->pointed || seen->pointed;
	measure->exponent = measure->exponent || seen->exponent;
	measure->padded = measure->padded || seen->padded;
	measure->coded = measure->coded || seen->coded;
	measure->whole = seen->whole > measure->whole ? seen->whole : measure->whole;
	measure->fraction = seen->fraction > measure->fraction ? seen->fraction : measure->fraction;
	measure->fraction_least = first || seen->fraction < measure->fraction_least ? seen->fraction : measure->fraction_least;
	measure->least = first || seen->value < measure->least ? seen->value : measure->least;
	measure->most = first || seen->value > measure->most ? seen->value : measure->most;
}

static void narrow_number(struct profile *profile, const struct profiling *profiling, const struct text *value)
{
	for (size_t i = 0; i < NUMBER_STYLES; i++) {
		struct number_spelling spelling;
		struct number_seen seen;
		if ((profile->styles & 1u << i) == 0)
			continue;
		number_spelling(i, &spelling);
		if (!number_is(&spelling, value->data, value->length, profiling->c, &seen)) {
			profile->styles &= ~(1u << i);
			continue;
		}
		measure(&profile->measures[i], &seen, profile->values == 1);
	}
}

static bool any_format(const struct profile *profile)
{
	uint64_t any = 0;
	for (size_t i = 0; i < sizeof profile->formats / sizeof *profile->formats; i++)
		any |= profile->formats[i];
	return any != 0;
}

static int narrow_formats(struct profile *profile, const struct profiling *profiling, const struct text *value, struct error *error)
{
	size_t digits = 0;
	for (size_t i = 0; i < value->length && digits < 3; i++)
		digits += value->data[i] >= '0' && value->data[i] <= '9';
	if (value->length > MOMENT_LENGTH_MAX || digits < 2) {
		memset(profile->formats, 0, sizeof profile->formats);
		return 0;
	}
	if (!profile->ranges)
		profile->ranges = calloc(MOMENT_FORMATS, sizeof *profile->ranges);
	if (!profile->ranges)
		return error_memory(error, "the dates of a column");
	for (size_t i = 0; i < MOMENT_FORMATS; i++) {
		int64_t moment = 0;
		if ((profile->formats[i / 64] >> (i % 64) & 1) == 0)
			continue;
		if (i >= profiling->formats.count || !moment_is(&profiling->formats.items[i], value->data, value->length, &moment)) {
			profile->formats[i / 64] &= ~((uint64_t)1 << (i % 64));
			continue;
		}
		struct moment_range *range = &profile->ranges[i];
		range->least = profile->values == 1 || moment < range->least ? moment : range->least;
		range->most = profile->values == 1 || moment > range->most ? moment : range->most;
	}
	if (!any_format(profile)) {
		free(profile->ranges);
		profile->ranges = NULL;
	}
	return 0;
}

static bool has_offset(const struct text *value)
{
	size_t length = value->length;
	return length > 6 && (value->data[length - 1] == 'Z' || value->data[length - 6] == '+' || value->data[length - 6] == '-');
}

static bool has_two_slashes(const struct text *value)
{
	return memmem(value->data, value->length, "://", 3) != NULL;
}

static struct shape shape_of(const struct profile *profile)
{
	struct shape shape = { .integer = profile->integer, .yearmonth = profile->yearmonth, .uuid = profile->uuid, .email = profile->email, .uri = profile->uri,
		.only_digits = profile->only_digits, .styles = profile->styles, .booleans = profile->booleans, .booleans_yes = profile->booleans_yes,
		.booleans_no = profile->booleans_no };
	for (size_t i = 0; i < NUMBER_STYLES; i++)
		shape.grouped |= (uint32_t)profile->measures[i].grouped << i;
	memcpy(shape.formats, profile->formats, sizeof shape.formats);
	return shape;
}

/* Any type at all. */
static bool could_be_any(const struct profile *profile)
{
	return profile->styles || profile->booleans || profile->yearmonth || profile->uuid || profile->email || profile->uri || any_format(profile);
}

static int add_value(struct profile *profile, struct profiling *profiling, const char *raw, size_t raw_length, struct error *error)
{
	struct text value = trimmed(raw, raw_length);
	char uuid[UUID_LENGTH];

	if (value.length == 0) {
		profile->spaces_only++;
		return 0;
	}
	const struct near_value seen = { value.data, raw, value.length, raw_length, profiling->line };
	struct shape before;
	if (profile->values == 0)
		near_example(&seen, &profile->first);
	if (!profile->near)
		before = shape_of(profile);
	profile->values++;
	profile->padded += value.length != raw_length;
	if (profile->only_digits)
		for (size_t i = 0; i < value.length; i++)
			profile->only_digits = profile->only_digits && value.data[i] >= '0' && value.data[i] <= '9';
	if (profile->booleans)
		narrow_booleans(profile, &value);
	if (profile->integer)
		narrow_integer(profile, &value);
	if (profile->styles)
		narrow_number(profile, profiling, &value);
	if (any_format(profile) && narrow_formats(profile, profiling, &value, error) < 0)
		return -1;
	profile->offsets += (profile->formats[0] >> MOMENT_FORMAT_DATETIME & 1) && has_offset(&value);
	profile->yearmonth = profile->yearmonth && moment_yearmonth(value.data, value.length);
	profile->uuid = profile->uuid && text_to_uuid(value.data, value.length, uuid);
	/* These two are strings: spaces belong to them. */
	profile->email = profile->email && text_is_email(raw, raw_length);
	profile->uri = profile->uri && text_is_uri(raw, raw_length) && has_two_slashes(&value);
	unique_add(&profile->unique, &profiling->room, value.data, value.length);
	if (profile->near) {
		near_add(profile->near, profiling, &seen);
		return 0;
	}
	if (could_be_any(profile))
		return 0;
	profile->near = near_new(&before, profile->values - 1, &profile->first, profiling, &seen);
	return profile->near ? 0 : error_memory(error, "the values of a column");
}

int column_profile_add(struct profile *profile, struct profiling *profiling, const char *text, size_t length, struct error *error)
{
	if (length == 0) {
		profile->empty++;
		return 0;
	}
	uint64_t characters = utf8_count(text, length);
	profile->shortest = characters < profile->shortest ? characters : profile->shortest;
	profile->longest = characters > profile->longest ? characters : profile->longest;
	int word = missing_word(text, length);
	profile->backslashes += word < 0 && memchr(text, '\\', length) != NULL;
	if (word < 0)
		return add_value(profile, profiling, text, length, error);
	profile->words[word]++;
	return 0;
}

/* --- deciding ----------------------------------------------------------------------------------- */

static bool has_word(const char *label, const char *word)
{
	return strcasestr(label, word) != NULL;
}

static bool is_year_label(const char *label)
{
	return has_word(label, "year") || has_word(label, "jahr") || has_word(label, "a\u00F1o") || has_word(label, "ann\u00E9e") ||
	       strcasecmp(label, "anno") == 0 || strcasecmp(label, "yr") == 0;
}

static bool is_date_label(const char *label)
{
	return has_word(label, "date") || has_word(label, "day") || has_word(label, "datum") || has_word(label, "fecha");
}

static bool has_format(const struct profile *profile, size_t format)
{
	return profile->formats[format / 64] >> (format % 64) & 1;
}

bool column_profile_is_coded(const struct profile *profile)
{
	const struct number_measure *seen = &profile->measures[0];
	return profile->values > 0 && (profile->styles & 1u) && seen->coded && !seen->pointed;
}

static void decide_number(const struct profile *profile, enum comma_use comma, struct found *out)
{
	size_t style = (size_t)__builtin_ctz(profile->styles);
	/* "1,234": one and a quarter, or a thousand and more? */
	if (style == 1 && (profile->styles & 4u) && profile->measures[2].grouped) {
		out->either = true;
		style = comma != COMMA_CUTS ? 1 : 2;
	}
	/* "1.234" where commas are decimal marks, or could be: the same question of the point. */
	if (style == 0 && comma != COMMA_CUTS && (profile->styles & 8u) && profile->measures[3].grouped) {
		out->either = true;
		style = comma == COMMA_DECIMAL ? 3 : 0;
	}
	out->style = style;
	const struct number_measure *seen = &profile->measures[style];
	/* Neither a double nor a decimal would keep all digits. */
	if (!seen->exponent && seen->whole + seen->fraction > DECIMAL_PRECISION_MAX)
		return;
	out->grouped = seen->grouped;
	bool whole = !seen->pointed && !seen->exponent && seen->whole <= INTEGER_DIGITS;
	out->kind = profile->integer || (whole && seen->grouped) ? FOUND_INTEGER : FOUND_NUMBER;
}

static bool decide_format(const struct profile *profile, const struct profiling *profiling, const char *label, struct found *out)
{
	const struct moment_formats *formats = &profiling->formats;
	size_t first = MOMENT_FORMATS;
	for (size_t i = 0; i < formats->count && first == MOMENT_FORMATS; i++)
		if (has_format(profile, i))
			first = i;
	if (first == MOMENT_FORMATS || (profile->only_digits && !is_date_label(label)))
		return false;
	out->kind = FOUND_MOMENT;
	out->format = first;
	for (size_t i = first + 1; i < formats->count; i++)
		out->either = out->either || (has_format(profile, i) && formats->items[i].month_first && !formats->items[first].month_first &&
					      formats->items[first].pattern[1] == 'd');
	return true;
}

void column_profile_decide(const struct profile *profile, const struct profiling *profiling, const char *label, enum comma_use comma, struct found *out)
{
	*out = (struct found){ .kind = FOUND_STRING };
	if (profile->values == 0) {
		out->kind = FOUND_NOTHING;
		return;
	}
	for (size_t i = 0; i < BOOLEAN_PAIRS; i++) {
		bool both = (profile->booleans_yes >> i & 1) && (profile->booleans_no >> i & 1);
		/* One letter alone says little. */
		if ((profile->booleans >> i & 1) && (both || i < 3)) {
			out->kind = FOUND_BOOLEAN;
			out->pair = i;
			return;
		}
	}
	if (profile->integer && profile->years && is_year_label(label)) {
		out->kind = FOUND_YEAR;
		return;
	}
	if (decide_format(profile, profiling, label, out))
		return;
	if (profile->styles && !(profile->only_digits && profile->zeros_in_front) && !column_profile_is_coded(profile))
		decide_number(profile, comma, out);
	else if (profile->yearmonth)
		out->kind = FOUND_YEARMONTH;
	else if (profile->uuid)
		out->kind = FOUND_UUID;
	else if (profile->email && profile->values >= EMAILS_LEAST)
		out->kind = FOUND_EMAIL;
	else if (profile->uri && profile->values >= EMAILS_LEAST)
		out->kind = FOUND_URI;
}

bool column_profile_fits(const struct profiling *profiling, const struct found *found, const char *text, size_t length)
{
	struct text value = trimmed(text, length);
	struct number_spelling spelling;
	struct number_seen seen;
	int64_t moment;
	char uuid[UUID_LENGTH];

	switch (found->kind) {
	case FOUND_BOOLEAN:
		return is(&value, boolean_pairs[found->pair].yes) || is(&value, boolean_pairs[found->pair].no);
	case FOUND_INTEGER:
	case FOUND_NUMBER:
	case FOUND_YEAR:
		number_spelling(found->style, &spelling);
		return number_is(&spelling, value.data, value.length, profiling->c, &seen);
	case FOUND_MOMENT:
		return moment_is(&profiling->formats.items[found->format], value.data, value.length, &moment);
	case FOUND_YEARMONTH:
		return moment_yearmonth(value.data, value.length);
	case FOUND_UUID:
		return text_to_uuid(value.data, value.length, uuid);
	case FOUND_EMAIL:
		return text_is_email(text, length);
	case FOUND_URI:
		return text_is_uri(text, length);
	case FOUND_NOTHING:
	case FOUND_STRING:
		break;
	}
	return true;
}
