/* describe.c - types, missing values and constraints as a dictionary has them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/discover/describe.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/core/plural.h"
#include "engine/core/value.h"
#include "engine/discover/csv.h"

enum { DOUBLE_DIGITS = 15, DECIMAL_DIGITS = DECIMAL_PRECISION_MAX, FIXED_VALUES_LEAST = 2 };

const char *count_text(uint64_t count, char out[COUNT_TEXT])
{
	char plain[24];
	int length = snprintf(plain, sizeof plain, "%" PRIu64, count);
	size_t used = 0;
	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			out[used++] = ',';
		out[used++] = plain[i];
	}
	out[used] = '\0';
	return out;
}

static int set(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value);
}

/* --- types -------------------------------------------------------------------------------------- */

static bool is_typed(const struct found *found)
{
	return found->kind != FOUND_STRING && found->kind != FOUND_NOTHING;
}

/* More digits than a double keeps. */
static bool is_exact(const struct number_measure *seen)
{
	return !seen->exponent && seen->whole + seen->fraction > DOUBLE_DIGITS && seen->whole + seen->fraction <= DECIMAL_DIGITS;
}

/* As amounts of money are: every value has as many digits behind the mark as the others. Such numbers are decimals, of so many digits that every
 * database keeps them as numbers. */
static bool is_fixed(const struct profile *profile, const struct found *found)
{
	const struct number_measure *seen = &profile->measures[found->style];
	return found->kind == FOUND_NUMBER && !found->either && !seen->exponent && profile->values >= FIXED_VALUES_LEAST && seen->fraction > 0 &&
	       seen->fraction == seen->fraction_least && seen->whole + seen->fraction <= DOUBLE_DIGITS;
}

static int set_number(json_t *field, const struct profile *profile, const struct found *found)
{
	const struct number_measure *seen = &profile->measures[found->style];
	struct number_spelling spelling;
	int failed = 0;

	number_spelling(found->style, &spelling);
	failed |= set(field, "type", json_string(found->kind == FOUND_INTEGER ? "integer" : "number"));
	if (found->kind == FOUND_NUMBER && strcmp(spelling.decimal, ".") != 0)
		failed |= set(field, "decimalChar", json_string(spelling.decimal));
	if (found->grouped)
		failed |= set(field, "groupChar", json_string(spelling.group));
	if (found->kind == FOUND_NUMBER && (is_exact(seen) || is_fixed(profile, found))) {
		failed |= set(field, "precision", json_integer(is_exact(seen) ? DECIMAL_DIGITS : DOUBLE_DIGITS));
		failed |= set(field, "scale", json_integer(seen->fraction));
	}
	return failed;
}

static int set_boolean(json_t *field, const struct found *found)
{
	const struct boolean_pair *pair = &boolean_pairs[found->pair];
	int failed = set(field, "type", json_string("boolean"));
	if (found->pair > 2) {
		failed |= set(field, "trueValues", json_pack("[s]", pair->yes));
		failed |= set(field, "falseValues", json_pack("[s]", pair->no));
	}
	return failed;
}

static int set_type(json_t *field, const struct describing *how, const struct profile *profile, const struct found *found)
{
	const struct moment_format *format = &how->profiling->formats.items[found->format];
	int failed;

	switch (found->kind) {
	case FOUND_BOOLEAN:
		return set_boolean(field, found);
	case FOUND_INTEGER:
	case FOUND_NUMBER:
		return set_number(field, profile, found);
	case FOUND_YEAR:
		return set(field, "type", json_string("year"));
	case FOUND_YEARMONTH:
		return set(field, "type", json_string("yearmonth"));
	case FOUND_MOMENT:
		failed = set(field, "type", json_string(value_type_name(format->type)));
		return format->pattern[0] ? failed | set(field, "format", json_string(format->pattern)) : failed;
	case FOUND_UUID:
	case FOUND_EMAIL:
	case FOUND_URI:
		failed = set(field, "type", json_string("string"));
		return failed | set(field, "format", json_string(found->kind == FOUND_UUID ? "uuid" : found->kind == FOUND_EMAIL ? "email" : "uri"));
	case FOUND_NOTHING:
	case FOUND_STRING:
		break;
	}
	return set(field, "type", json_string("string"));
}

static const char *type_text(const json_t *field)
{
	const char *format = json_string_value(json_object_get(field, "format"));
	return format && strchr(format, '%') == NULL ? format : json_string_value(json_object_get(field, "type"));
}

/* --- missing values ----------------------------------------------------------------------------- */

/* Whether cells with this word are null. In texts a word may be one: "NA" is Namibia. "\N" is none. */
static bool is_missing(const struct found *found, int word)
{
	return is_typed(found) || strcmp(missing_words[word], "\\N") == 0;
}

