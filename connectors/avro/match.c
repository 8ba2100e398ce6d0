/* match.c - fields of a file and fields of the dictionary.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/avro/match.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/avro/scalar.h"
#include "engine/core/diagnostics.h"

struct matching {
	const struct match_request *request;
	struct match *match;
	const char **wanted;     /* the label of each column; NULL at the end */
	struct buffer problems;  /* "...; ..." */
	struct error *error;
};

/* Everything beyond the room of a message is not looked at, so that a hostile file makes no long one. */
static bool has_room(const struct matching *matching)
{
	return matching->problems.length < ERROR_MESSAGE_MAX;
}

static int next_problem(struct matching *matching)
{
	return buffer_puts(&matching->problems, matching->problems.length > 0 ? "; " : "", matching->error);
}

static int find_labels(struct matching *matching)
{
	const struct match_request *request = matching->request;
	const struct option_map *labels = request->labels;
	for (size_t c = 0; c < request->schema->field_count; c++)
		matching->wanted[c] = request->schema->fields[c].name;
	for (size_t i = 0; labels && i < labels->count; i++) {
		size_t column = schema_find(request->schema, labels->keys[i]);
		if (column == SCHEMA_NO_FIELD) {
			const char *near = suggest(labels->keys[i], matching->wanted);
			return error_set(matching->error, ERROR_CONFIG, request->place,
				"rules: columns: table %s has no field \"%s\"%s%s%s", request->schema->name, labels->keys[i],
				near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
		}
		matching->wanted[column] = labels->values[i];
	}
	return 0;
}

enum way { BY_LABEL, BY_NAME, BY_ALIAS, WAYS };

static bool is_called(const struct avro_field *field, const char *wanted, enum way way)
{
	if (way == BY_LABEL)
		return strcmp(avro_field_label(field), wanted) == 0;
	if (way == BY_NAME)
		return strcmp(field->name, wanted) == 0;
	for (size_t i = 0; i < field->alias_count; i++)
		if (strcmp(field->aliases[i], wanted) == 0)
			return true;
	return false;
}

static void pair(const struct matching *matching, enum way way)
{
	const struct match_request *request = matching->request;
	struct match *match = matching->match;
	for (size_t c = 0; c < request->schema->field_count; c++)
		for (size_t f = 0; match->field_of[c] == SCHEMA_NO_FIELD && f < request->file->field_count; f++)
			if (match->column_of[f] == SCHEMA_NO_FIELD && is_called(&request->file->fields[f], matching->wanted[c], way)) {
				match->field_of[c] = f;
				match->column_of[f] = c;
			}
}

static bool is_ignored(const struct match_request *request, const struct avro_field *field)
{
	for (size_t i = 0; request->ignore && i < request->ignore->count; i++)
		if (is_called(field, request->ignore->items[i], BY_LABEL) || is_called(field, request->ignore->items[i], BY_NAME))
			return true;
	return false;
}

static int check_left_over(struct matching *matching)
{
	const struct match_request *request = matching->request;
	for (size_t f = 0; f < request->file->field_count && has_room(matching); f++) {
		const struct avro_field *field = &request->file->fields[f];
		if (matching->match->column_of[f] != SCHEMA_NO_FIELD || is_ignored(request, field))
			continue;
		const char *label = avro_field_label(field), *near = suggest(label, matching->wanted);
		if (next_problem(matching) < 0 ||
		    buffer_printf(&matching->problems, matching->error,
			    "its field \"%.200s\" is none of table %s%s%s%s: name it in the source's ignore, or in rules: columns", label,
			    request->schema->name, near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "") < 0)
			return -1;
	}
	return 0;
}

static int check_missing(struct matching *matching)
{
	const struct match_request *request = matching->request;
	for (size_t c = 0; c < request->schema->field_count && has_room(matching); c++) {
		const char *name = request->schema->fields[c].name;
		if (matching->match->field_of[c] != SCHEMA_NO_FIELD || !request->schema->fields[c].required)
			continue;
		if (next_problem(matching) < 0 ||
		    buffer_printf(&matching->problems, matching->error, "it has no field \"%s\"", matching->wanted[c]) < 0 ||
		    (strcmp(name, matching->wanted[c]) != 0 &&
			    buffer_printf(&matching->problems, matching->error, " (for field %s)", name) < 0) ||
		    buffer_puts(&matching->problems, ", which is required", matching->error) < 0)
			return -1;
	}
	return 0;
}

/* Whether any value of the type could be one of the column. */
static bool may_fit(const struct avro_type *type, enum value_type column)
{
	bool only_null = true;
	if (type->kind != KIND_UNION)
		return type->kind == KIND_NULL || scalar_fits(scalar_class_of(type), column);
	for (size_t i = 0; i < type->count; i++) {
		if (type->branches[i]->kind == KIND_NULL)
			continue;
		if (scalar_fits(scalar_class_of(type->branches[i]), column))
			return true;
		only_null = false;
	}
	return only_null;
}

static int check_types(struct matching *matching)
{
	const struct match_request *request = matching->request;
	for (size_t f = 0; f < request->file->field_count && has_room(matching); f++) {
		const struct avro_field *field = &request->file->fields[f];
		size_t column = matching->match->column_of[f];
		if (column == SCHEMA_NO_FIELD || may_fit(field->type, request->schema->fields[column].type))
			continue;
		if (next_problem(matching) < 0 ||
		    buffer_printf(&matching->problems, matching->error, "its field \"%.200s\" is ", avro_field_label(field)) < 0 ||
		    avro_describe(field->type, &matching->problems, matching->error) < 0 ||
		    buffer_printf(&matching->problems, matching->error, ", which is never a %s as the dictionary has it",
			    value_type_name(request->schema->fields[column].type)) < 0)
			return -1;
	}
	return 0;
}

static int match_fields(struct matching *matching)
{
	const struct match_request *request = matching->request;
	if (find_labels(matching) < 0)
		return -1;
	for (size_t a = 0; a < request->schema->field_count; a++)
		for (size_t b = 0; b < a; b++)
			if (strcmp(matching->wanted[a], matching->wanted[b]) == 0)
				return error_set(matching->error, ERROR_CONFIG, request->place,
					"label \"%s\" stands for two fields, %s and %s; give each its own in rules: columns",
					matching->wanted[a], request->schema->fields[b].name, request->schema->fields[a].name);
	for (enum way way = BY_LABEL; way < WAYS; way++)
		pair(matching, way);
	if (check_left_over(matching) < 0 || check_missing(matching) < 0 || check_types(matching) < 0)
		return -1;
	if (matching->problems.length > 0)
		return error_set(matching->error, ERROR_CONFIG, request->place, "does not fit table %s: %s", request->schema->name,
			buffer_text(&matching->problems));
	return 0;
}

int match_init(struct match *match, const struct match_request *request, struct error *error)
{
	struct matching matching = { .request = request, .match = match, .error = error };
	size_t columns = request->schema->field_count, fields = request->file->field_count;
	*match = (struct match){ 0 };
	if (fields > request->limits->columns)
		return error_set(error, ERROR_CONFIG, request->place, "has %zu fields, more than limits.columns (%" PRIu64 ")", fields,
			request->limits->columns);
	/* Problems end where a message does; one may be longer than that by a field's name and type. */
	buffer_init(&matching.problems, 64 * 1024);
	match->column_of = malloc((fields + 1) * sizeof *match->column_of);
	match->field_of = malloc((columns + 1) * sizeof *match->field_of);
	matching.wanted = calloc(columns + 1, sizeof *matching.wanted);
	int result = -1;
	if (!match->column_of || !match->field_of || !matching.wanted) {
		error_memory(error, "the fields of a table");
	} else {
		for (size_t i = 0; i < fields; i++)
			match->column_of[i] = SCHEMA_NO_FIELD;
		for (size_t i = 0; i < columns; i++)
			match->field_of[i] = SCHEMA_NO_FIELD;
		result = match_fields(&matching);
	}
	free(matching.wanted);
	buffer_fini(&matching.problems);
	return result;
}

void match_fini(struct match *match)
{
	free(match->column_of);
	free(match->field_of);
	*match = (struct match){ 0 };
}
