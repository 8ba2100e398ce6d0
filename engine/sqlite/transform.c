/* transform.c - opening a transform, and taking batches through it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/sqlite/transform.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/diagnostics.h"
#include "engine/sqlite/functions.h"
#include "engine/sqlite/result.h"
#include "engine/sqlite/rows.h"
#include "engine/sqlite/simple.h"

enum {
	PATTERN_MAX = 256,        /* bytes of a LIKE or GLOB, which takes very long with many wildcards */
	LENGTH_LEAST = 64 * 1024, /* bytes of a value within SQLite, below which even its own messages would not fit */
};

struct sqlite_transform {
	struct transform base;
	const struct transform_program *program;
	struct transform_context context;
	sqlite3 *db;
	struct dates *dates;
	struct simple simple;
	sqlite3_stmt *statement;
	struct rows rows;
	enum shown_kind *kinds;  /* one a column of the source */
	size_t *fields;          /* the field that each column of the result is */
	size_t *same;            /* the field that each column of the source has the name of, or SCHEMA_NO_FIELD */
	uint32_t *numbers;       /* of a batch: rows that are shown */
	struct fault *merged;
	size_t number_capacity, merged_capacity;
	bool withheld;           /* the table has sensitive fields: SQLite's words may hold their values */
};

/* --- opening ------------------------------------------------------------------------------------ */

static enum shown_kind kind_of(enum value_type type)
{
	switch (value_storage(type)) {
	case STORAGE_DOUBLE:
		return SHOWN_DOUBLE;
	case STORAGE_SPAN:
		return type == VALUE_BINARY ? SHOWN_BYTES : SHOWN_TEXT;
	case STORAGE_DECIMAL:
		return SHOWN_FORMATTED;
	case STORAGE_INTEGER:
		break;
	}
	return type == VALUE_INTEGER || type == VALUE_BOOLEAN || type == VALUE_YEAR ? SHOWN_INTEGER : SHOWN_FORMATTED;
}

/* Decides how a column is compared: that of a number with numbers, though its text stays a text. */
static const char *affinity_of(enum value_type type)
{
	switch (kind_of(type)) {
	case SHOWN_INTEGER:
		return "INTEGER";
	case SHOWN_DOUBLE:
		return "REAL";
	case SHOWN_BYTES:
		return "BLOB";
	default:
		return type == VALUE_DECIMAL ? "NUMERIC" : "TEXT";
	}
}

static int connect_table(sqlite3 *db, void *data, int count, const char *const *arguments, sqlite3_vtab **out, char **message)
{
	struct sqlite_transform *transform = data;
	const struct schema *source = transform->program->source;
	sqlite3_str *sql = sqlite3_str_new(db);
	char *text;
	int code;

	(void)count;
	(void)arguments;
	(void)message;
	*out = NULL;
	for (size_t i = 0; i < source->field_count; i++)
		sqlite3_str_appendf(sql, "%s\"%w\" %s", i ? "," : "CREATE TABLE batch(", source->fields[i].name, affinity_of(source->fields[i].type));
	sqlite3_str_appendall(sql, ")");
	text = sqlite3_str_finish(sql);
	if (!text)
		return SQLITE_NOMEM;
	code = rows_connect(db, text, &transform->rows, out);
	sqlite3_free(text);
	return code;
}

static const sqlite3_module module = {
	ROWS_HOOKS,
	.xConnect = connect_table,
};

static int check_columns(const struct schema *source, struct error *error)
{
	if (source->field_count == 0)
		return error_set(error, ERROR_CONFIG, NULL, "the source has no column");
	for (size_t i = 0; i < source->field_count; i++)
		for (size_t k = 0; k < i; k++)
			if (sqlite3_stricmp(source->fields[i].name, source->fields[k].name) == 0)
				return error_set(error, ERROR_CONFIG, NULL, "SQL cannot tell the columns \"%.64s\" and \"%.64s\" apart", source->fields[k].name,
					source->fields[i].name);
	return 0;
}