static int set_missing(json_t *field, const struct profile *profile, const struct found *found)
{
	json_t *words = json_pack("[s]", "");
	int failed = words == NULL;
	for (int i = 0; i < MISSING_WORDS; i++)
		if (profile->words[i] > 0 && is_missing(found, i))
			failed |= json_array_append_new(words, json_string(missing_words[i]));
	if (json_array_size(words) > 1)
		failed |= json_object_set(field, "missingValues", words);
	json_decref(words);
	return failed;
}

static uint64_t count_missing(const struct describing *how, const struct profile *profile, const struct found *found)
{
	uint64_t missing = profile->empty + profile->absent;
	for (int i = 0; i < MISSING_WORDS; i++)
		missing += is_missing(found, i) ? profile->words[i] : 0;
	return how->trim ? missing + profile->spaces_only : missing;
}

/* --- words -------------------------------------------------------------------------------------- */

static int put_missing(const struct profile *profile, const struct found *found, uint64_t missing, struct buffer *note, struct error *error)
{
	char count[COUNT_TEXT];
	bool words = false;

	if (missing == 0)
		return 0;
	if (buffer_printf(note, error, "; %s missing", count_text(missing, count)) < 0)
		return -1;
	for (int i = 0; i < MISSING_WORDS; i++) {
		if (profile->words[i] == 0 || !is_missing(found, i))
			continue;
		if (buffer_printf(note, error, "%s%s \"%s\"", words ? ", " : " (", count_text(profile->words[i], count), missing_words[i]) < 0)
			return -1;
		words = true;
	}
	return words ? buffer_puts(note, ")", error) : 0;
}

static int put_range(const struct describing *how, const struct profile *profile, const struct found *found, struct buffer *note,
	struct error *error)
{
	const struct moment_format *format = &how->profiling->formats.items[found->format];
	char least[VALUE_TEXT_MAX + 1] = "", most[VALUE_TEXT_MAX + 1] = "";
	size_t (*print)(int64_t, char *) = format->type == VALUE_DATE ? value_format_date : format->type == VALUE_TIME ? value_format_time : value_format_datetime;

	switch (found->kind) {
	case FOUND_INTEGER:
	case FOUND_YEAR:
		if (!profile->integer) /* with groups */
			return buffer_printf(note, error, ", %.0f to %.0f", profile->measures[found->style].least, profile->measures[found->style].most);
		return buffer_printf(note, error, ", %" PRId64 " to %" PRId64, profile->least_integer, profile->most_integer);
	case FOUND_NUMBER:
		least[value_format_double(profile->measures[found->style].least, least)] = '\0';
		most[value_format_double(profile->measures[found->style].most, most)] = '\0';
		return buffer_printf(note, error, ", %s to %s", least, most);
	case FOUND_MOMENT:
		least[print(profile->ranges[found->format].least, least)] = '\0';
		most[print(profile->ranges[found->format].most, most)] = '\0';
		return buffer_printf(note, error, ", %s to %s", least, most);
	case FOUND_STRING:
	case FOUND_EMAIL:
	case FOUND_URI:
		if (profile->shortest == profile->longest)
			return buffer_printf(note, error, ", %" PRIu64 " character%s", profile->longest, profile->longest == 1 ? "" : "s");
		return buffer_printf(note, error, ", %" PRIu64 " to %" PRIu64 " characters", profile->shortest, profile->longest);
	default:
		return 0;
	}
}

/* "dates %d.%m.%Y" */
static int put_kind(const struct describing *how, const struct found *found, struct buffer *note, struct error *error)
{
	const struct moment_format *format = &how->profiling->formats.items[found->format];
	struct number_spelling spelling;

	switch (found->kind) {
	case FOUND_MOMENT:
		return buffer_printf(note, error, "%ss%s%s", value_type_name(format->type), format->pattern[0] ? " " : "", format->pattern);
	case FOUND_INTEGER:
	case FOUND_NUMBER:
		number_spelling(found->style, &spelling);
		if (buffer_puts(note, found->kind == FOUND_INTEGER ? "integers" : "numbers", error) < 0 ||
		    (strcmp(spelling.decimal, ".") != 0 && buffer_printf(note, error, " with decimalChar \"%s\"", spelling.decimal) < 0))
			return -1;
		return found->grouped ? buffer_printf(note, error, " with groupChar \"%s\"", spelling.group) : 0;
	case FOUND_BOOLEAN:
		return buffer_printf(note, error, "booleans (%s, %s)", boolean_pairs[found->pair].yes, boolean_pairs[found->pair].no);
	default:
		return buffer_puts(note, found->kind == FOUND_UUID ? "UUIDs" : found->kind == FOUND_EMAIL ? "e-mail addresses" :
			found->kind == FOUND_URI ? "URIs" : "months", error);
	}
}

