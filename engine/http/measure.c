/* measure.c - what the service measures of itself.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/http/measure.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "engine/core/clock.h"
#include "engine/core/version.h"
#include "rules/program.h"

enum { RULES_UP_TO = METRICS_SERIES_MAX / 5 };

static const struct metric build = {.name = "penstock_build_info", .help = "1, with the version of this program.", .kind = METRIC_GAUGE,
	.labels = {"version"}};
static const struct metric rows = {.name = "penstock_rows_total", .help = "Records of runs and requests by what became of them.", .kind = METRIC_COUNTER,
	.labels = {"pipeline", "table", "outcome"}};
static const struct metric rejects = {.name = "penstock_rejects_total", .help = "Rejected records by the rule of their first violation.",
	.kind = METRIC_COUNTER, .labels = {"pipeline", "rule"}};
static const struct metric runs = {.name = "penstock_runs_total", .help = "Runs that ended, by how.", .kind = METRIC_COUNTER, .labels = {"pipeline", "status"}};
static const struct metric run_seconds = {.name = "penstock_run_duration_seconds", .help = "How long runs took.", .kind = METRIC_HISTOGRAM,
	.labels = {"pipeline"}, .bounds = {0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14400}};
static const struct metric success = {.name = "penstock_last_success_timestamp_seconds", .help = "When the pipeline succeeded last.", .kind = METRIC_GAUGE,
	.labels = {"pipeline"}};
static const struct metric next_run = {.name = "penstock_next_run_timestamp_seconds", .help = "When the pipeline runs next by its schedule.",
	.kind = METRIC_GAUGE, .labels = {"pipeline"}};
static const struct metric scheduled = {.name = "penstock_schedule_total", .help = "Times of a schedule that came, by what became of them.",
	.kind = METRIC_COUNTER, .labels = {"pipeline", "event"}};
static const struct metric running = {.name = "penstock_runs_running", .help = "Runs that go on.", .kind = METRIC_GAUGE};
static const struct metric waiting = {.name = "penstock_runs_waiting", .help = "Runs that wait for others.", .kind = METRIC_GAUGE};
static const struct metric requests = {.name = "penstock_http_requests_total", .help = "Answered requests.", .kind = METRIC_COUNTER,
	.labels = {"method", "route", "status"}};
static const struct metric request_seconds = {.name = "penstock_http_request_duration_seconds", .help = "How long requests took, answer included.",
	.kind = METRIC_HISTOGRAM, .labels = {"route"}, .bounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}};
static const struct metric in_flight = {.name = "penstock_http_requests_in_flight", .help = "Requests under way.", .kind = METRIC_GAUGE};
static const struct metric body_bytes = {.name = "penstock_http_body_bytes", .help = "Bodies in memory, of at most limits.bodies.", .kind = METRIC_GAUGE};
static const struct metric started = {.name = "penstock_process_start_time_seconds", .help = "When the service was started.", .kind = METRIC_GAUGE};
static const struct metric resident = {.name = "penstock_process_resident_memory_bytes", .help = "Memory of the process.", .kind = METRIC_GAUGE};
static const struct metric processor = {.name = "penstock_process_cpu_seconds_total", .help = "Processor time of the process.", .kind = METRIC_COUNTER};

const struct metric *const measured[] = {&build, &rows, &rejects, &runs, &run_seconds, &success, &next_run, &scheduled, &running, &waiting, &requests, &request_seconds,
	&in_flight, &body_bytes, &started, &resident, &processor, &metrics_dropped, NULL};

static void add(struct metrics *metrics, const struct metric *metric, const char *a, const char *b, const char *c, double more)
{
	metrics_add(metrics, metric, (const char *const[]){a, b, c}, more);
}

static void set(struct metrics *metrics, const struct metric *metric, const char *label, double value)
{
	metrics_set(metrics, metric, (const char *const[]){label}, value);
}

static void add_counts(struct metrics *metrics, const char *pipeline, const char *table, const struct counts *counts)
{
	add(metrics, &rows, pipeline, table, "read", (double)counts->read);
	add(metrics, &rows, pipeline, table, "written", (double)counts->written);
	add(metrics, &rows, pipeline, table, "rejected", (double)counts->rejected);
	add(metrics, &rows, pipeline, table, "skipped", (double)counts_skipped(counts));
}

/* "started", ... */
static const char *event_label(enum schedule_event event)
{
	return strchr(schedule_event_name(event), '_') + 1;
}

struct making {
	struct metrics *metrics;
	const char *pipeline;
};

