/* told.c - a run with its progress, its summary and its errors.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/cli/told.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "engine/cli/interrupt.h"
#include "engine/cli/summary.h"
#include "engine/core/clock.h"
#include "engine/core/uuid.h"
#include "engine/lineage/lineage.h"
#include "engine/schedule/failure.h"
#include "engine/schedule/metrics_file.h"

/* What is told while the run goes on. */
struct watch {
	struct log *log;
	size_t announced; /* steps whose beginning was told */
	size_t finished;  /* steps whose end was told */
	int64_t started_ms;
};

static void on_step(void *arg, const struct run_report *report, size_t step, uint64_t total)
{
	struct watch *watch = arg;
	const struct step_report *now = &report->steps[step];
	if (step >= watch->announced) {
		watch->announced = step + 1;
		watch->started_ms = clock_elapsed_ms();
		log_step_started(watch->log, now);
	}
	if (now->status != RUN_RUNNING) {
		if (step < watch->finished)
			return;
		watch->finished = step + 1;
		log_step_finished(watch->log, now);
		return;
	}
	struct progress_view view = {
		.step = now->name,
		.rows = now->counts.read,
		.before = now->counts.skipped[SKIP_ALREADY_COMMITTED] + now->counts.skipped[SKIP_ALREADY_LOADED],
		.rejected = now->counts.rejected,
		.bytes = now->counts.bytes,
		.total = total,
		.elapsed_ms = clock_elapsed_ms() - watch->started_ms,
	};
	log_progress(watch->log, &view);
}

static void on_note(void *arg, const char *level, const char *text)
{
	const struct watch *watch = arg;
	log_note(watch->log, level, NULL, text);
}

bool told_prints_rows(const struct plan *plan, const char *step)
{
	for (size_t i = 0; i < plan->step_count; i++)
		if (plan->steps[i].prints && (!step || strcmp(step, plan->steps[i].name) == 0))
			return true;
	return false;
}

/* The argument of --state that leads to this plan's history, or NULL where the default does. */
static char *state_hint(const struct plan *plan)
{
	const struct plan_connection *state = plan->state;
	for (size_t i = 0; i < plan->step_count && !state; i++)
		state = plan->steps[i].connection;
	const char *given = getenv("PENSTOCK_DB");
	if (!state || (given && strcmp(given, state->connect) == 0))
		return NULL;
	size_t size = strlen(plan->file) + strlen(state->name) + 2;
	char *hint = malloc(size);
	if (hint)
		snprintf(hint, size, "%s:%s", plan->file, state->name);
	return hint;
}

static int print_json(const struct run_report *report, const char *pipeline, struct error *error)
{
	char *json = run_report_json(report, pipeline);
	if (!json)
		return error_memory(error, "the summary");
	puts(json);
	free(json);
	return 0;
}

static void tell_error(struct log *log, const struct run_report *report)
{
	if (report->error.kind != ERROR_CANCELLED) {
		log_error(log, NULL, &report->error);
		return;
	}
	struct error cancelled = ERROR_INIT;
	error_set(&cancelled, ERROR_CANCELLED, NULL, "stopped by %s; what was open is rolled back; run the same again",
		report->exit_code == 128 + SIGINT ? "SIGINT" : report->exit_code == 128 + SIGHUP ? "SIGHUP" : "SIGTERM");
	log_error(log, NULL, &cancelled);
}

static int tell_end(struct log *log, const struct plan *plan, const struct run_options *options, bool json, const struct run_report *report)
{
	struct error error = ERROR_INIT;
	int result = 0;
	if (json) {
		result = print_json(report, plan->name, &error);
	} else if (!log->quiet && report->step_count > 0) {
		char *hint = state_hint(plan);
		const struct summary_options shown = {.dry_run = options->dry_run, .mends = options->mend != NULL,
			.mended = options->mend ? options->mend->of_run : NULL, .plan = plan, .state = hint};
		result = summary_print(!options->mend && told_prints_rows(plan, options->only_step) ? stderr : stdout, report, &shown, &error);
		fflush(stdout); /* before the reason of a failure, where both go to one terminal */
		free(hint);
	}
	if (error_is_set(&report->error))
		tell_error(log, report);
	log_run_finished(log, report);
	if (result)
		log_error(log, NULL, &error);
	return report->exit_code ? report->exit_code : (int)error.kind;
}

int told_no_run(bool json, const char *file, const struct error *why)
{
	int code = (int)why->kind;
	struct run_report report = {.status = RUN_FAILED, .exit_code = code, .started_at = clock_wall_us(), .error = *why};
	struct error error = ERROR_INIT;
	if (!json)
		return code;
	if (uuid_v7(report.run_id, &error) || print_json(&report, file, &error))
		return complain(&error);
	return code;
}

/* Those who want to know, which changes nothing about the run. Whoever replays rejects is there himself. */
static void tell_failure(struct log *log, const struct plan *plan, const struct run_options *options, const struct run_report *report)
{
	struct error error = ERROR_INIT;
	if (!options->dry_run && !options->mend && failure_tell(plan, report, options->cancel, NULL, &error))
		log_error(log, NULL, &error);
}

static int tell_metrics(struct log *log, const struct plan *plan, const char *file, bool dry_run, const struct run_report *report, int code)
{
	struct error error = ERROR_INIT;
	if (!file || dry_run || metrics_file_write(file, plan->name, report, &error) == 0)
		return code;
	log_error(log, NULL, &error);
	return code ? code : (int)error.kind;
}

/* The run is what it was: nobody's exit code changes for want of a catalogue. */
static void tell_lineage(struct log *log, struct lineage *lineage, const struct run_report *report)
{
	struct error error = ERROR_INIT;
	char text[ERROR_PLACE_MAX + ERROR_MESSAGE_MAX];
	if (lineage_end(lineage, report, &error) < 0)
		log_note(log, "warning", NULL, error_text(&error, text, sizeof text));
}

int told_run(struct log *log, const struct plan *plan, const struct run_options *given, bool json, const char *metrics_file,
	const struct lineage_target *target)
{
	struct watch watch = {.log = log};
	struct run_options options = *given;
	struct run_report report;
	options.cancel = interrupt_catch();
	options.progress = (struct run_progress){.step = on_step, .note = on_note, .arg = &watch};
	log->run_id = plan->run_id;
	log->pipeline = plan->name;
	log_run_started(log);
	bool told = target && lineage_wanted(target) && !options.dry_run;
	struct lineage *lineage = told ? lineage_begin(target, plan, &options) : NULL;
	run_plan(plan, &options, &report);
	log_progress(log, NULL);
	int code = tell_end(log, plan, &options, json, &report);
	code = tell_metrics(log, plan, metrics_file, options.dry_run, &report, code);
	tell_failure(log, plan, &options, &report);
	if (told)
		tell_lineage(log, lineage, &report);
	run_report_fini(&report);
	return code;
}
