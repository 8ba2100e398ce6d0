/* near.c - following what most values are, past those that are not.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/discover/near.h"

#include <stdlib.h>
#include <string.h>

#include "engine/core/utf8.h"
#include "engine/core/uuid.h"
#include "engine/discover/profile.h"
#include "rules/moment.h"
#include "rules/textformat.h"

/* Only early values begin a reading: a column of texts is not tried against everything to its end. */
enum { NEAR_VALUES_LEAST = 5, BEGIN_WITHIN = 64, NUMBER_BYTES_MAX = 64, MOMENT_BYTES_MAX = 48 };

void formats_fill(uint64_t formats[FORMAT_WORDS])
{
	memset(formats, 0, FORMAT_WORDS * sizeof *formats);
	for (size_t i = 0; i < MOMENT_FORMATS; i++)
		formats[i / 64] |= (uint64_t)1 << (i % 64);
}

static bool shape_is_any(const struct shape *shape)
{
	uint64_t any = shape->styles | shape->booleans;
	for (size_t i = 0; i < FORMAT_WORDS; i++)
		any |= shape->formats[i];
	return any != 0 || shape->yearmonth || shape->uuid || shape->email || shape->uri;
}

static bool is_word(const struct near_value *value, const char *word)
{
	return strlen(word) == value->length && memcmp(word, value->text, value->length) == 0;
}

static void narrow_formats(struct shape *shape, const struct profiling *profiling, const struct near_value *value)
{
	size_t digits = 0;
	for (size_t i = 0; i < value->length && digits < 2; i++)
		digits += value->text[i] >= '0' && value->text[i] <= '9';
	bool fit = digits == 2 && value->length <= MOMENT_BYTES_MAX;
	for (size_t i = 0; i < MOMENT_FORMATS; i++) {
		uint64_t bit = (uint64_t)1 << (i % 64);
		int64_t moment;
		if ((shape->formats[i / 64] & bit) && !(fit && i < profiling->formats.count && moment_is(&profiling->formats.items[i], value->text, value->length, &moment)))
			shape->formats[i / 64] &= ~bit;
	}
}

static void narrow_numbers(struct shape *shape, const struct profiling *profiling, const struct near_value *value)
{
	int64_t number;
	shape->integer = shape->integer && number_integer(value->text, value->length, &number);
	for (size_t i = 0; i < NUMBER_STYLES; i++) {
		struct number_spelling spelling;
		struct number_seen seen;
		if ((shape->styles & 1u << i) == 0)
			continue;
		number_spelling(i, &spelling);
		if (!number_is(&spelling, value->text, value->length, profiling->c, &seen))
			shape->styles &= ~(1u << i);
		else if (seen.grouped)
			shape->grouped |= 1u << i;
	}
}

/* False, and shape is as it was, where the value is nothing of it. */
static bool narrow(struct shape *shape, const struct profiling *profiling, const struct near_value *value)
{
	struct shape rest = *shape;
	char uuid[UUID_LENGTH];

	narrow_numbers(&rest, profiling, value);
	narrow_formats(&rest, profiling, value);
	for (size_t i = 0; i < BOOLEAN_PAIRS; i++) {
		bool yes = is_word(value, boolean_pairs[i].yes), no = is_word(value, boolean_pairs[i].no);
		if (!yes && !no)
			rest.booleans &= ~(1u << i);
		rest.booleans_yes |= (uint32_t)yes << i;
		rest.booleans_no |= (uint32_t)no << i;
	}
	rest.yearmonth = rest.yearmonth && moment_yearmonth(value->text, value->length);
	rest.uuid = rest.uuid && text_to_uuid(value->text, value->length, uuid);
	rest.email = rest.email && text_is_email(value->raw, value->raw_length);
	rest.uri = rest.uri && text_is_uri(value->raw, value->raw_length) && memmem(value->text, value->length, "://", 3);
	for (size_t i = 0; i < value->length; i++)
		rest.only_digits = rest.only_digits && value->text[i] >= '0' && value->text[i] <= '9';
	if (!shape_is_any(&rest))
		return false;
	*shape = rest;
	return true;
}

/* "007", "+5": no number to discover, but one to the rules. */
static bool reads_as_number(const struct shape *shape, const struct profiling *profiling, const struct near_value *value)
{
	char plain[NUMBER_BYTES_MAX], scratch[NUMBER_BYTES_MAX + 1];
	double number;

	for (size_t i = 0; i < NUMBER_STYLES && value->length <= sizeof plain; i++) {
		struct number_spelling spelling;
		if ((shape->styles & 1u << i) == 0)
			continue;
		number_spelling(i, &spelling);
		size_t length = number_unstyle(&spelling.style, false, value->text, value->length, plain);
		if (length > 0 && number_double(plain, length, scratch, profiling->c, &number))
			return true;
	}
	return false;
}

