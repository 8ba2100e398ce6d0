/* lookup.c - which keys the target's tables hold.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/catalog.h"
#include "connectors/odbc/ddl.h"
#include "connectors/odbc/lookup.h"
#include "connectors/odbc/probe.h"
#include "connectors/odbc/scan.h"
#include "connectors/odbc/stage.h"

enum { TABLE_NAME_MAX = 4096, KEY_PARTS_MAX = 64 };

/* One key that is probed: its table's catalog and the prepared query. */
struct entry {
	struct entry *next;
	char *resource;
	struct schema *keys;
	struct catalog catalog;
	struct probe probe;
	bool *found;
	size_t capacity;
	unsigned rollbacks; /* of the session when the catalog was read */
	unsigned stage_changes; /* the same */
};

struct odbc_lookup {
	struct lookup base;
	struct session *session;
	const struct option_map *tables;
	const char *default_table;
	struct entry *entries;
	struct catalog described; /* what describe read last: as a rule that table's keys are read next */

	struct scan scan;
};

/* The table as it is addressed; where it is being replaced, what it is going to hold. */
static int put_table(const struct odbc_lookup *lookup, const char *resource, struct buffer *out, struct error *error)
{
	const struct staging *stage;

	buffer_init(out, TABLE_NAME_MAX);
	if (ddl_target(lookup->tables, lookup->default_table, resource, out, error))
		return -1;
	stage = stage_find(lookup->session, buffer_text(out));
	if (!stage)
		return 0;
	buffer_clear(out);
	return buffer_puts(out, stage->name, error);
}

static int read_catalog(struct odbc_lookup *lookup, const char *resource, struct catalog *out, struct error *error)
{
	struct buffer table;
	int result = put_table(lookup, resource, &table, error);

	if (result == 0)
		result = catalog_read_keys(lookup->session, buffer_text(&table), out, error);
	buffer_fini(&table);
	return result;
}

static int check_columns(const struct odbc_lookup *lookup, const struct catalog *catalog, const char *const *columns,
	size_t count, struct error *error)
{
	for (size_t i = 0; i < count; i++)
		if (!catalog_find(catalog, lookup->session->dialect, columns[i]))
			return error_set(error, ERROR_CONFIG, lookup->session->place,
				"table %s has no column %s, which a key of the dictionary needs", catalog->table, columns[i]);
	return 0;
}

static int describe(struct lookup *self, const char *resource, const char *const *columns, size_t count,
	struct lookup_table *out, struct error *error)
{
	struct odbc_lookup *lookup = (struct odbc_lookup *)self;
	struct catalog *catalog = &lookup->described;

	*out = (struct lookup_table){ .exists = false };
	catalog_fini(catalog);
	if (read_catalog(lookup, resource, catalog, error))
		return -1;
	if (!catalog->exists)
		return 0;
	out->exists = true;
	out->indexed = catalog_find_unique(catalog, lookup->session->dialect, columns, count) &&
		!probe_may_fail(lookup->session->dialect, catalog, columns, count);
	out->rows_hint = catalog->rows_hint;
	return check_columns(lookup, catalog, columns, count, error);
}

static int lookup_scan_open(struct lookup *self, const char *resource, const struct schema *keys, struct error *error)
{
	struct odbc_lookup *lookup = (struct odbc_lookup *)self;
	struct catalog *known = &lookup->described;
	struct buffer table;
	int result = put_table(lookup, resource, &table, error);

	if (result == 0 && (!known->exists || strcmp(known->table, buffer_text(&table)) != 0)) {
		catalog_fini(known);
		result = catalog_read_keys(lookup->session, buffer_text(&table), known, error);
	}
	if (result == 0)
		result = scan_open(&lookup->scan, lookup->session, known, keys, error);
	buffer_fini(&table);
	return result;
}

static int lookup_scan_read(struct lookup *self, struct batch *out, struct error *error)
{
	struct odbc_lookup *lookup = (struct odbc_lookup *)self;

	return scan_read(&lookup->scan, out, error);
}

