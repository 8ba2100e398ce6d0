/* promise.c - finding a file, and what its manifest says.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/avro/promise.h"
#include "connectors/avro/runid.h"
#include "engine/core/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>


/* A manifest that the steps of a run share. */
struct held {
	struct manifest *manifest;
};

enum { KEY_MAX = 2 * FOLDER_PATH_MAX };

static void held_close(void *part)
{
	struct held *held = part;
	manifest_free(held->manifest);
	free(held);
}

static const struct shared_ops held_ops = { .close = held_close };

static struct manifest *read_manifest(const char *folder, const char *backup, struct error *error)
{
	char run_id[RUN_ID_SIZE], whole[FOLDER_PATH_MAX];
	if (!backup)
		return manifest_read(folder, error);
	if (backup_find(folder, backup, run_id, error) < 0)
		return NULL;
	if (snprintf(whole, sizeof whole, "%s/%s", folder, run_id) >= (int)sizeof whole) {
		error_set(error, ERROR_CONFIG, folder, "the path is too long");
		return NULL;
	}
	return manifest_read(whole, error);
}

/* The manifest in folder; with backup, that of the backup below it. */
static int take_manifest(struct promise *promise, const char *folder, const char *backup, struct shared *shared, struct error *error)
{
	char key[KEY_MAX];
	snprintf(key, sizeof key, "avro source: %s: %s", backup ? backup : "", folder);
	struct held *held = shared_find(shared, key);
	if (held) {
		promise->manifest = held->manifest;
		return 0;
	}
	struct manifest *manifest = read_manifest(folder, backup, error);
	if (!manifest)
		return -1;
	promise->manifest = manifest;
	if (!shared) {
		promise->owned = manifest;
		return 0;
	}
	held = malloc(sizeof *held);
	if (!held) {
		manifest_free(manifest);
		promise->manifest = NULL;
		return error_memory(error, "a manifest");
	}
	held->manifest = manifest;
	if (shared_add(shared, key, held, &held_ops, error) == 0)
		return 0;
	promise->manifest = NULL;
	return -1;
}

static const struct manifest_table *table_of_file(const struct manifest *manifest, const char *file)
{
	for (size_t i = 0; i < manifest->count; i++)
		if (strcmp(manifest->tables[i].file, file) == 0)
			return &manifest->tables[i];
	return NULL;
}

static int open_path(struct promise *promise, const struct avro_options *options, const struct source_context *context,
	struct error *error)
{
	char folder[FOLDER_PATH_MAX];
	if (options->path[0] == '\0')
		return error_set(error, ERROR_CONFIG, NULL, "path of the avro source is empty");
	if (strlen(options->path) >= sizeof promise->path)
		return error_set(error, ERROR_CONFIG, options->path, "path of the avro source is too long");
	memcpy(promise->path, options->path, strlen(options->path) + 1);
	if (options->manifest == PROMISE_NONE || folder_of(options->path, folder, &(struct error)ERROR_INIT) < 0 || !manifest_exists(folder))
		return 0;
	if (take_manifest(promise, folder, NULL, context->shared, error) < 0)
		return -1;
	promise->table = table_of_file(promise->manifest, folder_last(options->path));
	return 0;
}

static int open_backup(struct promise *promise, const struct avro_options *options, const struct source_context *context,
	struct error *error)
{
	const char *name = options->table ? options->table : context->schema->name;
	if (take_manifest(promise, options->folder, options->backup ? options->backup : "latest", context->shared, error) < 0)
		return -1;
	promise->table = manifest_find(promise->manifest, name);
	if (!promise->table)
		return error_set(error, ERROR_SOURCE, options->folder, "backup %s has no table \"%s\"", promise->manifest->run_id, name);
	if (snprintf(promise->path, sizeof promise->path, "%s/%s/%s", options->folder, promise->manifest->run_id, promise->table->file) >=
	    (int)sizeof promise->path)
		return error_set(error, ERROR_CONFIG, options->folder, "the path is too long");
	return 0;
}

int promise_check(const struct avro_options *options, struct error *error)
{
	if (!options->path == !options->folder)
		return error_set(error, ERROR_CONFIG, NULL, "the avro source needs either path, or folder with backup and table");
	if (options->path && (options->backup || options->table))
		return error_set(error, ERROR_CONFIG, NULL, "%s belongs to folder, not to path", options->backup ? "backup" : "table");
	if (options->folder && options->manifest == PROMISE_NONE)
		return error_set(error, ERROR_CONFIG, NULL, "manifest: none belongs to path: a backup is found by its manifest");
	return 0;
}

int promise_open(struct promise *promise, const struct avro_options *options, const struct source_context *context, struct error *error)
{
	*promise = (struct promise){ 0 };
	if (promise_check(options, error) < 0)
		return -1;
	if ((options->path ? open_path(promise, options, context, error) : open_backup(promise, options, context, error)) < 0)
		return -1;
	const struct manifest_table *table = promise->table;
	if (!table)
		return 0;
	snprintf(promise->origin, sizeof promise->origin, "backup %s of %s", promise->manifest->run_id, promise->manifest->created_at);
	promise->same_dictionary = context->dictionary_hash && strcmp(context->dictionary_hash, table->dictionary_hash) == 0 &&
				   table->prints.count == context->schema->field_count;
	/* created_at says the same to the second only, and what was loaded in that second would be taken for later. */
	int64_t made_ms = 0;
	if (!runid_read(promise->manifest->run_id, &made_ms))
		made_ms = 0;
	promise->expectation = (struct expectation){
		.made_at = made_ms * 1000,
		.rows = table->rows,
		.prints = promise->same_dictionary ? &table->prints : NULL,
		.origin = promise->origin,
	};
	return 0;
}

void promise_close(struct promise *promise)
{
	manifest_free(promise->owned);
	promise->owned = NULL;
	promise->manifest = NULL;
	promise->table = NULL;
}
