/* manifest_write.c - a manifest into its folder: JSON, and its checksum before it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/avro/manifest.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/digest.h"
#include "engine/core/file_out.h"
#include "engine/core/version.h"

/* Takes value, also on failure. */
static int put(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value);
}

static json_t *json_of_print(const struct fingerprint *print)
{
	char hex[FINGERPRINT_HEX_SIZE];

	fingerprint_format(print, hex);
	return json_string(hex);
}

static json_t *json_of_columns(const struct manifest_table *table)
{
	json_t *columns = json_array();

	for (size_t i = 0; columns && i < table->prints.count; i++) {
		json_t *column = json_object();

		if (!column || put(column, "name", json_string(table->columns[i])) < 0 ||
		    put(column, "type", json_string(table->types[i])) < 0 ||
		    put(column, "fingerprint", json_of_print(&table->prints.columns[i])) < 0 ||
		    json_array_append(columns, column) < 0) {
			json_decref(columns);
			columns = NULL;
		}
		json_decref(column);
	}
	return columns;
}

static json_t *json_of_table(const struct manifest_table *table)
{
	json_t *object = json_object();

	if (object && put(object, "name", json_string(table->name)) == 0 && put(object, "file", json_string(table->file)) == 0 &&
	    put(object, "rows", json_integer((json_int_t)table->rows)) == 0 &&
	    (table->rejected == 0 || put(object, "rejected", json_integer((json_int_t)table->rejected)) == 0) &&
	    put(object, "size", json_integer((json_int_t)table->size)) == 0 &&
	    put(object, "sha256", json_string(table->sha256)) == 0 &&
	    put(object, "dictionary_hash", json_string(table->dictionary_hash)) == 0 &&
	    put(object, "isolation", json_string(table->isolation)) == 0 &&
	    put(object, "by_key", json_boolean(table->by_key)) == 0 && put(object, "columns", json_of_columns(table)) == 0 &&
	    put(object, "fingerprint", json_of_print(&table->prints.total)) == 0 &&
	    put(object, "schema", json_loads(table->schema, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL)) == 0)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *json_of_manifest(const struct manifest *manifest)
{
	json_t *object = json_object(), *tables = json_array();
	bool good = object && tables;

	for (size_t i = 0; good && i < manifest->count; i++)
		good = json_array_append_new(tables, json_of_table(&manifest->tables[i])) == 0;
	if (good && put(object, "format", json_integer(MANIFEST_FORMAT)) == 0 &&
	    put(object, "penstock", json_string(PENSTOCK_VERSION)) == 0 &&
	    put(object, "run_id", json_string(manifest->run_id)) == 0 &&
	    put(object, "pipeline", json_string(manifest->pipeline)) == 0 &&
	    put(object, "created_at", json_string(manifest->created_at)) == 0 &&
	    put(object, "isolation", json_string(manifest->isolation)) == 0 && json_object_set(object, "tables", tables) == 0) {
		json_decref(tables);
		return object;
	}
	json_decref(tables);
	json_decref(object);
	return NULL;
}

static int write_text(const char *text, const char *folder, struct error *error)
{
	char hash[SHA256_HEX_SIZE], sum[SHA256_HEX_SIZE + sizeof MANIFEST_NAME + 4];
	size_t length = strlen(text);

	if (length > MANIFEST_BYTES_MAX)
		return error_set(error, ERROR_SINK, folder, MANIFEST_NAME " would be larger than %d bytes", MANIFEST_BYTES_MAX);
	digest_of(text, length, hash);
	snprintf(sum, sizeof sum, "%s  " MANIFEST_NAME "\n", hash);
	if (file_out_whole(folder, MANIFEST_SUM_NAME, sum, strlen(sum), error) < 0)
		return -1;
	return file_out_whole(folder, MANIFEST_NAME, text, length, error);
}

int manifest_write(const struct manifest *manifest, const char *folder, struct error *error)
{
	json_t *json = json_of_manifest(manifest);
	char *text = json ? json_dumps(json, JSON_INDENT(1) | JSON_REAL_PRECISION(MANIFEST_REAL_DIGITS)) : NULL;
	int result = text ? write_text(text, folder, error) : error_memory(error, "a manifest");

	free(text);
	json_decref(json);
	return result;
}
