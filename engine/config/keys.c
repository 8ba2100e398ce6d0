/* keys.c - the keys of a pipeline file that the engine itself knows.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/config/keys.h"

#include <string.h>

#include "engine/config/declared.h"
#include "engine/core/plan.h"

const struct option keys_of_param[] = {
	{.name = "default", .kind = OPTION_STRING, .offset = offsetof(struct param_keys, fallback),
		.help = "The value where none is given; without it the param must be given where it is used."},
	{.name = "description", .kind = OPTION_STRING, .offset = offsetof(struct param_keys, description),
		.help = "For people."},
	{.name = "type", .kind = OPTION_ENUM, .offset = offsetof(struct param_keys, type), .fallback = "string",
		.values = declared_names, .help = "What its value is, and what it is bound as in SQL."},
	{.name = "enum", .kind = OPTION_LIST, .offset = offsetof(struct param_keys, values),
		.help = "The values that are allowed."},
	{.name = "pattern", .kind = OPTION_STRING, .offset = offsetof(struct param_keys, pattern),
		.help = "A regular expression that the whole value must match."},
	{.name = "request", .kind = OPTION_BOOLEAN, .offset = offsetof(struct param_keys, request),
		.help = "A request may set it; needs enum or pattern."},
	{.name = "upload", .kind = OPTION_BOOLEAN, .offset = offsetof(struct param_keys, upload),
		.help = "A request may upload the file that it names."},
	{.name = NULL},
};

const struct option keys_of_connection[] = {
	{.name = "type", .kind = OPTION_STRING, .flags = OPTION_REQUIRED, .offset = offsetof(struct connection_keys, type),
		.help = "The kind of connection: odbc."},
	{.name = "connect", .kind = OPTION_STRING, .flags = OPTION_REQUIRED | OPTION_SECRET,
		.offset = offsetof(struct connection_keys, connect), .help = "The ODBC connection string."},
	{.name = "lock_timeout", .kind = OPTION_DURATION, .offset = offsetof(struct connection_keys, lock_timeout_ms),
		.fallback = "30s", .minimum = 1, .maximum = 86400000,
		.help = "How long to wait for a lock that another session holds."},
	{.name = NULL},
};

const struct option key_state[] = {
	{.name = "state", .kind = OPTION_MAP, .help = "Where the penstock_* tables live: { schema: ... }."},
	{.name = NULL},
};

const struct option keys_of_state[] = {
	{.name = "schema", .kind = OPTION_STRING, .offset = offsetof(struct state_keys, schema),
		.help = "Schema of the penstock_* tables."},
	{.name = NULL},
};

const struct option keys_of_limits[] = {
	{.name = "field", .kind = OPTION_SIZE, .offset = offsetof(struct limits, field), .fallback = "1MiB", .minimum = 16,
		.maximum = 1 << 30, .help = "Bytes of one cell."},
	{.name = "record", .kind = OPTION_SIZE, .offset = offsetof(struct limits, record), .fallback = "4MiB",
		.minimum = 64, .maximum = 1 << 30, .help = "Bytes of one record."},
	{.name = "columns", .kind = OPTION_INTEGER, .offset = offsetof(struct limits, columns), .fallback = "4096",
		.minimum = 1, .maximum = 1 << 20, .help = "Cells of one record."},
	{.name = "keys", .kind = OPTION_SIZE, .offset = offsetof(struct limits, keys), .fallback = "24MiB", .minimum = 1,
		.maximum = 1LL << 40, .help = "Bytes of all key sets of a step in memory; beyond it they are looked up."},
	{.name = "reject_spool", .kind = OPTION_SIZE, .offset = offsetof(struct limits, reject_spool), .fallback = "1GiB",
		.minimum = 1, .maximum = 1LL << 50, .help = "Bytes of the spooled rejects of a step that commits once, and again of records that wait for a parent in their own table."},
	{.name = "memory", .kind = OPTION_SIZE, .offset = offsetof(struct limits, memory), .fallback = "64MiB",
		.minimum = 16 << 20, .maximum = 1LL << 40, .help = "Bytes of the process that batches are sized for."},
	{.name = NULL},
};

static const char *const checks[] = {[CHECK_ALL] = "all", [CHECK_TYPES] = "types", NULL};
static const char *const violations[] = {[VIOLATION_REJECT] = "reject", [VIOLATION_ABORT] = "abort", NULL};

const struct option keys_of_rules[] = {
	{.name = "table", .kind = OPTION_STRING, .offset = offsetof(struct rules_keys, table),
		.help = "The table of the dictionary; by default the one that the sink writes to."},
	{.name = "check", .kind = OPTION_ENUM, .offset = offsetof(struct rules_keys, check), .fallback = "all",
		.values = checks, .help = "types: cast only, no constraints and no keys."},
	{.name = "on_violation", .kind = OPTION_ENUM, .offset = offsetof(struct rules_keys, on_violation),
		.fallback = "reject", .values = violations, .help = "abort: stop at the first record that is rejected."},
	{.name = "max_rejects", .kind = OPTION_STRING, .offset = offsetof(struct rules_keys, max_rejects),
		.help = "The step fails when more records than this are rejected: a number, or a share such as 2%."},
	{.name = "columns", .kind = OPTION_MAP, .offset = offsetof(struct rules_keys, columns),
		.help = "Field to label in the source, where they differ."},
	{.name = NULL},
};

const struct option keys_of_commit[] = {
	{.name = "rows", .kind = OPTION_INTEGER, .offset = offsetof(struct commit_keys, rows), .minimum = 1, .maximum = INT64_MAX,
		.help = "Commit after that many rows."},
	{.name = "every", .kind = OPTION_DURATION, .offset = offsetof(struct commit_keys, every), .minimum = 1, .maximum = INT64_MAX,
		.help = "Commit after that much time."},
	{.name = NULL},
};

/* Walked by hand; columns may be a list, too. */
const struct option keys_of_transform[] = {
	{.name = "sql", .kind = OPTION_SQL, .flags = OPTION_REQUIRED, .help = "A SELECT over the table batch, which SQLite runs on each record."},
	{.name = "columns", .kind = OPTION_MAP,
		.help = "The columns of the source, as a list of names or a map from name to type; by default the fields of the table."},
	{.name = NULL},
};

