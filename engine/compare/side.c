/* side.c - what an argument of a comparison names.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/compare/side.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "connectors/avro/discover.h"
#include "connectors/odbc/discover.h"
#include "engine/compare/examine.h"
#include "engine/core/buffer.h"

enum { DESCRIPTOR_MAX = 64 << 20, SIDE_TABLES_MAX = 10000 };

static const char own_tables[] = "penstock_";

/* --- tables ------------------------------------------------------------------------------------- */

static int add_table(struct side *side, const char *name, const char *place, const json_t *resource, struct error *error)
{
	struct side_table *tables = realloc(side->tables, (side->count + 1) * sizeof *tables);

	if (!tables)
		return error_memory(error, "the tables to compare");
	side->tables = tables;
	tables[side->count] = (struct side_table){.name = strdup(name), .place = strdup(place), .resource = resource};
	if (!tables[side->count].name || !tables[side->count].place) {
		free(tables[side->count].name);
		free(tables[side->count].place);
		return error_memory(error, "the tables to compare");
	}
	side->count++;
	return 0;
}

const struct side_table *side_find(const struct side *side, const char *name)
{
	for (size_t i = 0; i < side->count; i++)
		if (strcmp(side->tables[i].name, name) == 0)
			return &side->tables[i];
	return NULL;
}

static int set_title(struct side *side, const char *text, struct error *error)
{
	side->title = strdup(text);
	return side->title ? 0 : error_memory(error, "the tables to compare");
}

/* "data/jobs.csv" -> "jobs". Malloc'd. */
static char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/'), *last = slash ? slash + 1 : path, *dot = strrchr(last, '.');

	return strndup(last, dot && dot > last ? (size_t)(dot - last) : strlen(last));
}

/* --- files -------------------------------------------------------------------------------------- */

static int open_csv(struct side *side, const char *path, const struct side_options *options, struct error *error)
{
	char *name = options->table ? strdup(options->table) : base_name(path);
	int result = name ? add_table(side, name, path, NULL, error) : error_memory(error, "the tables to compare");

	free(name);
	side->kind = OF_CSV;
	side->one = true;
	side->header = options->header;
	return result || set_title(side, path, error) ? -1 : 0;
}

static int open_avro(struct side *side, const char *path, const struct side_options *options, struct error *error)
{
	struct buffer text;

	side->kind = OF_AVRO;
	side->rank = RANK_AVRO;
	side->one = true;
	buffer_init(&text, DESCRIPTOR_MAX);
	int result = avro_discover(path, &text, error);
	side->resources = result ? NULL : descriptor_parse(buffer_text(&text), path, error);
	buffer_fini(&text);
	const json_t *resource = side->resources ? json_array_get(side->resources, 0) : NULL;
	if (!resource)
		return side->resources ? error_set(error, ERROR_SOURCE, path, "has no table") : -1;
	if (add_table(side, options->table ? options->table : descriptor_name(resource), path, resource, error))
		return -1;
	return set_title(side, path, error);
}

/* --- backups ------------------------------------------------------------------------------------ */

static int find_backup(struct side *side, const char *folder, struct error *error)
{
	char run_id[RUN_ID_SIZE];

	if (manifest_exists(folder)) {
		side->folder = strdup(folder);
	} else {
		if (backup_find(folder, "latest", run_id, error))
			return -1;
		if (asprintf(&side->folder, "%s/%s", folder, run_id) < 0)
			side->folder = NULL;
	}
	return side->folder ? 0 : error_memory(error, "a backup");
}

static int add_backed_up(struct side *side, const struct manifest_table *table, struct error *error)
{
	char *path;

	if (asprintf(&path, "%s/%s", side->folder, table->file) < 0)
		return error_memory(error, "a backup");
	json_t *resource = examine_resource(path, table, error);
	int result = resource ? add_table(side, table->name, path, resource, error) : -1;
	if (resource && json_array_append_new(side->resources, resource) && result == 0)
		result = error_memory(error, "a backup");
	free(path);
	return result;
}

static int open_backup(struct side *side, const char *folder, const struct side_options *options, struct error *error)
{
	side->kind = OF_BACKUP;
	side->rank = RANK_DICTIONARY;
	if (find_backup(side, folder, error))
		return -1;
	side->manifest = manifest_read(side->folder, error);
	side->resources = json_array();
	if (!side->manifest || !side->resources)
		return side->manifest ? error_memory(error, "a backup") : -1;
	if (asprintf(&side->title, "%s (backup of %s)", side->folder, side->manifest->created_at) < 0) {
		side->title = NULL;
		return error_memory(error, "a backup");
	}
	for (size_t i = 0; i < side->manifest->count; i++) {
		const struct manifest_table *table = &side->manifest->tables[i];
		if (options->table && strcmp(options->table, table->name) != 0)
			continue;
		if (add_backed_up(side, table, error))
			return -1;
	}
	return 0;
}

/* --- databases ---------------------------------------------------------------------------------- */

