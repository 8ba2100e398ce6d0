/* pipelines.c - GET /v1/pipelines: what this service can be asked for.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/http/pipelines.h"

#include "engine/config/params.h"
#include "engine/http/json_put.h"
#include "engine/http/request_load.h"

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

static json_t *pipeline_object(const struct pipeline *pipeline, int64_t next)
{
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
	json_t *object, *list;
	int failed = 0;

	if (!query_only(request, none, answer))
		return 0;
	object = json_object();
	list = json_array();
	for (size_t i = 0; i < service_pipeline_count(service); i++)
		if (may_any(service, request, pipeline_plan(service_pipeline(service, i))->name))
			failed |= json_array_append_new(list, pipeline_object(service_pipeline(service, i), service_next_run(service, i)));
	failed |= json_object_set_new(object, "pipelines", list);
	return answer_json(answer, 200, object, failed, error);
}
