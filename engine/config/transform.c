/* transform.c - the transform of a step: its statement, and the columns that it reads.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "engine/config/making.h"
#include "engine/config/sql.h"
#include "engine/sqlite/transform.h"

static const struct {
	const char *name;
	enum value_type type;
} types[] = {{"string", VALUE_STRING}, {"integer", VALUE_INTEGER}, {"number", VALUE_DOUBLE}, {"boolean", VALUE_BOOLEAN}, {"date", VALUE_DATE},
	{"time", VALUE_TIME}, {"datetime", VALUE_DATETIME}, {"year", VALUE_YEAR}, {"yearmonth", VALUE_YEARMONTH}, {"duration", VALUE_DURATION},
	{"uuid", VALUE_UUID}, {"binary", VALUE_BINARY}, {"any", VALUE_JSON}, {"object", VALUE_JSON}, {"array", VALUE_JSON}};

enum { TYPES = sizeof types / sizeof *types };

/* "number(12,2)" */
static bool read_decimal(const char *text, struct field *field)
{
	char *end;
	unsigned long precision, scale;

	if (strncmp(text, "number(", 7) != 0 || !isdigit((unsigned char)text[7]))
		return false;
	precision = strtoul(text + 7, &end, 10);
	if (*end != ',')
		return false;
	end += 1 + strspn(end + 1, " ");
	if (!isdigit((unsigned char)*end))
		return false;
	scale = strtoul(end, &end, 10);
	if (strcmp(end, ")") != 0 || precision < 1 || precision > DECIMAL_PRECISION_MAX || scale > precision)
		return false;
	field->type = VALUE_DECIMAL;
	field->precision = (uint8_t)precision;
	field->scale = (uint8_t)scale;
	return true;
}

static int read_type(struct making *making, const struct node *node, struct field *field)
{
	struct names names = {.count = 0};
	char guess[256], shown[SHOWN_SIZE];
	const char *text = node_text(node);

	if (text && read_decimal(text, field))
		return 0;
	for (size_t i = 0; i < TYPES; i++) {
		names_add(&names, types[i].name);
		if (text && strcmp(text, types[i].name) == 0) {
			field->type = types[i].type;
			return 0;
		}
	}
	names_add(&names, "number(12,2)");
	diagnostics_error(making->diagnostics, node, "unknown type %s of a column%s", options_show(node, false, shown),
		options_guess(text && !node->secret ? text : "", names.list, guess, sizeof(guess)));
	return -1;
}

static int add_column(struct making *making, struct schema *schema, const struct node *name, const struct node *type)
{
	struct field *field = &schema->fields[schema->field_count];

	if (name->kind != NODE_SCALAR || node_is_null(name) || !name->text[0]) {
		diagnostics_error(making->diagnostics, name, "a column is the name that it has in the source");
		return -1;
	}
	if (schema_find(schema, name->text) != SCHEMA_NO_FIELD) {
		diagnostics_error(making->diagnostics, name, "column \"%.64s\" stands twice", name->text);
		return -1;
	}
	*field = (struct field){.name = stash_text(&making->planning->pipeline->stash, name->text), .type = VALUE_STRING};
	if (!field->name || (type && read_type(making, type, field) < 0))
		return -1;
	schema->field_count++;
	return 0;
}

/* columns: a list of names, or a map from name to type. */
static const struct schema *read_columns(struct making *making, const struct node *columns)
{
	struct stash *stash = &making->planning->pipeline->stash;
	struct schema *schema;
	bool failed = false;

	if (!columns)
		return making->step->schema;
	if (columns->kind == NODE_SCALAR || columns->count == 0) {
		diagnostics_error(making->diagnostics, columns,
			"columns are the names of the source's columns, in its order: [id, first_name], or with types: { id: integer, born: date }");
		return NULL;
	}
	if (making->step->labels.count > 0) {
		diagnostics_error(making->diagnostics, node_find(making->rules, "columns"),
			"the transform names the source's columns itself, and the SELECT gives them the names of fields: leave out rules.columns");
		return NULL;
	}
	schema = stash_take(stash, sizeof(*schema));
	if (!schema)
		return NULL;
	schema->name = stash_text(stash, making->step->table);
	schema->fields = stash_array(stash, columns->count, sizeof(*schema->fields));
	if (!schema->name || !schema->fields)
		return NULL;
	for (size_t i = 0; i < columns->count; i++) {
		bool map = columns->kind == NODE_MAP;

		if (add_column(making, schema, map ? columns->keys[i] : columns->items[i], map ? columns->items[i] : NULL) < 0)
			failed = true;
	}
	return failed ? NULL : schema;
}

static int check(struct making *making, const struct node *sql, const struct transform_program *program)
{
	struct error error = ERROR_INIT;

	if (transform_check(program, &error) == 0)
		return 0;
	if (error.kind == ERROR_CONFIG)
		diagnostics_error(making->diagnostics, sql, "transform: %s", error.message);
	else
		diagnostics_take(making->diagnostics, &error);
	return -1;
}

/* The field that gets each file's path is one of what is read: of the table, or of the transform's columns. */
static int check_file_field(struct making *making, const struct schema *source, bool columns)
{
	const char *const *name = bound_source(making->step, "file_field", OPTION_STRING);
	const struct node *at = node_find(making->source, "file_field");
	const char **names, *near;

	if (!name || !*name || schema_find(source, *name) != SCHEMA_NO_FIELD)
		return 0;
	names = stash_array(&making->planning->pipeline->stash, source->field_count + 1, sizeof(*names));
	if (!names)
		return -1;
	for (size_t i = 0; i < source->field_count; i++)
		names[i] = source->fields[i].name;
	near = suggest(*name, names);
	if (columns)
		diagnostics_error(making->diagnostics, at ? at : making->source,
			"file_field: \"%s\" is none of the transform's columns%s%s%s: name it there, too, as the statement sees it like a column of the file", *name,
			near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
	else
		diagnostics_error(making->diagnostics, at ? at : making->source, "file_field: table %s has no field \"%s\"%s%s%s", source->name, *name,
			near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
	return -1;
}

int bind_transform(struct making *making)
{
	struct plan_step *step = making->step;
	struct binder binder = binder_for(making, "transform");
	const struct node *map = node_find(making->tree, "transform"), *sql = node_find(map, "sql");
	struct transform_program *program;

	step->source_schema = step->schema;
	if (!map)
		return check_file_field(making, step->schema, false);
	if (map->kind != NODE_MAP) {
		diagnostics_error(making->diagnostics, map, "transform is a map such as { sql: \"SELECT id, trim(name) AS name FROM batch\" }");
		return -1;
	}
	if (options_check_keys(&binder, map, (const struct option *const[]){keys_of_transform, NULL}) < 0)
		return -1;
	if (!sql || sql->kind != NODE_SCALAR || node_is_null(sql)) {
		diagnostics_error(making->diagnostics, sql ? sql : map, "transform needs \"sql\": a SELECT over batch");
		return -1;
	}
	program = stash_take(binder.stash, sizeof(*program));
	if (!program || sql_statement(sql, "sqlite", &making->scope, binder.stash, &program->statement) < 0)
		return -1;
	program->source = read_columns(making, node_find(map, "columns"));
	program->table = step->schema;
	if (!program->source || check_file_field(making, program->source, program->source != step->schema) < 0 || check(making, sql, program) < 0)
		return -1;
	step->source_schema = program->source;
	step->transform = program;
	step->transform_sql = program->statement.text;
	step->transform_new = transform_open;
	return 0;
}
