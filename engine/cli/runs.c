/* runs.c - penstock runs.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>

#include "engine/cli/command.h"
#include "engine/cli/display.h"
#include "engine/cli/log.h"
#include "engine/cli/rows.h"
#include "engine/cli/state_argument.h"
#include "engine/cli/table.h"

enum { LIST_DEFAULT = 50 };

struct list_flags {
	const char *pipeline, *state;
	struct flag_number limit;
	bool all, json;
};

struct show_flags {
	const char *state;
	bool json;
};

/* What a callback of the reader carries. */
struct listing {
	struct text_table table;
	bool json;
	uint64_t most, shown;
	bool more; /* there were more than most */
	struct error *error;
};

static const struct table_column columns[] = {
	{.title = "run"}, {.title = "pipeline", .most = 30}, {.title = "status"}, {.title = "started (UTC)"},
	{.title = "seconds", .right = true}, {.title = "read", .right = true}, {.title = "written", .right = true},
	{.title = "rejected", .right = true}, {.title = "skipped", .right = true}, {.title = "exit", .right = true}, {.title = NULL},
};

static const struct table_column step_columns[] = {
	{.title = "step", .most = 40}, {.title = "table", .most = 40}, {.title = "status"}, {.title = "read", .right = true},
	{.title = "written", .right = true}, {.title = "rejected", .right = true}, {.title = "skipped", .right = true}, {.title = NULL},
};

static double seconds_of(const struct history_run *run)
{
	return run->finished_at ? (double)(run->finished_at - run->started_at) / 1e6 : 0;
}

static int print_json(const struct history_run *run, bool compact, struct error *error)
{
	json_t *row = json_object();
	int failed = put_string(row, "run_id", run->run_id);
	failed |= put_string(row, "kind", run->kind);
	failed |= put_string(row, "pipeline", run->pipeline);
	failed |= put_string(row, "status", run->status);
	failed |= put_time(row, "started_at", run->started_at);
	failed |= put_time(row, "finished_at", run->finished_at);
	failed |= put_number(row, "read", run->read);
	failed |= put_number(row, "written", run->written);
	failed |= put_number(row, "rejected", run->rejected);
	failed |= put_number(row, "skipped", run->skipped);
	failed |= json_object_set_new(row, "exit_code", run->has_exit_code ? json_integer(run->exit_code) : json_null());
	if (!compact)
		failed |= put_document(row, "summary", run->summary, strlen(run->summary));
	return row_finish(row, failed, compact, error);
}

static int list_row(struct listing *listing, const struct history_run *run)
{
	struct error *error = listing->error;
	struct text_table *table = &listing->table;
	char started[VALUE_TEXT_MAX];
	if (listing->json)
		return print_json(run, true, error);
	if (table_text(table, run->run_id, error) || table_text(table, run->pipeline, error) ||
		table_text(table, run->status, error) || table_text(table, time_print(run->started_at, started), error))
		return -1;
	if (run->finished_at ? table_printf(table, error, "%.2f", seconds_of(run)) : table_text(table, "-", error))
		return -1;
	if (table_printf(table, error, "%llu", (unsigned long long)run->read) ||
		table_printf(table, error, "%llu", (unsigned long long)run->written) ||
		table_printf(table, error, "%llu", (unsigned long long)run->rejected) ||
		table_printf(table, error, "%llu", (unsigned long long)run->skipped))
		return -1;
	return run->has_exit_code ? table_printf(table, error, "%d", run->exit_code) : table_text(table, "-", error);
}

static int list_each(void *arg, const struct history_run *run)
{
	struct listing *listing = arg;
	if (listing->shown == listing->most) {
		listing->more = true;
		return 1;
	}
	listing->shown++;
	return list_row(listing, run) || ferror(stdout);
}

