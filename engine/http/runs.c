/* runs.c - /v1/runs and /v1/pipelines: starts pipelines, follows, lists and cancels their runs.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/http/json_put.h"
#include "engine/http/pipelines.h"
#include "engine/http/replay.h"
#include "engine/http/request_load.h"
#include "engine/http/run_history.h"
#include "engine/http/run_manager.h"
#include "engine/http/runs.h"
#include "engine/http/server.h"
#include "engine/http/uploads.h"

enum { LIST_DEFAULT = 50, WHY_SIZE = 256, NUMBER_TEXT = 32 };

struct runs_room {
	struct run_manager *manager;
};

int runs_room_open(struct service *service, struct runs_room **out, struct error *error)
{
	const struct service_limits *limits = service_limits(service);
	struct runs_room *room = calloc(1, sizeof *room);

	*out = NULL;
	if (!room)
		return error_memory(error, "the runs of the service");
	room->manager = run_manager_new((size_t)limits->runs, (size_t)limits->run_queue, service_metrics(service), error);
	if (!room->manager) {
		free(room);
		return -1;
	}
	*out = room;
	return 0;
}

void runs_room_close(struct runs_room *room)
{
	if (!room)
		return;
	run_manager_free(room->manager);
	free(room);
}

struct run_manager *runs_manager(const struct service *service)
{
	return service_runs(service)->manager;
}

/* --- for the schedule --- */

int runs_room_start(struct service *service, size_t pipeline, struct error *error)
{
	struct diagnostics diagnostics;
	struct pipeline *loaded;
	int result;

	diagnostics_init(&diagnostics);
	loaded = pipeline_load(pipeline_plan(service_pipeline(service, pipeline))->file, NULL, &diagnostics);
	if (!loaded)
		diagnostics_error_of(&diagnostics, error);
	diagnostics_fini(&diagnostics);
	if (!loaded || request_same_name(pipeline_plan(loaded), pipeline_plan(service_pipeline(service, pipeline)), error) < 0) {
		pipeline_free(loaded);
		return -1;
	}
	result = run_manager_start(runs_manager(service), loaded, NULL, &service_file(service)->lineage, error);
	if (result > 0)
		return 0;
	pipeline_free(loaded);
	return result < 0 ? -1 : error_set(error, ERROR_RESOURCE, NULL, "as many runs wait as may (limits.run_queue)");
}

bool runs_room_busy(const struct service *service, size_t pipeline)
{
	return run_manager_busy(runs_manager(service), pipeline_plan(service_pipeline(service, pipeline))->name);
}

void runs_room_counts(const struct service *service, size_t *running, size_t *queued)
{
	run_manager_counts(runs_manager(service), running, queued);
}

/* --- POST /v1/pipelines/{name}/runs --- */

/* The text of a value in JSON; NULL where it can be none. The digits of a number that is no integer would not be those that were sent. */
static const char *value_text(const json_t *value, char number[NUMBER_TEXT])
{
	if (json_is_string(value))
		return strlen(json_string_value(value)) == json_string_length(value) ? json_string_value(value) : NULL;
	if (json_is_boolean(value))
		return json_is_true(value) ? "true" : "false";
	if (!json_is_integer(value))
		return NULL;
	snprintf(number, NUMBER_TEXT, "%lld", (long long)json_integer_value(value));
	return number;
}

/* {"params": {...}}: 0, or -1 and the answer says why. numbers has room for all of params. */
static int read_params(json_t *root, struct request_params *params, char numbers[][NUMBER_TEXT], struct http_answer *answer)
{
	json_t *map = json_object_get(root, "params"), *value;
	const char *name;

	json_object_foreach(root, name, value)
		if (strcmp(name, "params") != 0) {
			answer_problem(answer, 422, "unknown member \"%.64s\"; a run is asked for with {\"params\": {...}}", name);
			return -1;
		}
	if (!json_is_object(root) || (map && !json_is_object(map))) {
		answer_problem(answer, 422, "a run is asked for with an object such as {\"params\": {\"year\": 2021}}");
		return -1;
	}
	json_object_foreach(map, name, value) {
		struct http_pair *pair = &params->pairs[params->count];

		if (params->count == REQUEST_PARAMS_MAX) {
			answer_problem(answer, 422, "a request sets at most %d params", REQUEST_PARAMS_MAX);
			return -1;
		}
		*pair = (struct http_pair){name, value_text(value, numbers[params->count])};
		params->count++;
		if (!pair->value) {
			answer_problem(answer, 422, "the value of param \"%.64s\" is a text, an integer, true or false", name);
			return -1;
		}
	}
	return 0;
}

