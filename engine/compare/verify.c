/* verify.c - a backup held against its manifest.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/compare/verify.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/compare/examine.h"
#include "engine/compare/prove.h"
#include "engine/core/folder.h"

struct verification {
	const struct verify_options *options;
	char *folder;           /* NULL: a file without a manifest */
	struct manifest *manifest;
	json_t *tables, *extra; /* of the report */
	json_t *proof;
	bool whole;             /* not one file alone */
	bool restored;
};

/* --- files -------------------------------------------------------------------------------------- */

static int examine_into(struct verification *work, const char *path, const struct manifest_table *table, struct error *error)
{
	json_t *entry = examine_file(path, table, work->options->cancel, error);

	return !entry ? -1 : json_array_append_new(work->tables, entry) ? error_memory(error, "the report") : 0;
}

static int examine_all(struct verification *work, struct error *error)
{
	for (size_t i = 0; i < work->manifest->count; i++) {
		const struct manifest_table *table = &work->manifest->tables[i];
		char *path;
		if (asprintf(&path, "%s/%s", work->folder, table->file) < 0)
			return error_memory(error, "the report");
		int result = examine_into(work, path, table, error);
		free(path);
		if (result)
			return -1;
	}
	return 0;
}

/* Files of the backup itself; beside a table may lie the records that were rejected when it was written. */
static bool is_known(const struct manifest *manifest, const char *name)
{
	static const char *const own[] = {".", "..", MANIFEST_NAME, MANIFEST_SUM_NAME, PROOF_NAME, NULL};

	for (size_t i = 0; own[i]; i++)
		if (strcmp(name, own[i]) == 0)
			return true;
	for (size_t i = 0; i < manifest->count; i++) {
		size_t length = strlen(manifest->tables[i].file);
		if (strncmp(name, manifest->tables[i].file, length) == 0 && (!name[length] || strcmp(name + length, ".rejects.jsonl") == 0))
			return true;
	}
	return false;
}

static int find_extra(struct verification *work, struct error *error)
{
	DIR *folder = opendir(work->folder);
	const struct dirent *entry;
	int result = 0;

	if (!folder)
		return error_errno(error, ERROR_SOURCE, work->folder, errno, "cannot be read");
	while (result == 0 && (entry = readdir(folder)))
		if (!is_known(work->manifest, entry->d_name)) {
			json_t *name = json_string(entry->d_name);
			if (json_array_append_new(work->extra, name ? name : json_string("(a name that is no UTF-8)")))
				result = error_memory(error, "the report");
		}
	closedir(folder);
	return result;
}

/* --- what is to be verified --------------------------------------------------------------------- */

static int verify_folder(struct verification *work, const char *folder, struct error *error)
{
	char run_id[RUN_ID_SIZE];

	work->whole = true;
	if (manifest_exists(folder)) {
		work->folder = strdup(folder);
	} else {
		if (backup_find(folder, "latest", run_id, error))
			return -1;
		if (asprintf(&work->folder, "%s/%s", folder, run_id) < 0)
			work->folder = NULL;
	}
	if (!work->folder)
		return error_memory(error, "the report");
	work->manifest = manifest_read(work->folder, error);
	if (!work->manifest || examine_all(work, error))
		return -1;
	return find_extra(work, error);
}

static int verify_file(struct verification *work, const char *path, struct error *error)
{
	char folder[FOLDER_PATH_MAX];
	const char *name = folder_last(path);

	if (work->options->restore)
		return error_set(error, ERROR_CONFIG, path, "--restore proves a whole backup: name its folder");
	if (folder_of(path, folder, error))
		return -1;
	if (!manifest_exists(folder))
		return examine_into(work, path, NULL, error);
	work->folder = strdup(folder);
	work->manifest = work->folder ? manifest_read(folder, error) : NULL;
	if (!work->manifest)
		return work->folder ? -1 : error_memory(error, "the report");
	for (size_t i = 0; i < work->manifest->count; i++)
		if (strcmp(work->manifest->tables[i].file, name) == 0)
			return examine_into(work, path, &work->manifest->tables[i], error);
	if (json_array_append_new(work->extra, json_string(name)))
		return error_memory(error, "the report");
	return examine_into(work, path, NULL, error);
}

/* --- the verdict -------------------------------------------------------------------------------- */

/* Of the tables: 0, or why they are not what the manifest says. */
static int tables_code(const struct verification *work)
{
	int code = 0;
	size_t index;
	json_t *table;

	json_array_foreach(work->tables, index, table) {
		const char *result = json_string_value(json_object_get(table, "result"));
		if (strcmp(result, "damaged") == 0 || strcmp(result, "missing") == 0)
			return ERROR_SOURCE;
		if (strcmp(result, "different") == 0)
			code = ERROR_BOOKS;
	}
	return code;
}

static int code_of(const struct verification *work)
{
	int code = tables_code(work);

	return code || !json_array_size(work->extra) ? code : ERROR_BOOKS;
}

static int prove(struct verification *work, struct error *error)
{
	if (work->options->restore && code_of(work) == 0) {
		if (prove_restore(work->manifest, work->folder, work->tables, work->options->cancel, error)) {
			if (error->kind == ERROR_BOOKS)
				proof_withdraw(work->folder);
			return -1;
		}
		work->restored = true;
		if (code_of(work) == 0 && proof_write(work->manifest, work->folder, error))
			return -1;
	}
	/* An older proof would let `keep` spare this backup, and not one that holds. */
	if (work->manifest && tables_code(work))
		proof_withdraw(work->folder);
	work->proof = work->manifest ? proof_read(work->folder, error) : json_null();
	return work->proof ? 0 : -1;
}

static int finish(const struct verification *work, const char *what, json_t **report, struct error *error)
{
	const struct manifest *manifest = work->manifest;
	int code = code_of(work);

	*report = json_pack("{s:b, s:i, s:s, s:s?, s:s?, s:s?, s:O, s:O, s:O, s:b}", "verified", code == 0, "exit_code", code, "path",
		work->whole ? work->folder : what, "run_id", manifest ? manifest->run_id : NULL, "created_at",
		manifest ? manifest->created_at : NULL, "isolation", manifest ? manifest->isolation : NULL, "tables", work->tables,
		"files_not_listed", work->extra, "proof", work->proof, "restored", work->restored);
	return *report ? 0 : error_memory(error, "the report");
}

int verify_backup(const char *what, const struct verify_options *options, json_t **report, struct error *error)
{
	struct verification work = {.options = options, .tables = json_array(), .extra = json_array()};
	struct stat info;
	int result;

	*report = NULL;
	if (!work.tables || !work.extra)
		result = error_memory(error, "the report");
	else if (stat(what, &info) < 0)
		result = error_errno(error, ERROR_SOURCE, what, errno, "cannot be read");
	else
		result = S_ISDIR(info.st_mode) ? verify_folder(&work, what, error) : verify_file(&work, what, error);
	if (result == 0)
		result = prove(&work, error);
	if (result == 0)
		result = finish(&work, what, report, error);
	manifest_free(work.manifest);
	json_decref(work.tables);
	json_decref(work.extra);
	json_decref(work.proof);
	free(work.folder);
	return result;
}