static const char *kind_rule(const struct describing *how, const struct found *found)
{
	switch (found->kind) {
	case FOUND_MOMENT:
		return value_type_name(how->profiling->formats.items[found->format].type);
	case FOUND_INTEGER:
		return "integer";
	case FOUND_NUMBER:
		return "number";
	case FOUND_BOOLEAN:
		return "boolean";
	case FOUND_YEARMONTH:
		return "yearmonth";
	default:
		return found->kind == FOUND_UUID ? "uuid" : found->kind == FOUND_EMAIL ? "email" : "uri";
	}
}

/* A few values keep the column from having the type of all others. */
static int put_nearly(const struct describing *how, const struct profile *profile, const char *name, struct buffer *note, struct error *error)
{
	struct found found;
	char fit[COUNT_TEXT], all[COUNT_TEXT], line[COUNT_TEXT];
	const struct near_shape *near = near_decide(profile->near, how->profiling, name, &found);

	if (!near || near->example.line == 0)
		return 0;
	if (buffer_printf(note, error, "; NOT SURE: %s of %s are ", count_text(near->values, fit), count_text(profile->near->values, all)) < 0 ||
	    put_kind(how, &found, note, error) < 0 || buffer_printf(note, error, "; line %s has \"", count_text(near->example.line, line)) < 0 ||
	    put_in_comment(note, near->example.text, error) < 0)
		return -1;
	bool format = found.kind == FOUND_UUID || found.kind == FOUND_EMAIL || found.kind == FOUND_URI;
	return buffer_printf(note, error, "%s\": %s: %s would reject it", near->example.cut ? "..." : "", format ? "format" : "type", kind_rule(how, &found));
}

/* What a type may have lost of the text, or put into it. */
static int put_guess(const struct describing *how, const struct profile *profile, const struct found *found, struct buffer *note, struct error *error)
{
	const struct number_measure *seen = &profile->measures[found->style];
	char without[COUNT_TEXT], all[COUNT_TEXT];

	if (found->kind == FOUND_NUMBER && !seen->exponent && seen->padded && seen->fraction != seen->fraction_least)
		return buffer_puts(note, "; NOT SURE: some end in a zero behind the decimal mark, others have fewer digits there: versions, and numbers of sections, "
					 "would lose it (1.10 is 1.1)", error);
	if (found->kind == FOUND_MOMENT && strstr(how->profiling->formats.items[found->format].pattern, "%y"))
		return buffer_puts(note, "; NOT SURE: years of two digits: 69 to 99 are taken for 1969 to 1999, the others for 2000 to 2068", error);
	if (found->kind == FOUND_MOMENT && found->format == MOMENT_FORMAT_DATETIME && profile->offsets > 0 && profile->offsets < profile->values)
		return buffer_printf(note, error, "; NOT SURE: %s of %s have no offset (such as Z or +01:00) and are taken for UTC",
			count_text(profile->values - profile->offsets, without), count_text(profile->values, all));
	if (found->kind == FOUND_STRING && column_profile_is_coded(profile))
		return buffer_puts(note, "; digits with an E between, which a number would lose", error);
	return 0;
}

/* What a person should look at. */
static int put_doubt(const struct describing *how, const struct profile *profile, const struct found *found, const char *name, struct buffer *note,
	struct error *error)
{
	uint64_t words = 0;
	char count[COUNT_TEXT];

	for (int i = 0; i < MISSING_WORDS; i++)
		words += is_missing(found, i) ? 0 : profile->words[i];
	if (found->either && found->kind == FOUND_MOMENT &&
	    buffer_puts(note, "; NOT SURE: no value tells whether the day or the month comes first", error) < 0)
		return -1;
	bool point = found->style == 0 || found->style == 3;
	if (found->either && found->kind != FOUND_MOMENT &&
	    buffer_printf(note, error, "; NOT SURE: no value tells whether the %s groups digits or is the decimal one", point ? "point" : "comma") < 0)
		return -1;
	if (is_fixed(profile, found) &&
	    buffer_printf(note, error, "; always %u digit%s behind the decimal mark: exact, and more are rejected", profile->measures[found->style].fraction,
		    plural(profile->measures[found->style].fraction, "", "s")) < 0)
		return -1;
	if (put_guess(how, profile, found, note, error) < 0)
		return -1;
	if (found->kind == FOUND_STRING && put_nearly(how, profile, name, note, error) < 0)
		return -1;
	if (found->kind == FOUND_STRING && profile->zeros_in_front && profile->only_digits &&
	    buffer_puts(note, "; digits with zeros in front, which a number would lose", error) < 0)
		return -1;
	if (words > 0 && buffer_printf(note, error, "; %s like \"NA\" or \"null\", kept as text", count_text(words, count)) < 0)
		return -1;
	if (found->kind == FOUND_NOTHING && buffer_puts(note, "; a text for want of anything better", error) < 0)
		return -1;
	return profile->spaces_only > 0 && !how->trim ? buffer_printf(note, error, "; %s of spaces alone", count_text(profile->spaces_only, count)) : 0;
}

