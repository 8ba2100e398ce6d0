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

void header_labels_fini(struct header_labels *labels)
{
	for (size_t i = 0; i < labels->count; i++)
		free(labels->items[i].text);
	free(labels->items);
	*labels = (struct header_labels){ .count = 0 };
}

int header_labels_add(struct header_labels *labels, const struct split *split, const char *cells, const char *join, uint64_t limit,
	struct error *error)
{
	if (split->count > labels->count) {
		struct header_label *items = realloc(labels->items, split->count * sizeof *items);
		if (!items)
			return error_memory(error, "the labels of a header");
		memset(items + labels->count, 0, (split->count - labels->count) * sizeof *items);
		labels->items = items;
		labels->count = split->count;
	}
	for (size_t i = 0; i < split->count; i++) {
		struct header_label *label = &labels->items[i];
		struct span span = split->cells[i];
		size_t between = label->length > 0 && span.length > 0 ? strlen(join) : 0;
		size_t length = label->length + between + span.length;
		char *text = realloc(label->text, length + 1);
		if (!text)
			return error_memory(error, "the labels of a header");
		memcpy(text + label->length, join, between);
		memcpy(text + label->length + between, cells + span.offset, span.length);
		text[length] = '\0';
		label->text = text;
		label->length = length;
		if (length > limit)
			return error_set(error, ERROR_SOURCE, NULL, "the label in cell %zu of the header has %zu bytes, more than limits.field (%" PRIu64 ")",
				i + 1, length, limit);
	}
	return 0;
}

/* "FILE:LINE:COLUMN" of a cell; without the column where the header's last line does not have it. */
static const char *place_of(const struct match *match, size_t cell, char place[ERROR_PLACE_MAX])
{
	const struct header_line *line = match->line;
	uint64_t lines, column;
	if (cell >= line->cells) {
		snprintf(place, ERROR_PLACE_MAX, "%s:%" PRIu64, line->path, line->line_no);
		return place;
	}
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
		return error_set(error, ERROR_CONFIG, place, "cell %zu of the header is empty; every column needs the label of a field%s",
			cell + 1, cell + 1 == match->line->labels->count && cell > 0
			? " (long_rows: drop_empty on the source takes empty cells at the end of lines away)" : "");
	if (wanted_without_spaces(match, label))
		return error_set(error, ERROR_CONFIG, place, "label \"%.*s\" has spaces around it; set trim: true on the source",
			shown, label);
	size_t field = schema_find(match->schema, label);
	if (field != SCHEMA_NO_FIELD)
		return error_set(error, ERROR_CONFIG, place, "label \"%.*s\" is that of no field: rules: columns says that field %s has the label \"%s\"",
			shown, label, label, match->wanted[field]);
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
	struct header_label span = match->line->labels->items[cell];
	const char *text = span.text ? span.text : "";
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

/* The number of a cell, or 0. */
static size_t cell_number(const char *text, size_t most)
{
	size_t number = 0;
	for (; *text >= '0' && *text <= '9' && number <= most; text++)
		number = 10 * number + (size_t)(*text - '0');
	return *text == '\0' && number <= most ? number : 0;
}

int header_number(const struct option_map *labels, const struct schema *schema, const char *path, size_t *fields, struct error *error)
{
	size_t count = schema->field_count, next = 0;
	bool *numbered = calloc(count + 1, sizeof *numbered);
	if (!numbered)
		return error_memory(error, "the fields of a table");
	for (size_t cell = 0; cell < count; cell++)
		fields[cell] = SCHEMA_NO_FIELD;
	for (size_t i = 0; i < labels->count; i++) {
		size_t number = cell_number(labels->values[i], count), field = schema_find(schema, labels->keys[i]);
		if (number == 0)
			error_set(error, ERROR_CONFIG, path, "rules: columns: \"%.64s\" of field %s is no number of a cell from 1 to %zu; "
				"labels need header: true on the source", labels->values[i], labels->keys[i], count);
		else if (fields[number - 1] != SCHEMA_NO_FIELD)
			error_set(error, ERROR_CONFIG, path, "rules: columns: cell %zu stands for two fields, %s and %s", number,
				schema->fields[fields[number - 1]].name, labels->keys[i]);
		if (number == 0 || fields[number - 1] != SCHEMA_NO_FIELD) {
			free(numbered);
			return -1;
		}
		fields[number - 1] = field;
		numbered[field] = true;
	}
	for (size_t cell = 0; cell < count; cell++) {
		while (fields[cell] == SCHEMA_NO_FIELD && numbered[next])
			next++;
		if (fields[cell] == SCHEMA_NO_FIELD)
			fields[cell] = next++;
	}
	free(numbered);
	return 0;
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
	size_t cells = line->labels->count;
	while (line->drop_empty && cells > 0 && line->labels->items[cells - 1].length == 0)
		cells--;
	for (size_t cell = 0; cell < cells; cell++)
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
