/* batch.c - allocating, filling and emptying batches.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/batch.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	BATCH_ROWS_MAX = 16384,        /* a COPY of PostgreSQL costs some 1,000 rows, however many it has */
	BATCH_CELLS_MAX = 64 * 1024,   /* bounds the cells of wide tables */
	ARENA_FIRST = 256 * 1024,
	ARENA_SOFT = 1024 * 1024,
	DETAIL_MAX = 1024,
	RESULT_ROOM = 8 * 1024 * 1024, /* bytes of what a transform makes of a batch */
};

size_t batch_rows_for(const struct schema *schema, size_t most)
{
	size_t columns = schema->field_count ? schema->field_count : 1;
	size_t rows = BATCH_CELLS_MAX / columns;
	if (rows > BATCH_ROWS_MAX)
		rows = BATCH_ROWS_MAX;
	if (most > 0 && rows > most)
		rows = most;
	return rows > 0 ? rows : 1;
}

static size_t storage_size(enum value_type type)
{
	switch (value_storage(type)) {
	case STORAGE_INTEGER:
		return sizeof(int64_t);
	case STORAGE_DOUBLE:
		return sizeof(double);
	case STORAGE_DECIMAL:
		return sizeof(decimal_t);
	case STORAGE_SPAN:
		return sizeof(struct span);
	}
	assert(0 && "a storage that is not in the enum");
	return 0;
}

/* Allocated with calloc so that typed arrays of a cell that never became a value read as zero, not as chance. */
static bool column_init(struct column *column, const struct field *field, size_t capacity)
{
	column->field = field;
	column->cells = calloc(capacity, 1);
	column->texts = calloc(capacity, sizeof *column->texts);
	if (field->type == VALUE_STRING)
		column->spans = column->texts;
	else
		column->integers = calloc(capacity, storage_size(field->type));
	return column->cells && column->texts && column->integers;
}

static void columns_free(struct column *columns, size_t count)
{
	for (size_t i = 0; columns && i < count; i++) {
		if (columns[i].spans != columns[i].texts)
			free(columns[i].integers);
		free(columns[i].cells);
		free(columns[i].texts);
	}
	free(columns);
}

static struct column *columns_new(const struct schema *schema, size_t capacity)
{
	struct column *columns = calloc(schema->field_count ? schema->field_count : 1, sizeof *columns);
	bool complete = columns != NULL;
	for (size_t i = 0; complete && i < schema->field_count; i++)
		complete = column_init(&columns[i], &schema->fields[i], capacity);
	if (complete)
		return columns;
	columns_free(columns, schema->field_count);
	return NULL;
}

/* The record, its cells, and what they become: bytes of base64, JSON with exponents written out. */
static uint64_t record_copies(const struct schema *schema)
{
	uint64_t copies = 2;
	for (size_t i = 0; i < schema->field_count; i++) {
		enum value_type type = schema->fields[i].type;
		if (type == VALUE_JSON)
			return 4;
		if (type == VALUE_BINARY || type == VALUE_UUID)
			copies = 3;
	}
	return copies;
}

struct batch *batch_new(const struct schema *schema, size_t capacity, const struct limits *limits, struct error *error)
{
	assert(capacity > 0 && capacity <= UINT32_MAX);
	struct batch *batch = calloc(1, sizeof *batch);
	bool complete = batch != NULL;
	if (complete) {
		batch->schema = schema;
		batch->capacity = capacity;
		batch->columns = columns_new(schema, capacity);
		batch->origins = calloc(capacity, sizeof *batch->origins);
		batch->status = calloc(capacity, 1);
		batch->passed = calloc(capacity, 1);
		batch->arena.soft = ARENA_SOFT;
		/* One record may be as large as its limit, and stand several times: as it was, cell by cell, and as values that are spelled
		 * otherwise; beside it the rows that came before it, and texts that explain what is wrong. */
		uint64_t ceiling = record_copies(schema) * limits->record + 2 * ARENA_SOFT + 8 * (uint64_t)ARENA_SOFT;
		batch->arena.ceiling = ceiling < UINT32_MAX ? (size_t)ceiling : UINT32_MAX;
		complete = batch->columns && batch->origins && batch->status && batch->passed;
	}
	if (!complete) {
		batch_free(batch);
		error_memory(error, "a batch of rows");
		return NULL;
	}
	return batch;
}

void batch_free(struct batch *batch)
{
	if (!batch)
		return;
	columns_free(batch->columns, batch->schema->field_count);
	columns_free(batch->given.columns, batch->given.columns ? batch->given.schema->field_count : 0);
	columns_free(batch->spare.columns, batch->spare.columns ? batch->spare.schema->field_count : 0);
	free(batch->origins);
	free(batch->status);
	free(batch->passed);
	free(batch->arena.data);
	free(batch->faults);
	free(batch->violations);
	free(batch);
}

