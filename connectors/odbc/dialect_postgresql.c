/* dialect_postgresql.c - PostgreSQL through psqlodbc.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/catalog_dialects.h"
#include "connectors/odbc/connect.h"
#include "connectors/odbc/dialect.h"
#include "connectors/odbc/way.h"

/* libpq's own options; those of the user's string come behind them and win. */
static int set_libpq_options(struct connect_string *string, const struct store_target *target, struct error *error)
{
	const char *theirs = connect_find(string, "pqopt");
	struct buffer options;
	int result = -1;

	buffer_init(&options, CONNECT_STRING_MAX);
	/* A server that is gone is noticed after some ten seconds, idle or waiting for an answer to what was sent. */
	if (buffer_printf(&options, error,
		    "{application_name='penstock %s' connect_timeout=10 keepalives=1 keepalives_idle=5 keepalives_interval=2 "
		    "keepalives_count=2 tcp_user_timeout=10000%s%s}",
		    target->run_id ? target->run_id : "", theirs ? " " : "", theirs ? theirs : "") == 0)
		result = connect_set(string, "pqopt", buffer_text(&options), error);
	if (options.data)
		explicit_bzero(options.data, options.length);
	buffer_fini(&options);
	return result;
}

static int prepare(struct session *session, const struct store_target *target, struct connect_string *string,
	struct error *error)
{
	/* Protocol 7.4-0: no savepoints of the driver's own; LFConversion would change line ends in values; results of catalog and state
	 * are small, and long reads use cursors of ours. */
	static const char *const set[][2] = {
		{ "Protocol", "7.4-0" }, { "UseServerSidePrepare", "1" }, { "UseDeclareFetch", "0" }, { "LFConversion", "0" },
		{ "BoolsAsChar", "1" }, { "TrueIsMinus1", "0" }, { "ByteaAsLongVarBinary", "1" }, { "Parse", "0" },
		{ "UpdatableCursors", "0" }, { "FetchRefcursors", "0" }, { "Debug", "0" }, { "CommLog", "0" },
	};

	(void)session;
	for (size_t i = 0; i < sizeof set / sizeof *set; i++)
		if (connect_set(string, set[i][0], set[i][1], error))
			return -1;
	return set_libpq_options(string, target, error);
}

static int setup(struct session *session, const struct store_target *target, struct error *error)
{
	/* The server's own keepalives free the locks of a run whose machine is gone. */
	static const char fixed[] =
		"SET TIME ZONE 'UTC';SET client_encoding='UTF8';SET datestyle='ISO, YMD';SET intervalstyle='iso_8601';"
		"SET extra_float_digits=3;SET bytea_output='hex';SET standard_conforming_strings=on;SET client_min_messages=warning;"
		"SET quote_all_identifiers=off;SET statement_timeout=0;SET idle_in_transaction_session_timeout=0;"
		"SET tcp_keepalives_idle=5;SET tcp_keepalives_interval=2;SET tcp_keepalives_count=2";
	char sql[128];

	if (session_execute(session, fixed, error))
		return -1;
	snprintf(sql, sizeof sql, "SET lock_timeout=%lld", (long long)target->lock_timeout_ms);
	if (session_execute(session, sql, error))
		return -1;
	if (session->read_only && session_execute(session, "SET default_transaction_read_only=on", error))
		return -1;
	if (session_query_text(session, "SELECT current_database()", session->database, sizeof session->database, error) < 0 ||
	    session_query_text(session, "SELECT coalesce(current_schema(),'')", session->default_schema,
		    sizeof session->default_schema, error) < 0)
		return -1;
	return 0;
}

static int set_autocommit(struct session *session, bool on, struct error *error)
{
	/* Integer attributes travel in the pointer. */
	SQLPOINTER value = (SQLPOINTER)(uintptr_t)(on ? SQL_AUTOCOMMIT_ON : SQL_AUTOCOMMIT_OFF);

	if (SQL_SUCCEEDED(SQLSetConnectAttr(session->connection, SQL_ATTR_AUTOCOMMIT, value, SQL_IS_UINTEGER)))
		return 0;
	session_fail(session, SQL_HANDLE_DBC, session->connection, "setting the mode of transactions", error);
	return -1;
}

