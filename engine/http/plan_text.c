/* plan_text.c - /v1/pipelines/{pipeline}/plan: what a run would do, in the words of penstock plan.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/http/child.h"
#include "engine/http/request_load.h"
#include "engine/http/runs.h"

enum { PLAN_MS = 60000, PLAN_MAX = 16 << 20, SAID_MAX = 8192 };

/* malloc'd; NULL out of memory. */
static char *set_of(const struct http_pair *pair)
{
	char *text = NULL;

	return asprintf(&text, "--set=%s=%s", pair->name, pair->value) < 0 ? NULL : text;
}

/* A member of the answer; NULL: null. */
static int put_shown(json_t *object, const char *key, const struct plan *plan, const struct buffer *text, struct error *error)
{
	struct buffer shown;
	int failed = 0;

	if (!text)
		return put_string(object, key, NULL);
	buffer_init(&shown, PLAN_MAX);
	failed |= append_without_folder(plan, buffer_text(text), text->length, &shown, error);
	failed |= failed ? 0 : put_text(object, key, buffer_text(&shown), shown.length);
	buffer_fini(&shown);
	return failed;
}

static int answer_plan(const struct plan *plan, const struct child_end *end, const struct buffer *text, const struct buffer *said, struct http_answer *answer,
	struct error *error)
{
	json_t *object;
	int failed;

	if (end->too_much || end->too_long) {
		answer_problem(answer, 503, end->too_much ? "the plan is too long to be shown" : "the plan took too long; try again");
		return answer_header(answer, error, "Retry-After", "%d", RETRY_SECONDS);
	}
	if (end->code < 0)
		return error_set(error, ERROR_RESOURCE, NULL, "the process that makes the plan died");
	object = json_object();
	failed = put_shown(object, "text", plan, text, error);
	failed |= put_number(object, "exit_code", (uint64_t)end->code);
	failed |= put_shown(object, "problem", plan, end->code ? said : NULL, error);
	return answer_json(answer, 200, object, failed, error);
}

static int make_plan(const struct plan *plan, const struct http_request *request, struct http_answer *answer, struct error *error)
{
	const char *arguments[HTTP_QUERY_MAX + 3] = {"plan", plan->file};
	char *sets[HTTP_QUERY_MAX] = {NULL};
	struct buffer text, said;
	struct child_end end;
	int result = 0;

	for (size_t i = 0; i < request->query_count && result == 0; i++) {
		arguments[i + 2] = sets[i] = set_of(&request->query[i]);
		if (!sets[i])
			result = error_memory(error, "the params of a request");
	}
	buffer_init(&text, PLAN_MAX);
	buffer_init(&said, SAID_MAX);
	if (result == 0)
		result = child_run(arguments, PLAN_MS, request->cancel, &text, &said, &end, error);
	if (result == 0)
		result = answer_plan(plan, &end, &text, &said, answer, error);
	buffer_fini(&text);
	buffer_fini(&said);
	for (size_t i = 0; i < request->query_count; i++)
		free(sets[i]);
	return result;
}

static int get_plan(struct service *service, const struct http_request *request, struct http_answer *answer, struct error *error)
{
	size_t index = service_find_pipeline(service, request->values[0]);
	struct request_params params = {.count = request->query_count};
	struct pipeline *pipeline = NULL;
	int result;

	if (index == SIZE_MAX) {
		answer_problem(answer, 404, "there is no pipeline \"%.64s\" here", request->values[0]);
		return 0;
	}
	for (size_t i = 0; i < request->query_count; i++)
		params.pairs[i] = request->query[i];
	/* What a request may not set, or not to that, is refused here. */
	result = request_load(service, index, &params, &pipeline, answer, error);
	if (result <= 0)
		return result;
	result = make_plan(pipeline_plan(pipeline), request, answer, error);
	pipeline_free(pipeline);
	return result;
}

const struct route routes_of_plan[] = {
	{"GET", "/v1/pipelines/{pipeline}/plan", VERB_READ, BODY_NONE, "What a run with these params would do; nothing is written.", get_plan},
	{NULL, NULL, VERB_NONE, BODY_NONE, NULL, NULL},
};
