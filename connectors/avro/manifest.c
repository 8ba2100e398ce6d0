/* manifest.c - manifests in memory.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/avro/manifest.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/clock.h"

static char *copy_text(const char *text)
{
	return strdup(text ? text : "");
}

static void free_texts(char **texts, size_t count)
{
	for (size_t i = 0; texts && i < count; i++)
		free(texts[i]);
	free(texts);
}

static char **copy_texts(char *const *texts, size_t count)
{
	char **copies = calloc(count + 1, sizeof *copies);

	for (size_t i = 0; copies && i < count; i++) {
		copies[i] = copy_text(texts[i]);
		if (!copies[i]) {
			free_texts(copies, i);
			return NULL;
		}
	}
	return copies;
}

static void table_fini(struct manifest_table *table)
{
	free(table->name);
	free(table->file);
	free(table->isolation);
	free_texts(table->columns, table->prints.count);
	free_texts(table->types, table->prints.count);
	free(table->schema);
	fingerprints_fini(&table->prints);
}

static int table_copy(struct manifest_table *out, const struct manifest_table *from, struct error *error)
{
	size_t count = from->prints.count;

	*out = *from;
	out->name = copy_text(from->name);
	out->file = copy_text(from->file);
	out->isolation = copy_text(from->isolation);
	out->schema = copy_text(from->schema);
	out->columns = copy_texts(from->columns, count);
	out->types = copy_texts(from->types, count);
	out->prints.columns = calloc(count + 1, sizeof *out->prints.columns);
	if (!out->name || !out->file || !out->isolation || !out->schema || !out->columns || !out->types || !out->prints.columns) {
		table_fini(out);
		return error_memory(error, "a manifest");
	}
	if (count)
		memcpy(out->prints.columns, from->prints.columns, count * sizeof *out->prints.columns);
	return 0;
}

struct manifest *manifest_new(const char *run_id, const char *pipeline, struct error *error)
{
	struct manifest *manifest = calloc(1, sizeof *manifest);
	char now[VALUE_TEXT_MAX];

	if (!manifest) {
		error_memory(error, "a manifest");
		return NULL;
	}
	value_format_datetime(clock_wall_us() / 1000000 * 1000000, now);
	snprintf(manifest->run_id, sizeof manifest->run_id, "%s", run_id);
	manifest->pipeline = copy_text(pipeline);
	manifest->created_at = copy_text(now);
	manifest->isolation = copy_text("");
	if (manifest->pipeline && manifest->created_at && manifest->isolation)
		return manifest;
	manifest_free(manifest);
	error_memory(error, "a manifest");
	return NULL;
}

void manifest_free(struct manifest *manifest)
{
	if (!manifest)
		return;
	for (size_t i = 0; i < manifest->count; i++)
		table_fini(&manifest->tables[i]);
	free(manifest->tables);
	free(manifest->pipeline);
	free(manifest->created_at);
	free(manifest->isolation);
	free(manifest);
}

const struct manifest_table *manifest_find(const struct manifest *manifest, const char *table)
{
	for (size_t i = 0; i < manifest->count; i++)
		if (strcmp(manifest->tables[i].name, table) == 0)
			return &manifest->tables[i];
	return NULL;
}

/* What both texts say, up to a comma: "one snapshot for all tables" and "one snapshot for all tables, by a cursor" agree on the first. */
static size_t agreed(const char *left, const char *right)
{
	size_t at = 0, whole = 0;

	for (;; at++) {
		bool left_ends = left[at] == '\0' || left[at] == ',', right_ends = right[at] == '\0' || right[at] == ',';

		if (left_ends && right_ends)
			whole = at;
		if (left[at] != right[at] || left[at] == '\0')
			return whole;
	}
}

/* The isolation of the whole: what every table says, or nothing. */
static int join_isolation(struct manifest *manifest, const struct manifest_table *table, struct error *error)
{
	const char *own = table->isolation ? table->isolation : "";
	char *isolation = copy_text(own);

	if (isolation && manifest->count > 0)
		isolation[agreed(manifest->isolation, own)] = '\0';
	if (!isolation)
		return error_memory(error, "a manifest");
	free(manifest->isolation);
	manifest->isolation = isolation;
	return 0;
}

static int check_schema(const struct manifest_table *table, struct error *error)
{
	json_error_t wrong;
	json_t *schema = json_loads(table->schema, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &wrong);
	bool good = json_is_object(schema);

	json_decref(schema);
	return good ? 0 : error_set(error, ERROR_CONFIG, NULL, "table %s: its descriptor is no JSON object: %s", table->name,
			schema ? "something else" : wrong.text);
}

int manifest_add(struct manifest *manifest, const struct manifest_table *table, struct error *error)
{
	struct manifest_table *tables;

	if (check_schema(table, error) < 0)
		return -1;

	for (size_t i = 0; i < manifest->count; i++) {
		if (strcmp(manifest->tables[i].name, table->name) == 0)
			return error_set(error, ERROR_CONFIG, NULL, "table %s stands in the backup twice", table->name);
		if (strcmp(manifest->tables[i].file, table->file) == 0)
			return error_set(error, ERROR_CONFIG, NULL, "file %s stands in the backup twice", table->file);
	}
	if (manifest->count >= MANIFEST_TABLES_MAX)
		return error_set(error, ERROR_CONFIG, NULL, "a backup holds at most %d tables", MANIFEST_TABLES_MAX);
	tables = realloc(manifest->tables, (manifest->count + 1) * sizeof *tables);
	if (!tables)
		return error_memory(error, "a manifest");
	manifest->tables = tables;
	if (join_isolation(manifest, table, error) < 0 || table_copy(&tables[manifest->count], table, error) < 0)
		return -1;
	manifest->count++;
	return 0;
}
