/* backups.c - /v1/pipelines/{pipeline}/backups: lists and proves what a pipeline has backed up.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/http/backups.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/avro/manifest.h"
#include "connectors/avro/runid.h"
#include "connectors/avro/sink.h"
#include "engine/compare/prove.h"
#include "engine/compare/verify.h"
#include "engine/core/clock.h"
#include "engine/core/folder.h"
#include "engine/http/parts.h"
#include "engine/http/request_load.h"
#include "engine/http/runs.h"

enum { BACKUPS_MAX = 1000 /* that are listed */, MANIFESTS_MS = 700 /* for reading what they hold */, RETRY_VERIFY_SECONDS = 10, WHY_MAX = 256 };

/* --- where they are --- */

/* The value of an option of a sink; NULL where it has none of that name. */
static const void *option_of(const struct plan_step *step, const char *name)
{
	for (const struct option *option = step->sink->options; option && option->name; option++)
		if (strcmp(option->name, name) == 0)
			return (const char *)step->sink_options + option->offset;
	return NULL;
}

/* FOLDER/RUN_ID/TABLE.avro: the path of the file, and how long FOLDER is; NULL where the step writes no table of a backup. */
static const char *path_of(const struct plan *plan, const struct plan_step *step, size_t *length)
{
	const bool *manifest = step->sink == &avro_sink_ops ? option_of(step, "manifest") : NULL;
	const char *const *path = manifest && *manifest ? option_of(step, "path") : NULL;
	const char *file = path && *path ? strrchr(*path, '/') : NULL;
	size_t id = strlen(plan->run_id);

	if (!file || (size_t)(file - *path) < id || memcmp(file - id, plan->run_id, id) != 0)
		return NULL;
	*length = (size_t)(file - *path) - id;
	if (*length > 0 && (*path)[*length - 1] != '/')
		return NULL;
	while (*length > 1 && (*path)[*length - 1] == '/')
		--*length;
	return *path;
}

/* The folder of the backups; false where the pipeline writes none. */
static bool folder_of_backups(const struct plan *plan, char folder[FOLDER_PATH_MAX])
{
	for (size_t i = 0; i < plan->step_count; i++) {
		size_t length;
		const char *path = path_of(plan, &plan->steps[i], &length);

		if (!path || length >= FOLDER_PATH_MAX)
			continue;
		snprintf(folder, FOLDER_PATH_MAX, "%.*s", length ? (int)length : 1, length ? path : ".");
		return true;
	}
	return false;
}

bool backups_of(const struct plan *plan)
{
	char folder[FOLDER_PATH_MAX];

	return folder_of_backups(plan, folder);
}

/* The folder of the pipeline that the path names; false where the answer says that there is none. */
static bool find_folder(const struct service *service, const struct http_request *request, char folder[FOLDER_PATH_MAX],
	struct http_answer *answer)
{
	size_t index = service_find_pipeline(service, request->values[0]);

	if (index == SIZE_MAX)
		answer_problem(answer, 404, "there is no pipeline \"%.64s\" here", request->values[0]);
	else if (folder_of_backups(pipeline_plan(service_pipeline(service, index)), folder))
		return true;
	else
		answer_problem(answer, 404, "pipeline \"%.64s\" writes no backups", request->values[0]);
	return false;
}

/* --- which there are --- */

struct found {
	char ids[BACKUPS_MAX][RUN_ID_SIZE]; /* newest first */
	size_t count;
	bool more;
};

/* Keeps the newest; run ids are in the order of their time. */
static void keep_newest(struct found *found, const char *id)
{
	size_t at = found->count;

	while (at > 0 && strcmp(found->ids[at - 1], id) < 0)
		at--;
	found->more = found->more || found->count == BACKUPS_MAX;
	if (at == BACKUPS_MAX)
		return;
	if (found->count < BACKUPS_MAX)
		found->count++;
	memmove(found->ids[at + 1], found->ids[at], (found->count - 1 - at) * RUN_ID_SIZE);
	memcpy(found->ids[at], id, RUN_ID_SIZE);
}

static int look_for(const char *folder, struct found *found, struct error *error)
{
	DIR *open = opendir(folder);
	const struct dirent *entry;

	if (!open && errno == ENOENT)
		return 0;
	if (!open)
		return error_errno(error, ERROR_SOURCE, folder, errno, "cannot be read");
	while ((entry = readdir(open)))
		if (runid_read(entry->d_name, NULL))
			keep_newest(found, entry->d_name);
	closedir(open);
	return 0;
}