const struct option key_type[] = {
	{.name = "type", .kind = OPTION_STRING, .flags = OPTION_REQUIRED, .offset = offsetof(struct type_key, type),
		.help = "The connector; its options stand beside it."},
	{.name = NULL},
};

const struct option keys_of_rejects[] = {
	{.name = "type", .kind = OPTION_STRING, .flags = OPTION_REQUIRED, .offset = offsetof(struct rejects_keys, type),
		.help = "Where rejects are kept: odbc (beside the rows) or jsonl (a file, beside a sink without a database)."},
	{.name = "connection", .kind = OPTION_STRING, .flags = OPTION_CONNECTION,
		.offset = offsetof(struct rejects_keys, connection), .help = "odbc: the sink's connection."},
	{.name = "path", .kind = OPTION_STRING, .minimum = 1, .offset = offsetof(struct rejects_keys, path),
		.help = "jsonl: the file, one JSON object a line; by default the path of the sink with .rejects.jsonl behind it."},
	{.name = NULL},
};

static const char *const overlaps[] = {[OVERLAP_SKIP] = "skip", [OVERLAP_QUEUE] = "queue", NULL};
static const char *const misses[] = {[MISSED_SKIP] = "skip", [MISSED_RUN_ONCE] = "run_once", NULL};

const struct option keys_of_schedule[] = {
	{.name = "cron", .kind = OPTION_STRING, .flags = OPTION_REQUIRED, .offset = offsetof(struct schedule_keys, cron),
		.help = "When: minute, hour, day of month, month and day of week as in crontab(5), or @daily and its like."},
	{.name = "timezone", .kind = OPTION_STRING, .offset = offsetof(struct schedule_keys, timezone), .fallback = "UTC",
		.help = "The IANA zone whose clock that is."},
	{.name = "overlap", .kind = OPTION_ENUM, .offset = offsetof(struct schedule_keys, overlap), .fallback = "skip", .values = overlaps,
		.help = "What becomes of a time that comes while a run of the pipeline goes on: skip it, or queue one run behind it."},
	{.name = "missed", .kind = OPTION_ENUM, .offset = offsetof(struct schedule_keys, missed), .fallback = "skip", .values = misses,
		.help = "What becomes of times at which the service did not run: run_once makes up for all of them with one run."},
	{.name = NULL},
};

const struct option keys_of_failure[] = {
	{.name = "command", .kind = OPTION_LIST, .offset = offsetof(struct plan_failure, command),
		.help = "A program and its arguments (no shell), which gets the summary of a run that did not succeed as JSON on its standard input."},
	{.name = "url", .kind = OPTION_STRING, .flags = OPTION_SECRET, .offset = offsetof(struct plan_failure, url),
		.help = "An http or https address that the summary is posted to."},
	{.name = "timeout", .kind = OPTION_DURATION, .offset = offsetof(struct plan_failure, timeout_ms), .fallback = "30s", .minimum = 100,
		.maximum = 3600000, .help = "How long to wait for either."},
	{.name = NULL},
};

const char *const rejects_types[] = {"odbc", "jsonl", NULL};

const char *const keys_of_pipeline[] = {"version", "name", "description", "dictionary", "params", "connections", "state",
	"limits", "steps", "source", "rules", "sink", "rejects", "for_each", "transform", "schedule", "on_failure", "tests",
	NULL};

const char *const keys_of_step[] = {"name", "description", "for_each", "source", "transform", "rules", "sink", "rejects",
	NULL};
