/* service.c - the service: its pipelines, its rooms, and what they may know of it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/http/backups.h"
#include "engine/http/measure.h"
#include "engine/http/parts.h"
#include "engine/http/request_load.h"
#include "engine/http/run_history.h"

enum { WORKERS_LEAST = 32 };

const struct route *const routes_of_all[] = {routes_of_health, routes_of_ingest, routes_of_runs, routes_of_reports, routes_of_replay, routes_of_events, routes_of_plan, routes_of_backups, routes_of_dictionary,
	routes_of_console, NULL};

static bool plan_replaces(const struct plan *plan)
{
	for (size_t i = 0; i < plan->step_count; i++)
		if (plan->steps[i].policy == KEYS_REPLACE)
			return true;
	return false;
}

/* Two pipelines of one name could not be told apart in a path. */
static void check_names(const struct service *service, const struct serve_file *file, struct diagnostics *diagnostics)
{
	for (size_t i = 0; i < service->pipeline_count; i++)
		for (size_t k = 0; k < i; k++)
			if (service->pipelines[i] && service->pipelines[k] &&
				strcmp(pipeline_plan(service->pipelines[i])->name, pipeline_plan(service->pipelines[k])->name) == 0)
				diagnostics_error(diagnostics, file->pipelines[i].node, "there is a pipeline named \"%s\" already: %s",
					pipeline_plan(service->pipelines[i])->name, file->pipelines[k].path);
}