int batch_add_side(struct batch *batch, const struct schema *schema, struct error *error)
{
	assert(!batch->spare.schema && !batch->given.schema && batch->rows == 0);
	struct column *columns = columns_new(schema, batch->capacity);
	if (!columns)
		return error_memory(error, "a batch of rows");
	batch->spare = (struct batch_side){ schema, columns };
	/* What comes of the rows stands beside them. */
	size_t more = record_copies(schema) * RESULT_ROOM;
	batch->arena.ceiling = more < UINT32_MAX - batch->arena.ceiling ? batch->arena.ceiling + more : UINT32_MAX;
	return 0;
}

void batch_turn(struct batch *batch)
{
	assert(batch->spare.schema && !batch->given.schema);
	batch->given = (struct batch_side){ batch->schema, batch->columns };
	batch->schema = batch->spare.schema;
	batch->columns = batch->spare.columns;
	batch->spare = (struct batch_side){ 0 };
}

static void turn_back(struct batch *batch)
{
	if (!batch->given.schema)
		return;
	batch->spare = (struct batch_side){ batch->schema, batch->columns };
	batch->schema = batch->given.schema;
	batch->columns = batch->given.columns;
	batch->given = (struct batch_side){ 0 };
}

/* Rows that batch_add_row may give out are always clean: one pass over each array costs less than one a row. */
void batch_cut(struct batch *batch, size_t rows)
{
	assert(rows <= batch->rows);
	size_t count = batch->rows - rows;
	for (size_t i = 0; i < batch->schema->field_count; i++) {
		struct column *column = &batch->columns[i];
		memset(column->cells + rows, CELL_ABSENT, count);
		memset(column->texts + rows, 0, count * sizeof *column->texts); /* never that of a record that was here before */
	}
	memset(batch->origins + rows, 0, count * sizeof *batch->origins);
	memset(batch->status + rows, ROW_LIVE, count);
	memset(batch->passed + rows, 0, count);
	batch->rows = rows;
}

void batch_reset(struct batch *batch)
{
	if (batch->arena.size > 2 * batch->arena.soft) {
		free(batch->arena.data);
		batch->arena.data = NULL;
		batch->arena.size = 0;
	}
	batch->arena.used = 0;
	turn_back(batch);
	batch_cut(batch, 0);
	for (size_t i = 0; i < batch->schema->field_count; i++)
		batch->columns[i].local = false;
	batch->fault_count = 0;
	batch->violation_count = 0;
	batch->sequence = 0;
	batch->bytes = 0;
	batch->page = 0;
	batch->file = NULL;
	batch->file_number = 0;
	batch->places = NULL;
	batch->file_end = NULL;
	memset(batch->skipped, 0, sizeof batch->skipped);
	batch->position.token[0] = '\0';
	batch->position.hash[0] = '\0';
	batch->last = false;
	batch->replayed = false;
	batch->keys_judged = false;
}

uint32_t batch_add_row(struct batch *batch)
{
	assert(batch->rows < batch->capacity);
	return (uint32_t)batch->rows++;
}

char *batch_reserve(struct batch *batch, size_t length, struct span *out, struct error *error)
{
	struct arena *arena = &batch->arena;
	if (length > arena->ceiling || arena->used > arena->ceiling - length) {
		error_set(error, ERROR_RESOURCE, NULL, "the records of one batch need more than %zu bytes; lower limits.record",
			arena->ceiling);
		return NULL;
	}
	if (!arena->data || length > arena->size - arena->used) {
		size_t size = arena->size ? arena->size : ARENA_FIRST;
		while (size < arena->used + length)
			size *= 2;
		if (size > arena->ceiling)
			size = arena->ceiling;
		char *data = realloc(arena->data, size);
		if (!data) {
			error_memory(error, "the records of a batch");
			return NULL;
		}
		arena->data = data;
		arena->size = size;
	}
	*out = (struct span){ .offset = (uint32_t)arena->used, .length = (uint32_t)length };
	char *at = arena->data + arena->used;
	arena->used += length;
	return at;
}

int batch_store(struct batch *batch, const char *data, size_t length, struct span *out, struct error *error)
{
	char *at = batch_reserve(batch, length, out, error);
	if (!at)
		return -1;
	if (length > 0)
		memcpy(at, data, length);
	return 0;
}

/* Room for one more item in a list that doubles; false when out of memory. */
static bool list_grow(void **items, size_t count, size_t *capacity, size_t item_size)
{
	if (count < *capacity)
		return true;
	size_t wanted = *capacity ? *capacity * 2 : 64;
	void *grown = realloc(*items, wanted * item_size);
	if (!grown)
		return false;
	*items = grown;
	*capacity = wanted;
	return true;
}

int batch_fault(struct batch *batch, uint32_t row, enum fault_kind kind, size_t field, struct error *error,
	const char *format, ...)
{
	char detail[DETAIL_MAX];
	va_list arguments;
	va_start(arguments, format);
	int wanted = vsnprintf(detail, sizeof detail, format, arguments);
	va_end(arguments);
	size_t length = wanted < 0 ? 0 : (size_t)wanted < sizeof detail ? (size_t)wanted : sizeof detail - 1;

	void *list = batch->faults;
	if (!list_grow(&list, batch->fault_count, &batch->fault_capacity, sizeof *batch->faults))
		return error_memory(error, "the faults of a batch");
	batch->faults = list;
	struct fault *fault = &batch->faults[batch->fault_count];
	*fault = (struct fault){ .row = row, .kind = kind, .field = field };
	if (batch_store(batch, detail, length, &fault->detail, error) < 0)
		return -1;
	batch->fault_count++;
	return 0;
}

