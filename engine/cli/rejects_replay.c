/* rejects_replay.c - penstock rejects replay.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "connectors/odbc/history.h"
#include "engine/cli/interrupt.h"
#include "engine/cli/pipeline_file.h"
#include "engine/cli/rejects.h"
#include "engine/cli/told.h"
#include "engine/mend/mend.h"

struct replay_flags {
	const char *from, *run, *rule, *table, *step, *source;
	struct flag_list set;
	bool dry_run, json, quiet, no_progress;
	int log_format; /* enum log_format */
};

static int check_flags(const struct replay_flags *flags, struct error *error)
{
	if (!flags->from == !flags->run)
		return error_set(error, ERROR_CONFIG, NULL,
			flags->from ? "--from and --run exclude each other: mended rows of a file, or the originals of a run"
				    : "replay what? --from FILE.csv, mended rows that `penstock rejects export` wrote; or --run ID, the originals of a run");
	if (flags->from && (flags->rule || flags->table || flags->source))
		return error_set(error, ERROR_CONFIG, NULL, "--%s goes with --run: a file has its own rows",
			flags->rule ? "rule" : flags->table ? "table" : "source");
	return pipeline_check_sets(&flags->set, error);
}

static void note(void *arg, const char *level, const char *text)
{
	log_note(arg, level, NULL, text);
}

/* The id that --run means, in the database of the pipeline. */
static int find_run(const struct plan *plan, const char *run, char id[RUN_ID_SIZE], struct cancel *cancel, struct error *error)
{
	const struct plan_connection *state = plan->state;
	struct history *history = NULL;
	for (size_t i = 0; i < plan->step_count && !state; i++)
		state = plan->steps[i].connection;
	if (!state)
		return error_set(error, ERROR_CONFIG, plan->file, "writes to no database, so there is no reject store: mend the source and run it again");
	const struct store_target target = {.name = state->name, .connect = state->connect, .state_schema = state->state_schema,
		.lock_timeout_ms = state->lock_timeout_ms, .read_only = true, .cancel = cancel};
	if (history_open(&target, &history, error))
		return -1;
	int result = history_find_run(history, run, id, error);
	history_close(history);
	return result;
}

static int replay(const struct replay_flags *flags, struct log *log, const struct plan *plan, struct error *error)
{
	char id[RUN_ID_SIZE] = "";
	struct mend_job job = {.plan = plan, .file = flags->from, .run = id, .rule = flags->rule, .table = flags->table, .step = flags->step,
		.found_at = flags->source, .cancel = interrupt_catch(), .note = note, .note_arg = log};
	int code = -1;
	if (pipeline_check_step(plan, flags->step, error) == 0 && (!flags->run || find_run(plan, flags->run, id, job.cancel, error) == 0) &&
		mend_survey(&job, error) == 0) {
		const struct mend mend = mend_of(&job);
		const struct run_options options = {.only_step = flags->step, .dry_run = flags->dry_run, .mend = &mend};
		bool any = false;
		for (size_t i = 0; i < plan->step_count; i++)
			any = any || job.wanted[i];
		if (!any)
			log_note(log, "info", NULL, "the run has no such rejects: there is nothing to be replayed");
		code = told_run(log, plan, &options, flags->json, NULL, NULL);
	}
	mend_job_fini(&job);
	return code;
}

static int replay_main(const void *bound, const struct arguments *arguments)
{
	const struct replay_flags *flags = bound;
	const char *file = arguments->items[0];
	struct error error = ERROR_INIT;
	if (check_flags(flags, &error)) {
		complain_usage(&error, "rejects replay");
		return told_no_run(flags->json, file, &error);
	}
	struct log log;
	log_init(&log, (enum log_format)flags->log_format, flags->quiet, !flags->no_progress);
	struct pipeline *pipeline = pipeline_file_try(&log, file, &flags->set, &error);
	int code = pipeline ? replay(flags, &log, pipeline_plan(pipeline), &error) : -1;
	if (code < 0) {
		if (pipeline)
			log_error(&log, NULL, &error);
		code = told_no_run(flags->json, file, &error);
		if (error.kind == ERROR_CANCELLED)
			code = interrupt_code(code);
	}
	log_fini(&log);
	if (pipeline)
		pipeline_free(pipeline);
	return code;
}