/* A scope for a pipeline that is not here may be meant for another day: a warning. */
static void check_scopes(const struct service *service, const struct serve_file *file, struct diagnostics *diagnostics)
{
	const char **names = calloc(service->pipeline_count + 1, sizeof *names);

	for (size_t i = 0; names && i < service->pipeline_count; i++)
		names[i] = pipeline_plan(service->pipelines[i])->name;
	for (size_t i = 0; names && i < file->key_count; i++)
		for (size_t k = 0; k < file->keys[i].scope_count; k++) {
			const char *of = strchr(file->keys[i].scopes[k], ':') + 1;
			if (strcmp(of, "*") == 0 || service_find_pipeline(service, of) != SIZE_MAX)
				continue;
			const char *near = suggest(of, names);
			diagnostics_warning(diagnostics, file->keys[i].node, "the scope \"%.64s\" is of no pipeline here%s%s%s", file->keys[i].scopes[k],
				near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
		}
	free(names);
}

struct service *service_new(const struct serve_file *file, struct diagnostics *diagnostics)
{
	struct service *service = calloc(1, sizeof(*service));
	const struct load_options none = {0};
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (service) {
		service->pipelines = calloc(file->pipeline_count, sizeof(struct pipeline *));
		service->replaces = calloc(file->pipeline_count, sizeof(bool));
	}
	if (!service || !service->pipelines || !service->replaces) {
		diagnostics_memory(diagnostics);
		service_free(service);
		return NULL;
	}
	service->file = file;
	service->limits = file->limits;
	/* Most of their time they wait for a commit, and who waits together shares one. */
	if (service->limits.workers == 0)
		service->limits.workers = processors > WORKERS_LEAST / 2 ? 2 * (uint64_t)processors : WORKERS_LEAST;
	service->pipeline_count = file->pipeline_count;
	for (size_t i = 0; i < file->pipeline_count; i++) {
		service->pipelines[i] = pipeline_load(file->pipelines[i].path, &none, diagnostics);
		if (service->pipelines[i])
			service->replaces[i] = plan_replaces(pipeline_plan(service->pipelines[i]));
	}
	check_names(service, file, diagnostics);
	if (diagnostics->errors > 0) {
		service_free(service);
		return NULL;
	}
	check_scopes(service, file, diagnostics);
	return service;
}

/* When each pipeline succeeded last is in its history; a database that cannot be asked now is no reason not to start. */
static void begin_metrics(struct service *service, const struct service *before)
{
	if (!before)
		measure_started(service->metrics);
	for (size_t i = 0; i < service->pipeline_count; i++) {
		struct error ignored = ERROR_INIT;
		int64_t succeeded = 0;

		const struct plan *plan = pipeline_plan(service->pipelines[i]);
		enum pipeline_kind kind = pipeline_kind_of(plan);

		if (kind == PIPELINE_REPORT)
			continue;
		measure_pipeline(service->metrics, plan, kind == PIPELINE_RUN);
		/* Known already, if it was there before. */
		if (kind != PIPELINE_RUN || (before && service_find_pipeline(before, plan->name) != SIZE_MAX))
			continue;
		if (run_history_succeeded(service, i, &succeeded, &ignored) == 0 && succeeded > 0)
			measure_success(service->metrics, plan->name, succeeded);
	}
}

int service_start(struct service *service, struct error *error)
{
	service->metrics = metrics_new(measured, error);
	if (!service->metrics)
		return -1;
	begin_metrics(service, NULL);
	service->rates = rates_new(&service->file->rates, service->file->key_count, error);
	if (!service->rates || ingest_room_open(service, NULL, &service->ingest, error) < 0 || runs_room_open(service, &service->runs, error) < 0)
		return -1;
	if (schedule_room_open(service, &service->schedule, error) < 0)
		return -1;
	service->workers = workers_start((size_t)service->limits.workers, (size_t)service->limits.queue, error);
	return service->workers ? 0 : -1;
}

static size_t find_key(const struct serve_file *file, const char *name)
{
	size_t i = 0;

	while (i < file->key_count && strcmp(file->keys[i].name, name) != 0)
		i++;
	return i < file->key_count ? i : SIZE_MAX;
}

static int inherit_rates(struct service *next, const struct service *before, struct error *error)
{
	size_t *was = calloc(next->file->key_count + 1, sizeof *was);

	if (!was)
		return error_memory(error, "the rates of clients");
	for (size_t i = 0; i < next->file->key_count; i++)
		was[i] = find_key(before->file, next->file->keys[i].name);
	next->rates = rates_new(&next->file->rates, next->file->key_count, error);
	if (next->rates)
		rates_inherit(next->rates, before->rates, was);
	free(was);
	return next->rates ? 0 : -1;
}

/* What threads and sockets were made for. */
static void keep_limits(struct service *next, const struct service *before, char kept[KEPT_SIZE])
{
	const struct {
		const char *name;
		uint64_t *now, then, asked, had;
	} lasting[] = {
		{"limits.connections", &next->limits.connections, before->limits.connections, next->file->limits.connections, before->limits.connections},
		{"limits.workers", &next->limits.workers, before->limits.workers, next->limits.workers, before->limits.workers},
		{"limits.queue", &next->limits.queue, before->limits.queue, next->file->limits.queue, before->limits.queue},
		{"limits.runs", &next->limits.runs, before->limits.runs, next->file->limits.runs, before->limits.runs},
		{"limits.run_queue", &next->limits.run_queue, before->limits.run_queue, next->file->limits.run_queue, before->limits.run_queue},
	};
	size_t length = 0;

	kept[0] = '\0';
	for (size_t i = 0; i < sizeof lasting / sizeof *lasting; i++) {
		if (lasting[i].asked != lasting[i].had)
			length += (size_t)snprintf(kept + length, KEPT_SIZE - length, "%s%s", length ? ", " : "", lasting[i].name);
		*lasting[i].now = lasting[i].then;
	}
	if (next->limits.header_ms != before->limits.header_ms)
		snprintf(kept + length, KEPT_SIZE - length, "%slimits.header_time", length ? ", " : "");
	next->limits.header_ms = before->limits.header_ms;
}

int service_succeed(struct service *next, struct service *before, char kept[KEPT_SIZE], struct error *error)
{
	/* Whether it may go without keys or TLS was judged by where it listens. */
	if (strcmp(next->file->listen, before->file->listen) != 0)
		return error_set(error, ERROR_CONFIG, NULL, "listen: %s: only a restart can change where the service listens (%s)", next->file->listen,
			before->file->listen);
	keep_limits(next, before, kept);
	next->metrics = before->metrics;
	next->runs = before->runs;
	next->workers = before->workers;
	next->server = before->server;
	if (inherit_rates(next, before, error) < 0 || ingest_room_open(next, before->ingest, &next->ingest, error) < 0 || schedule_room_pass(next, before, error) < 0) {
		next->passed_on = true;
		return -1;
	}
	before->passed_on = true;
	begin_metrics(next, before);
	return 0;
}

const struct serve_file *service_file(const struct service *service)
{
	return service->file;
}

void service_free(struct service *service)
{
	if (!service)
		return;
	if (!service->passed_on) {
		workers_stop(service->workers);
		schedule_room_close(service->schedule);
		if (service->runs)
			runs_room_close(service->runs);
	}
	if (service->ingest)
		ingest_room_close(service->ingest);
	rates_free(service->rates);
	if (!service->passed_on)
		metrics_free(service->metrics);
	for (size_t i = 0; i < service->pipeline_count; i++)
		pipeline_free(service->pipelines[i]);
	free(service->pipelines);
	free(service->replaces);
	free(service);
}

void service_cancel(struct service *service, int signal)
{
	atomic_store(&service->cancel.signal, signal);
	ingest_room_cancel(service->ingest, signal);
}

bool service_may(const struct service *service, const struct http_request *request, enum verb verb, const char *pipeline)
{
	const struct serve_file *file = service->file;

	if (verb == VERB_NONE)
		return true;
	if (file->key_count > 0) {
		for (size_t i = 0; request->key_name && i < file->key_count; i++)
			if (strcmp(file->keys[i].name, request->key_name) == 0)
				return verb == VERB_ANY || auth_scope(&file->keys[i], verb, pipeline);
		return false;
	}
	if (verb == VERB_UPLOAD)
		return false;
	if (verb == VERB_RUN || verb == VERB_INGEST || verb == VERB_CANCEL) {
		size_t index = pipeline ? service_find_pipeline(service, pipeline) : SIZE_MAX;

		return index == SIZE_MAX || !service->replaces[index];
	}
	return true;
}

size_t service_pipeline_count(const struct service *service)
{
	return service->pipeline_count;
}

const struct pipeline *service_pipeline(const struct service *service, size_t index)
{
	return service->pipelines[index];
}

size_t service_find_pipeline(const struct service *service, const char *name)
{
	for (size_t i = 0; i < service->pipeline_count; i++)
		if (strcmp(pipeline_plan(service->pipelines[i])->name, name) == 0)
			return i;
	return SIZE_MAX;
}

struct ingest_room *service_ingest(const struct service *service)
{
	return service->ingest;
}

struct runs_room *service_runs(const struct service *service)
{
	return service->runs;
}

const struct service_limits *service_limits(const struct service *service)
{
	return &service->limits;
}

struct metrics *service_metrics(const struct service *service)
{
	return service->metrics;
}
