/* run.c - penstock run.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "engine/cli/interrupt.h"
#include "engine/cli/log.h"
#include "engine/cli/pipeline_file.h"
#include "engine/cli/summary.h"
#include "engine/core/clock.h"
#include "engine/core/uuid.h"
#include "engine/schedule/failure.h"
#include "engine/schedule/metrics_file.h"

struct run_flags {
	struct flag_list set;
	const char *step;
	bool dry_run, restart, yes;
	struct flag_number limit;
	bool json, quiet, no_progress;
	const char *metrics_file;
	int log_format; /* enum log_format */
};

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

/* What the tables of options cannot say. */
static int check_flags(const struct run_flags *flags, struct error *error)
{
	if (flags->limit.given && flags->restart)
		return error_set(error, ERROR_CONFIG, NULL,
			"--limit and --restart exclude each other: --restart forgets what was loaded, and --limit would not record it again");
	if (flags->dry_run && flags->restart)
		return error_set(error, ERROR_CONFIG, NULL,
			"--dry-run and --restart exclude each other: a dry run writes nothing (and judges files that were loaded before)");
	return 0;
}

static bool is_chosen(const struct plan_step *step, const struct run_flags *flags)
{
	return !flags->step || strcmp(flags->step, step->name) == 0;
}

/* Whether rows go to standard output, where then nothing else may be. */
static bool prints_rows(const struct plan *plan, const struct run_flags *flags)
{
	for (size_t i = 0; i < plan->step_count; i++)
		if (plan->steps[i].prints && is_chosen(&plan->steps[i], flags))
			return true;
	return false;
}

