/* reports.c - GET /v1/reports/{pipeline}: the rows of a pipeline whose sink is `response`, as the answer.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A report is read, judged and answered, and leaves nothing behind: no row in the history, no lock, no file of rejects. Rows that its
 * dictionary rejects are never passed over in silence: more of them than its max_rejects is a 500, fewer are counted in a header.
 */
#include <string.h>

#include "engine/core/run.h"
#include "engine/http/json_put.h"
#include "engine/http/request_load.h"

enum {
	REPORT_BYTES_MAX = 64 << 20,  /* of an answer, which is whole in memory: its status is known only at its end */
	REPORT_MEMORY = 16 << 20,     /* what its batches are sized for */
	RETRY_SECONDS = 5,
};

static const char format_name[] = "format";

struct rows {
	struct buffer *body;
	bool too_large;
};

static int write_rows(void *arg, const char *data, size_t length, struct error *error)
{
	struct rows *rows = arg;

	if (length > REPORT_BYTES_MAX - rows->body->length) {
		rows->too_large = true;
		return error_set(error, ERROR_RESOURCE, "report", "is larger than %d MiB", REPORT_BYTES_MAX >> 20);
	}
	return buffer_append(rows->body, data, length, error);
}

static void restart(void *arg)
{
	struct rows *rows = arg;

	buffer_clear(rows->body);
}

/* Whether the same request may be answered later: the database is away, full, locked or shutting down. */
static bool is_passing(const struct error *error)
{
	static const char *const classes[] = {"08", "53", "57", "HYT", "40", "55P03" /* PostgreSQL: lock_timeout */};

	for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
		if (strncmp(error->sqlstate, classes[i], strlen(classes[i])) == 0)
			return true;
	return error->retry || error->kind == ERROR_CANCELLED || error->kind == ERROR_BUSY;
}

static int answer_failure(const struct rows *rows, const struct run_report *report, struct http_answer *answer, struct error *error)
{
	const struct counts *counts = &report->counts;

	if (rows->too_large) {
		answer_problem(answer, 500, "the report is larger than %d MiB", REPORT_BYTES_MAX >> 20);
		return 0;
	}
	if (report->status == RUN_REJECTED) {
		answer_problem(answer, 500, "%llu of %llu rows of the report are rejected by its dictionary: %s", (unsigned long long)counts->rejected,
			(unsigned long long)counts->read, report->error.message);
		return 0;
	}
	if (!is_passing(&report->error)) {
		*error = report->error;
		return -1;
	}
	answer_problem(answer, 503, "the report cannot be made now: its database cannot be had, or the service is stopping");
	return answer_header(answer, error, "Retry-After", "%d", RETRY_SECONDS);
}

static int answer_rows(enum response_format format, const struct run_report *report, struct http_answer *answer, struct error *error)
{
	answer->status = 200;
	answer->content_type = format == RESPONSE_CSV ? "text/csv; charset=utf-8; header=present" : "application/json";
	if (report->counts.rejected == 0)
		return 0;
	return answer_header(answer, error, "Penstock-Rejected", "%llu", (unsigned long long)report->counts.rejected);
}

static int run_report(const struct plan *loaded, enum response_format format, const struct http_request *request, struct http_answer *answer,
	struct error *error)
{
	struct rows rows = {.body = &answer->body};
	const struct response response = {.format = format, .write = write_rows, .restart = restart, .arg = &rows};
	const struct run_options options = {.cancel = request->cancel, .response = &response, .one_try = true};
	struct plan_step step = loaded->steps[0];
	struct plan plan = *loaded;
	struct run_report report;
	int result;

	step.rejects_path = NULL;
	plan.state = NULL;
	plan.steps = &step;
	if (plan.limits.memory > REPORT_MEMORY)
		plan.limits.memory = REPORT_MEMORY;
	buffer_clear(&answer->body);
	run_plan(&plan, &options, &report);
	if (report.exit_code == 0)
		result = answer_rows(format, &report, answer, error);
	else
		result = answer_failure(&rows, &report, answer, error);
	run_report_fini(&report);
	return result;
}

/* 0, or -1 and the answer says why. */
static int read_query(const struct http_request *request, enum response_format *format, struct request_params *params, struct http_answer *answer)
{
	*format = RESPONSE_JSON;
	for (size_t i = 0; i < request->query_count; i++) {
		const struct http_pair *pair = &request->query[i];

		if (strcmp(pair->name, format_name) != 0)
			params->pairs[params->count++] = *pair;
		else if (strcmp(pair->value, "csv") == 0)
			*format = RESPONSE_CSV;
		else if (strcmp(pair->value, "json") != 0) {
			answer_problem(answer, 422, "format is json or csv");
			return -1;
		}
	}
	return 0;
}

_Static_assert((int)HTTP_QUERY_MAX <= (int)REQUEST_PARAMS_MAX, "every query fits");

static bool is_report(const struct plan *plan)
{
	return plan->step_count == 1 && pipeline_kind_of(plan) == PIPELINE_REPORT;
}

static int get_report(struct service *service, const struct http_request *request, struct http_answer *answer, struct error *error)
{
	size_t index = service_find_pipeline(service, request->values[0]);
	struct request_params params = {.count = 0};
	struct pipeline *pipeline = NULL;
	enum response_format format;
	int result;

	if (index == SIZE_MAX || !is_report(pipeline_plan(service_pipeline(service, index)))) {
		answer_problem(answer, 404, "there is no report \"%.64s\" here", request->values[0]);
		return 0;
	}
	if (read_query(request, &format, &params, answer) < 0)
		return 0;
	result = request_load(service, index, &params, &pipeline, answer, error);
	if (result <= 0)
		return result;
	if (is_report(pipeline_plan(pipeline)))
		result = run_report(pipeline_plan(pipeline), format, request, answer, error);
	else
		result = error_set(error, ERROR_CONFIG, pipeline_plan(pipeline)->file, "is no report any more");
	pipeline_free(pipeline);
	return result;
}

const struct route routes_of_reports[] = {
	{"GET", "/v1/reports/{pipeline}", VERB_REPORT, BODY_NONE, "The rows of a report as JSON, or as CSV (format=csv); its params are query parameters.",
		get_report},
	{NULL, NULL, VERB_NONE, BODY_NONE, NULL, NULL},
};