static int list(const struct list_flags *flags, struct history *history, struct error *error)
{
	struct listing listing = {.json = flags->json, .most = flags->limit.given ? flags->limit.value : LIST_DEFAULT, .error = error};
	const struct history_run_filter filter = {
		.pipeline = flags->pipeline, .all = flags->all, .limit = listing.most == UINT64_MAX ? 0 : listing.most + 1,
	};
	table_init(&listing.table, stdout, columns, 0);
	int result = history_runs(history, &filter, list_each, &listing, error);
	if (error_is_set(error))
		result = -1;
	if (result == 0 && !flags->json && (listing.shown || !history_absent(history)))
		table_end(&listing.table);
	table_fini(&listing.table);
	if (result == 0 && listing.more) {
		fflush(stdout);
		fprintf(stderr, "penstock: these are the latest %llu; --limit N shows more\n", (unsigned long long)listing.shown);
	}
	return result;
}

static int list_main(const void *bound, const struct arguments *arguments)
{
	(void)arguments;
	const struct list_flags *flags = bound;
	struct error error = ERROR_INIT;
	struct state_argument state;
	int result = state_argument_open(&state, flags->state, &error);
	if (result == 0)
		result = list(flags, state.history, &error);
	state_argument_close(&state);
	return result ? complain(&error) : 0;
}

static int number_cell(struct text_table *table, json_t *step, const char *key, struct error *error)
{
	return table_printf(table, error, "%lld", (long long)json_integer_value(json_object_get(step, key)));
}

/* The steps and rules of the summary that the run left. */
static int print_summary(json_t *summary, struct error *error)
{
	struct text_table table;
	size_t index;
	json_t *step, *steps = json_object_get(summary, "steps");
	int result = 0;
	if (json_array_size(steps) == 0)
		return 0;
	putchar('\n');
	table_init(&table, stdout, step_columns, 0);
	json_array_foreach(steps, index, step) {
		if (table_text(&table, json_string_value(json_object_get(step, "name")), error) ||
			table_text(&table, json_string_value(json_object_get(step, "table")), error) ||
			table_text(&table, json_string_value(json_object_get(step, "status")), error) ||
			number_cell(&table, step, "read", error) || number_cell(&table, step, "written", error) ||
			number_cell(&table, step, "rejected", error) || number_cell(&table, step, "skipped", error)) {
			result = -1;
			break;
		}
	}
	if (result == 0)
		table_end(&table);
	table_fini(&table);
	bool titled = false;
	json_array_foreach(steps, index, step) {
		const char *rule;
		json_t *count;
		json_object_foreach(json_object_get(step, "rejects_by_rule"), rule, count) {
			printf("%s%10lld  ", titled ? "" : "\nrejected by rule\n", (long long)json_integer_value(count));
			display_puts(stdout, rule);
			putchar('\n');
			titled = true;
		}
	}
	const json_t *ended = json_object_get(summary, "error");
	const char *place = json_string_value(json_object_get(ended, "place"));
	const char *reason = json_string_value(json_object_get(ended, "message"));
	if (reason) {
		fputs("\nended by: ", stdout);
		if (place && place[0]) {
			display_puts(stdout, place);
			fputs(": ", stdout);
		}
		display_puts(stdout, reason);
		putchar('\n');
	}
	return result;
}

static int show_text(void *arg, const struct history_run *run)
{
	struct error *error = arg;
	char text[VALUE_TEXT_MAX];
	field_print("run", run->run_id);
	field_print("kind", run->kind);
	field_print("pipeline", run->pipeline);
	field_print("status", run->status);
	field_print("started", time_print(run->started_at, text));
	field_print("finished", time_print(run->finished_at, text));
	if (run->finished_at)
		printf("seconds       %.2f\n", seconds_of(run));
	printf("read          %llu\n", (unsigned long long)run->read);
	printf("written       %llu\n", (unsigned long long)run->written);
	printf("rejected      %llu\n", (unsigned long long)run->rejected);
	printf("skipped       %llu\n", (unsigned long long)run->skipped);
	if (run->has_exit_code)
		printf("exit code     %d\n", run->exit_code);
	json_error_t problem;
	json_t *summary = json_loads(run->summary, 0, &problem);
	int result = print_summary(summary, error);
	json_decref(summary);
	return result;
}