void near_example(const struct near_value *value, struct near_example *out)
{
	size_t length = value->length > NEAR_EXAMPLE_MAX ? utf8_cut(value->text, value->length, NEAR_EXAMPLE_MAX) : value->length;
	memcpy(out->text, value->text, length);
	out->text[length] = '\0';
	out->cut = length < value->length;
	out->line = value->line;
}

static void set_aside(struct near_shape *item, const struct profiling *profiling, const struct near_value *value)
{
	item->loses = item->loses || reads_as_number(&item->shape, profiling, value);
	if (item->example.line == 0)
		near_example(value, &item->example);
}

/* Another reading, which begins with this value. */
static void begin(struct near *near, const struct profiling *profiling, const struct near_value *value)
{
	struct near_shape *item = &near->items[near->count];
	*item = (struct near_shape){ .shape = { .integer = true, .yearmonth = true, .uuid = true, .email = true, .uri = true, .only_digits = true,
		.styles = (1u << NUMBER_STYLES) - 1, .booleans = (1u << BOOLEAN_PAIRS) - 1 }, .values = 1 };
	formats_fill(item->shape.formats);
	if (!narrow(&item->shape, profiling, value))
		return;
	near->count++;
	/* Of the values before it the first one is known: it may be what does not fit. */
	const struct near_example *first = &near->first;
	const struct near_value early = { first->text, first->text, strlen(first->text), strlen(first->text), first->line };
	struct shape both = item->shape;
	if (near->values > 1 && (first->cut || !narrow(&both, profiling, &early)))
		set_aside(item, profiling, &early);
}

struct near *near_new(const struct shape *before, uint64_t count, const struct near_example *first, const struct profiling *profiling, const struct near_value *value)
{
	struct near *near = calloc(1, sizeof *near);
	if (!near)
		return NULL;
	near->values = count + 1;
	near->first = *first;
	if (count > 0) {
		near->items[0] = (struct near_shape){ .shape = *before, .values = count };
		near->count = 1;
		set_aside(&near->items[0], profiling, value);
	}
	if (near->values <= BEGIN_WITHIN)
		begin(near, profiling, value);
	return near;
}

void near_add(struct near *near, const struct profiling *profiling, const struct near_value *value)
{
	bool fits = false;

	near->values++;
	for (size_t i = 0; i < near->count; i++) {
		struct near_shape *item = &near->items[i];
		/* It will not come to four of five any more, or not soon. */
		if (near->values > 4 * (uint64_t)BEGIN_WITHIN && item->values < near->values / 2)
			continue;
		if (narrow(&item->shape, profiling, value)) {
			item->values++;
			fits = true;
		} else {
			set_aside(item, profiling, value);
		}
	}
	if (!fits && near->count < NEAR_SHAPES && near->values <= BEGIN_WITHIN)
		begin(near, profiling, value);
}

const struct near_shape *near_decide(const struct near *near, const struct profiling *profiling, const char *label, struct found *out)
{
	const struct near_shape *best = NULL;
	for (size_t i = 0; near && i < near->count; i++)
		if (!best || near->items[i].values > best->values)
			best = &near->items[i];
	if (!best || near->values < NEAR_VALUES_LEAST || best->values < near->values - near->values / 5 || best->loses)
		return NULL;

	const struct shape *shape = &best->shape;
	struct profile profile;
	column_profile_init(&profile);
	profile.values = best->values;
	profile.integer = shape->integer;
	profile.yearmonth = shape->yearmonth;
	profile.uuid = shape->uuid;
	profile.email = shape->email;
	profile.uri = shape->uri;
	profile.only_digits = shape->only_digits;
	profile.years = false;
	profile.styles = shape->styles;
	profile.booleans = shape->booleans;
	profile.booleans_yes = shape->booleans_yes;
	profile.booleans_no = shape->booleans_no;
	memcpy(profile.formats, shape->formats, sizeof profile.formats);
	for (size_t i = 0; i < NUMBER_STYLES; i++)
		profile.measures[i].grouped = shape->grouped >> i & 1;
	column_profile_decide(&profile, profiling, label, COMMA_CUTS, out);
	return out->kind != FOUND_STRING && out->kind != FOUND_NOTHING ? best : NULL;
}
