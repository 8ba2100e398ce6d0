/* run_history.c - runs and rejects of the past, in JSON.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/http/run_history.h"

#include <string.h>

#include "connectors/odbc/history.h"
#include "engine/core/clock.h"
#include "connectors/odbc/history_json.h"
#include "engine/http/json_put.h"

enum { NEWEST_LOOKED_AT_MAX = 100, LOOKED_THROUGH = 100000, LOOK_MS = 500 };

/* --- the databases that hold state --- */

/* What a look at one database found: goes on at 0, stops at 1, -1 and error. */
typedef int look(struct history *history, void *arg, struct error *error);

static bool same_state(const struct plan_connection *a, const struct plan_connection *b)
{
	const char *of_a = a->state_schema ? a->state_schema : "", *of_b = b->state_schema ? b->state_schema : "";

	return strcmp(a->connect, b->connect) == 0 && strcmp(of_a, of_b) == 0;
}

static const struct plan_connection *state_of(const struct service *service, size_t index)
{
	return pipeline_plan(service_pipeline(service, index))->state;
}

static bool looked_at(const struct service *service, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (state_of(service, i) && same_state(state_of(service, i), state_of(service, index)))
			return true;
	return false;
}

static int look_at_within(const struct plan_connection *state, int64_t wait_ms, struct cancel *cancel, look *each, void *arg, struct error *error)
{
	const struct store_target target = {
		.name = state->name,
		.connect = state->connect,
		.state_schema = state->state_schema,
		.lock_timeout_ms = state->lock_timeout_ms < wait_ms ? state->lock_timeout_ms : wait_ms,
		.read_only = true,
		.cancel = cancel,
	};
	struct history *history = NULL;

	if (history_open(&target, &history, error) < 0)
		return -1;
	int result = each(history, arg, error);
	history_close(history);
	return result;
}

static int look_at(const struct plan_connection *state, struct cancel *cancel, look *each, void *arg, struct error *error)
{
	return look_at_within(state, INT64_MAX, cancel, each, arg, error);
}

/* Returns what stopped it: 1, 0 where all were looked at, -1 and error. */
static int look_at_all(const struct service *service, struct cancel *cancel, look *each, void *arg, struct error *error)
{
	int result = 0;

	for (size_t i = 0; i < service_pipeline_count(service) && result == 0; i++)
		if (state_of(service, i) && !looked_at(service, i))
			result = look_at(state_of(service, i), cancel, each, arg, error);
	return result;
}

/* --- runs --- */