static int started(const struct service *service, const char *run_id, struct http_answer *answer, struct error *error)
{
	json_t *object = run_manager_find(runs_manager(service), run_id);

	if (answer_json(answer, 202, object, 0, error) < 0)
		return -1;
	return answer_header(answer, error, "Location", "/v1/runs/%s", run_id);
}

int runs_start(const struct service *service, struct pipeline *pipeline, struct replay *replay, struct http_answer *answer, struct error *error)
{
	char run_id[RUN_ID_SIZE];
	int result;

	snprintf(run_id, sizeof run_id, "%s", pipeline_plan(pipeline)->run_id);
	result = run_manager_start(runs_manager(service), pipeline, replay, &service_file(service)->lineage, error);
	if (result > 0)
		return started(service, run_id, answer, error);
	replay_free(replay);
	pipeline_free(pipeline);
	if (result < 0)
		return -1;
	answer_problem(answer, 503, "as many runs wait as may; try again when one has finished");
	return answer_header(answer, error, "Retry-After", "%d", RETRY_SECONDS);
}

/* True where that pipeline can be run by this request; else the answer says why not. */
static bool may_start(const struct plan *plan, const struct http_request *request, struct http_answer *answer)
{
	switch (pipeline_kind_of(plan)) {
	case PIPELINE_REPORT:
		answer_problem(answer, 422, "this pipeline gives its rows to whoever asks: GET /v1/reports/%s", plan->name);
		return false;
	case PIPELINE_INGEST:
		answer_problem(answer, 422, "this pipeline takes its rows from requests: POST /v1/ingest/%s", plan->name);
		return false;
	case PIPELINE_RUN:
		break;
	}
	for (size_t i = 0; i < plan->step_count; i++)
		if (plan->steps[i].prints) {
			answer_problem(answer, 422, "step \"%s\" writes its rows to standard output, which a service has not", plan->steps[i].name);
			return false;
		}
	if (!pipeline_replaces(plan) || request->key_name)
		return true;
	answer_problem(answer, 401, "this pipeline replaces the rows of tables, so it needs an API key even where other requests do not");
	return false;
}

int runs_unauthorized(struct http_answer *answer, struct error *error)
{
	return answer->status == 401 ? answer_header(answer, error, "WWW-Authenticate", "Bearer realm=\"penstock\"") : 0;
}

static int post_run(struct service *service, const struct http_request *request, struct http_answer *answer, struct error *error)
{
	size_t index = service_find_pipeline(service, request->values[0]);
	char why[WHY_SIZE], numbers[REQUEST_PARAMS_MAX][NUMBER_TEXT];
	struct request_params params = {.count = 0};
	struct pipeline *pipeline = NULL;
	json_t *root;
	int result = 0;

	if (index == SIZE_MAX) {
		answer_problem(answer, 404, "there is no pipeline \"%.64s\" here", request->values[0]);
		return 0;
	}
	if (!may_start(pipeline_plan(service_pipeline(service, index)), request, answer))
		return runs_unauthorized(answer, error);
	root = request->body_length ? json_read(request->body, request->body_length, why, sizeof why) : json_object();
	if (!root && !request->body_length)
		return error_memory(error, "a request");
	if (!root) {
		answer_problem(answer, 400, "the body is no JSON: %s", why);
		return 0;
	}
	if (read_params(root, &params, numbers, answer) == 0)
		result = request_load(service, index, &params, &pipeline, answer, error);
	json_decref(root);
	/* The file may be another one than at the start of the service. */
	if (result > 0 && !may_start(pipeline_plan(pipeline), request, answer)) {
		pipeline_free(pipeline);
		return runs_unauthorized(answer, error);
	}
	return result > 0 ? runs_start(service, pipeline, NULL, answer, error) : result;
}

/* --- GET /v1/runs/{id} and what is below it --- */