static int open_database(struct side *side, const char *argument, const struct side_options *options, struct error *error)
{
	const char *hash = strrchr(argument, '#'), *table = hash ? hash + 1 : options->table;
	char *name = hash ? strndup(argument, (size_t)(hash - argument)) : strdup(argument);
	struct buffer text;
	char dialect[DISCOVER_DIALECT_SIZE] = "";

	side->kind = OF_DATABASE;
	side->one = hash != NULL;
	if (hash && !*table) {
		free(name);
		return error_set(error, ERROR_CONFIG, NULL, "\"%.200s\" names no table behind the #", argument);
	}
	int result = name ? connection_target_init(&side->connection, name, error) : error_memory(error, "a connection");
	free(name);
	if (result || set_title(side, argument, error))
		return -1;
	const struct store_target target = {
		.name = side->connection.name, .connect = side->connection.connect, .lock_timeout_ms = side->connection.lock_timeout_ms,
		.read_only = true, .cancel = side->cancel,
	};
	buffer_init(&text, DESCRIPTOR_MAX);
	struct error found = ERROR_INIT;
	result = odbc_discover(&target, table ? &table : NULL, table ? 1 : 0, dialect, &text, &found);
	if (result && !hash && found.kind == ERROR_CONFIG)
		side->resources = json_array(); /* no table at all, or not that one */
	else if (result)
		*error = found;
	else
		side->resources = descriptor_parse(buffer_text(&text), argument, error);
	buffer_fini(&text);
	if (!side->resources)
		return -1;
	side->rank = strcmp(dialect, "sqlite") == 0 ? RANK_SQLITE : strcmp(dialect, "mariadb") == 0 ? RANK_MARIADB : RANK_DATABASE;
	for (size_t i = 0; i < json_array_size(side->resources); i++) {
		const json_t *resource = json_array_get(side->resources, i);
		const char *called = descriptor_name(resource);
		if (!table && strncasecmp(called, own_tables, strlen(own_tables)) == 0)
			continue;
		if (add_table(side, side->one && options->table ? options->table : called, table ? table : called, resource, error))
			return -1;
	}
	return 0;
}

/* --- the argument ------------------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), last = strlen(end);

	return length > last && strcasecmp(text + length - last, end) == 0;
}

static bool is_connection(const char *argument)
{
	const char *colon = strchr(argument, ':');

	return colon && colon > argument && colon[1];
}

static int recognize(struct side *side, const char *argument, const struct side_options *options, struct error *error)
{
	struct stat info;
	bool there = stat(argument, &info) == 0;

	if (there && S_ISDIR(info.st_mode))
		return open_backup(side, argument, options, error);
	if (!there && is_connection(argument))
		return open_database(side, argument, options, error);
	if (ends_with(argument, ".csv"))
		return open_csv(side, argument, options, error);
	if (ends_with(argument, ".avro"))
		return open_avro(side, argument, options, error);
	if (there)
		return error_set(error, ERROR_CONFIG, argument, "is neither FILE.csv nor FILE.avro nor the folder of a backup");
	return error_set(error, ERROR_CONFIG, NULL,
		"\"%.200s\" is nothing to compare: no file or folder has that name, and a connection is env:NAME, file:PATH or pipeline.yaml:name, "
		"with #TABLE behind it for one table", argument);
}

int side_open(struct side *side, const char *argument, const struct side_options *options, struct error *error)
{
	*side = (struct side){.cancel = options->cancel};
	side->shared = shared_new(error);
	return side->shared ? recognize(side, argument, options, error) : -1;
}

void side_close(struct side *side)
{
	shared_free(side->shared);
	for (size_t i = 0; i < side->count; i++) {
		free(side->tables[i].name);
		free(side->tables[i].place);
	}
	free(side->tables);
	json_decref(side->resources);
	manifest_free(side->manifest);
	if (side->connection.connect)
		connection_target_fini(&side->connection);
	free(side->folder);
	free(side->title);
	*side = (struct side){.kind = 0};
}

/* --- reading ------------------------------------------------------------------------------------ */

/* Interpolated later, as all of a pipeline is. */
static json_t *text_of(const char *text)
{
	char *quote = pipeline_quote(text);
	json_t *string = quote ? json_string(quote) : NULL;

	free(quote);
	return string;
}

static json_t *quoted_list(const json_t *names)
{
	json_t *out = json_array(), *name;
	size_t index;

	json_array_foreach(names, index, name)
		if (json_array_append_new(out, text_of(json_string_value(name))) < 0) {
			json_decref(out);
			return NULL;
		}
	return out;
}

static json_t *source_of(const struct side *side, const struct side_table *table, const json_t *ignore)
{
	switch (side->kind) {
	case OF_CSV:
		return json_pack("{s:s, s:o, s:b}", "type", "csv", "path", text_of(table->place), "header", side->header);
	case OF_AVRO:
	case OF_BACKUP:
		return json_pack("{s:s, s:o, s:s, s:o}", "type", "avro", "path", text_of(table->place), "manifest", "none", "ignore",
			quoted_list(ignore));
	case OF_DATABASE:
		return json_pack("{s:s, s:o, s:b, s:o}", "type", "odbc", "table", text_of(table->place), "consistent", true, "ignore",
			quoted_list(ignore));
	}
	return NULL;
}

int side_pull(const struct side *side, const struct side_table *table, const char *package, const char *name, const json_t *ignore,
	struct pull *pull, struct error *error)
{
	const struct connection_target *connection = side->kind == OF_DATABASE ? &side->connection : NULL;

	if (pull_init(pull, source_of(side, table, ignore), connection, package, name, error))
		return -1;
	pull->shared = side->shared;
	pull->cancel = side->cancel;
	return 0;
}
