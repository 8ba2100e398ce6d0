/* prove.c - a backup restored into a scratch database.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/compare/prove.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/compare/descriptor.h"
#include "engine/compare/examine.h"
#include "engine/compare/pull.h"
#include "engine/compare/scratch.h"
#include "engine/core/run.h"

enum { WORK_MAX = 64 << 20, LOCK_TIMEOUT_MS = 30000, TARGET_MAX = 32 };

struct proving {
	const struct manifest *manifest;
	const char *folder;
	struct cancel *cancel;
	struct scratch scratch;
	json_t **resources; /* of the tables, in the manifest's order */
	char **targets;     /* their names in the scratch database */
	struct buffer bytes;
};

static char *path_of(const struct proving *proving, size_t table)
{
	char *path;

	return asprintf(&path, "%s/%s", proving->folder, proving->manifest->tables[table].file) < 0 ? NULL : path;
}

/* --- what is restored --------------------------------------------------------------------------- */

/* SQLite does not tell names apart by case, keeps some to itself, and a dot would be taken for that of a schema. */
static bool name_serves(const struct proving *proving, size_t table)
{
	const char *name = proving->manifest->tables[table].name;

	for (size_t i = 0; i < table; i++)
		if (strcasecmp(proving->manifest->tables[i].name, name) == 0)
			return false;
	return !strchr(name, '.') && strncasecmp(name, "sqlite_", 7) != 0 && strncasecmp(name, "penstock_", 9) != 0;
}

static int take_tables(struct proving *proving, struct error *error)
{
	size_t count = proving->manifest->count;

	proving->resources = calloc(count + 1, sizeof *proving->resources);
	proving->targets = calloc(count + 1, sizeof *proving->targets);
	if (!proving->resources || !proving->targets)
		return error_memory(error, "the tables of a backup");
	for (size_t i = 0; i < count; i++) {
		const struct manifest_table *table = &proving->manifest->tables[i];
		char *path = path_of(proving, i), number[TARGET_MAX];
		snprintf(number, sizeof number, "table %zu", i + 1);
		proving->targets[i] = strdup(name_serves(proving, i) ? table->name : number);
		if (!path || !proving->targets[i])
			error_memory(error, "the tables of a backup");
		else
			proving->resources[i] = examine_resource(path, table, error);
		free(path);
		if (!proving->resources[i])
			return -1;
	}
	return 0;
}

static json_t *quoted(const char *text)
{
	char *quote = text ? pipeline_quote(text) : NULL;
	json_t *string = quote ? json_string(quote) : NULL;

	free(quote);
	return string;
}

static json_t *step_of(const struct proving *proving, size_t table)
{
	const char *name = descriptor_name(proving->resources[table]);
	char *path = path_of(proving, table);
	json_t *step = json_pack("{s:o, s:{s:s, s:o}, s:{s:o, s:s, s:i}, s:{s:s, s:s, s:o, s:s, s:b}}", "name", quoted(name), "source", "type",
		"avro", "path", quoted(path), "rules", "table", quoted(name), "check", "types", "max_rejects", 0, "sink", "type", "odbc",
		"connection", "scratch", "table", quoted(proving->targets[table]), "mode", "append", "create", true);

	free(path);
	return step;
}

static size_t table_named(const struct proving *proving, const char *name)
{
	size_t i = 0;

	while (strcmp(descriptor_name(proving->resources[i]), name) != 0)
		i++;
	return i;
}

/* Parents first, as the dictionary of the backup's own schemas orders them. */
static char *pipeline_text(const struct proving *proving, const struct dictionary *dictionary)
{
	const size_t *order = dictionary_order(dictionary);
	json_t *steps = json_array();

	for (size_t i = 0; steps && i < dictionary_count(dictionary); i++) {
		size_t table = table_named(proving, table_schema(dictionary_at(dictionary, order[i]))->name);
		if (json_array_append_new(steps, step_of(proving, table)) < 0) {
			json_decref(steps);
			steps = NULL;
		}
	}
	json_t *root = steps ? json_pack("{s:i, s:s, s:{s:{s:s, s:o}}, s:s, s:o}", "version", 1, "name", "prove", "connections", "scratch",
		"type", "odbc", "connect", quoted(proving->scratch.connect), "state", "scratch", "steps", steps) : NULL;
	char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;
	json_decref(root);
	return text;
}

static struct pipeline *load(const struct proving *proving, struct error *error)
{
	struct diagnostics diagnostics;
	struct pipeline *pipeline = NULL;
	char *package = descriptor_whole((const json_t *const *)proving->resources, proving->manifest->count, error);