static int begin(struct session *session, struct error *error)
{
	return set_autocommit(session, false, error);
}

/* Once the driver has noticed that the server ended the session it takes the transaction for over, and SQLEndTran sends no COMMIT and reports
 * success. As a statement it succeeds only where the server has answered it. */
static int commit(struct session *session, struct error *error)
{
	return session_execute(session, "COMMIT", error) || set_autocommit(session, true, error) ? -1 : 0;
}

static void rollback(struct session *session)
{
	struct error ignored = ERROR_INIT;

	if (!SQL_SUCCEEDED(SQLEndTran(SQL_HANDLE_DBC, session->connection, SQL_ROLLBACK)))
		session_fail(session, SQL_HANDLE_DBC, session->connection, "rolling back", &ignored);
	if (!session->lost && set_autocommit(session, true, &ignored))
		session->lost = true; /* its state is unknown: nobody may use it again */
}

/* The server's snapshot is taken by the first statement: what a source reads of the catalog is of the same moment as its rows. */
static int begin_snapshot(struct session *session, struct error *error)
{
	if (session_begin(session, error))
		return -1;
	return session_execute(session, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY", error);
}

static bool one_of(const char *state, const char *const *states)
{
	for (; *states; states++)
		if (strncmp(state, *states, strlen(*states)) == 0)
			return true;
	return false;
}

/* PostgreSQL manual, appendix "PostgreSQL Error Codes". */
static struct trouble classify(const char *state, int native, const char *words)
{
	static const char *const lost[] = { "08", "57P01", "57P02", "57P03", "57P05", "25P03", NULL };
	static const char *const conflict[] = { "40001", "40P01", "40003", "55006", NULL };
	/* 54000: a value too long for an index; the rest of class 54 is about the statement. */
	static const char *const row[] = { "22", "23", "44000", "P0001", "21000", "54000", NULL };
	static const char *const world[] = { "53", "54", "58", "25006", "57014", "HY001", "XX", NULL };

	(void)native;
	/* A server that answers and refuses will refuse again, unless it is only starting or crowded. */
	if (strncmp(state, "08", 2) == 0 && strstr(words, "FATAL:") && !strstr(words, "starting up") &&
	    !strstr(words, "shutting down") && !strstr(words, "recovery") && !strstr(words, "connection slots") &&
	    !strstr(words, "too many"))
		return (struct trouble){ TROUBLE_WORLD, NULL };
	if (one_of(state, lost) || strstr(words, "server closed the connection") || strstr(words, "no connection to the server"))
		return (struct trouble){ TROUBLE_LOST, NULL };
	/* A row that a policy does not let in, by the code of a missing right. */
	if (strcmp(state, "42501") == 0 && strstr(words, "row-level security policy"))
		return (struct trouble){ TROUBLE_ROW, NULL };
	if (one_of(state, conflict))
		return (struct trouble){ TROUBLE_CONFLICT, NULL };
	if (strcmp(state, "55P03") == 0 || strncmp(state, "HYT", 3) == 0)
		return (struct trouble){ TROUBLE_BUSY, "another session held it for longer than lock_timeout" };
	if (strcmp(state, "23505") == 0)
		return (struct trouble){ TROUBLE_UNIQUE, NULL };
	if (strcmp(state, "23503") == 0)
		return (struct trouble){ TROUBLE_FOREIGN, NULL };
	if (one_of(state, row))
		return (struct trouble){ TROUBLE_ROW, NULL };
	if (one_of(state, world))
		return (struct trouble){ TROUBLE_WORLD, NULL };
	return (struct trouble){ TROUBLE_OURS, NULL };
}

/* NULL for decimals: the precision belongs to them. */
static const char *type_name(const struct field *field)
{
	static const char *const names[] = {
		[VALUE_STRING] = "text", [VALUE_INTEGER] = "bigint", [VALUE_DOUBLE] = "double precision",
		[VALUE_BOOLEAN] = "boolean", [VALUE_DATE] = "date", [VALUE_TIME] = "time(6)", [VALUE_DATETIME] = "timestamptz",
		[VALUE_YEAR] = "integer", [VALUE_YEARMONTH] = "text", [VALUE_DURATION] = "text", [VALUE_UUID] = "uuid",
		[VALUE_BINARY] = "bytea", [VALUE_JSON] = "jsonb", [VALUE_DECIMAL] = NULL,
	};

	return names[field->type];
}

static int type(const struct field *field, bool in_key, struct buffer *out, struct error *error)
{
	(void)in_key;
	if (field->type == VALUE_DECIMAL)
		return buffer_printf(out, error, "numeric(%u,%u)", field->precision, field->scale);
	return buffer_puts(out, type_name(field), error);
}

static enum carrier carrier(const struct field *field)
{
	switch (field->type) {
	case VALUE_INTEGER:
	case VALUE_YEAR:
		return CARRY_INTEGER;
	case VALUE_BINARY:
		return CARRY_BINARY;
	default:
		return CARRY_TEXT; /* doubles too: the driver would print them with 15 digits */
	}
}

/* What a value is cast to. Always a type, whatever the driver says of it: nothing else decides it in a list of VALUES. Never with length
 * or precision, since a CAST cuts where an assignment refuses. */
static const char *cast_name(const struct field *field, const struct catalog_column *column)
{
	if (column && column->cast)
		return column->cast;
	if (field->type == VALUE_INTEGER || field->type == VALUE_YEAR)
		return "bigint";
	if (column && column->kind == KIND_TEXT)
		return "text";
	return field->type == VALUE_DECIMAL ? "numeric" : type_name(field);
}

static int parameter(const struct field *field, const struct catalog_column *column, struct buffer *out,
	struct error *error)
{
	return buffer_printf(out, error, "CAST(? AS %s)", cast_name(field, column));
}

/* Arrays of the database's other types are none of single values where those are arrays or rows themselves. */
static const char *element(const struct field *field, const struct catalog_column *column, const char **cast)
{
	/* Compared as such, spaces at the end do not count, and an index helps. */
	const char *name = column && column->padded ? "bpchar" : cast_name(field, column);

	*cast = column && column->kind == KIND_OTHER ? name : NULL;
	return *cast ? "text" : name;
}

static bool accepts(const struct field *field, const struct catalog_column *column)
{
	enum column_kind kind = column->kind;

	switch (field->type) {
	case VALUE_INTEGER:
	case VALUE_YEAR:
		return kind == KIND_INTEGER || kind == KIND_DECIMAL || kind == KIND_REAL;
	case VALUE_BOOLEAN:
		return kind == KIND_BOOLEAN;
	case VALUE_DOUBLE:
		return kind == KIND_REAL || kind == KIND_DECIMAL;
	case VALUE_DECIMAL:
		return kind == KIND_DECIMAL || kind == KIND_REAL || (kind == KIND_INTEGER && field->scale == 0);
	case VALUE_DATE:
		return kind == KIND_DATE;
	case VALUE_TIME:
		return kind == KIND_TIME;
	case VALUE_DATETIME:
		return kind == KIND_DATETIME;
	case VALUE_UUID:
		return kind == KIND_UUID || kind == KIND_TEXT;
	case VALUE_BINARY:
		return kind == KIND_BINARY;
	case VALUE_JSON:
		return kind == KIND_JSON || kind == KIND_TEXT;
	case VALUE_STRING:
		return kind == KIND_TEXT || kind == KIND_OTHER;
	case VALUE_YEARMONTH:
	case VALUE_DURATION:
		return kind == KIND_TEXT || kind == KIND_OTHER;
	}
	return false;
}

static int read_text(const struct field *field, const struct catalog_column *column, const char *quoted,
	struct buffer *out, struct error *error)
{
	enum column_kind kind = column ? column->kind : KIND_ANY;

	if (field->type == VALUE_BINARY)
		return buffer_printf(out, error, "encode(%s, 'hex')", quoted);
	if ((field->type == VALUE_INTEGER || field->type == VALUE_YEAR) && kind == KIND_DECIMAL)
		return buffer_printf(out, error, "trim_scale(%s)", quoted);
	if (field->type == VALUE_DECIMAL && kind == KIND_REAL)
		return buffer_printf(out, error, "CAST(%s AS numeric)", quoted);
	if (kind == KIND_OTHER)
		return buffer_printf(out, error, "CAST(%s AS text)", quoted);
	return buffer_puts(out, quoted, error);
}

static const char *state_type(enum state_type type)
{
	switch (type) {
	case STATE_INTEGER:
		return "bigint";
	case STATE_TIME:
		return "timestamptz";
	default:
		return "text";
	}
}

static const struct dialect_setting readable[] = {
	{ "fsync", "SHOW fsync", NULL },
	{ "synchronous_commit", "SHOW synchronous_commit", NULL },
	{ "isolation", "SHOW transaction_isolation", NULL },
	{ "server_encoding", "SHOW server_encoding", NULL },
	{ "client_encoding", "SHOW client_encoding", NULL },
	{ "timezone", "SHOW timezone", NULL },
	{ "lock_timeout", "SHOW lock_timeout", NULL },
	{ "foreign_keys", "SELECT CASE current_setting('session_replication_role') WHEN 'replica' THEN 'off' ELSE 'on' END", NULL },
	{ NULL, NULL, NULL },
};

static const struct way_ops *const ways[] = { &way_copy, &way_unnest, &way_values, &way_row, NULL };

const struct dialect dialect_postgresql = {
	.name = "postgresql",
	.dbms_name = "PostgreSQL",
	.driver_words = { "psqlodbc", "postgres", NULL },
	/* The protocol allows 65,535, but this libpq takes a description of more than some 7,500 parameters (30,000 bytes) for a broken
	 * connection. */
	.parameters_max = 7000,
	.name_max = 63, /* longer ones are cut without a word */
	.name_bytes = true,
	.columns_max = 1600,
	.loads_faster_at_once = true,
	.quote = '"',
	.prepare = prepare,
	.setup = setup,
	.begin = begin,
	.commit = commit,
	.rollback = rollback,
	.begin_snapshot = begin_snapshot,
	.classify = classify,
	.type = type,
	.parameter = parameter,
	.element = element,
	.carrier = carrier,
	.state_type = state_type,
	.time_parameter = "CAST(? AS timestamptz)",
	.catalog = postgresql_catalog,
	.column_type = postgresql_column_type,
	.accepts = accepts,
	.ways = ways,
	/* Workers would write what they sort into files, and be started for it; servers before 11 have none. */
	.few_keys_sql = "SELECT pg_catalog.set_config('max_parallel_maintenance_workers', '0', true) "
			"WHERE pg_catalog.current_setting('max_parallel_maintenance_workers', true) IS NOT NULL",
	.tried_sql = "SELECT pg_catalog.pg_stat_get_xact_tuples_inserted(pg_catalog.to_regclass(?))",
	.read = read_text,
	.has_cursors = true,
	.copies_out = true,
	.several_statements = true,
	.row_policies = true,
	.quotes = "'\"",
	.dollar_quotes = true,
	.names_ignore_case = false,
	.echo_sql = "SELECT CAST(? AS text)",
	.settings = readable,
	.schema_sql = "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = CAST(? AS text)",
	.tables_sql = "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
		      "WHERE n.nspname = ? AND c.relkind IN ('r','p','v','f') AND c.relname NOT LIKE 'penstock%' ORDER BY 1",
	.base_tables_sql = "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
			   "WHERE n.nspname = ? AND c.relkind IN ('r','p') AND NOT c.relispartition AND left(c.relname, 9) <> 'penstock_' "
			   "ORDER BY 1",
};