static int put_note(const struct describing *how, const struct profile *profile, const struct described *out, uint64_t missing, struct buffer *note,
	struct error *error)
{
	char count[COUNT_TEXT];
	uint64_t values = how->records - missing;

	if (values == 0)
		return buffer_printf(note, error, "no value in any record") < 0 ? -1 : put_doubt(how, profile, &out->found, json_string_value(json_object_get(out->field, "name")), note, error);
	if (buffer_printf(note, error, "%s: %s%s value%s", type_text(out->field), missing == 0 && values > 1 ? "all " : "", count_text(values, count),
		    values == 1 ? "" : "s") < 0 ||
	    put_range(how, profile, &out->found, note, error) < 0 || put_missing(profile, &out->found, missing, note, error) < 0)
		return -1;
	if (out->different && values > 1 && buffer_puts(note, out->sure ? "; no two alike" : "; no two alike as far as looked at", error) < 0)
		return -1;
	return put_doubt(how, profile, &out->found, json_string_value(json_object_get(out->field, "name")), note, error);
}

/* --- constraints -------------------------------------------------------------------------------- */

static int set_range(json_t *constraints, const struct describing *how, const struct profile *profile, const struct found *found)
{
	const struct moment_format *format = &how->profiling->formats.items[found->format];
	const struct number_measure *seen = &profile->measures[found->style];
	char text[VALUE_TEXT_MAX + 1];
	int failed = 0;

	if (found->kind == FOUND_STRING && profile->longest > 0)
		return set(constraints, "maxLength", json_integer((json_int_t)profile->longest));
	if (found->either)
		return 0;
	if ((found->kind == FOUND_INTEGER || found->kind == FOUND_YEAR) && profile->integer) {
		failed |= set(constraints, "minimum", json_integer(profile->least_integer));
		failed |= set(constraints, "maximum", json_integer(profile->most_integer));
	} else if (found->kind == FOUND_NUMBER && !is_exact(seen) && !seen->exponent) {
		failed |= set(constraints, "minimum", json_real(seen->least));
		failed |= set(constraints, "maximum", json_real(seen->most));
	} else if (found->kind == FOUND_MOMENT && format->type == VALUE_DATE) {
		text[value_format_date(profile->ranges[found->format].least, text)] = '\0';
		failed |= set(constraints, "minimum", json_string(text));
		text[value_format_date(profile->ranges[found->format].most, text)] = '\0';
		failed |= set(constraints, "maximum", json_string(text));
	}
	return failed;
}

int describe(const struct describing *how, const struct profile *profile, const char *name, struct described *out, struct buffer *note,
	struct error *error)
{
	json_t *constraints = json_object();
	int failed = 0;

	*out = (struct described){ .field = json_object() };
	column_profile_decide(profile, how->profiling, name, how->comma, &out->found);
	uint64_t missing = count_missing(how, profile, &out->found), words = 0;
	for (int i = 0; i < MISSING_WORDS; i++)
		words += is_missing(&out->found, i) ? 0 : profile->words[i];
	out->complete = missing == 0 && how->records > 0;
	out->sure = !profile->unique.gave_up && how->all;
	/* Words, and cells of spaces, are not among what was compared. */
	out->different = !profile->unique.twice && profile->values > 0 && words + profile->spaces_only == 0;
	out->key_type = (out->found.kind == FOUND_INTEGER && profile->integer) || out->found.kind == FOUND_UUID || out->found.kind == FOUND_STRING;

	failed |= set(out->field, "name", json_string(name));
	failed |= set_type(out->field, how, profile, &out->found);
	failed |= set_missing(out->field, profile, &out->found);
	if (out->complete)
		failed |= set(constraints, "required", json_true());
	if (how->constraints)
		failed |= set_range(constraints, how, profile, &out->found);
	if (json_object_size(constraints) > 0)
		failed |= json_object_set(out->field, "constraints", constraints);
	json_decref(constraints);
	if (failed || !out->field)
		return error_memory(error, "a dictionary");
	return put_note(how, profile, out, missing, note, error);
}
