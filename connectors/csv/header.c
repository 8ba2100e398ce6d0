/* header.c - matching labels with fields.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/csv/header.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/diagnostics.h"
#include "engine/core/utf8.h"

enum { LABEL_SHOWN = 128 };

struct match {
	const struct header_line *line;
	const struct schema *schema;
	const char **wanted; /* the label of each field; NULL at the end */
	size_t *cell_of;     /* of each field: its cell from 1, 0 while it has none */
	size_t *fields;
};

int header_check_labels(const struct option_map *labels, const struct schema *schema, const char *path,
	struct error *error)
{
	for (size_t i = 0; labels && i < labels->count; i++) {
		if (schema_find(schema, labels->keys[i]) != SCHEMA_NO_FIELD)
			continue;
		const char **names = calloc(schema->field_count + 1, sizeof *names);
		if (!names)
			return error_memory(error, "the names of the fields");
		for (size_t f = 0; f < schema->field_count; f++)
			names[f] = schema->fields[f].name;
		const char *near = suggest(labels->keys[i], names);
		free(names);
		return error_set(error, ERROR_CONFIG, path, "rules: columns: table %s has no field \"%s\"%s%s%s", schema->name,
			labels->keys[i], near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
	}
	return 0;
}

/* "FILE:LINE:COLUMN" of a cell. */
static const char *place_of(const struct match *match, size_t cell, char place[ERROR_PLACE_MAX])
{
	const struct header_line *line = match->line;
	uint64_t lines, column;
	framer_find_cell(line->framer, line->frame, cell, &lines, &column);
	snprintf(place, ERROR_PLACE_MAX, "%s:%" PRIu64 ":%" PRIu64, line->path, line->line_no + lines, column);
	return place;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

/* True where the label is one of those that are wanted but for spaces around it. */
static bool wanted_without_spaces(const struct match *match, const char *label)
{
	size_t length = strlen(label);
	while (length > 0 && is_space(label[length - 1]))
		length--;
	for (; length > 0 && is_space(*label); length--)
		label++;
	for (size_t f = 0; f < match->schema->field_count; f++)
		if (strlen(match->wanted[f]) == length && memcmp(match->wanted[f], label, length) == 0)
			return true;
	return false;
}

static int unknown_label(const struct match *match, size_t cell, const char *label, struct error *error)
{
	char place[ERROR_PLACE_MAX];
	int shown = (int)utf8_cut(label, strlen(label), LABEL_SHOWN);
	place_of(match, cell, place);
	if (label[0] == '\0')
		return error_set(error, ERROR_CONFIG, place, "cell %zu of the header is empty; every column needs the label of a field",
			cell + 1);
	if (wanted_without_spaces(match, label))
		return error_set(error, ERROR_CONFIG, place, "label \"%.*s\" has spaces around it; set trim: true on the source",
			shown, label);
	const char *near = suggest(label, match->wanted);
	if (near)
		return error_set(error, ERROR_CONFIG, place, "label \"%.*s\" is no field of table %s (did you mean \"%s\"?)",
			shown, label, match->schema->name, near);
	return error_set(error, ERROR_CONFIG, place,
		"label \"%.*s\" is no field of table %s; rules: columns gives a field another label, header: false is for files "
		"without one", shown, label, match->schema->name);
}

static int match_cell(struct match *match, size_t cell, struct error *error)
{
	char place[ERROR_PLACE_MAX];
	struct span span = match->line->split->cells[cell];
	const char *text = match->line->cells + span.offset;
	if (utf8_find_bad(text, span.length, 0) < span.length)
		return error_set(error, ERROR_SOURCE, place_of(match, cell, place),
			"the label in cell %zu is no text in the file's encoding; encoding on the source says another (utf-16, latin-1, ...)", cell + 1);
	size_t field = 0;
	while (field < match->schema->field_count &&
	       (strlen(match->wanted[field]) != span.length || memcmp(match->wanted[field], text, span.length) != 0))
		field++;
	if (field == match->schema->field_count) {
		char *label = strndup(text, span.length);
		int result = label ? unknown_label(match, cell, label, error) : error_memory(error, "a label");
		free(label);
		return result;
	}
	if (match->cell_of[field] > 0)
		return error_set(error, ERROR_CONFIG, place_of(match, cell, place),
			"label \"%s\" is there twice, in cells %zu and %zu of the header", match->wanted[field],
			match->cell_of[field], cell + 1);
	/* Every cell so far is another field, so there are never more of them than fields. */
	match->cell_of[field] = cell + 1;
	match->fields[cell] = field;
	return 0;
}

static int missing_label(const struct match *match, size_t field, struct error *error)
{
	char place[ERROR_PLACE_MAX];
	const char *label = match->wanted[field], *name = match->schema->fields[field].name;
	snprintf(place, sizeof place, "%s:%" PRIu64, match->line->path, match->line->line_no);
	for (size_t other = 0; other < field; other++)
		if (strcmp(match->wanted[other], label) == 0)
			return error_set(error, ERROR_CONFIG, place,
				"label \"%s\" stands for two fields, %s and %s; give each its own in rules: columns", label,
				match->schema->fields[other].name, name);
	if (strcmp(label, name) == 0)
		return error_set(error, ERROR_CONFIG, place, "the header has no label \"%s\"", label);
	return error_set(error, ERROR_CONFIG, place, "the header has no label \"%s\" (for field %s)", label, name);
}

int header_match(const struct header_line *line, const struct schema *schema, const struct option_map *labels,
	size_t *fields, struct error *error)
{
	int result = -1;
	struct match match = { .line = line, .schema = schema, .fields = fields };
	match.wanted = calloc(schema->field_count + 1, sizeof *match.wanted);
	match.cell_of = calloc(schema->field_count + 1, sizeof *match.cell_of);
	if (!match.wanted || !match.cell_of) {
		error_memory(error, "the labels of a header");
		goto out;
	}
	for (size_t f = 0; f < schema->field_count; f++)
		match.wanted[f] = schema->fields[f].name;
	for (size_t i = 0; labels && i < labels->count; i++) {
		size_t field = schema_find(schema, labels->keys[i]);
		if (field != SCHEMA_NO_FIELD)
			match.wanted[field] = labels->values[i];
	}
	for (size_t cell = 0; cell < line->split->count; cell++)
		if (match_cell(&match, cell, error) < 0)
			goto out;
	for (size_t f = 0; f < schema->field_count; f++) {
		if (match.cell_of[f] > 0)
			continue;
		missing_label(&match, f, error);
		goto out;
	}
	result = 0;
out:
	free(match.wanted);
	free(match.cell_of);
	return result;
}
