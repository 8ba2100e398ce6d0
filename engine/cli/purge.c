/* purge.c - penstock purge.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/purge.h"
#include "engine/cli/command.h"
#include "engine/cli/interrupt.h"
#include "engine/cli/log.h"
#include "engine/cli/rows.h"
#include "engine/cli/state_argument.h"
#include "engine/cli/table.h"
#include "engine/config/scalars.h"
#include "engine/core/clock.h"

enum { PIECE_ROWS = 10000 };

static const int64_t DAY_US = INT64_C(86400) * 1000 * 1000, LONGEST_MS = INT64_C(36500) * 86400 * 1000;

struct purge_flags {
	const char *older_than, *state;
	bool dry_run, json;
};

static int read_age(const char *text, int64_t *us, struct error *error)
{
	int64_t ms;

	if (!text)
		return error_set(error, ERROR_CONFIG, NULL, "how old must be what is deleted? say --older-than 90d (or 12h, 30m, 10s)");
	if (!scalar_duration(text, &ms) || ms > LONGEST_MS)
		return error_set(error, ERROR_CONFIG, NULL, "--older-than \"%.40s\" is no length of time: write 90d, 12h, 30m or 10s, at most 36500d", text);
	*us = ms * 1000;
	return 0;
}

static int print_counts(const struct purge_flags *flags, const struct purge_limits *limits, const struct purge_counts *counts, struct error *error)
{
	const struct {
		const char *table, *key;
		uint64_t count;
	} rows[] = {{"penstock_rejects", "rejects", counts->rejects}, {"penstock_idempotency", "answers", counts->answers}, {"penstock_runs", "runs", counts->runs}};
	const struct table_column columns[] = {{.title = "table"}, {.title = limits->dry_run ? "would go" : "deleted", .right = true}, {.title = NULL}};
	struct text_table table;
	int result = 0;

	if (flags->json) {
		json_t *object = json_object();
		int failed = put_time(object, "before", limits->before);
		failed |= json_object_set_new(object, "dry_run", json_boolean(limits->dry_run));
		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
			failed |= put_number(object, rows[i].key, rows[i].count);
		return row_finish(object, failed, true, error);
	}
	table_init(&table, stdout, columns, 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows && result == 0; i++)
		result = table_text(&table, rows[i].table, error) || table_printf(&table, error, "%llu", (unsigned long long)rows[i].count) ? -1 : 0;
	if (result == 0)
		table_end(&table);
	table_fini(&table);
	return result;
}

static int purge(const struct purge_flags *flags, struct error *error)
{
	const char *given = getenv("PENSTOCK_DB"), *argument = flags->state ? flags->state : "env:PENSTOCK_DB";
	struct connection_target connection;
	struct purge_counts counts = {0};
	int64_t age = 0, now = clock_wall_us();

	memset(&connection, 0, sizeof connection);
	if (read_age(flags->older_than, &age, error))
		return -1;
	if (!flags->state && (!given || !*given))
		return error_set(error, ERROR_CONFIG, NULL,
			"which database? say --state CONNECTION (pipeline.yaml:name, env:NAME or file:PATH), or set PENSTOCK_DB");
	if (connection_target_init(&connection, argument, error)) {
		connection_target_fini(&connection);
		return -1;
	}
	const struct store_target target = {.name = connection.name, .connect = connection.connect, .state_schema = connection.state_schema,
		.lock_timeout_ms = connection.lock_timeout_ms, .cancel = interrupt_catch()};
	/* A request that is sent again within a day gets the same answer, whatever else is asked for here. */
	const struct purge_limits limits = {.before = now - age, .answers_before = now - DAY_US, .piece = PIECE_ROWS, .dry_run = flags->dry_run};
	struct error untold = ERROR_INIT;
	int result = odbc_purge(&target, &limits, &counts, error);
	connection_target_fini(&connection);
	if (counts.absent)
		fprintf(stderr, "penstock: %s: no state here yet: nothing was run into this database\n", argument);
	/* Also where it failed: what was deleted until then is deleted. */
	if (print_counts(flags, &limits, &counts, result ? &untold : error))
		return -1;
	return result;
}

static int purge_main(const void *bound, const struct arguments *arguments)
{
	struct error error = ERROR_INIT;

	(void)arguments;
	return purge(bound, &error) == 0 ? 0 : error.kind == ERROR_CANCELLED ? interrupt_code(1) : complain(&error);
}

static const struct flag flags_of_purge[] = {
	{.name = "older-than", .kind = FLAG_TEXT, .offset = offsetof(struct purge_flags, older_than), .metavar = "TIME",
		.help = "what ended longer ago than this: 90d, 12h, 30m, 10s"},
	{.name = "state", .kind = FLAG_TEXT, .offset = offsetof(struct purge_flags, state), .metavar = "CONNECTION", .help = STATE_ARGUMENT_HELP},
	{.name = "dry-run", .kind = FLAG_SWITCH, .offset = offsetof(struct purge_flags, dry_run), .help = "say how much would go, and delete nothing"},
	{.name = "json", .kind = FLAG_SWITCH, .offset = offsetof(struct purge_flags, json),
		.help = "one JSON object: before, dry_run, rejects, answers, runs"},
	{.name = NULL},
};

static const char *const examples[] = {
	"penstock purge --older-than 90d --dry-run",
	"penstock purge --older-than 90d --state pipelines/migrate.yaml:db",
	NULL,
};

const struct command command_purge = {
	.name = "purge",
	.summary = "delete old runs, resolved rejects and answers of requests",
	.description =
		"Deletes from the penstock_* tables rejects that were resolved by a run that ended before the time given, and runs that ended before it and that "
		"nothing names any more: no reject, no loaded file, no checkpoint. The newest run of each pipeline stays, and the newest that succeeded. Answers "
		"to requests with an Idempotency-Key go once they are a day old, and never before."
		"\n"
		"A reject that is not resolved never goes, nor a run that goes on. Rows go in transactions of at most 10,000, so that nobody has to wait for long; "
		"it may be interrupted and run again at any time.",
	.flags = flags_of_purge,
	.size = sizeof(struct purge_flags),
	.exits = EXITS(0) | EXITS(1) | EXITS(2) | EXITS(5) | EXITS(EXIT_SIGNAL),
	.examples = examples,
	.run = purge_main,
};