	if (!package)
		return NULL;
	diagnostics_init(&diagnostics);
	struct dictionary *dictionary = dictionary_read_text("the schemas of the backup", package, &diagnostics);
	char *text = dictionary ? pipeline_text(proving, dictionary) : NULL;
	if (text)
		pipeline = pipeline_load_text("the restore", text, package, &diagnostics);
	if (!pipeline && diagnostics.errors > 0)
		diagnostics_error_of(&diagnostics, error);
	else if (!pipeline)
		error_memory(error, "the restore");
	free(text);
	free(package);
	dictionary_free(dictionary);
	diagnostics_fini(&diagnostics);
	return pipeline;
}

static int restore(const struct proving *proving, struct error *error)
{
	struct pipeline *pipeline = load(proving, error);
	const struct run_options options = {.cancel = proving->cancel};
	struct run_report report;
	char text[ERROR_PLACE_MAX + ERROR_MESSAGE_MAX];

	if (!pipeline)
		return -1;
	run_plan(pipeline_plan(pipeline), &options, &report);
	if (report.exit_code != 0) {
		enum error_kind kind = report.error.kind == ERROR_REJECTS ? ERROR_BOOKS : report.error.kind;
		error_set(error, kind ? kind : ERROR_RESOURCE, proving->folder, "the restore into a scratch database failed: %s",
			error_text(&report.error, text, sizeof text));
	}
	int result = report.exit_code ? -1 : 0;
	run_report_fini(&report);
	pipeline_free(pipeline);
	return result;
}

/* --- what came of it ---------------------------------------------------------------------------- */

struct summing {
	struct fingerprints prints;
	struct buffer *bytes;
};

static int add_batch(void *arg, const struct batch *batch, struct error *error)
{
	struct summing *summing = arg;

	return fingerprints_add_batch(&summing->prints, batch, summing->bytes, NULL, error);
}

static bool keep_all(const void *arg, const char *field)
{
	(void)arg;
	(void)field;
	return true;
}

static int sum_table(struct proving *proving, size_t table, struct pull *pull, struct summing *summing, struct error *error)
{
	const struct connection_target connection = {
		.name = (char[]){"scratch"}, .connect = proving->scratch.connect, .lock_timeout_ms = LOCK_TIMEOUT_MS,
	};
	char *package = descriptor_package(proving->resources[table], keep_all, NULL, error);
	int result = package ? pull_init(pull, json_pack("{s:s, s:o}", "type", "odbc", "table", quoted(proving->targets[table])), &connection,
		package, descriptor_name(proving->resources[table]), error) : -1;

	free(package);
	if (result)
		return -1;
	pull->cancel = proving->cancel;
	return fingerprints_init(&summing->prints, pull_schema(pull)->field_count, error) || pull_all(pull, add_batch, summing, error) ? -1 : 0;
}

static int compare_table(struct proving *proving, size_t table, json_t *report, struct error *error)
{
	struct pull pull = {.pipeline = NULL};
	struct summing summing = {.bytes = &proving->bytes};
	json_t *problems = json_object_get(report, "problems");
	size_t before = json_array_size(problems);
	int result = sum_table(proving, table, &pull, &summing, error);

	if (result == 0 && examine_prints(&summing.prints, &proving->manifest->tables[table], problems))
		result = error_memory(error, "the report");
	if (result == 0 && json_array_size(problems) > before &&
		(json_array_insert_new(problems, before, json_string("once it was restored, the table:")) ||
			json_object_set_new(report, "result", json_string("different"))))
		result = error_memory(error, "the report");
	pull_close(&pull);
	fingerprints_fini(&summing.prints);
	return result;
}

int prove_restore(const struct manifest *manifest, const char *folder, json_t *tables, struct cancel *cancel, struct error *error)
{
	struct proving proving = {.manifest = manifest, .folder = folder, .cancel = cancel};

	buffer_init(&proving.bytes, WORK_MAX);
	int result = take_tables(&proving, error) || scratch_open(&proving.scratch, error) || restore(&proving, error) ? -1 : 0;
	for (size_t i = 0; i < manifest->count && result == 0; i++)
		result = compare_table(&proving, i, json_array_get(tables, i), error);
	scratch_close(&proving.scratch);
	for (size_t i = 0; i < manifest->count; i++) {
		if (proving.resources)
			json_decref(proving.resources[i]);
		if (proving.targets)
			free(proving.targets[i]);
	}
	free(proving.resources);
	free(proving.targets);
	buffer_fini(&proving.bytes);
	return result;
}
