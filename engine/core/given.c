/* given.c - keys of rows in memory.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/given.h"

#include <string.h>


enum { KEY_MAX = 64 << 20 };

static const struct batch *find(const struct given *given, const char *resource)
{
	for (size_t i = 0; i < given->count; i++)
		if (strcmp(given->tables[i].resource, resource) == 0)
			return given->tables[i].rows;
	return NULL;
}

static int describe(struct lookup *lookup, const char *resource, const char *const *columns, size_t count, struct lookup_table *out,
	struct error *error)
{
	const struct batch *rows = find((struct given *)lookup, resource);
	(void)columns;
	(void)count;
	(void)error;
	*out = (struct lookup_table){ .exists = true, .indexed = true, .rows_hint = rows ? rows->rows : 0 };
	return 0;
}

static int scan_open(struct lookup *lookup, const char *resource, const struct schema *keys, struct error *error)
{
	struct given *given = (struct given *)lookup;
	(void)keys;
	(void)error;
	given->scanned = find(given, resource);
	given->at = 0;
	return 0;
}

/* Copies the key of a row, column by column, by name. False: a part of it is null. */
static int copy_key(const struct batch *from, uint32_t row, struct batch *out, bool *whole, struct error *error)
{
	*whole = true;
	for (size_t i = 0; i < out->schema->field_count; i++) {
		size_t column = schema_find(from->schema, out->schema->fields[i].name);
		*whole = *whole && column != SCHEMA_NO_FIELD && from->columns[column].cells[row] == CELL_VALUE;
	}
	if (!*whole)
		return 0;
	uint32_t to = batch_add_row(out);
	for (size_t i = 0; i < out->schema->field_count; i++) {
		const struct column *source = &from->columns[schema_find(from->schema, out->schema->fields[i].name)];
		struct column *target = &out->columns[i];
		switch (value_storage(target->field->type)) {
		case STORAGE_INTEGER:
			target->integers[to] = source->integers[row];
			break;
		case STORAGE_DOUBLE:
			target->doubles[to] = source->doubles[row];
			break;
		case STORAGE_DECIMAL:
			target->decimals[to] = source->decimals[row];
			break;
		case STORAGE_SPAN:
			if (batch_store(out, source->spans[row].length ? batch_bytes(from, source->spans[row]) : "", source->spans[row].length,
				    &target->spans[to], error) < 0)
				return -1;
			break;
		}
		target->cells[to] = CELL_VALUE;
	}
	return 0;
}

static int scan_read(struct lookup *lookup, struct batch *out, struct error *error)
{
	struct given *given = (struct given *)lookup;
	bool whole;
	for (; given->scanned && given->at < given->scanned->rows && !batch_is_full(out); given->at++)
		if (copy_key(given->scanned, (uint32_t)given->at, out, &whole, error) < 0)
			return -1;
	return 0;
}

static void scan_close(struct lookup *lookup)
{
	((struct given *)lookup)->scanned = NULL;
}

/* A key as one text: with lengths in front no two keys are the same. */
static int put_key(struct buffer *out, const struct batch *batch, const struct schema *keys, const size_t *columns, uint32_t row,
	struct error *error)
{
	buffer_clear(out);
	for (size_t i = 0; i < keys->field_count; i++) {
		char typed[VALUE_TEXT_MAX];
		size_t column = columns ? columns[i] : schema_find(batch->schema, keys->fields[i].name);
		if (column == SCHEMA_NO_FIELD || batch->columns[column].cells[row] != CELL_VALUE)
			return 0;
		struct text text = batch_cell_text(batch, column, row, typed);
		if (buffer_printf(out, error, "%zu:", text.length) < 0 || buffer_append(out, text.data, text.length, error) < 0)
			return -1;
	}
	return 1;
}

static int probe(struct lookup *lookup, const char *resource, const struct schema *keys, const struct batch *in, const size_t *in_columns,
	const uint32_t *rows, size_t count, struct batch *out, struct error *error)
{
	struct given *given = (struct given *)lookup;
	const struct batch *table = find(given, resource);
	for (size_t i = 0; i < count; i++) {
		if (put_key(&given->left, in, keys, in_columns, rows[i], error) < 0)
			return -1;
		bool found = false;
		for (uint32_t row = 0; table && row < table->rows && !found; row++) {
			bool whole;
			int has = put_key(&given->right, table, keys, NULL, row, error);
			found = has > 0 && given->left.length == given->right.length &&
				memcmp(given->left.data, given->right.data, given->left.length) == 0;
			if (has < 0 || (found && copy_key(table, row, out, &whole, error) < 0))
				return -1;
		}
	}
	return 0;
}

void given_init(struct given *given, const struct given_table *tables, size_t count)
{
	static const struct lookup_ops ops = { describe, scan_open, scan_read, scan_close, probe };
	*given = (struct given){ .base = { &ops }, .tables = tables, .count = count };
	buffer_init(&given->left, KEY_MAX);
	buffer_init(&given->right, KEY_MAX);
}

void given_fini(struct given *given)
{
	buffer_fini(&given->left);
	buffer_fini(&given->right);
}
