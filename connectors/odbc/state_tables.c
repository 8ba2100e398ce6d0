/* state_tables.c - the definition of the penstock_* tables, and their DDL.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdio.h>

#include "connectors/odbc/dialect.h"
#include "connectors/odbc/state.h"

enum { DDL_CEILING = 64 * 1024, NAME_TEXT_CEILING = 4096, GENERATED_KEY = 0 };

struct state_column {
	const char *name;
	int type; /* enum state_type, or GENERATED_KEY */
	const char *constraint;
};

struct state_definition {
	const char *name;
	const struct state_column *columns;
	const char *key;             /* columns of the primary key; NULL: the generated one */
	const char *const *indexes;  /* pairs of a name and what it is on; NULL at the end; or NULL */
};

static const struct state_column rejects[] = {
	{ "reject_id", GENERATED_KEY, NULL },
	{ "run_id", STATE_NAME, "NOT NULL" },
	{ "pipeline", STATE_NAME, "NOT NULL" },
	{ "step", STATE_NAME, "NOT NULL" },
	{ "table_name", STATE_NAME, "NOT NULL" },
	{ "source", STATE_TEXT, "NOT NULL" },
	{ "record_no", STATE_INTEGER, "NOT NULL" },
	{ "line_no", STATE_INTEGER, NULL },
	{ "byte_offset", STATE_INTEGER, NULL },
	{ "field", STATE_TEXT, NULL },
	{ "code", STATE_NAME, "NOT NULL" },
	{ "rule", STATE_TEXT, "NOT NULL" },
	{ "message", STATE_TEXT, "NOT NULL" },
	{ "violations", STATE_TEXT, "NOT NULL" },
	{ "record", STATE_TEXT, NULL },
	{ "published", STATE_INTEGER, "NOT NULL" },
	{ "attempts", STATE_INTEGER, "NOT NULL" },
	{ "rejected_at", STATE_TIME, "NOT NULL" },
	{ "resolved_run_id", STATE_NAME, NULL },
	{ NULL, 0, NULL },
};
static const char *const rejects_indexes[] = {
	"penstock_rejects_run", "(run_id, reject_id)",
	"penstock_rejects_unpublished", "(pipeline, step, table_name){where published = 0}",
	"penstock_rejects_resolved", "(resolved_run_id){where resolved_run_id IS NOT NULL}",
	NULL,
};

static const struct state_column runs[] = {
	{ "run_id", STATE_NAME, "NOT NULL" },
	{ "kind", STATE_NAME, "NOT NULL" },
	{ "pipeline", STATE_NAME, "NOT NULL" },
	{ "status", STATE_NAME, "NOT NULL" },
	{ "started_at", STATE_TIME, "NOT NULL" },
	{ "finished_at", STATE_TIME, NULL },
	{ "read_rows", STATE_INTEGER, "NOT NULL" },
	{ "written_rows", STATE_INTEGER, "NOT NULL" },
	{ "rejected_rows", STATE_INTEGER, "NOT NULL" },
	{ "skipped_rows", STATE_INTEGER, "NOT NULL" },
	{ "exit_code", STATE_INTEGER, NULL },
	{ "summary", STATE_TEXT, NULL },
	{ "host", STATE_TEXT, NULL },
	{ "pid", STATE_INTEGER, NULL },
	{ NULL, 0, NULL },
};
static const char *const runs_indexes[] = {
	"penstock_runs_status", "(pipeline, status)",
	NULL,
};

static const struct state_column checkpoints[] = {
	{ "pipeline", STATE_NAME, "NOT NULL" },
	{ "step", STATE_NAME, "NOT NULL" },
	{ "table_name", STATE_NAME, "NOT NULL" },
	{ "partition", STATE_INTEGER, "NOT NULL" },
	{ "partitions", STATE_INTEGER, "NOT NULL" },
	{ "epoch", STATE_INTEGER, "NOT NULL" },
	{ "claimed_by", STATE_NAME, NULL },
	{ "claimed_at", STATE_TIME, NULL },
	{ "run_id", STATE_NAME, NULL },
	{ "state", STATE_NAME, "NOT NULL" },
	{ "source", STATE_TEXT, NULL },
	{ "position", STATE_TEXT, NULL },
	{ "content_hash", STATE_NAME, NULL },
	{ "step_hash", STATE_NAME, NULL },
	{ "dictionary_hash", STATE_NAME, NULL },
	{ "counts", STATE_TEXT, NULL },
	{ "load_read", STATE_INTEGER, "NOT NULL" },
	{ "load_judged", STATE_INTEGER, "NOT NULL" },
	{ "load_rejected", STATE_INTEGER, "NOT NULL" },
	{ "updated_at", STATE_TIME, NULL },
	{ NULL, 0, NULL },
};
static const char *const checkpoints_indexes[] = {
	"penstock_checkpoints_run", "(run_id)",
	NULL,
};