static void lookup_scan_close(struct lookup *self)
{
	struct odbc_lookup *lookup = (struct odbc_lookup *)self;

	scan_close(&lookup->scan);
}

static void entry_close(struct entry *entry)
{
	probe_close(&entry->probe);
	catalog_fini(&entry->catalog);
	entry->rollbacks = 0;
}

static void entry_free(struct entry *entry)
{
	entry_close(entry);
	schema_free(entry->keys);
	free(entry->resource);
	free(entry->found);
	free(entry);
}

static bool same_keys(const struct schema *a, const struct schema *b)
{
	if (a->field_count != b->field_count)
		return false;
	for (size_t i = 0; i < a->field_count; i++)
		if (strcmp(a->fields[i].name, b->fields[i].name) != 0 || a->fields[i].type != b->fields[i].type ||
		    a->fields[i].scale != b->fields[i].scale)
			return false;
	return true;
}

static struct entry *find_entry(struct odbc_lookup *lookup, const char *resource, const struct schema *keys,
	struct error *error)
{
	struct entry *entry = lookup->entries;
	size_t fields[KEY_PARTS_MAX];

	while (entry && (strcmp(entry->resource, resource) != 0 || !same_keys(entry->keys, keys)))
		entry = entry->next;
	if (entry)
		return entry;
	assert(keys->field_count <= KEY_PARTS_MAX);
	for (size_t i = 0; i < keys->field_count; i++)
		fields[i] = i;
	entry = calloc(1, sizeof *entry);
	if (entry) {
		entry->resource = strdup(resource);
		entry->keys = schema_project(keys, fields, keys->field_count, error);
	}
	if (!entry || !entry->resource || !entry->keys) {
		if (entry)
			entry_free(entry);
		error_memory(error, "a look-up");
		return NULL;
	}
	entry->next = lookup->entries;
	lookup->entries = entry;
	return entry;
}

/* Ready to be asked; a table that was missing, or a catalog from before a rollback, is read anew. */
static int open_entry(struct odbc_lookup *lookup, struct entry *entry, struct error *error)
{
	const char *names[KEY_PARTS_MAX];
	const struct field *fields[KEY_PARTS_MAX];

	if (entry->catalog.exists && entry->rollbacks == lookup->session->rollbacks && entry->stage_changes == lookup->session->stage_changes)
		return 0;
	entry_close(entry);
	if (read_catalog(lookup, entry->resource, &entry->catalog, error))
		return -1;
	if (!entry->catalog.exists)
		return 0;
	for (size_t i = 0; i < entry->keys->field_count; i++) {
		names[i] = entry->keys->fields[i].name;
		fields[i] = &entry->keys->fields[i];
	}
	if (check_columns(lookup, &entry->catalog, names, entry->keys->field_count, error) ||
	    probe_open(&entry->probe, lookup->session, &entry->catalog, names, fields, entry->keys->field_count, true, error)) {
		entry_close(entry);
		return -1;
	}
	entry->rollbacks = lookup->session->rollbacks;
	entry->stage_changes = lookup->session->stage_changes;
	return 0;
}

static int compare_cells(const struct batch *batch, const struct column *column, uint32_t a, uint32_t b)
{
	switch (value_storage(column->field->type)) {
	case STORAGE_INTEGER:
		return (column->integers[a] > column->integers[b]) - (column->integers[a] < column->integers[b]);
	case STORAGE_DOUBLE:
		return (column->doubles[a] > column->doubles[b]) - (column->doubles[a] < column->doubles[b]);
	case STORAGE_DECIMAL:
		return (column->decimals[a] > column->decimals[b]) - (column->decimals[a] < column->decimals[b]);
	default: {
		struct span x = column->spans[a], y = column->spans[b];
		size_t shorter = x.length < y.length ? x.length : y.length;
		int order = shorter ? memcmp(batch_bytes(batch, x), batch_bytes(batch, y), shorter) : 0;

		return order ? order : (x.length > y.length) - (x.length < y.length);
	}
	}
}