int batch_violation(struct batch *batch, uint32_t row, const struct rule *rule, const char *detail, struct error *error)
{
	void *list = batch->violations;
	if (!list_grow(&list, batch->violation_count, &batch->violation_capacity, sizeof *batch->violations))
		return error_memory(error, "the violations of a batch");
	batch->violations = list;
	struct violation *violation = &batch->violations[batch->violation_count];
	*violation = (struct violation){ .row = row, .rule = rule };
	if (detail && batch_store(batch, detail, strlen(detail), &violation->detail, error) < 0)
		return -1;
	batch->violation_count++;
	batch->status[row] = ROW_REJECTED;
	return 0;
}

/* One array of the batch, elements of this size; copy has room for count of them. */
static void reorder_array(void *array, size_t size, const uint32_t *rows, const uint32_t *order, size_t count, char *copy)
{
	char *at = array;
	for (size_t i = 0; i < count; i++)
		memcpy(copy + i * size, at + rows[order[i]] * size, size);
	for (size_t i = 0; i < count; i++)
		memcpy(at + rows[i] * size, copy + i * size, size);
}

static void reorder_columns(struct column *columns, const struct schema *schema, const uint32_t *rows, const uint32_t *order, size_t count,
	char *copy)
{
	for (size_t i = 0; schema && i < schema->field_count; i++) {
		struct column *column = &columns[i];
		reorder_array(column->cells, sizeof *column->cells, rows, order, count, copy);
		reorder_array(column->texts, sizeof *column->texts, rows, order, count, copy);
		if (column->spans != column->texts)
			reorder_array(column->integers, storage_size(column->field->type), rows, order, count, copy);
	}
}

int batch_reorder(struct batch *batch, const uint32_t *rows, const uint32_t *order, size_t count, struct error *error)
{
	char *copy = malloc((count ? count : 1) * sizeof(struct origin));
	static_assert(sizeof(struct origin) >= sizeof(decimal_t), "an origin is the widest of what a row has");
	if (!copy)
		return error_memory(error, "the rows of a batch");
	reorder_columns(batch->columns, batch->schema, rows, order, count, copy);
	reorder_columns(batch->given.columns, batch->given.schema, rows, order, count, copy);
	reorder_array(batch->origins, sizeof *batch->origins, rows, order, count, copy);
	reorder_array(batch->status, sizeof *batch->status, rows, order, count, copy);
	reorder_array(batch->passed, sizeof *batch->passed, rows, order, count, copy);
	free(copy);
	return 0;
}

static int violation_order(const void *left, const void *right)
{
	const struct violation *a = left, *b = right;
	if (a->row != b->row)
		return a->row < b->row ? -1 : 1;
	if (a->rule->stage != b->rule->stage)
		return a->rule->stage < b->rule->stage ? -1 : 1;
	if (a->rule->first_field != b->rule->first_field)
		return a->rule->first_field < b->rule->first_field ? -1 : 1;
	if (a->rule->index != b->rule->index)
		return a->rule->index < b->rule->index ? -1 : 1;
	return 0;
}

void batch_sort_violations(struct batch *batch)
{
	bool sorted = true;
	for (size_t i = 1; sorted && i < batch->violation_count; i++)
		sorted = violation_order(&batch->violations[i - 1], &batch->violations[i]) <= 0;
	if (!sorted)
		qsort(batch->violations, batch->violation_count, sizeof *batch->violations, violation_order);
}

struct text batch_cell_text(const struct batch *batch, size_t column, uint32_t row, char *out)
{
	return batch_column_text(batch, &batch->columns[column], row, out);
}

struct text batch_column_text(const struct batch *batch, const struct column *c, uint32_t row, char *out)
{
	size_t length = 0;
	switch (c->field->type) {
	case VALUE_INTEGER:
	case VALUE_YEAR:
		length = value_format_integer(c->integers[row], out);
		break;
	case VALUE_BOOLEAN:
		length = (size_t)snprintf(out, VALUE_TEXT_MAX, "%s", c->integers[row] ? "true" : "false");
		break;
	case VALUE_DATE:
		length = value_format_date(c->integers[row], out);
		break;
	case VALUE_TIME:
		length = value_format_time(c->integers[row], out);
		break;
	case VALUE_DATETIME:
		length = value_format_datetime(c->integers[row], out);
		break;
	case VALUE_DOUBLE:
		length = value_format_double(c->doubles[row], out);
		break;
	case VALUE_DECIMAL:
		length = value_format_decimal(c->decimals[row], c->field->scale, out);
		break;
	case VALUE_STRING:
	case VALUE_YEARMONTH:
	case VALUE_DURATION:
	case VALUE_UUID:
	case VALUE_BINARY:
	case VALUE_JSON:
		return (struct text){ batch_bytes(batch, c->spans[row]), c->spans[row].length };
	}
	return (struct text){ out, length };
}