static const struct state_column files[] = {
	{ "file_id", GENERATED_KEY, NULL },
	{ "pipeline", STATE_NAME, "NOT NULL" },
	{ "step", STATE_NAME, "NOT NULL" },
	{ "table_name", STATE_NAME, "NOT NULL" },
	{ "path", STATE_TEXT, "NOT NULL" },
	{ "size", STATE_INTEGER, "NOT NULL" },
	{ "mtime_ns", STATE_INTEGER, "NOT NULL" },
	{ "hash", STATE_NAME, "NOT NULL" },
	{ "records", STATE_INTEGER, "NOT NULL" },
	{ "run_id", STATE_NAME, "NOT NULL" },
	{ "loaded_at", STATE_TIME, "NOT NULL" },
	{ NULL, 0, NULL },
};
static const char *const files_indexes[] = {
	"penstock_files_content", "({key pipeline}, {key step}, {key table_name}, {\"size\"}, {key hash})",
	"penstock_files_run", "(run_id)",
	NULL,
};

static const struct state_column idempotency[] = {
	{ "api_key", STATE_NAME, "NOT NULL" },
	{ "pipeline", STATE_NAME, "NOT NULL" },
	{ "idem_key", STATE_NAME, "NOT NULL" },
	{ "body_sha256", STATE_NAME, "NOT NULL" },
	{ "status", STATE_INTEGER, NULL },
	{ "answer", STATE_TEXT, NULL },
	{ "created_at", STATE_TIME, "NOT NULL" },
	{ NULL, 0, NULL },
};

static const char *const idempotency_indexes[] = {
	"penstock_idempotency_created", "(created_at)",
	NULL,
};

static const struct state_column meta[] = {
	{ "version", STATE_INTEGER, "NOT NULL" },
	{ NULL, 0, NULL },
};

static const struct state_definition definitions[STATE_TABLES] = {
	[STATE_REJECTS] = { "penstock_rejects", rejects, NULL, rejects_indexes },
	[STATE_RUNS] = { "penstock_runs", runs, "run_id", runs_indexes },
	[STATE_CHECKPOINTS] = { "penstock_checkpoints", checkpoints,
		"pipeline, step, table_name, {\"partition\"}, partitions", checkpoints_indexes },
	[STATE_FILES] = { "penstock_files", files, NULL, files_indexes },
	[STATE_IDEMPOTENCY] = { "penstock_idempotency", idempotency, "api_key, pipeline, idem_key",
		idempotency_indexes },
	[STATE_META] = { "penstock_meta", meta, "version", NULL },
};

const char *state_table_name(enum state_table table)
{
	return definitions[table].name;
}

int state_append_table(const struct state *state, enum state_table table, struct buffer *out, struct error *error)
{
	if (state->schema && state->schema[0] &&
	    (dialect_quote(state->dialect, out, state->schema, error) || buffer_puts(out, ".", error)))
		return -1;
	return buffer_puts(out, definitions[table].name, error);
}

/* Where a statement that changes the schema is a transaction of its own, a table comes with its indexes. */
static int append_inner_indexes(const struct state *state, const char *const *index, struct buffer *out, struct error *error)
{
	for (; index && *index; index += 2)
		if (buffer_printf(out, error, ",\n    INDEX %s ", index[0]) || state_expand(state, index[1], out, error))
			return -1;
	return 0;
}

/* N'[etl].penstock_runs' */
static int append_name_text(const struct state *state, enum state_table table, struct buffer *out, struct error *error)
{
	struct buffer name;
	int result;

	buffer_init(&name, NAME_TEXT_CEILING);
	result = state_append_table(state, table, &name, error) || buffer_puts(out, "N'", error) ? -1 : 0;
	for (const char *p = buffer_text(&name); result == 0 && *p; p++)
		result = buffer_printf(out, error, "%s%c", *p == '\'' ? "'" : "", *p);
	buffer_fini(&name);
	return result ? -1 : buffer_puts(out, "'", error);
}

/* index NULL: the table itself */
static int append_create(const struct state *state, enum state_table table, const char *index, struct buffer *out, struct error *error)
{
	if (!state->traits->asks_first)
		return buffer_puts(out, index ? "CREATE INDEX IF NOT EXISTS " : "CREATE TABLE IF NOT EXISTS ", error);
	if (!index)
		return buffer_puts(out, "IF OBJECT_ID(", error) || append_name_text(state, table, out, error) ||
				       buffer_puts(out, ", N'U') IS NULL\nCREATE TABLE ", error)
			? -1
			: 0;
	return buffer_puts(out, "IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE object_id = OBJECT_ID(", error) ||
			       append_name_text(state, table, out, error) ||
			       buffer_printf(out, error, ") AND name = N'%s')\nCREATE INDEX ", index)
		? -1
		: 0;
}

static int append_table_ddl(const struct state *state, enum state_table table, struct buffer *out,
	struct error *error)
{
	const struct state_definition *definition = &definitions[table];
	const char *kind = state->traits->key_kind ? state->traits->key_kind : "";

