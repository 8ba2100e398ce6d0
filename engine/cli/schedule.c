/* schedule.c - penstock schedule.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/cli/command.h"
#include "engine/cli/log.h"
#include "engine/cli/rows.h"
#include "engine/cli/table.h"
#include "engine/config/load.h"
#include "engine/config/serve.h"
#include "engine/core/buffer.h"
#include "engine/core/clock.h"
#include "engine/core/node.h"
#include "engine/schedule/systemd.h"

enum { COUNT_DEFAULT = 5, COUNT_MAX = 10000 };

struct list_flags {
	struct flag_number count;
	bool json;
};

/* Called with each pipeline that has a schedule. */
typedef int visit(const struct plan *plan, void *arg, struct error *error);

struct visiting {
	visit *each;
	void *arg;
	size_t found;
};

static int visit_pipeline(struct log *log, const char *file, struct visiting *visiting, struct error *error)
{
	struct diagnostics diagnostics;
	struct pipeline *pipeline;
	int result = 0, code;

	diagnostics_init(&diagnostics);
	pipeline = pipeline_load(file, NULL, &diagnostics);
	code = log_diagnostics(log, &diagnostics);
	if (!pipeline)
		result = code;
	diagnostics_fini(&diagnostics);
	if (pipeline && pipeline_plan(pipeline)->schedule.cron) {
		visiting->found++;
		if (visiting->each(pipeline_plan(pipeline), visiting->arg, error) < 0)
			result = complain(error);
	}
	pipeline_free(pipeline);
	return result;
}

static int visit_serve_file(struct log *log, const char *path, struct visiting *visiting, struct error *error)
{
	struct diagnostics diagnostics;
	const struct serve_file *file;
	int result = 0, code;

	diagnostics_init(&diagnostics);
	file = serve_file_load(path, &diagnostics);
	code = log_diagnostics(log, &diagnostics);
	diagnostics_fini(&diagnostics);
	if (!file)
		return code;
	for (size_t i = 0; i < file->pipeline_count && result == 0; i++)
		result = visit_pipeline(log, file->pipelines[i].path, visiting, error);
	serve_file_free(file);
	return result;
}

/* A pipeline file, or a serve file, which lists some. Returns the exit code. */
static int visit_file(const char *path, visit *each, void *arg)
{
	struct error error = ERROR_INIT;
	struct node *root = document_parse(path, &error);
	struct visiting visiting = {.each = each, .arg = arg};
	struct log log;
	int code;

	if (!root)
		return complain(&error);
	bool serves = node_find(root, "pipelines") && !node_find(root, "steps");
	node_free(root);
	log_init(&log, LOG_TEXT, false, false);
	code = (serves ? visit_serve_file : visit_pipeline)(&log, path, &visiting, &error);
	log_fini(&log);
	if (code == 0 && visiting.found == 0)
		fprintf(stderr, "penstock: %s has no schedule: { cron: ... }\n", path);
	return code;
}

/* --- list --- */

struct listing {
	struct text_table table;
	uint64_t count;
	int64_t now;
	bool json, found; /* found: some pipeline has one */
};

static const struct table_column columns[] = {
	{.title = "pipeline", .most = 40}, {.title = "next (UTC)"}, {.title = "clock there"}, {.title = "zone"}, {.title = "cron"}, {.title = NULL},
};

/* "2026-03-29 03:00 +02:00" */
static void local_text(const struct plan_schedule *schedule, int64_t at, char out[64])
{
	int offset = schedule->zone ? zone_offset_at(schedule->zone, at) : 0, year;
	int64_t local = at + offset, day = local / 86400, second = local % 86400;
	unsigned month, of_month;

	value_civil_from_days(day, &year, &month, &of_month);
	snprintf(out, 64, "%04d-%02u-%02u %02d:%02d %c%02d:%02d", year, month, of_month, (int)(second / 3600), (int)(second / 60 % 60),
		offset < 0 ? '-' : '+', abs(offset) / 3600, abs(offset) / 60 % 60);
}

static int print_json(const struct plan *plan, int64_t next, struct error *error)
{
	json_t *row = json_object();
	int failed = put_string(row, "pipeline", plan->name);

	failed |= put_time(row, "next", next * 1000000);
	failed |= put_string(row, "timezone", plan->schedule.timezone);
	failed |= put_string(row, "cron", plan->schedule.cron);
	return row_finish(row, failed, true, error);
}

