/* run.c - a run of a plan: its row in the history, its steps in order, its report.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/clock.h"
#include "engine/core/step.h"

const char *run_status_name(enum run_status status)
{
	static const char *const names[] = {
		[RUN_RUNNING] = "running", [RUN_SUCCEEDED] = "succeeded", [RUN_FAILED] = "failed", [RUN_REJECTED] = "rejected",
		[RUN_CANCELLED] = "cancelled", [RUN_INTERRUPTED] = "interrupted",
	};
	return names[status];
}

static int exit_code_of(const struct error *error, struct cancel *cancel)
{
	if (error->kind != ERROR_CANCELLED)
		return (int)error->kind;
	return 128 + atomic_load(&cancel->signal);
}

static enum run_status status_of(const struct error *error)
{
	switch (error->kind) {
	case ERROR_NONE:
		return RUN_SUCCEEDED;
	case ERROR_REJECTS:
		return RUN_REJECTED;
	case ERROR_CANCELLED:
		return RUN_CANCELLED;
	default:
		return RUN_FAILED;
	}
}

static void sum_up(struct run_report *report)
{
	memset(&report->counts, 0, sizeof report->counts);
	for (size_t i = 0; i < report->step_count; i++)
		counts_add(&report->counts, &report->steps[i].counts);
}

static void tell(const struct run_options *options, const struct run_report *report, size_t step)
{
	if (options->progress.step)
		options->progress.step(options->progress.arg, report, step, 0);
}

static bool is_chosen(const struct run_options *options, const struct plan_step *step)
{
	return !options->only_step || strcmp(options->only_step, step->name) == 0;
}

static void begin_report(const struct run_options *options, struct run_report *report, const struct plan_step *step)
{
	report->steps[report->step_count++] =
		(struct step_report){ .name = step->name, .table = step->target, .status = RUN_RUNNING, .started = true };
	tell(options, report, report->step_count - 1);
}

/* The steps of one for_each that replace tables are one transaction. *index: the first, whose report has begun; becomes the last. */
static int replace_together(struct sessions *sessions, size_t *index, const struct run_options *options,
	struct run_report *report, struct error *error)
{
	const struct plan *plan = sessions->plan;
	const struct plan_step *first = &plan->steps[*index];
	const struct plan_step **steps = calloc(plan->step_count, sizeof *steps);
	size_t count = 0;
	if (!steps)
		return error_memory(error, "the steps of a transaction");
	steps[count++] = first;
	while (first->each && *index + 1 < plan->step_count && plan->steps[*index + 1].each == first->each) {
		const struct plan_step *next = &plan->steps[++*index];
		if (!is_chosen(options, next))
			continue;
		steps[count++] = next;
		begin_report(options, report, next);
	}
	int result = group_run(sessions, steps, count, options, report, error);
	free(steps);
	return result;
}

/* The step as a replay runs it. *binding: the instance its source is copied from, to be freed. */
static int step_of_mend(const struct mend *mend, const struct plan_step *step, const char *run_id, struct plan_step *out,
	struct mend_binding **binding, struct error *error)
{
	*binding = calloc(1, mend->source->size);
	if (!*binding)
		return error_memory(error, "a replay");
	**binding = (struct mend_binding){ .arg = mend->arg, .step = step, .run_id = run_id };
	*out = *step;
	out->source = mend->source;
	out->source_options = *binding;
	out->once = out->abort_on_violation = false;
	out->max_rejects = (struct reject_limit){ .share = true, .fraction = 1 };
	return 0;
}

static int run_mend(struct sessions *sessions, const struct plan_step *step, const struct run_options *options, struct run_report *report,
	struct judge **judges, size_t *judge_count, struct error *error)
{
	struct mend_binding *binding;
	struct plan_step mended;
	if (step_of_mend(options->mend, step, report->run_id, &mended, &binding, error) < 0)
		return -1;
	int result = step_run(sessions, &mended, options, report, judges, judge_count, error);
	free(binding);
	return result;
}

static int run_steps(struct sessions *sessions, const struct run_options *options, struct run_report *report,
	struct error *error)
{
	const struct plan *plan = sessions->plan;
	struct judge **judges = calloc(plan->step_count ? plan->step_count : 1, sizeof(struct judge *));
	size_t judge_count = 0;
	int result = judges ? 0 : error_memory(error, "the steps of a run");
	for (size_t i = 0; i < plan->step_count && result == 0; i++) {
		const struct plan_step *step = &plan->steps[i];
		if (!is_chosen(options, step))
			continue;
		if (options->mend && !options->mend->wants(options->mend->arg, step))
			continue;
		begin_report(options, report, step);
		if (options->mend)
			result = run_mend(sessions, step, options, report, judges, &judge_count, error);
		else if (step->policy == KEYS_REPLACE && !options->dry_run)
			result = replace_together(sessions, &i, options, report, error);
		else
			result = step_run(sessions, step, options, report, judges, &judge_count, error);
		sum_up(report);
		tell(options, report, report->step_count - 1);
	}
	for (size_t i = 0; i < judge_count; i++)
		judges[i]->ops->free(judges[i]);
	free(judges);
	return result;
}

static int check_step_name(const struct plan *plan, const char *name, struct error *error)
{
	for (size_t i = 0; i < plan->step_count && name; i++)
		if (strcmp(plan->steps[i].name, name) == 0)
			return 0;
	return name ? error_set(error, ERROR_CONFIG, plan->file, "there is no step \"%s\" in this pipeline", name) : 0;
}