bool runs_is_id(const char *text)
{
	size_t i;

	for (i = 0; i < RUN_ID_SIZE - 1; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23 ? text[i] != '-' : !isxdigit((unsigned char)text[i]) || isupper((unsigned char)text[i]))
			return false;
	return text[i] == '\0';
}

int runs_take(const struct service *service, const struct http_request *request, enum verb verb, json_t **out, bool *here,
	struct http_answer *answer, struct error *error)
{
	const char *run_id = request->values[0];
	int found = 0;

	*out = runs_is_id(run_id) ? run_manager_find(runs_manager(service), run_id) : NULL;
	*here = *out != NULL;
	if (!*here && runs_is_id(run_id))
		found = run_history_find(service, run_id, request->cancel, out, error);
	if (found < 0)
		return answer_trouble(answer, error);
	if (!*out) {
		answer_problem(answer, 404, "there is no run \"%.64s\"", run_id);
		return 0;
	}
	const char *pipeline = json_string_value(json_object_get(*out, "pipeline"));
	if (service_may(service, request, verb, pipeline ? pipeline : ""))
		return 1;
	json_decref(*out);
	*out = NULL;
	if (request->key_name)
		answer_problem(answer, 403, "this key may not do that to a run of this pipeline");
	else
		answer_problem(answer, 401, "this pipeline replaces the rows of tables, so its runs need an API key even where others do not");
	return runs_unauthorized(answer, error);
}

static int get_run(struct service *service, const struct http_request *request, struct http_answer *answer, struct error *error)
{
	json_t *run;
	bool here;
	int result = runs_take(service, request, VERB_READ, &run, &here, answer, error);

	return result > 0 ? answer_json(answer, 200, run, 0, error) : result;
}

static int cancel_run(struct service *service, const struct http_request *request, struct http_answer *answer, struct error *error)
{
	json_t *run;
	bool here;
	int result = runs_take(service, request, VERB_CANCEL, &run, &here, answer, error);

	if (result <= 0)
		return result;
	json_decref(run);
	switch (here ? run_manager_cancel(runs_manager(service), request->values[0]) : CANCEL_UNKNOWN) {
	case CANCEL_TOLD:
		run = run_manager_find(runs_manager(service), request->values[0]);
		if (answer_json(answer, 202, run, 0, error) < 0)
			return -1;
		return answer_header(answer, error, "Location", "/v1/runs/%s", request->values[0]);
	case CANCEL_TOO_LATE:
		answer_problem(answer, 409, "this run has finished");
		return 0;
	case CANCEL_UNKNOWN:
		break;
	}
	answer_problem(answer, 409, "this run does not go on here");
	return 0;
}

/* --- GET /v1/runs --- */

/* What a list shows of a run; the whole is given out for one. */
static json_t *entry_of(const json_t *run)
{
	static const char *const members[] = {"run_id", "kind", "pipeline", "status", "started_at", "finished_at", "read", "written", "rejected",
		"skipped", "exit_code", "duration_s"};
	json_t *entry = json_object();
	int failed = entry ? 0 : -1;

	for (size_t i = 0; i < sizeof members / sizeof members[0] && !failed; i++)
		if (json_object_get(run, members[i]))
			failed |= json_object_set(entry, members[i], json_object_get(run, members[i]));
	if (json_object_get(run, "queued"))
		failed |= json_object_set_new(entry, "queued", json_true());
	if (!failed)
		return entry;
	json_decref(entry);
	return NULL;
}

static const char *id_of(const json_t *run)
{
	return json_string_value(json_object_get(run, "run_id"));
}

/* Ids of version 7 are in the order of their time. */
static int newest_first(const void *one, const void *other)
{
	return strcmp(id_of(*(json_t *const *)other), id_of(*(json_t *const *)one));
}

/* The newest of all into list, each once: of two, the one that was known here, which comes first. */
static int merge(json_t *all, uint64_t limit, json_t *list)
{
	size_t count = json_array_size(all);
	json_t **sorted = calloc(count + 1, sizeof *sorted);
	int failed = sorted ? 0 : -1;

	for (size_t i = 0; i < count && sorted; i++)
		sorted[i] = json_array_get(all, i);
	if (sorted)
		qsort(sorted, count, sizeof *sorted, newest_first);
	for (size_t i = 0; i < count && !failed && json_array_size(list) < limit; i++)
		if (i == 0 || strcmp(id_of(sorted[i]), id_of(sorted[i - 1])) != 0)
			failed |= json_array_append_new(list, entry_of(sorted[i]));
	free(sorted);
	return failed;
}