static json_t *columns_of(const struct history_run *run)
{
	json_t *object = json_object();
	int failed = put_string(object, "run_id", run->run_id);

	failed |= put_string(object, "kind", run->kind);
	failed |= put_string(object, "pipeline", run->pipeline);
	failed |= put_string(object, "status", run->status);
	failed |= put_time(object, "started_at", run->started_at);
	failed |= put_time(object, "finished_at", run->finished_at);
	failed |= put_number(object, "read", run->read);
	failed |= put_number(object, "written", run->written);
	failed |= put_number(object, "rejected", run->rejected);
	failed |= put_number(object, "skipped", run->skipped);
	if (run->finished_at >= run->started_at)
		failed |= json_object_set_new(object, "duration_s", json_real((double)(run->finished_at - run->started_at) / 1e6));
	failed |= json_object_set_new(object, "exit_code", run->has_exit_code ? json_integer(run->exit_code) : json_null());
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

/* The columns say how it ended (another process may have marked it interrupted since), the summary what it did. */
static json_t *whole_of(const struct history_run *run)
{
	json_t *columns = columns_of(run);
	json_t *summary = run->summary[0] ? json_read(run->summary, strlen(run->summary), NULL, 0) : NULL;

	if (!json_is_object(summary) || !columns) {
		json_decref(summary);
		return columns;
	}
	if (json_object_get(summary, "duration_s"))
		json_object_del(columns, "duration_s"); /* the clock of the wall may have been set meanwhile */
	int failed = json_object_update(summary, columns);
	json_object_del(summary, "file"); /* where a pipeline lies on this machine is nobody's business elsewhere */
	json_decref(columns);
	if (!failed)
		return summary;
	json_decref(summary);
	return NULL;
}

struct finding {
	const char *run_id;
	json_t *found;
	bool failed;
};

static int find_each(void *arg, const struct history_run *run)
{
	struct finding *finding = arg;

	finding->found = whole_of(run);
	finding->failed = !finding->found;
	return 1;
}

static int find_in(struct history *history, void *arg, struct error *error)
{
	struct finding *finding = arg;
	bool found;

	if (history_run(history, finding->run_id, find_each, finding, &found, error) < 0)
		return -1;
	return finding->failed ? error_memory(error, "a run") : found;
}

int run_history_find(const struct service *service, const char *run_id, struct cancel *cancel, json_t **out, struct error *error)
{
	struct finding finding = {.run_id = run_id};
	int result = look_at_all(service, cancel, find_in, &finding, error);

	*out = finding.found;
	return result;
}

struct listing {
	const struct service *service;
	const struct http_request *request;
	struct history_run_filter filter;
	uint64_t limit, shown, looked_at;
	json_t *list;
	bool failed;
};

static int list_each(void *arg, const struct history_run *run)
{
	struct listing *listing = arg;

	if (!service_may(listing->service, listing->request, VERB_READ, run->pipeline))
		return ++listing->looked_at >= RUNS_LOOKED_AT_MAX;
	listing->failed = json_array_append_new(listing->list, columns_of(run)) != 0;
	return listing->failed || ++listing->shown >= listing->limit;
}

static int list_in(struct history *history, void *arg, struct error *error)
{
	struct listing *listing = arg;

	listing->shown = listing->looked_at = 0;
	if (history_runs(history, &listing->filter, list_each, listing, error) < 0)
		return -1;
	return listing->failed ? error_memory(error, "a list of runs") : 0;
}

int run_history_list(const struct service *service, const struct http_request *request, const char *pipeline, const char *before, uint64_t limit,
	json_t *list, struct error *error)
{
	struct listing listing = {.service = service, .request = request, .filter = {.pipeline = pipeline, .before = before}, .limit = limit, .list = list};

	return look_at_all(service, request->cancel, list_in, &listing, error);
}

struct newest {
	run_history_see *each;
	void *arg;
	bool failed;
};

static int newest_each(void *arg, const struct history_run *run)
{
	struct newest *newest = arg;
	json_t *object = columns_of(run);

	newest->failed = !object;
	int stop = newest->failed || newest->each(newest->arg, object);
	json_decref(object);
	return stop;
}

static int newest_in(struct history *history, void *arg, struct error *error)
{
	const struct history_run_filter filter = {.limit = RUNS_OVERLOOKED};
	struct newest *newest = arg;

	if (history_runs(history, &filter, newest_each, newest, error) < 0)
		return -1;
	return newest->failed ? error_memory(error, "the newest runs") : 0;
}

int run_history_newest(const struct service *service, int64_t wait_ms, struct cancel *cancel, run_history_see *each, void *arg,
	struct error *error)
{
	struct newest newest = {.each = each, .arg = arg};
	int result = 0;

	for (size_t i = 0; i < service_pipeline_count(service) && result == 0; i++)
		if (state_of(service, i) && !looked_at(service, i))
			result = look_at_within(state_of(service, i), wait_ms, cancel, newest_in, &newest, error);
	return result;
}

struct last {
	struct history_run_filter filter;
	int64_t started;
};

static int last_each(void *arg, const struct history_run *run)
{
	struct last *last = arg;

	if (strcmp(run->kind, "replay") == 0)
		return 0;
	last->started = run->started_at / 1000000;
	return 1;
}

static int last_in(struct history *history, void *arg, struct error *error)
{
	struct last *last = arg;

	return history_runs(history, &last->filter, last_each, last, error);
}

static int success_each(void *arg, const struct history_run *run)
{
	struct last *last = arg;

	if (strcmp(run->status, "succeeded") != 0 || strcmp(run->kind, "replay") == 0)
		return 0;
	last->started = run->finished_at / 1000000;
	return 1;
}

static int success_in(struct history *history, void *arg, struct error *error)
{
	struct last *last = arg;

	return history_runs(history, &last->filter, success_each, last, error);
}

int run_history_succeeded(const struct service *service, size_t pipeline, int64_t *ended, struct error *error)
{
	struct last last = {.filter = {.pipeline = pipeline_plan(service_pipeline(service, pipeline))->name, .limit = NEWEST_LOOKED_AT_MAX}};
	struct cancel never = {0};
	int result = state_of(service, pipeline) ? look_at(state_of(service, pipeline), &never, success_in, &last, error) : 0;

	*ended = last.started;
	return result;
}

int run_history_last(const struct service *service, size_t pipeline, int64_t *started, struct error *error)
{
	struct last last = {.filter = {.pipeline = pipeline_plan(service_pipeline(service, pipeline))->name, .limit = NEWEST_LOOKED_AT_MAX}};
	struct cancel never = {0};
	int result = state_of(service, pipeline) ? look_at(state_of(service, pipeline), &never, last_in, &last, error) : 0;

	*started = last.started;
	return result;
}

/* --- rejects --- */

/* Whoever asks has named the run, and with it its pipeline. */
static json_t *reject_object(const struct history_reject *reject)
{
	json_t *object = history_reject_json(reject);

	if (object)
		json_object_del(object, "pipeline");
	return object;
}

struct rejects {
	struct history_reject_filter filter;
	struct run_rejects *asked;
	uint64_t shown, bytes;
	bool more, failed;
};

static int reject_each(void *arg, const struct history_reject *reject)
{
	struct rejects *rejects = arg;
	struct run_rejects *asked = rejects->asked;

	rejects->bytes += reject->record.length + reject->violations.length;
	rejects->more = rejects->shown == asked->limit || (rejects->shown > 0 && rejects->bytes > REJECTS_BYTES_MAX);
	if (rejects->more)
		return 1;
	rejects->shown++;
	asked->next = reject->reject_id;
	rejects->failed = json_array_append_new(asked->list, reject_object(reject)) != 0;
	return rejects->failed;
}

static int see(void *arg, const struct history_run *run)
{
	(void)run;
	*(bool *)arg = true;
	return 1;
}

/* True where a history has the run. */
static int has_run(struct history *history, const char *run_id, bool *found, struct error *error)
{
	bool seen = false;

	return history_run(history, run_id, see, &seen, found, error);
}

/* Page after page of the index; only those that fit are given. */
static int look_through(struct history *history, struct rejects *rejects, struct error *error)
{
	struct history_reject_filter *filter = &rejects->filter;
	int64_t since = clock_elapsed_ms();

	do {
		filter->limit = rejects->asked->limit + 1 - rejects->shown;
		if (history_reject_bound(history, filter->run, filter->after, LOOKED_THROUGH, &filter->until, error) < 0 ||
			history_rejects(history, filter, reject_each, rejects, error) < 0)
			return -1;
		if (rejects->failed)
			return error_memory(error, "a list of rejects");
		if (rejects->more)
			return 1;
		filter->after = filter->until;
		rejects->asked->next = filter->until;
	} while (filter->until && clock_elapsed_ms() - since < LOOK_MS);
	return 1;
}

static int rejects_in(struct history *history, void *arg, struct error *error)
{
	struct rejects *rejects = arg;
	bool found;

	if (has_run(history, rejects->filter.run, &found, error) < 0)
		return -1;
	return found ? look_through(history, rejects, error) : 0;
}

int run_history_rejects(const struct service *service, struct run_rejects *asked, struct cancel *cancel, struct error *error)
{
	struct rejects rejects = {.asked = asked, .filter = {.run = asked->run_id, .rule = asked->rule, .table = asked->table, .field = asked->field,
		.after = asked->after}};

	asked->next = 0;
	return look_at_all(service, cancel, rejects_in, &rejects, error);
}

struct reasons {
	struct history_reject_filter filter;
	int (*each)(void *arg, const struct history_reject *reject);
	void *arg;
};

static int reasons_in(struct history *history, void *arg, struct error *error)
{
	struct reasons *reasons = arg;
	bool found;

	if (has_run(history, reasons->filter.run, &found, error) < 0)
		return -1;
	if (!found)
		return 0;
	return history_reject_reasons(history, &reasons->filter, reasons->each, reasons->arg, error) < 0 ? -1 : 1;
}

int run_history_reasons(const struct service *service, const char *run_id, struct cancel *cancel,
	int (*each)(void *arg, const struct history_reject *reject), void *arg, struct error *error)
{
	struct reasons reasons = {.filter = {.run = run_id}, .each = each, .arg = arg};

	return look_at_all(service, cancel, reasons_in, &reasons, error);
}