static int list_each(const struct plan *plan, void *arg, struct error *error)
{
	struct listing *listing = arg;
	char utc[VALUE_TEXT_MAX], local[64];
	int64_t next = listing->now;

	listing->found = true;
	for (uint64_t i = 0; i < listing->count && cron_next(&plan->schedule.times, plan->schedule.zone, next, &next); i++) {
		local_text(&plan->schedule, next, local);
		if (listing->json ? print_json(plan, next, error) < 0 :
			table_text(&listing->table, plan->name, error) || table_text(&listing->table, time_print(next * 1000000, utc), error) ||
			table_text(&listing->table, local, error) || table_text(&listing->table, plan->schedule.timezone, error) ||
			table_text(&listing->table, plan->schedule.cron, error))
			return -1;
	}
	return 0;
}

static int list_main(const void *bound, const struct arguments *arguments)
{
	const struct list_flags *flags = bound;
	struct listing listing = {.count = flags->count.given ? flags->count.value : COUNT_DEFAULT, .now = clock_wall_us() / 1000000, .json = flags->json};

	if (listing.count > COUNT_MAX)
		listing.count = COUNT_MAX;
	table_init(&listing.table, stdout, columns, 0);
	int code = visit_file(arguments->items[0], list_each, &listing);
	if (code == 0 && !flags->json && listing.found)
		table_end(&listing.table);
	table_fini(&listing.table);
	return code;
}

/* --- systemd --- */

static int units_each(const struct plan *plan, void *arg, struct error *error)
{
	char program[PATH_MAX], folder[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
	char *file = realpath(plan->file, NULL);
	struct buffer out;
	int result = -1;

	(void)arg;
	buffer_init(&out, 1 << 20);
	if (length < 0 || !file || !getcwd(folder, sizeof folder)) {
		error_errno(error, ERROR_CONFIG, plan->file, errno, "cannot find where it is");
	} else {
		program[length] = '\0';
		const struct systemd_place place = {.program = program, .file = file, .folder = folder};
		result = systemd_units(plan, &place, &out, error);
	}
	if (result == 0)
		fwrite(out.data, 1, out.length, stdout);
	buffer_fini(&out);
	free(file);
	return result;
}

static int systemd_main(const void *bound, const struct arguments *arguments)
{
	(void)bound;
	return visit_file(arguments->items[0], units_each, NULL);
}

static const struct flag flags_of_list[] = {
	{.name = "count", .kind = FLAG_NUMBER, .offset = offsetof(struct list_flags, count), .metavar = "N", .minimum = 1,
		.help = "so many of each pipeline (default: 5)"},
	{.name = "json", .kind = FLAG_SWITCH, .offset = offsetof(struct list_flags, json), .help = "one JSON object a line"},
	{.name = NULL},
};

static const char *const list_examples[] = {"penstock schedule list pipelines/backup.yaml", "penstock schedule list --count 12 examples/serve/serve.yaml", NULL};
static const char *const systemd_examples[] = {"penstock schedule systemd pipelines/backup.yaml", NULL};

static const struct command command_list = {
	.name = "list",
	.arguments = "FILE",
	.least = 1,
	.most = 1,
	.summary = "show the next runs",
	.description =
		"Shows when the pipeline FILE, or each pipeline of the serve file FILE, runs next by its schedule: in UTC, and on the clock "
		"of its time zone. Nothing is connected to.",
	.flags = flags_of_list,
	.size = sizeof(struct list_flags),
	.exits = EXITS(0) | EXITS(1) | EXITS(2) | EXITS(4),
	.examples = list_examples,
	.run = list_main,
};

static const struct command command_systemd = {
	.name = "systemd",
	.arguments = "FILE",
	.least = 1,
	.most = 1,
	.summary = "print a service and a timer for systemd",
	.description =
		"Prints the units with which systemd, instead of \"penstock serve\", runs the pipeline FILE, or each pipeline of the serve file FILE, "
		"by its schedule. The service runs this program in the folder that the command was given in, as relative paths start there. "
		"overlap is always skip there; missed: run_once becomes Persistent=true.",
	.exits = EXITS(0) | EXITS(1) | EXITS(2) | EXITS(4),
	.examples = systemd_examples,
	.run = systemd_main,
};

static const struct command *const subcommands[] = {&command_list, &command_systemd, NULL};

const struct command command_schedule = {
	.name = "schedule",
	.summary = "when pipelines run by themselves",
	.description = "Reads the schedule of pipelines: the next times of each, or what the scheduler of the system needs to run them.",
	.subcommands = subcommands,
};