/* Of the runs that are known here, those that may be seen; their figures are the newer ones. */
static int those_here(const struct service *service, const struct http_request *request, const char *pipeline, const char *before,
	json_t *all)
{
	int failed = run_manager_list(runs_manager(service), all);

	for (size_t i = json_array_size(all); i-- > 0;) {
		const char *of = json_string_value(json_object_get(json_array_get(all, i), "pipeline"));

		if (!of || (pipeline && strcmp(of, pipeline) != 0) || !service_may(service, request, VERB_READ, of) ||
			(before && strcmp(id_of(json_array_get(all, i)), before) >= 0))
			failed |= json_array_remove(all, i);
	}
	return failed;
}

/* What the history has of runs that are known here as well is left out. */
static int drop_known(json_t *all, size_t here)
{
	int failed = 0;

	for (size_t i = json_array_size(all); i-- > here;)
		for (size_t j = 0; j < here; j++)
			if (strcmp(id_of(json_array_get(all, i)), id_of(json_array_get(all, j))) == 0) {
				failed |= json_array_remove(all, i);
				break;
			}
	return failed;
}

static int get_runs(struct service *service, const struct http_request *request, struct http_answer *answer, struct error *error)
{
	static const char *const names[] = {"limit", "pipeline", "before", NULL};
	const char *pipeline = query_find(request, "pipeline"), *before = query_find(request, "before");
	json_t *all, *list, *object;
	uint64_t limit;

	if (!query_only(request, names, answer) || query_number(request, "limit", 1, RUNS_LIST_MAX, LIST_DEFAULT, &limit, answer) < 0)
		return 0;
	if (before && !runs_is_id(before)) {
		answer_problem(answer, 422, "before is the run_id of a run: those that are older are listed");
		return 0;
	}
	all = json_array();
	int failed = all ? those_here(service, request, pipeline, before, all) : -1;
	size_t here = json_array_size(all);
	if (!failed && run_history_list(service, request, pipeline, before, limit + here, all, error) < 0) {
		json_decref(all);
		return answer_trouble(answer, error);
	}
	list = json_array();
	object = json_object();
	if (!failed && list)
		failed = drop_known(all, here) || merge(all, limit, list);
	json_decref(all);
	failed |= json_object_set_new(object, "runs", list);
	return answer_json(answer, 200, object, failed, error);
}

const struct route routes_of_runs[] = {
	{"GET", "/v1/pipelines", VERB_ANY, BODY_NONE, "The pipelines of this service that the key may use, and the params that a request may set.",
		pipelines_get},
	{"POST", "/v1/pipelines/{pipeline}/runs", VERB_RUN, BODY_JSON, "Starts a pipeline.", post_run},
	{"PUT", "/v1/pipelines/{pipeline}/files/{param}", VERB_UPLOAD, BODY_UPLOAD, "Replaces the file that a param of a pipeline names.", uploads_put},
	{"GET", "/v1/runs", VERB_ANY, BODY_NONE, "Runs, newest first.", get_runs},
	{"GET", "/v1/runs/{run}", VERB_ANY, BODY_NONE, "One run: its summary, or its figures while it goes on.", get_run},
	{"GET", "/v1/runs/{run}/rejects", VERB_ANY, BODY_NONE, "The records that a run rejected, and why.", run_rejects_get},
	{"GET", "/v1/runs/{run}/rejects/summary", VERB_ANY, BODY_NONE, "How many records of a run broke which rule.", run_rejects_summary_get},
	{"GET", "/v1/runs/{run}/rejects/export", VERB_ANY, BODY_NONE, "The rejects of a run that are to be mended, in the columns of their table.", run_rejects_export_get},
	{"POST", "/v1/runs/{run}/cancel", VERB_ANY, BODY_NONE, "Cancels a run; what it has open is rolled back.", cancel_run},
	{NULL, NULL, VERB_NONE, BODY_NONE, NULL, NULL},
};