/* A step whose parents are the rows that another one writes in this run is nothing without it. */
static int check_parents(const struct plan *plan, const struct run_options *options, struct error *error)
{
	for (size_t i = 0; i < plan->step_count && options->only_step; i++) {
		const struct plan_step *step = &plan->steps[i], *parents;
		for (size_t j = 0; j < step->schema->foreign_count && is_chosen(options, step); j++) {
			const char *table = step->schema->foreign[j].resource;
			if (!plan_needs_parents(step, table) || !(parents = plan_parents(plan, step, table)))
				continue;
			return error_set(error, ERROR_CONFIG, step->name,
				"its rows refer to those of table \"%s\", which step %s writes to a file in the same run: leave --step out", table, parents->name);
		}
	}
	return 0;
}

static int check_limit(const struct plan *plan, const struct run_options *options, struct error *error)
{
	for (size_t i = 0; i < plan->step_count && options->limited; i++)
		if (is_chosen(options, &plan->steps[i]) && plan->steps[i].policy == KEYS_REPLACE)
			return error_set(error, ERROR_CONFIG, plan->steps[i].name,
				"--limit would replace table %s by a part of its rows; leave it out, or try the rows with --dry-run",
				plan->steps[i].target);
	return 0;
}

/* The last word on the run in its history. A session that was lost is opened again for it. */
static int record_end(struct sessions *sessions, struct run_record *record, const struct run_report *report,
	struct error *error)
{
	struct store *store = NULL;
	char *summary = run_report_kept(report, sessions->plan);
	if (!summary)
		return error_memory(error, "the summary of a run");
	record->status = run_status_name(report->status);
	record->finished_at = clock_wall_us();
	record->counts = report->counts;
	record->exit_code = report->exit_code;
	record->summary = summary;
	int result = sessions_get(sessions, sessions->plan->state, &store, error);
	if (result == 0)
		result = store->ops->run_end(store, record, error);
	if (result < 0 && error->retry) {
		sessions_drop(sessions, sessions->plan->state);
		struct error again = ERROR_INIT;
		if (sessions_get(sessions, sessions->plan->state, &store, &again) == 0 &&
			store->ops->run_end(store, record, &again) == 0) {
			error_clear(error);
			result = 0;
		}
	}
	free(summary);
	return result;
}

static void conclude(struct run_report *report, const struct error *error, struct cancel *cancel, int64_t started_ms)
{
	report->error = *error;
	report->status = status_of(error);
	report->exit_code = exit_code_of(error, cancel);
	report->duration_s = (double)(clock_elapsed_ms() - started_ms) / 1000;
	sum_up(report);
}

void run_plan(const struct plan *plan, const struct run_options *options, struct run_report *report)
{
	struct error error = ERROR_INIT;
	int64_t started_ms = clock_elapsed_ms();
	memset(report, 0, sizeof *report);
	snprintf(report->run_id, sizeof report->run_id, "%s", plan->run_id);
	report->started_at = clock_wall_us();
	struct run_record record = { .run_id = report->run_id, .kind = options->mend ? "replay" : "run", .pipeline = plan->name,
		.status = run_status_name(RUN_RUNNING), .started_at = report->started_at };
	char *file = run_file_json(plan);
	record.summary = file;
	struct sessions sessions = { .plan = plan, .options = options, .record = &record };
	sessions.stores = calloc(plan->connection_count ? plan->connection_count : 1, sizeof *sessions.stores);
	sessions.lost = calloc(plan->connection_count ? plan->connection_count : 1, sizeof *sessions.lost);
	report->steps = calloc(plan->step_count ? plan->step_count : 1, sizeof *report->steps);
	bool recorded = false;
	sessions.shared = shared_new(&error);
	if (!file || !sessions.stores || !sessions.lost || !report->steps || !sessions.shared) {
		error_memory(&error, "a run");
	} else if (check_step_name(plan, options->only_step, &error) == 0 && check_limit(plan, options, &error) == 0 &&
		check_parents(plan, options, &error) == 0) {
		struct store *state = NULL;
		if (options->dry_run || sessions_get(&sessions, plan->state, &state, &error) == 0) {
			recorded = state != NULL;
			if (run_steps(&sessions, options, report, &error) == 0 && shared_finish(sessions.shared, &error) == 0 &&
				cancel_requested(options->cancel))
				error_clear(&error); /* everything was done before the signal could stop it */
		}
	}
	if (options->progress.note)
		shared_told(sessions.shared, options->progress.note, options->progress.arg);
	/* Before the last word on the run: a snapshot that is still read from would keep it from being written. */
	shared_free(sessions.shared);
	conclude(report, &error, options->cancel, started_ms);
	if (recorded) {
		struct error failed = ERROR_INIT;
		if (record_end(&sessions, &record, report, &failed) < 0 && !error_is_set(&error))
			conclude(report, &failed, options->cancel, started_ms);
	}
	for (size_t i = 0; sessions.stores && sessions.lost && i < plan->connection_count; i++)
		sessions_drop(&sessions, &plan->connections[i]);
	free(sessions.stores);
	free(sessions.lost);
	free(file);
}

void run_report_fini(struct run_report *report)
{
	for (size_t i = 0; i < report->step_count; i++) {
		for (size_t j = 0; j < report->steps[i].rejects_by_rule_count; j++)
			free(report->steps[i].rejects_by_rule[j].id);
		free(report->steps[i].rejects_by_rule);
	}
	free(report->steps);
	report->steps = NULL;
	report->step_count = 0;
}
