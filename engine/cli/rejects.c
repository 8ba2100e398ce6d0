/* rejects.c - penstock rejects.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/history_json.h"
#include "engine/cli/command.h"
#include "engine/cli/display.h"
#include "engine/cli/log.h"
#include "engine/cli/rejects.h"
#include "engine/cli/rows.h"
#include "engine/cli/state_argument.h"
#include "engine/cli/table.h"
#include "engine/core/plural.h"

enum { LIST_DEFAULT = 50, RUN_SHOWN = 13 };

struct list_flags {
	const char *run, *rule, *table, *state;
	struct flag_number limit;
	bool json;
};

struct show_flags {
	const char *state;
	bool json;
};

/* What a callback of the reader carries. */
struct listing {
	struct text_table table;
	bool json;
	uint64_t shown;
	struct error *error;
};

static const struct table_column columns[] = {
	{.title = "reject", .right = true}, {.title = "run"}, {.title = "step", .most = 30}, {.title = "line", .right = true},
	{.title = "published"}, {.title = "rule", .most = 60}, {.title = "message"}, {.title = NULL},
};

static int print_json(const struct history_reject *reject, bool compact, struct error *error)
{
	return row_finish(history_reject_json(reject), 0, compact, error);
}

static int list_row(struct listing *listing, const struct history_reject *reject)
{
	struct error *error = listing->error;
	struct text_table *table = &listing->table;
	size_t run = strlen(reject->run_id);
	if (listing->json)
		return print_json(reject, true, error);
	return table_printf(table, error, "%lld", (long long)reject->reject_id) ||
		table_cell(table, reject->run_id, run < RUN_SHOWN ? run : RUN_SHOWN, error) ||
		table_text(table, reject->step, error) ||
		table_printf(table, error, "%llu", (unsigned long long)reject->line_no) ||
		table_text(table, reject->resolved_run_id[0] ? "resolved" : reject->published ? "yes" : "no", error) ||
		table_text(table, reject->rule, error) || table_text(table, reject->message, error);
}

static int list_each(void *arg, const struct history_reject *reject)
{
	struct listing *listing = arg;
	listing->shown++;
	return list_row(listing, reject) || ferror(stdout);
}

static int on_run(void *arg, const struct history_run *run)
{
	*(uint64_t *)arg = run->rejected;
	return 0;
}

int rejects_say_elsewhere(struct history *history, const char *run, struct error *error)
{
	char id[RUN_ID_SIZE];
	const struct history_reject_filter filter = {.run = id};
	uint64_t rejected = 0, count = 0;
	bool found = false;
	if (!run || history_absent(history))
		return 0;
	if (history_find_run(history, run, id, error) || history_run(history, id, on_run, &rejected, &found, error) ||
		history_count_rejects(history, &filter, &count, error))
		return -1;
	if (count > 0 || rejected == 0)
		return 0;
	fflush(stdout);
	fprintf(stderr,
		"penstock: run %s rejected %llu record%s, of which this database has none: a step that writes to a file keeps its rejects in one, PATH.rejects.jsonl "
		"beside its own or where `rejects: { type: jsonl, path }` says; mend the source and run the pipeline again. (Resolved ones may also have been purged.)\n",
		id, (unsigned long long)rejected, plural(rejected, "", "s"));
	return 0;
}