static int make_rule(void *arg, const char *id, const char *demand, const size_t *fields, size_t field_count)
{
	const struct making *making = arg;

	(void)demand, (void)fields, (void)field_count;
	if (metrics_count(making->metrics) >= RULES_UP_TO)
		return 1;
	metrics_make(making->metrics, &rejects, (const char *const[]){making->pipeline, id});
	return 0;
}

void measure_pipeline(struct metrics *metrics, const struct plan *plan, bool has_runs)
{
	struct making making = {metrics, plan->name};

	for (int status = RUN_SUCCEEDED; status <= RUN_CANCELLED && has_runs; status++)
		add(metrics, &runs, plan->name, run_status_name((enum run_status)status), NULL, 0);
	if (has_runs)
		metrics_make(metrics, &run_seconds, (const char *const[]){plan->name});
	for (int event = 0; event < SCHEDULE_EVENTS && plan->schedule.cron; event++)
		metrics_make(metrics, &scheduled, (const char *const[]){plan->name, event_label((enum schedule_event)event)});
	for (size_t i = 0; i < plan->step_count; i++) {
		add_counts(metrics, plan->name, plan->steps[i].target, &(struct counts){0});
		(void)program_each(plan->steps[i].program, make_rule, &making);
	}
}

void measure_success(struct metrics *metrics, const char *pipeline, int64_t last)
{
	set(metrics, &success, pipeline, (double)last);
}

void measure_run(struct metrics *metrics, const char *pipeline, bool replay, const struct run_report *report)
{
	add(metrics, &runs, pipeline, run_status_name(report->status), NULL, 1);
	metrics_observe(metrics, &run_seconds, (const char *const[]){pipeline}, report->duration_s);
	if (report->status == RUN_SUCCEEDED && !replay)
		set(metrics, &success, pipeline, (double)(clock_wall_us() / 1000000));
	for (size_t i = 0; i < report->step_count; i++) {
		const struct step_report *step = &report->steps[i];

		add_counts(metrics, pipeline, step->table, &step->counts);
		for (size_t k = 0; k < step->rejects_by_rule_count; k++)
			add(metrics, &rejects, pipeline, step->rejects_by_rule[k].id, NULL, (double)step->rejects_by_rule[k].count);
	}
}

void measure_ingest(struct metrics *metrics, const struct ingest_steps *steps, const struct ingest_request *request)
{
	char rule[512];

	if (request->replayed || request->other_body)
		return;
	for (size_t i = 0; i < steps->count; i++)
		if (request->counts[i].read > 0)
			add_counts(metrics, steps->plan->name, steps->steps[i]->target, &request->counts[i]);
	for (size_t i = 0; i < request->verdict_count; i++) {
		const struct text *text = &request->verdicts[i].rule;

		snprintf(rule, sizeof rule, "%.*s", (int)text->length, text->data);
		add(metrics, &rejects, steps->plan->name, rule, NULL, 1);
	}
}

void measure_exchange(struct metrics *metrics, const char *method, const char *route, int status, int64_t took_us)
{
	char code[16];

	snprintf(code, sizeof code, "%d", status);
	/* What is no route is as many texts as there are scanners. */
	add(metrics, &requests, route ? method : "", route ? route : "", code, 1);
	if (route)
		metrics_observe(metrics, &request_seconds, (const char *const[]){route}, (double)took_us / 1e6);
}

static double resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long pages = 0;

	if (file) {
		if (fscanf(file, "%*u %lu", &pages) != 1)
			pages = 0;
		fclose(file);
	}
	return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static double seconds(const struct timeval *time)
{
	return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

void measure_now(struct metrics *metrics, const struct measured_now *now)
{
	struct rusage usage;

	set(metrics, &build, PENSTOCK_VERSION, 1);
	set(metrics, &running, NULL, (double)now->running);
	set(metrics, &waiting, NULL, (double)now->waiting);
	set(metrics, &in_flight, NULL, (double)now->requests);
	set(metrics, &body_bytes, NULL, (double)now->body_bytes);
	set(metrics, &resident, NULL, resident_bytes());
	if (getrusage(RUSAGE_SELF, &usage) == 0)
		metrics_raise(metrics, &processor, (const char *const[]){NULL}, seconds(&usage.ru_utime) + seconds(&usage.ru_stime));
}

void measure_started(struct metrics *metrics)
{
	set(metrics, &started, NULL, (double)(clock_wall_us() / 1000000));
}

void measure_schedule(struct metrics *metrics, const char *pipeline, enum schedule_event event)
{
	add(metrics, &scheduled, pipeline, event_label(event), NULL, 1);
}

void measure_next(struct metrics *metrics, const char *pipeline, int64_t next)
{
	set(metrics, &next_run, pipeline, (double)next);
}