struct order {
	const struct batch *batch;
	const size_t *columns;
	size_t count;
};

static int compare_rows(const void *left, const void *right, void *arg)
{
	const struct order *order = arg;
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	for (size_t i = 0; i < order->count; i++) {
		int result = compare_cells(order->batch, &order->batch->columns[order->columns[i]], a, b);

		if (result)
			return result;
	}
	return 0;
}

static int copy_key(const struct batch *in, const size_t *columns, uint32_t from, struct batch *out, struct error *error)
{
	uint32_t row = batch_add_row(out);

	for (size_t i = 0; i < out->schema->field_count; i++) {
		const struct column *source = &in->columns[columns[i]];
		struct column *target = &out->columns[i];

		target->cells[row] = CELL_VALUE;
		switch (value_storage(target->field->type)) {
		case STORAGE_INTEGER:
			target->integers[row] = source->integers[from];
			break;
		case STORAGE_DOUBLE:
			target->doubles[row] = source->doubles[from];
			break;
		case STORAGE_DECIMAL:
			target->decimals[row] = source->decimals[from];
			break;
		default:
			if (batch_store(out, batch_bytes(in, source->spans[from]), source->spans[from].length, &target->spans[row], error))
				return -1;
			break;
		}
	}
	return 0;
}

static int probe_keys(struct lookup *self, const char *resource, const struct schema *keys, const struct batch *in,
	const size_t *in_columns, const uint32_t *rows, size_t count, struct batch *out, struct error *error)
{
	struct odbc_lookup *lookup = (struct odbc_lookup *)self;
	struct entry *entry = find_entry(lookup, resource, keys, error);
	struct order order = { in, in_columns, keys->field_count };
	uint32_t *asked;
	size_t asked_count = 0;
	int result;

	if (!entry || open_entry(lookup, entry, error))
		return -1;
	if (!entry->catalog.exists || !count)
		return 0;
	if (entry->capacity < count) {
		bool *found = realloc(entry->found, count * sizeof *found);

		if (!found)
			return error_memory(error, "a look-up");
		entry->found = found;
		entry->capacity = count;
	}
	asked = malloc(count * sizeof *asked);
	if (!asked)
		return error_memory(error, "a look-up");
	/* Each key once: many rows have few parents. */
	memcpy(asked, rows, count * sizeof *asked);
	qsort_r(asked, count, sizeof *asked, compare_rows, &order);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || compare_rows(&asked[asked_count - 1], &asked[i], &order) != 0)
			asked[asked_count++] = asked[i];
	memset(entry->found, 0, asked_count * sizeof *entry->found);
	result = probe_rows(&entry->probe, in, in_columns, asked, asked_count, entry->found, error);
	for (size_t i = 0; result == 0 && i < asked_count; i++)
		if (entry->found[i])
			result = copy_key(in, in_columns, asked[i], out, error);
	free(asked);
	return result;
}

static const struct lookup_ops ops = {
	.describe = describe,
	.scan_open = lookup_scan_open,
	.scan_read = lookup_scan_read,
	.scan_close = lookup_scan_close,
	.probe = probe_keys,
};

struct lookup *odbc_lookup_new(struct session *session, const struct option_map *tables, const char *default_table,
	struct error *error)
{
	struct odbc_lookup *lookup = calloc(1, sizeof *lookup);

	if (!lookup) {
		error_memory(error, "a look-up");
		return NULL;
	}
	lookup->base.ops = &ops;
	lookup->session = session;
	lookup->tables = tables;
	lookup->default_table = default_table;
	return &lookup->base;
}

void odbc_lookup_free(struct lookup *self)
{
	struct odbc_lookup *lookup = (struct odbc_lookup *)self;

	if (!lookup)
		return;
	scan_close(&lookup->scan);
	catalog_fini(&lookup->described);
	while (lookup->entries) {
		struct entry *entry = lookup->entries;

		lookup->entries = entry->next;
		entry_free(entry);
	}
	free(lookup);
}