static int list(const struct list_flags *flags, struct history *history, struct error *error)
{
	struct listing listing = {.json = flags->json, .error = error};
	struct history_reject_filter filter = {
		.run = flags->run, .rule = flags->rule, .table = flags->table, .limit = flags->limit.given ? flags->limit.value : LIST_DEFAULT,
	};
	uint64_t count;
	if (history_count_rejects(history, &filter, &count, error))
		return -1;
	/* The newest, in the order in which they were stored. */
	filter.offset = count > filter.limit ? count - filter.limit : 0;
	table_init(&listing.table, stdout, columns, display_columns(stdout));
	int result = history_rejects(history, &filter, list_each, &listing, error);
	if (error_is_set(error))
		result = -1;
	if (result == 0 && !flags->json && (listing.shown || !history_absent(history)))
		table_end(&listing.table);
	table_fini(&listing.table);
	if (result == 0 && filter.offset > 0) {
		fflush(stdout);
		fprintf(stderr, "penstock: these are the newest %llu; %llu older %s not shown: --limit N shows more\n",
			(unsigned long long)listing.shown, (unsigned long long)filter.offset, plural(filter.offset, "one is", "ones are"));
	}
	return result == 0 && listing.shown == 0 ? rejects_say_elsewhere(history, flags->run, error) : result;
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

static void print_violations(const struct text *violations)
{
	json_error_t problem;
	json_t *list_of = json_loadb(violations->data, violations->length, JSON_ALLOW_NUL, &problem);
	size_t index;
	json_t *item;
	json_array_foreach(list_of, index, item) {
		const char *rule = json_string_value(json_object_get(item, "rule"));
		const char *message = json_string_value(json_object_get(item, "message"));
		const char *value = json_string_value(json_object_get(item, "value"));
		fputs(index ? "              " : "violations    ", stdout);
		display_puts(stdout, rule ? rule : "");
		fputs(": ", stdout);
		display_puts(stdout, message ? message : "");
		if (value && *value) {
			fputs(" (value: \"", stdout);
			display_puts(stdout, value);
			printf("\"%s)", json_is_true(json_object_get(item, "truncated")) ? " and more" : "");
		}
		putchar('\n');
	}
	json_decref(list_of);
}

static int show_text(void *arg, const struct history_reject *reject)
{
	(void)arg;
	char text[VALUE_TEXT_MAX];
	printf("reject        %lld\n", (long long)reject->reject_id);
	field_print("run", reject->run_id);
	field_print("pipeline", reject->pipeline);
	field_print("step", reject->step);
	field_print("table", reject->table_name);
	field_print("source", reject->source);
	printf("place         record %llu, line %llu, byte %llu\n", (unsigned long long)reject->record_no,
		(unsigned long long)reject->line_no, (unsigned long long)reject->byte_offset);
	field_print("field", reject->field);
	field_print("code", reject->code);
	field_print("rule", reject->rule);
	field_print("message", reject->message);
	print_violations(&reject->violations);
	field_print_text("record", reject->record.data, reject->record.length);
	field_print("published", reject->published ? "yes" : "no: the step was rolled back; its next attempt replaces this reject");
	printf("attempts      %lld\n", (long long)reject->attempts);
	field_print("rejected at", time_print(reject->rejected_at, text));
	field_print("resolved by", reject->resolved_run_id);
	return 0;
}

static int show_json(void *arg, const struct history_reject *reject)
{
	struct error *error = arg;
	return print_json(reject, false, error);
}

static int show(const struct show_flags *flags, const char *argument, struct history *history, struct error *error)
{
	char *end;
	long long id = strtoll(argument, &end, 10);
	if (*argument < '0' || *argument > '9' || *end)
		return error_set(error, ERROR_CONFIG, NULL, "a reject is named by its number (the first column of \"rejects list\"), not \"%s\"",
			argument);
	bool found = false;
	if (history_reject(history, id, flags->json ? show_json : show_text, error, &found, error) || error_is_set(error))
		return -1;
	return found ? 0 : error_set(error, ERROR_CONFIG, NULL, "there is no reject %lld", id);
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
	{.name = "run", .kind = FLAG_TEXT, .offset = offsetof(struct list_flags, run), .metavar = "ID|latest",
		.help = "of this run: its id, the unique beginning of it, or \"latest\""},
	{.name = "rule", .kind = FLAG_TEXT, .offset = offsetof(struct list_flags, rule), .metavar = "RULE",
		.help = "whose first violation is of this rule"},
	{.name = "table", .kind = FLAG_TEXT, .offset = offsetof(struct list_flags, table), .metavar = "TABLE",
		.help = "that were meant for this table"},
	{.name = "limit", .kind = FLAG_NUMBER, .offset = offsetof(struct list_flags, limit), .metavar = "N", .minimum = 1,
		.help = "the newest so many (default: 50); how many older ones are not shown is said on standard error"},
	{.name = "state", .kind = FLAG_TEXT, .offset = offsetof(struct list_flags, state), .metavar = "CONNECTION",
		.help = STATE_ARGUMENT_HELP},
	{.name = "json", .kind = FLAG_SWITCH, .offset = offsetof(struct list_flags, json),
		.help = "one JSON object a line, with every column and the original record"},
	{.name = NULL},
};

static const struct flag flags_of_show[] = {
	{.name = "state", .kind = FLAG_TEXT, .offset = offsetof(struct show_flags, state), .metavar = "CONNECTION",
		.help = STATE_ARGUMENT_HELP},
	{.name = "json", .kind = FLAG_SWITCH, .offset = offsetof(struct show_flags, json), .help = "as one JSON object"},
	{.name = NULL},
};

static const char *const list_examples[] = {
	"penstock rejects list --run latest",
	"penstock rejects list --rule jobs.id.primary-key --limit 1000 --json",
	"penstock rejects list --state pipelines/migrate.yaml:db",
	NULL,
};
static const char *const show_examples[] = {"penstock rejects show 17", NULL};

static const struct command command_list = {
	.name = "list",
	.summary = "list rejected records",
	.description =
		"Lists rejected records, the newest of them, in the order in which they were stored: where each stood, the rule that it "
		"breaks first, and why. \"published\" is no for the rejects of a step that was rolled back; its next "
		"attempt replaces them.",
	.flags = flags_of_list,
	.size = sizeof(struct list_flags),
	.exits = EXITS(0) | EXITS(1) | EXITS(2) | EXITS(5),
	.examples = list_examples,
	.run = list_main,
};

static const struct command command_show = {
	.name = "show",
	.arguments = "REJECT",
	.least = 1,
	.most = 1,
	.summary = "show one of them in full",
	.description = "Shows a rejected record with its place, all its violations, and the original text.",
	.flags = flags_of_show,
	.size = sizeof(struct show_flags),
	.exits = EXITS(0) | EXITS(1) | EXITS(2) | EXITS(5),
	.examples = show_examples,
	.run = show_main,
};

static const struct command *const subcommands[] = {&command_list, &command_show, &command_rejects_top, &command_rejects_export,
	&command_rejects_replay, NULL};

const struct command command_rejects = {
	.name = "rejects",
	.summary = "look at rejected records, mend them, and run them again",
	.description =
		"Reads the reject store, penstock_rejects, in the database that the rows went to. Nothing is changed but by replay, which "
		"runs mended records through their pipeline once more.",
	.subcommands = subcommands,
};
