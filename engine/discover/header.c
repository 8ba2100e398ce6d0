/* header.c - labels against the values beneath them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/discover/header.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/core/utf8.h"

/* A name of a column that every database takes. */
enum { NAME_BYTES_MAX = 60, LABEL_BYTES_MAX = 100 };

static const char *first_cell(const struct scan *scan, size_t column)
{
	return column < scan->first_cells ? scan->first[column] : "";
}

/* --- is it a header? ---------------------------------------------------------------------------- */

static bool is_label(const char *text)
{
	size_t length = strlen(text);
	bool letter = false;

	for (size_t i = 0; i < length; i++)
		letter = letter || isalpha((unsigned char)text[i]) || (unsigned char)text[i] >= 0x80;
	return letter && length <= LABEL_BYTES_MAX && !strchr(text, '@') && !strstr(text, "://") && text[length - 1] != '.' && missing_word(text, length) < 0;
}

/* What the first cell alone could be, where nothing stands beneath. */
static bool is_value_alone(struct scan *scan, const char *text, struct error *error, int *result)
{
	struct profile profile;
	struct found found;
	column_profile_init(&profile);
	*result = column_profile_add(&profile, &scan->profiling, text, strlen(text), error);
	column_profile_decide(&profile, &scan->profiling, "", false, &found);
	column_profile_fini(&profile, &scan->profiling);
	return found.kind != FOUND_STRING && found.kind != FOUND_NOTHING;
}

/* For every column: does its first cell belong to the others? */
static int judge(struct scan *scan, bool *there, bool *sure, struct error *error)
{
	size_t for_it = 0, against = 0;
	bool labels = scan->first_cells > 0, unlike = true;

	for (size_t c = 0; c < scan->columns; c++) {
		const char *text = first_cell(scan, c);
		const struct profile *profile = &scan->profiles[c];
		struct found found;
		int result = 0;
		column_profile_decide(profile, &scan->profiling, "", false, &found);
		bool typed = found.kind != FOUND_STRING && found.kind != FOUND_NOTHING;
		/* The first label may be missing: that of row numbers. */
		labels = labels && (is_label(text) || (text[0] == '\0' && (c == 0 || c + 1 == scan->columns)));
		unlike = unlike && scan->repeats[c] == 0;
		if (text[0] == '\0' || missing_word(text, strlen(text)) >= 0)
			continue;
		if (typed)
			*(column_profile_fits(&scan->profiling, &found, text, strlen(text)) ? &against : &for_it) += 1;
		else if (found.kind == FOUND_NOTHING)
			against += is_value_alone(scan, text, error, &result);
		else
			against += is_value_alone(scan, text, error, &result) && !is_label(text);
		if (result < 0)
			return -1;
	}
	*sure = (for_it > 0) != (against > 0);
	*there = for_it > against || (for_it == against && labels && unlike);
	return 0;
}

/* --- names -------------------------------------------------------------------------------------- */

static bool is_taken(char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(names[i], name) == 0)
			return true;
	return false;
}

/* The label without what no name should have; or column_N. */
static void clean(const char *label, size_t column, char name[NAME_BYTES_MAX + 16])
{
	size_t length = strlen(label);
	while (length > 0 && isspace((unsigned char)label[length - 1]))
		length--;
	for (; length > 0 && isspace((unsigned char)*label); length--)
		label++;
	length = length > NAME_BYTES_MAX ? utf8_cut(label, length, NAME_BYTES_MAX) : length;
	for (size_t i = 0; i < length; i++)
		name[i] = (unsigned char)label[i] < 0x20 || label[i] == 0x7F ? ' ' : label[i];
	name[length] = '\0';
	if (length == 0)
		snprintf(name, NAME_BYTES_MAX, "column_%zu", column + 1);
}

static int name_columns(const struct scan *scan, struct header_found *out, struct error *error)
{
	out->names = calloc(scan->columns, sizeof *out->names);
	if (!out->names)
		return error_memory(error, "the names of columns");
	out->as_it_is = true;
	for (size_t c = 0; c < scan->columns; c++) {
		char name[NAME_BYTES_MAX + 16];
		const char *label = out->there ? first_cell(scan, c) : "";
		clean(label, c, name);
		size_t length = strlen(name);
		for (unsigned n = 2; is_taken(out->names, c, name); n++)
			snprintf(name + length, sizeof name - length, "_%u", n);
		out->names[c] = strdup(name);
		if (!out->names[c])
			return error_memory(error, "the names of columns");
		out->count++;
		out->as_it_is = out->as_it_is && strcmp(label, name) == 0;
	}
	/* Empty labels behind them are taken away with the cells beneath. */
	for (size_t c = scan->columns; c < scan->first_cells; c++)
		out->as_it_is = out->as_it_is && scan->first[c][0] == '\0';
	return 0;
}

static int add_first(struct scan *scan, struct error *error)
{
	scan->profiling.line = scan->first_line;
	for (size_t c = 0; c < scan->width; c++) {
		if (c >= scan->first_cells)
			scan->profiles[c].absent++;
		else if (column_profile_add(&scan->profiles[c], &scan->profiling, scan->first[c], strlen(scan->first[c]), error) < 0)
			return -1;
	}
	bool filled = false;
	for (size_t c = scan->columns; c < scan->first_cells; c++)
		filled = filled || scan->first[c][0];
	scan->extra_filled += filled;
	return 0;
}

/* Cells that nothing ever stands in, behind delimiters at the ends of lines, are no columns. */
static void drop_empty_columns(struct scan *scan)
{
	while (scan->columns > 1) {
		const struct profile *last = &scan->profiles[scan->columns - 1];
		uint64_t words = 0;
		for (size_t i = 0; i < MISSING_WORDS; i++)
			words += last->words[i];
		if (last->values + words + last->spaces_only > 0 || first_cell(scan, scan->columns - 1)[0])
			return;
		scan->columns--;
	}
}

int header_find(struct scan *scan, int wanted, struct header_found *out, struct error *error)
{
	*out = (struct header_found){ .there = wanted > 0, .sure = wanted != 0 };
	drop_empty_columns(scan);
	if (wanted == 0 && judge(scan, &out->there, &out->sure, error) < 0)
		return -1;
	if (!out->there && add_first(scan, error) < 0)
		return -1;
	if (out->there)
		scan->records -= scan->header_rows > 1 ? (uint64_t)scan->header_rows : 1;
	return name_columns(scan, out, error);
}

void header_found_fini(struct header_found *found)
{
	for (size_t i = 0; i < found->count; i++)
		free(found->names[i]);
	free(found->names);
	*found = (struct header_found){ .count = 0 };
}
