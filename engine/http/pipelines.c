/* pipelines.c - GET /v1/pipelines: what this service can be asked for.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/http/pipelines.h"

#include <string.h>

#include "engine/config/params.h"
#include "engine/http/backups.h"
#include "engine/http/request_load.h"
#include "engine/http/run_history.h"
#include "engine/http/runs.h"

enum { LAST_WAIT_MS = 300 };

static json_t *values_of(const struct option_list *values)
{
	json_t *list = json_array();
	int failed = 0;

	for (size_t i = 0; i < values->count; i++)
		failed |= json_array_append_new(list, json_string(values->items[i]));
	if (!failed)
		return list;
	json_decref(list);
	return NULL;
}

/* A default that came from the environment or a file is not for everyone to see. */
static json_t *param_object(const struct param *param)
{
	json_t *object = json_object();
	int failed = put_string(object, "name", param->name);

	failed |= put_string(object, "description", param->description);
	failed |= put_string(object, "type", value_type_name(param->type));
	failed |= put_string(object, "default", param->request && !param->secret ? param->value : NULL);
	if (param->values.count > 0)
		failed |= json_object_set_new(object, "enum", values_of(&param->values));
	if (param->pattern)
		failed |= put_string(object, "pattern", param->pattern);
	failed |= json_object_set_new(object, "request", json_boolean(param->request));
	failed |= json_object_set_new(object, "upload", json_boolean(param->upload));
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

/* next: in seconds since 1970. */
static json_t *schedule_object(const struct plan_schedule *schedule, int64_t next)
{
	json_t *object = json_object();
	int failed = put_string(object, "cron", schedule->cron);

	failed |= put_string(object, "timezone", schedule->timezone);
	failed |= put_time(object, "next_run_at", next * 1000000);
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *tables_of(const struct plan *plan)
{
	json_t *list = json_array();
	int failed = list ? 0 : -1;

	for (size_t i = 0; i < plan->step_count && !failed; i++) {
		bool there = false;

		for (size_t k = 0; k < i && !there; k++)
			there = strcmp(plan->steps[k].table, plan->steps[i].table) == 0;
		if (!there)
			failed |= json_array_append_new(list, json_string(plan->steps[i].table));
	}
	if (!failed)
		return list;
	json_decref(list);
	return NULL;
}

static json_t *verbs_of(const struct service *service, const struct http_request *request, const char *name)
{
	json_t *list = json_array();
	int failed = list ? 0 : -1;

	for (int verb = VERB_INGEST; verb <= VERB_CANCEL && !failed; verb++)
		if (service_may(service, request, (enum verb)verb, name))
			failed |= json_array_append_new(list, json_string(serve_verbs[verb - VERB_INGEST]));
	if (!failed)
		return list;
	json_decref(list);
	return NULL;
}

/* --- the last run of each --- */

/* Of each pipeline the newest run that was ever seen: what a database tells that can be had, and what this service knows by itself. */
struct last_runs {
	json_t *of;    /* by name */
	const struct service *service;
	size_t wanted; /* pipelines that run */
	bool failed;
};

/* newer: what is known of the same run already is older. */
static void last_see(struct last_runs *last, json_t *run, bool newer)
{
	static const char *const members[] = {"run_id", "kind", "status", "started_at", "finished_at", "duration_s", "read", "written", "rejected",
		"skipped", "exit_code", "queued"};
	const char *name = json_string_value(json_object_get(run, "pipeline")), *id = json_string_value(json_object_get(run, "run_id"));
	json_t *before = name ? json_object_get(last->of, name) : NULL, *entry;

	if (!name || !id || service_find_pipeline(last->service, name) == SIZE_MAX ||
		(before && strcmp(json_string_value(json_object_get(before, "run_id")), id) >= newer))
		return;
	entry = json_object();
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
		if (json_object_get(run, members[i]))
			last->failed = json_object_set(entry, members[i], json_object_get(run, members[i])) != 0 || last->failed;
	last->failed = json_object_set_new(last->of, name, entry) != 0 || last->failed;
}

static int last_each(void *arg, json_t *run)
{
	struct last_runs *last = arg;

	last_see(last, run, false);
	return last->failed || json_object_size(last->of) >= last->wanted;
}

/* A database that is busy with a load says nothing, and nobody waits for it: then what is known here has to do. */
static void last_find(const struct service *service, const struct http_request *request, struct last_runs *last)
{
	struct error ignored = ERROR_INIT;
	json_t *here = json_array(), *run;
	size_t index;

	last->service = service;
	last->of = json_object();
	for (size_t i = 0; i < service_pipeline_count(service); i++)
		last->wanted += pipeline_kind_of(pipeline_plan(service_pipeline(service, i))) == PIPELINE_RUN;
	last->failed = !last->of || !here || run_manager_list(runs_manager(service), here) != 0;
	if (!last->failed && last->wanted > 0 && run_history_newest(service, LAST_WAIT_MS, request->cancel, last_each, last, &ignored) < 0)
		error_clear(&ignored);
	json_array_foreach(here, index, run)
		last_see(last, run, true);
	json_decref(here);
}

static json_t *pipeline_object(const struct service *service, const struct http_request *request, size_t index, const struct last_runs *last)
{
	const struct pipeline *pipeline = service_pipeline(service, index);
	int64_t next = service_next_run(service, index);
	static const char *const kinds[] = {[PIPELINE_RUN] = "run", [PIPELINE_REPORT] = "report", [PIPELINE_INGEST] = "ingest"};
	const struct plan *plan = pipeline_plan(pipeline);
	const struct params *params = pipeline_params(pipeline);
	json_t *object = json_object(), *list = json_array();
	int failed = put_string(object, "name", plan->name);

	failed |= put_string(object, "description", plan->description);
	failed |= put_string(object, "kind", kinds[pipeline_kind_of(plan)]);
	for (size_t i = 0; i < params->count; i++)
		if (params->items[i].request || params->items[i].upload)
			failed |= json_array_append_new(list, param_object(&params->items[i]));
	failed |= json_object_set_new(object, "params", list);
	failed |= json_object_set_new(object, "schedule", plan->schedule.cron ? schedule_object(&plan->schedule, next) : json_null());
	failed |= json_object_set_new(object, "may", verbs_of(service, request, plan->name));
	failed |= json_object_set_new(object, "tables", tables_of(plan));
	failed |= json_object_set_new(object, "backups", json_boolean(backups_of(plan)));
	failed |= json_object_set_new(object, "replaces", json_boolean(pipeline_replaces(plan)));
	json_t *run = service_may(service, request, VERB_READ, plan->name) ? json_object_get(last->of, plan->name) : NULL;
	failed |= json_object_set_new(object, "last_run", run ? json_incref(run) : json_null());
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

static bool may_any(const struct service *service, const struct http_request *request, const char *name)
{
	for (int verb = VERB_INGEST; verb <= VERB_CANCEL; verb++)
		if (service_may(service, request, (enum verb)verb, name))
			return true;
	return false;
}

int pipelines_get(struct service *service, const struct http_request *request, struct http_answer *answer, struct error *error)
{
	static const char *const none[] = {NULL};
	struct last_runs last = {.failed = false};
	json_t *object, *list;
	int failed;

	if (!query_only(request, none, answer))
		return 0;
	last_find(service, request, &last);
	failed = last.failed;
	object = json_object();
	list = json_array();
	for (size_t i = 0; i < service_pipeline_count(service); i++)
		if (may_any(service, request, pipeline_plan(service_pipeline(service, i))->name))
			failed |= json_array_append_new(list, pipeline_object(service, request, i, &last));
	json_decref(last.of);
	failed |= json_object_set_new(object, "pipelines", list);
	return answer_json(answer, 200, object, failed, error);
}
