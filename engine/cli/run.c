/* run.c - penstock run.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/cli/pipeline_file.h"
#include "engine/cli/told.h"
#include "engine/lineage/lineage.h"

struct run_flags {
	struct flag_list set;
	const char *step;
	bool dry_run, restart, yes;
	struct flag_number limit;
	bool json, quiet, no_progress;
	const char *metrics_file;
	const char *lineage_file, *lineage_url, *lineage_namespace;
	int log_format; /* enum log_format */
};

enum { HEADER_MAX = 4096 };
static const char key_name[] = "OPENLINEAGE_API_KEY";

/* Where events go; a key is never an argument. header: of HEADER_MAX bytes, headers: of two. */
static int read_lineage(const struct run_flags *flags, char *header, const char **headers, struct lineage_target *target, struct error *error)
{
	const char *key = flags->lineage_url ? getenv(key_name) : NULL;
	*target = (struct lineage_target){.url = flags->lineage_url, .file = flags->lineage_file, .headers = headers,
		.job_namespace = flags->lineage_namespace ? flags->lineage_namespace : "penstock", .timeout_ms = LINEAGE_TIMEOUT_MS};
	headers[0] = headers[1] = NULL;
	if (!lineage_wanted(target))
		return flags->lineage_namespace ? error_set(error, ERROR_CONFIG, NULL, "--lineage-namespace goes with --lineage-file or --lineage-url") : 0;
	if (key && key[0] && (size_t)snprintf(header, HEADER_MAX, "Authorization: Bearer %s", key) >= HEADER_MAX)
		return error_set(error, ERROR_CONFIG, NULL, "%s is too long", key_name);
	if (key && key[0])
		headers[0] = header;
	return lineage_target_check(target, error);
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
	if (flags->json && told_prints_rows(plan, flags->step))
		return error_set(error, ERROR_CONFIG, plan->file,
			"--json has standard output to itself, and this pipeline writes its rows there: leave --json out, or give the sink a file");
	return 0;
}

static int run_main(const void *bound, const struct arguments *arguments)
{
	const struct run_flags *flags = bound;
	const char *file = arguments->items[0];
	struct error error = ERROR_INIT;
	struct lineage_target lineage;
	const char *headers[2];
	char header[HEADER_MAX];
	if (pipeline_check_sets(&flags->set, &error) || check_flags(flags, &error) || read_lineage(flags, header, headers, &lineage, &error)) {
		complain_usage(&error, "run");
		return told_no_run(flags->json, file, &error);
	}
	struct log log;
	log_init(&log, (enum log_format)flags->log_format, flags->quiet, !flags->no_progress);
	int code = 0;
	struct pipeline *pipeline = pipeline_file_try(&log, file, &flags->set, &error);
	if (!pipeline) {
		code = told_no_run(flags->json, file, &error);
	} else if (check_plan(pipeline_plan(pipeline), flags, &error)) {
		log_error(&log, NULL, &error);
		code = told_no_run(flags->json, file, &error);
	} else {
		const struct run_options options = {
			.only_step = flags->step,
			.dry_run = flags->dry_run,
			.restart = flags->restart,
			.yes = flags->yes,
			.limited = flags->limit.given,
			.limit = flags->limit.value,
		};
		code = told_run(&log, pipeline_plan(pipeline), &options, flags->json, flags->metrics_file, &lineage);
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
	{.name = "lineage-file", .kind = FLAG_TEXT, .offset = offsetof(struct run_flags, lineage_file), .metavar = "FILE",
		.help = "append the OpenLineage events of this run to FILE, one JSON object a line"},
	{.name = "lineage-url", .kind = FLAG_TEXT, .offset = offsetof(struct run_flags, lineage_url), .metavar = "URL",
		.help = "post the OpenLineage events of this run to URL, with OPENLINEAGE_API_KEY as its bearer token where that is set"},
	{.name = "lineage-namespace", .kind = FLAG_TEXT, .offset = offsetof(struct run_flags, lineage_namespace), .metavar = "NAME",
		.help = "the namespace of the job in these events (default: penstock)"},
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