static int show_json(void *arg, const struct history_run *run)
{
	struct error *error = arg;
	return print_json(run, false, error);
}

static int show(const struct show_flags *flags, const char *run, struct history *history, struct error *error)
{
	bool found = false;
	if (history_run(history, run, flags->json ? show_json : show_text, error, &found, error) || error_is_set(error))
		return -1;
	return found ? 0 : error_set(error, ERROR_CONFIG, NULL, "there is no run \"%s\"", run);
}

static int show_main(const void *bound, const struct arguments *arguments)
{
	const struct show_flags *flags = bound;
	struct error error = ERROR_INIT;
	struct state_argument state;
	int result = state_argument_open(&state, flags->state, &error);
	if (result == 0)
		result = show(flags, arguments->items[0], state.history, &error);
	state_argument_close(&state);
	return result ? complain(&error) : 0;
}

static const struct flag flags_of_list[] = {
	{.name = "pipeline", .kind = FLAG_TEXT, .offset = offsetof(struct list_flags, pipeline), .metavar = "NAME",
		.help = "of this pipeline"},
	{.name = "limit", .kind = FLAG_NUMBER, .offset = offsetof(struct list_flags, limit), .metavar = "N", .minimum = 1,
		.help = "at most so many (default: 50)"},
	{.name = "all", .kind = FLAG_SWITCH, .offset = offsetof(struct list_flags, all), .help = "ingest requests, too"},
	{.name = "state", .kind = FLAG_TEXT, .offset = offsetof(struct list_flags, state), .metavar = "CONNECTION",
		.help = STATE_ARGUMENT_HELP},
	{.name = "json", .kind = FLAG_SWITCH, .offset = offsetof(struct list_flags, json), .help = "one JSON object a line"},
	{.name = NULL},
};

static const struct flag flags_of_show[] = {
	{.name = "state", .kind = FLAG_TEXT, .offset = offsetof(struct show_flags, state), .metavar = "CONNECTION",
		.help = STATE_ARGUMENT_HELP},
	{.name = "json", .kind = FLAG_SWITCH, .offset = offsetof(struct show_flags, json),
		.help = "as one JSON object, with the summary that \"run --json\" printed"},
	{.name = NULL},
};

static const char *const list_examples[] = {
	"penstock runs list",
	"penstock runs list --pipeline migrate --limit 5 --json",
	NULL,
};
static const char *const show_examples[] = {"penstock runs show latest", "penstock runs show 01920f3e-7c1a --json", NULL};

static const struct command command_list = {
	.name = "list",
	.summary = "list past runs, newest first",
	.description =
		"Lists past runs and their books, newest first. A run marked \"running\" either goes on or died; the "
		"next run of its pipeline marks dead ones as interrupted.",
	.flags = flags_of_list,
	.size = sizeof(struct list_flags),
	.exits = EXITS(0) | EXITS(1) | EXITS(2) | EXITS(5),
	.examples = list_examples,
	.run = list_main,
};

static const struct command command_show = {
	.name = "show",
	.arguments = "RUN",
	.least = 1,
	.most = 1,
	.summary = "show one of them in full",
	.description = "Shows a run with its steps and its rejects by rule. RUN is its id, the unique beginning of it, or \"latest\".",
	.flags = flags_of_show,
	.size = sizeof(struct show_flags),
	.exits = EXITS(0) | EXITS(1) | EXITS(2) | EXITS(5),
	.examples = show_examples,
	.run = show_main,
};

static const struct command *const subcommands[] = {&command_list, &command_show, NULL};

const struct command command_runs = {
	.name = "runs",
	.summary = "look at past runs",
	.description = "Reads the history of runs, penstock_runs, in the database that the rows went to. Nothing is changed.",
	.subcommands = subcommands,
};