static const char *const log_formats[] = {"text", "json", NULL};

static const struct flag flags_of_replay[] = {
	{.name = "from", .kind = FLAG_TEXT, .offset = offsetof(struct replay_flags, from), .metavar = "FILE.csv",
		.help = "the mended rows of this file, as \"rejects export\" wrote it and a person, or a spreadsheet, changed it"},
	{.name = "run", .kind = FLAG_TEXT, .offset = offsetof(struct replay_flags, run), .metavar = "ID|latest",
		.help = "the original records that this run rejected: after the dictionary was mended, or missing parents have come"},
	{.name = "rule", .kind = FLAG_TEXT, .offset = offsetof(struct replay_flags, rule), .metavar = "RULE",
		.help = "with --run: only those whose first violation is of this rule"},
	{.name = "table", .kind = FLAG_TEXT, .offset = offsetof(struct replay_flags, table), .metavar = "TABLE",
		.help = "with --run: only those that were meant for this table"},
	{.name = "step", .kind = FLAG_TEXT, .offset = offsetof(struct replay_flags, step), .metavar = "NAME", .help = "only those of this step"},
	{.name = "source", .kind = FLAG_TEXT, .offset = offsetof(struct replay_flags, source), .metavar = "PATH",
		.help = "with --run: where the file that was loaded is now (default: where it was)"},
	{.name = "set", .kind = FLAG_LIST, .offset = offsetof(struct replay_flags, set), .metavar = "NAME=VALUE",
		.help = "give a parameter of the pipeline a value; may be repeated"},
	{.name = "dry-run", .kind = FLAG_SWITCH, .offset = offsetof(struct replay_flags, dry_run),
		.help = "judge every record and write nothing at all"},
	{.name = "json", .kind = FLAG_SWITCH, .offset = offsetof(struct replay_flags, json),
		.help = "print one summary object to standard output, and nothing else there"},
	{.name = "quiet", .kind = FLAG_SWITCH, .offset = offsetof(struct replay_flags, quiet), .help = "print errors only"},
	{.name = "no-progress", .kind = FLAG_SWITCH, .offset = offsetof(struct replay_flags, no_progress), .help = "no progress line"},
	{.name = "log-format", .kind = FLAG_CHOICE, .offset = offsetof(struct replay_flags, log_format), .metavar = "text|json",
		.values = log_formats, .help = "messages as text (the default), or as one JSON object a line"},
	{.name = NULL},
};

static const char *const examples[] = {
	"penstock rejects replay pipelines/migrate.yaml --from mended.csv",
	"penstock rejects replay pipelines/migrate.yaml --from mended.csv --dry-run",
	"penstock rejects replay pipelines/migrate.yaml --run latest --table jobs",
	NULL,
};

const struct command command_rejects_replay = {
	.name = "replay",
	.arguments = "PIPELINE",
	.least = 1,
	.most = 1,
	.summary = "run mended records, or the originals, through the pipeline once more",
	.description =
		"Runs rejected records once more through the step of PIPELINE that rejected them: its rules, references, keys and sink. A record that is "
		"written resolves its reject in the same transaction; one that is rejected again keeps its one row, with the rule, message and "
		"violations of now, and one attempt more. It is a run of its own, of kind replay, in \"runs list\", and one at a time with the loads of "
		"its step. Rows that name no reject of the step, one that is resolved, or the same twice, and rejects of a step "
		"that was rolled back (published = 0), are skipped, with the reason; so doing it again does nothing. max_rejects and on_violation do not "
		"count here.",
	.flags = flags_of_replay,
	.size = sizeof(struct replay_flags),
	.exits = EXITS(0) | EXITS(1) | EXITS(2) | EXITS(3) | EXITS(4) | EXITS(5) | EXITS(6) | EXITS(7) | EXITS(EXIT_SIGNAL),
	.examples = examples,
	.run = replay_main,
};