/* {"at", "holds"}, or null where it was never restored, or the note of that is none. */
static json_t *proven(const char *folder)
{
	struct error ignored = ERROR_INIT;
	json_t *proof = proof_read(folder, &ignored), *object;

	if (!json_is_object(proof)) {
		json_decref(proof);
		return json_null();
	}
	object = json_object();
	int failed = json_object_set(object, "at", json_object_get(proof, "proven_at"));
	failed |= json_object_set(object, "holds", json_object_get(proof, "holds"));
	json_decref(proof);
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

/* With one whose manifest cannot be read, problem says why; read false: nobody looked, as there are so many. */
static json_t *backup_object(const char *folder, const char *run_id, bool read)
{
	char path[FOLDER_PATH_MAX + RUN_ID_SIZE + 1];
	struct error error = ERROR_INIT;
	struct manifest *manifest = NULL;
	json_t *object = json_object();
	uint64_t rows = 0, rejected = 0, bytes = 0;
	int64_t began = 0;
	int failed = put_string(object, "run_id", run_id);

	snprintf(path, sizeof path, "%s/%s", folder, run_id);
	bool there = manifest_exists(path);
	if (there && read)
		manifest = manifest_read(path, &error);
	for (size_t i = 0; manifest && i < manifest->count; i++) {
		rows += manifest->tables[i].rows;
		rejected += manifest->tables[i].rejected;
		bytes += manifest->tables[i].size;
	}
	if (!manifest && runid_read(run_id, &began))
		failed |= put_time(object, "created_at", began * 1000);
	else
		failed |= put_string(object, "created_at", manifest ? manifest->created_at : NULL);
	failed |= json_object_set_new(object, "tables", manifest ? json_integer((json_int_t)manifest->count) : json_null());
	failed |= json_object_set_new(object, "rows", manifest ? json_integer((json_int_t)rows) : json_null());
	failed |= json_object_set_new(object, "rejected", manifest ? json_integer((json_int_t)rejected) : json_null());
	failed |= json_object_set_new(object, "bytes", manifest ? json_integer((json_int_t)bytes) : json_null());
	failed |= json_object_set_new(object, "complete", json_boolean(there && (manifest || !read)));
	if (there && read && !manifest)
		failed |= put_string(object, "problem", "its manifest cannot be read: verify says more");
	failed |= json_object_set_new(object, "proven", manifest ? proven(path) : json_null());
	manifest_free(manifest);
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

static int get_backups(struct service *service, const struct http_request *request, struct http_answer *answer, struct error *error)
{
	static const char *const none[] = {NULL};
	char folder[FOLDER_PATH_MAX];
	struct found *found;
	json_t *object, *list;
	int64_t since = clock_elapsed_ms();
	int failed;

	if (!query_only(request, none, answer) || !find_folder(service, request, folder, answer))
		return 0;
	found = calloc(1, sizeof *found);
	if (!found)
		return error_memory(error, "a list of backups");
	if (look_for(folder, found, error) < 0) {
		free(found);
		return -1;
	}
	object = json_object();
	list = json_array();
	failed = put_string(object, "folder", folder);
	for (size_t i = 0; i < found->count && !failed; i++)
		failed |= json_array_append_new(list, backup_object(folder, found->ids[i], clock_elapsed_ms() - since < MANIFESTS_MS));
	failed |= json_object_set_new(object, "more", json_boolean(found->more));
	failed |= json_object_set_new(object, "backups", list);
	free(found);
	return answer_json(answer, 200, object, failed, error);
}

/* --- whether one holds --- */

/* {"restore": true|false}: 0, or -1 and the answer says why. */
static int read_body(const struct http_request *request, bool *restore, struct http_answer *answer)
{
	char why[WHY_MAX];
	json_t *root = request->body_length ? json_read(request->body, request->body_length, why, sizeof why) : json_object(), *value;
	int result = -1;

	*restore = false;
	value = json_object_get(root, "restore");
	if (!root)
		answer_problem(answer, 400, "the body is no JSON: %s", why);
	else if (!json_is_object(root) || json_object_size(root) != (value ? 1 : 0) || (value && !json_is_boolean(value)))
		answer_problem(answer, 422, "a backup is verified with an object such as {\"restore\": true}");
	else
		result = 0;
	*restore = json_is_true(value);
	json_decref(root);
	return result;
}

static int verify(struct service *service, const struct http_request *request, const char *path, bool restore, struct http_answer *answer,
	struct error *error)
{
	const struct verify_options options = {.restore = restore, .cancel = request->cancel};
	json_t *report = NULL;
	bool free_one = false;

	if (!atomic_compare_exchange_strong(&service->verifying, &free_one, true)) {
		answer_problem(answer, 503, "another backup is being verified; try again");
		return answer_header(answer, error, "Retry-After", "%d", RETRY_VERIFY_SECONDS);
	}
	int result = verify_backup(path, &options, &report, error);
	atomic_store(&service->verifying, false);
	if (result == 0)
		return answer_json(answer, 200, report, 0, error);
	json_decref(report);
	if (error->kind != ERROR_SOURCE && error->kind != ERROR_BOOKS)
		return answer_trouble(answer, error);
	answer_problem(answer, 422, "%s", error->message);
	error_clear(error);
	return 0;
}

static int post_verify(struct service *service, const struct http_request *request, struct http_answer *answer, struct error *error)
{
	char folder[FOLDER_PATH_MAX], path[FOLDER_PATH_MAX + RUN_ID_SIZE + 1];
	bool restore;

	if (!find_folder(service, request, folder, answer) || read_body(request, &restore, answer) < 0)
		return 0;
	snprintf(path, sizeof path, "%s/%s", folder, runs_is_id(request->values[1]) ? request->values[1] : "");
	if (!runs_is_id(request->values[1]) || !manifest_exists(path)) {
		answer_problem(answer, 404, "there is no complete backup \"%.64s\"", request->values[1]);
		return 0;
	}
	return verify(service, request, path, restore, answer, error);
}

const struct route routes_of_backups[] = {
	{"GET", "/v1/pipelines/{pipeline}/backups", VERB_READ, BODY_NONE, "The backups that a pipeline has written, newest first.", get_backups},
	{"POST", "/v1/pipelines/{pipeline}/backups/{run}/verify", VERB_RUN, BODY_JSON,
		"Holds a backup against its manifest, and restores it into a scratch database where that is asked for.", post_verify},
	{NULL, NULL, VERB_NONE, BODY_NONE, NULL, NULL},
};