	if (append_create(state, table, NULL, out, error) || state_append_table(state, table, out, error) || buffer_puts(out, " (\n", error))
		return -1;
	for (const struct state_column *column = definition->columns; column->name; column++) {
		bool last = !column[1].name;
		/* What says nothing may be null, but where settings of the session decide. */
		const char *constraint = column->constraint || column->type == GENERATED_KEY || !state->traits->asks_first ? column->constraint : "NULL";
		const char *type = column->type == GENERATED_KEY ? state->traits->generated_key
								 : state->dialect->state_type((enum state_type)column->type);

		if (buffer_puts(out, "    ", error) || dialect_quote(state->dialect, out, column->name, error) ||
		    buffer_printf(out, error, " %s%s%s%s", type, constraint ? " " : "", constraint ? constraint : "", last ? "" : ",\n"))
			return -1;
	}
	if ((definition->key && (buffer_printf(out, error, ",\n    PRIMARY KEY %s(", kind) || state_expand(state, definition->key, out, error) ||
				       buffer_puts(out, ")", error))) ||
	    (state->dialect->ddl_commits && append_inner_indexes(state, definition->indexes, out, error)) || buffer_puts(out, "\n)", error))
		return -1;
	return state->dialect->table_tail ? buffer_puts(out, state->dialect->table_tail, error) : 0;
}

static int append_index_ddl(const struct state *state, enum state_table table, const char *const *index,
	struct buffer *out, struct error *error)
{
	if (append_create(state, table, index[0], out, error) || buffer_printf(out, error, "%s ON ", index[0]) ||
	    state_append_table(state, table, out, error) || buffer_puts(out, " ", error))
		return -1;
	return state_expand(state, index[1], out, error);
}

static int append_version(const struct state *state, struct buffer *out, struct error *error)
{
	char text[128];

	snprintf(text, sizeof text, "INSERT INTO {meta} (version) SELECT %d WHERE NOT EXISTS (SELECT 1 FROM {meta})",
		STATE_VERSION);
	return state_expand(state, text, out, error);
}

/* As the definitions above stand, so that an index has one definition. */
static int each_index(const struct state *state, enum state_table table, struct buffer *sql, int (*each)(void *arg, const char *sql, struct error *error),
	void *arg, struct error *error)
{
	for (const char *const *index = definitions[table].indexes; index && *index; index += 2) {
		buffer_clear(sql);
		if (append_index_ddl(state, table, index, sql, error) || each(arg, buffer_text(sql), error))
			return -1;
	}
	return 0;
}

int state_each_index(const struct state *state, unsigned tables, int (*each)(void *arg, const char *sql, struct error *error), void *arg, struct error *error)
{
	struct buffer sql;
	int result = 0;

	buffer_init(&sql, DDL_CEILING);
	for (int table = 0; table < STATE_TABLES && result == 0; table++)
		if (tables & 1u << table)
			result = each_index(state, (enum state_table)table, &sql, each, arg, error);
	buffer_fini(&sql);
	return result;
}

int state_each_ddl(const struct state *state, enum state_table table,
	int (*each)(void *arg, const char *sql, struct error *error), void *arg, struct error *error)
{
	struct buffer sql;
	int result;

	buffer_init(&sql, DDL_CEILING);
	result = append_table_ddl(state, table, &sql, error);
	if (result == 0)
		result = each(arg, buffer_text(&sql), error);
	if (result == 0 && !state->dialect->ddl_commits)
		result = each_index(state, table, &sql, each, arg, error);
	if (result == 0 && table == STATE_META) {
		buffer_clear(&sql);
		result = append_version(state, &sql, error);
		if (result == 0)
			result = each(arg, buffer_text(&sql), error);
	}
	buffer_fini(&sql);
	return result;
}

static int append_statement(void *arg, const char *sql, struct error *error)
{
	struct buffer *out = arg;

	return buffer_puts(out, sql, error) || buffer_puts(out, ";\n", error) ? -1 : 0;
}

int state_ddl(const struct dialect *dialect, const char *schema, struct buffer *out, struct error *error)
{
	const struct state state = { .dialect = dialect, .traits = state_traits_of(dialect), .schema = schema };
	char version[96];

	if (schema && !state.traits->schema_exists)
		return error_set(error, ERROR_CONFIG, NULL, "state schema \"%s\": %s has no schemas", schema, dialect->name);
	for (int table = 0; table < STATE_TABLES; table++)
		if (state_each_ddl(&state, (enum state_table)table, append_statement, out, error))
			return -1;
	/* Older tables become those of this version, too. */
	if (dialect->ddl_commits && state_each_index(&state, STATE_ALL_TABLES, append_statement, out, error))
		return -1;
	snprintf(version, sizeof version, "UPDATE {meta} SET version = %d WHERE version < %d", STATE_VERSION, STATE_VERSION);
	return state_expand(&state, version, out, error) || buffer_puts(out, ";\n", error) ? -1 : 0;
}