static int open_database(struct sqlite_transform *transform, struct error *error)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX;

	if (sqlite3_open_v2(":memory:", &transform->db, flags, NULL) != SQLITE_OK)
		return error_memory(error, "a transform");
	sqlite3_db_config(transform->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	/* "nmae" is a column that is not there, never a text. */
	sqlite3_db_config(transform->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(transform->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	sqlite3_limit(transform->db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_limit(transform->db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, PATTERN_MAX);
	if (sqlite3_create_module_v2(transform->db, SIMPLE_TABLE, &module, transform, NULL) != SQLITE_OK)
		return error_memory(error, "a transform");
	/* SQLite asks the table for its columns once; that is more than the statement may do. */
	if (sqlite3_exec(transform->db, "SELECT 1 FROM " SIMPLE_TABLE " WHERE 0", NULL, NULL, NULL) != SQLITE_OK)
		return error_set(error, ERROR_CONFIG, NULL, "%.512s", sqlite3_errmsg(transform->db));
	transform->dates = dates_add(transform->db, error);
	return transform->dates ? 0 : -1;
}

static int bind(const struct sqlite_transform *transform, struct error *error)
{
	const struct option_statement *statement = &transform->program->statement;
	int code = SQLITE_OK;

	if ((size_t)sqlite3_bind_parameter_count(transform->statement) != statement->parameter_count)
		return error_set(error, ERROR_CONFIG, NULL, "%s is the place of a value that nobody gives: write ${params.NAME}",
			sqlite3_bind_parameter_name(transform->statement, sqlite3_bind_parameter_count(transform->statement)));
	for (size_t i = 0; i < statement->parameter_count && code == SQLITE_OK; i++) {
		const struct option_parameter *parameter = &statement->parameters[i];
		int number = (int)i + 1;

		switch (parameter->type) {
		case VALUE_INTEGER:
			code = sqlite3_bind_int64(transform->statement, number, strtoll(parameter->value, NULL, 10));
			break;
		case VALUE_BOOLEAN:
			code = sqlite3_bind_int64(transform->statement, number, strcmp(parameter->value, "true") == 0);
			break;
		case VALUE_DOUBLE:
			code = sqlite3_bind_double(transform->statement, number, strtod(parameter->value, NULL));
			break;
		default:
			code = sqlite3_bind_text64(transform->statement, number, parameter->value, strlen(parameter->value), SQLITE_STATIC, SQLITE_UTF8);
			break;
		}
	}
	return code == SQLITE_OK ? 0 : error_memory(error, "the parameters of a transform");
}

static int no_field(const struct sqlite_transform *transform, int column, const char *name, struct error *error)
{
	const struct schema *table = transform->program->table;
	const char **names = calloc(table->field_count + 1, sizeof *names), *near;

	if (!names)
		return error_memory(error, "the columns of a transform");
	for (size_t i = 0; i < table->field_count; i++)
		names[i] = table->fields[i].name;
	near = suggest(name, names);
	free(names);
	return error_set(error, ERROR_CONFIG, NULL, "column %d of the result, %.128s, is no field of table %s%s%s%s", column + 1, name, table->name,
		near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "; give it a field's name: ... AS FIELD");
}

/* Each field once, by its name. */
static int match_fields(struct sqlite_transform *transform, struct error *error)
{
	const struct schema *table = transform->program->table;
	int count = sqlite3_column_count(transform->statement);
	size_t seen = 0;

	transform->fields = calloc((size_t)count + 1, sizeof *transform->fields);
	if (!transform->fields)
		return error_memory(error, "the columns of a transform");
	for (int i = 0; i < count; i++) {
		const char *name = sqlite3_column_name(transform->statement, i);
		size_t field = name ? schema_find(table, name) : SCHEMA_NO_FIELD;

		if (!name)
			return error_memory(error, "the columns of a transform");
		if (field == SCHEMA_NO_FIELD)
			return no_field(transform, i, name, error);
		for (int k = 0; k < i; k++)
			if (transform->fields[k] == field)
				return error_set(error, ERROR_CONFIG, NULL, "field \"%s\" stands twice in the result, in columns %d and %d", name, k + 1, i + 1);
		transform->fields[i] = field;
		seen++;
	}
	for (size_t f = 0; f < table->field_count && seen < table->field_count; f++) {
		bool found = false;

		for (int i = 0; i < count; i++)
			found = found || transform->fields[i] == f;
		if (!found)
			return error_set(error, ERROR_CONFIG, NULL, "the result lacks field \"%s\" of table %s; NULL AS %s leaves it empty",
				table->fields[f].name, table->name, table->fields[f].name);
	}
	return 0;
}

static int map_source(struct sqlite_transform *transform, struct error *error)
{
	const struct schema *source = transform->program->source, *table = transform->program->table;

	transform->kinds = calloc(source->field_count + 1, sizeof *transform->kinds);
	transform->same = calloc(source->field_count + 1, sizeof *transform->same);
	if (!transform->kinds || !transform->same)
		return error_memory(error, "the columns of a transform");
	for (size_t i = 0; i < source->field_count; i++) {
		transform->kinds[i] = kind_of(source->fields[i].type);
		transform->same[i] = schema_find(table, source->fields[i].name);
	}
	for (size_t i = 0; i < table->field_count; i++)
		transform->withheld = transform->withheld || table->fields[i].sensitive;
	return 0;
}

/* One record of nulls. What SQLite says of it need not be true of others; but where a date function asks for the clock now, it is the statement
 * that does, and not a record. */
static int try_once(struct sqlite_transform *transform, struct error *error)
{
	const struct batch none = {.rows = 0};
	const uint32_t number = 0;

	transform->rows = (struct rows){.batch = &none, .numbers = &number, .count = 1};
	while (sqlite3_step(transform->statement) == SQLITE_ROW)
		;
	sqlite3_reset(transform->statement);
	transform->rows = (struct rows){.batch = NULL};
	if (!dates_refused(transform->dates))
		return 0;
	return error_set(error, ERROR_CONFIG, NULL, "%.512s", sqlite3_errmsg(transform->db));
}

static void transform_free(struct transform *base)
{
	struct sqlite_transform *transform = (struct sqlite_transform *)base;

	sqlite3_finalize(transform->statement);
	sqlite3_close(transform->db);
	dates_free(transform->dates);
	free(transform->kinds);
	free(transform->fields);
	free(transform->same);
	free(transform->numbers);
	free(transform->merged);
	free(transform);
}

/* --- what the source could not read -------------------------------------------------------------- */

/* Room for the rows of a batch. */
static int need_numbers(struct sqlite_transform *transform, size_t count, struct error *error)
{
	uint32_t *numbers;

	if (count <= transform->number_capacity)
		return 0;
	numbers = realloc(transform->numbers, count * sizeof *numbers);
	if (!numbers)
		return error_memory(error, "the rows of a transform");
	transform->numbers = numbers;
	transform->number_capacity = count;
	return 0;
}

/* No rule looks at the cells of a record that the statement does not see. */
static void hide_cells(struct batch *batch, uint32_t row)
{
	for (size_t i = 0; i < batch->schema->field_count; i++)
		batch->columns[i].cells[row] = CELL_BAD;
}

/* A fault of a cell of the source: it is told of the field of that name, else of the record. */
static int pass_fault(const struct sqlite_transform *transform, struct batch *batch, struct fault *fault, struct error *error)
{
	const struct column *from;
	size_t column = fault->field, field;
	struct span span;
	char detail[256];

	if (column == SCHEMA_NO_FIELD)
		return 0;
	field = fault->field = transform->same[column];
	from = &batch->given.columns[column];
	span = from->texts[fault->row];
	if (field != SCHEMA_NO_FIELD)
		batch->columns[field].texts[fault->row] = span;
	if (fault->kind != FAULT_TYPE || field != SCHEMA_NO_FIELD)
		return 0;
	fault->kind = FAULT_RECORD;
	if (transform->withheld)
		span.length = 0;
	snprintf(detail, sizeof detail, "%.64s%s%.*s%s is not %s %s", from->field->name, span.length ? " \"" : "",
		(int)(span.length < 64 ? span.length : 64), span.length ? batch_bytes(batch, span) : "", span.length ? "\"" : "",
		strchr("aeiou", value_type_name(from->field->type)[0]) ? "an" : "a", value_type_name(from->field->type));
	return batch_store(batch, detail, strlen(detail), &fault->detail, error);
}

/* A record that ends before its last column. */
static int pass_short(const struct sqlite_transform *transform, struct batch *batch, uint32_t row, struct error *error)
{
	const struct schema *given = batch->given.schema;

	hide_cells(batch, row);
	for (size_t i = 0; i < given->field_count; i++) {
		if (batch->given.columns[i].cells[row] != CELL_ABSENT)
			continue;
		if (transform->same[i] != SCHEMA_NO_FIELD)
			batch->columns[transform->same[i]].cells[row] = CELL_ABSENT;
		else if (batch_fault(batch, row, FAULT_RECORD, SCHEMA_NO_FIELD, error, "cell %zu is missing, column %.64s", i + 1,
				 given->fields[i].name) < 0)
			return -1;
	}
	return 0;
}

static bool is_short(const struct batch *batch, uint32_t row)
{
	for (size_t i = 0; i < batch->given.schema->field_count; i++)
		if (batch->given.columns[i].cells[row] == CELL_ABSENT)
			return true;
	return false;
}

/* Whether any record of the batch lacks a cell: asked once a column, since hardly one does. */
static bool some_short(const struct batch *batch)
{
	for (size_t i = 0; i < batch->given.schema->field_count; i++)
		if (batch->rows > 0 && memchr(batch->given.columns[i].cells, CELL_ABSENT, batch->rows))
			return true;
	return false;
}

/* The rows that the statement sees; those that the source has a fault of keep nothing but that. */
static int select_rows(struct sqlite_transform *transform, struct batch *batch, size_t *shown, struct error *error)
{
	const size_t faults = batch->fault_count;
	bool any_short = some_short(batch);
	size_t fault = 0;

	*shown = 0;
	if (need_numbers(transform, batch->rows, error) < 0)
		return -1;
	for (uint32_t row = 0; row < batch->rows; row++) {
		bool faulty = false, lacking = any_short && batch->status[row] == ROW_LIVE && is_short(batch, row);

		for (; fault < faults && batch->faults[fault].row == row; fault++) {
			if (!faulty)
				hide_cells(batch, row);
			faulty = true;
			if (pass_fault(transform, batch, &batch->faults[fault], error) < 0)
				return -1;
		}
		if (faulty || batch->status[row] != ROW_LIVE)
			continue;
		if (!lacking)
			transform->numbers[(*shown)++] = row;
		else if (pass_short(transform, batch, row, error) < 0)
			return -1;
	}
	return 0;
}

/* --- the statement ------------------------------------------------------------------------------- */

static void filter(struct batch *batch, const uint32_t *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		batch->status[rows[i]] = ROW_FILTERED;
}

/* SQLite gave up on a record. */
static int refuse_row(struct sqlite_transform *transform, struct batch *batch, uint32_t row, int code, struct error *error)
{
	const char *words = sqlite3_errmsg(transform->db);

	if (code == SQLITE_NOMEM)
		return error_memory(error, "a transform");
	if (transform->rows.cancelled)
		return error_set(error, ERROR_CANCELLED, NULL, "cancelled");
	hide_cells(batch, row);
	if (transform->withheld)
		words = "it cannot be worked out for this record (SQLite's words are withheld: the table has sensitive fields)";
	else if (code == SQLITE_TOOBIG)
		words = "a value becomes longer than limits.field allows";
	return batch_fault(batch, row, FAULT_RECORD, SCHEMA_NO_FIELD, error, "the transform: %.256s", words);
}

/* From rows[0] on until the end, or behind a record that SQLite gave up on; *done: how many. */
static int scan(struct sqlite_transform *transform, struct batch *batch, const uint32_t *rows, size_t count, size_t *done, struct error *error)
{
	struct result result = {.statement = transform->statement, .fields = transform->fields, .limit = transform->context.limits->field};
	size_t next = 0; /* rows before it are settled */
	int code = SQLITE_DONE, failed = 0;
	bool moved = false;

	transform->rows = (struct rows){.batch = batch, .columns = batch->given.columns, .column_count = batch->given.schema->field_count,
		.kinds = transform->kinds, .numbers = rows, .count = count, .marked = true, .cancel = transform->context.cancel};
	while (failed == 0 && !moved && (code = sqlite3_step(transform->statement)) == SQLITE_ROW) {
		size_t at = transform->rows.at;

		/* One row of the batch, each at most once, in their order: what simple.h makes sure of. */
		if (at < next || at >= count) {
			failed = error_set(error, ERROR_CONFIG, NULL, "the transform gave a row that belongs to no single record");
			break;
		}
		filter(batch, rows + next, at - next);
		next = at;
		failed = result_room(&result, batch, &moved, error);
		if (failed < 0 || moved)
			break;
		failed = result_take(&result, batch, rows[at], error);
		next = at + 1;
	}
	*done = moved ? next : count;
	if (failed < 0 || moved) {
		/* nothing more of this reading */
	} else if (code == SQLITE_DONE) {
		filter(batch, rows + next, count - next);
	} else {
		size_t at = transform->rows.at < count ? transform->rows.at : count - 1;

		filter(batch, rows + next, at - next);
		failed = refuse_row(transform, batch, rows[at], code, error);
		*done = at + 1;
	}
	sqlite3_reset(transform->statement);
	transform->rows = (struct rows){.batch = NULL};
	return failed;
}

/* --- faults in order ----------------------------------------------------------------------------- */

/* faults[0..middle) and the rest are ascending by row, each; of one row, the former come first. */
static int merge(struct sqlite_transform *transform, struct batch *batch, size_t middle, struct error *error)
{
	size_t left = 0, right = middle, count = batch->fault_count;

	if (middle == 0 || middle == count)
		return 0;
	if (count > transform->merged_capacity) {
		struct fault *merged = realloc(transform->merged, count * sizeof *merged);

		if (!merged)
			return error_memory(error, "the faults of a transform");
		transform->merged = merged;
		transform->merged_capacity = count;
	}
	for (size_t i = 0; i < count; i++)
		transform->merged[i] = right == count || (left < middle && batch->faults[left].row <= batch->faults[right].row) ?
			batch->faults[left++] : batch->faults[right++];
	memcpy(batch->faults, transform->merged, count * sizeof *batch->faults);
	return 0;
}

/* --- a batch ------------------------------------------------------------------------------------- */

static void turn(struct batch *batch)
{
	batch_turn(batch);
	for (size_t i = 0; i < batch->schema->field_count; i++) {
		memset(batch->columns[i].cells, CELL_ABSENT, batch->rows);
		memset(batch->columns[i].texts, 0, batch->rows * sizeof *batch->columns[i].texts);
	}
}

static int run(struct transform *base, struct batch *batch, struct error *error)
{
	struct sqlite_transform *transform = (struct sqlite_transform *)base;
	size_t shown, first = batch->fault_count, middle;

	turn(batch);
	if (select_rows(transform, batch, &shown, error) < 0 || merge(transform, batch, first, error) < 0)
		return -1;
	middle = batch->fault_count;
	for (size_t at = 0, done; at < shown; at += done)
		if (scan(transform, batch, transform->numbers + at, shown - at, &done, error) < 0)
			return -1;
	return merge(transform, batch, middle, error);
}

static const struct transform_ops ops = {.run = run, .free = transform_free};

struct transform *transform_open(const void *program, const struct transform_context *context, struct error *error)
{
	struct sqlite_transform *transform = calloc(1, sizeof *transform);
	uint64_t length = context->limits->field > LENGTH_LEAST ? context->limits->field : LENGTH_LEAST;

	if (!transform) {
		error_memory(error, "a transform");
		return NULL;
	}
	transform->base.ops = &ops;
	transform->program = program;
	transform->context = *context;
	if (check_columns(transform->program->source, error) < 0 || open_database(transform, error) < 0 || map_source(transform, error) < 0)
		goto failed;
	simple_guard(&transform->simple, transform->db, transform->program->source);
	transform->statement = simple_prepare(&transform->simple, transform->program->statement.text, error);
	if (!transform->statement || match_fields(transform, error) < 0 || bind(transform, error) < 0)
		goto failed;
	sqlite3_limit(transform->db, SQLITE_LIMIT_LENGTH, length < INT_MAX ? (int)length : INT_MAX);
	if (try_once(transform, error) == 0)
		return &transform->base;
failed:
	transform_free(&transform->base);
	return NULL;
}

int transform_check(const struct transform_program *program, struct error *error)
{
	const struct limits limits = LIMITS_DEFAULT;
	const struct transform_context context = {.limits = &limits};
	struct transform *transform = transform_open(program, &context, error);

	if (!transform)
		return -1;
	transform->ops->free(transform);
	return 0;
}