static int check_plan(const struct plan *plan, const struct run_flags *flags, struct error *error)
{
	if (pipeline_check_step(plan, flags->step, error))
		return -1;
	for (size_t i = 0; i < plan->step_count; i++) {
		const struct plan_step *step = &plan->steps[i];
		if (plan_takes_requests(step) && is_chosen(step, flags))
			return error_set(error, ERROR_CONFIG, plan->file,
				"step \"%s\" takes the rows of requests: list this file in the `pipelines` of a serve file and use penstock serve",
				step->name);
	}
	for (size_t i = 0; i < plan->step_count && flags->limit.given; i++) {
		const struct plan_step *step = &plan->steps[i];
		if (step->policy == KEYS_REPLACE && is_chosen(step, flags))
			return error_set(error, ERROR_CONFIG, plan->file,
				"step \"%s\" replaces its table: --limit would leave it with a part of its rows", step->name);
	}
	if (flags->json && prints_rows(plan, flags))
		return error_set(error, ERROR_CONFIG, plan->file,
			"--json has standard output to itself, and this pipeline writes its rows there: leave --json out, or give the sink a file");
	return 0;
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

static int tell_end(struct log *log, const struct plan *plan, const struct run_flags *flags, const struct run_report *report)
{
	struct error error = ERROR_INIT;
	int result = 0;
	if (flags->json) {
		result = print_json(report, plan->name, &error);
	} else if (!flags->quiet && report->step_count > 0) {
		char *hint = state_hint(plan);
		const struct summary_options options = {.dry_run = flags->dry_run, .plan = plan, .state = hint};
		result = summary_print(prints_rows(plan, flags) ? stderr : stdout, report, &options, &error);
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

/* A run that could not begin has a summary, too: whoever reads --json gets one object whatever happens. */
static int no_run(const struct run_flags *flags, const char *file, const struct error *why)
{
	int code = (int)why->kind;
	struct run_report report = {.status = RUN_FAILED, .exit_code = code, .started_at = clock_wall_us(), .error = *why};
	struct error error = ERROR_INIT;
	if (!flags->json)
		return code;
	if (uuid_v7(report.run_id, &error) || print_json(&report, file, &error))
		return complain(&error);
	return code;
}

/* Those who want to know, which changes nothing about the run. */
static void tell_failure(struct log *log, const struct plan *plan, const struct run_flags *flags, const struct run_report *report)
{
	struct error error = ERROR_INIT;
	if (!flags->dry_run && failure_tell(plan, report, &error))
		log_error(log, NULL, &error);
}

/* A run that succeeded and whose figures nobody can find did not do all that it was asked for. */
static int tell_metrics(struct log *log, const struct plan *plan, const struct run_flags *flags, const struct run_report *report, int code)
{
	struct error error = ERROR_INIT;
	if (!flags->metrics_file || flags->dry_run || metrics_file_write(flags->metrics_file, plan->name, report, &error) == 0)
		return code;
	log_error(log, NULL, &error);
	return code ? code : (int)error.kind;
}

static int run_it(struct log *log, const struct plan *plan, const struct run_flags *flags)
{
	struct watch watch = {.log = log};
	const struct run_options options = {
		.only_step = flags->step,
		.dry_run = flags->dry_run,
		.restart = flags->restart,
		.yes = flags->yes,
		.limited = flags->limit.given,
		.limit = flags->limit.value,
		.cancel = interrupt_catch(),
		.progress = {.step = on_step, .note = on_note, .arg = &watch},
	};
	struct run_report report;
	log->run_id = plan->run_id;
	log->pipeline = plan->name;
	log_run_started(log);
	run_plan(plan, &options, &report);
	log_progress(log, NULL);
	int code = tell_end(log, plan, flags, &report);
	tell_failure(log, plan, flags, &report);
	code = tell_metrics(log, plan, flags, &report, code);
	run_report_fini(&report);
	return code;
}

static int run_main(const void *bound, const struct arguments *arguments)
{
	const struct run_flags *flags = bound;
	const char *file = arguments->items[0];
	struct error error = ERROR_INIT;
	if (pipeline_check_sets(&flags->set, &error) || check_flags(flags, &error)) {
		complain_usage(&error, "run");
		return no_run(flags, file, &error);
	}
	struct log log;
	log_init(&log, (enum log_format)flags->log_format, flags->quiet, !flags->no_progress);
	int code = 0;
	struct pipeline *pipeline = pipeline_file_try(&log, file, &flags->set, &error);
	if (!pipeline) {
		code = no_run(flags, file, &error);
	} else if (check_plan(pipeline_plan(pipeline), flags, &error)) {
		log_error(&log, NULL, &error);
		code = no_run(flags, file, &error);
	} else {
		code = run_it(&log, pipeline_plan(pipeline), flags);
	}
	log_fini(&log);
	if (pipeline)
		pipeline_free(pipeline);
	return code;
}

static const char *const log_formats[] = {"text", "json", NULL};

static const struct flag flags_of_run[] = {
	{.name = "set", .kind = FLAG_LIST, .offset = offsetof(struct run_flags, set), .metavar = "NAME=VALUE",
		.help = "give a parameter of the pipeline a value; may be repeated"},
	{.name = "step", .kind = FLAG_TEXT, .offset = offsetof(struct run_flags, step), .metavar = "NAME",
		.help = "run this step only"},
	{.name = "dry-run", .kind = FLAG_SWITCH, .offset = offsetof(struct run_flags, dry_run),
		.help = "judge every record, also of files that were loaded before, and write nothing at all; the exit code is that of a run"},
	{.name = "limit", .kind = FLAG_NUMBER, .offset = offsetof(struct run_flags, limit), .metavar = "N", .minimum = 1,
		.help = "read and commit the first N records of each step; leaves no checkpoint and marks no file as loaded"},
	{.name = "restart", .kind = FLAG_SWITCH, .offset = offsetof(struct run_flags, restart),
		.help = "forget the checkpoint and the loaded files of the chosen steps first; deletes no row"},
	{.name = "yes", .kind = FLAG_SWITCH, .offset = offsetof(struct run_flags, yes),
		.help = "with --restart: yes, also where a table without a key will hold rows twice"},
	{.name = "json", .kind = FLAG_SWITCH, .offset = offsetof(struct run_flags, json),
		.help = "print one summary object to standard output, and nothing else there"},
	{.name = "quiet", .kind = FLAG_SWITCH, .offset = offsetof(struct run_flags, quiet), .help = "print errors only"},
	{.name = "no-progress", .kind = FLAG_SWITCH, .offset = offsetof(struct run_flags, no_progress),
		.help = "no progress line (there is none anyway where standard error is no terminal)"},
	{.name = "metrics-file", .kind = FLAG_TEXT, .offset = offsetof(struct run_flags, metrics_file), .metavar = "FILE",
		.help = "replace FILE by the figures of this run, for the textfile collector of Prometheus's node_exporter"},
	{.name = "log-format", .kind = FLAG_CHOICE, .offset = offsetof(struct run_flags, log_format), .metavar = "text|json",
		.values = log_formats, .help = "messages as text (the default), or as one JSON object a line"},
	{.name = NULL},
};

static const char *const examples[] = {
	"penstock run pipelines/migrate.yaml",
	"penstock run pipelines/migrate.yaml --set data=incoming --set max_rejects=2%",
	"penstock run pipelines/migrate.yaml --step jobs --dry-run",
	"penstock run pipelines/migrate.yaml --json --log-format json 2>run.log",
	NULL,
};

const struct command command_run = {
	.name = "run",
	.arguments = "FILE",
	.least = 1,
	.most = 1,
	.summary = "run a pipeline",
	.description =
		"Runs the steps of the pipeline FILE in their order and stops at the first that fails; earlier steps "
		"stay committed. At the end the books of every step are printed: read = written + rejected + skipped.\n"
		"A step that was interrupted goes on after its last commit, by itself, provided that what was read "
		"before is unchanged. A file that was loaded completely is skipped, whatever it is called now. "
		"SIGINT, SIGTERM and SIGHUP roll back what is open and end the run; a second one ends it at once.",
	.flags = flags_of_run,
	.size = sizeof(struct run_flags),
	.exits = EXITS(0) | EXITS(1) | EXITS(2) | EXITS(3) | EXITS(4) | EXITS(5) | EXITS(6) | EXITS(7) | EXITS(EXIT_SIGNAL),
	.examples = examples,
	.run = run_main,
};
