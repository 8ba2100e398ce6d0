/* dialect_sqlite.c - SQLite through sqliteodbc.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "connectors/odbc/catalog_dialects.h"
#include "connectors/odbc/connect.h"
#include "connectors/odbc/dialect.h"
#include "connectors/odbc/inside.h"
#include "connectors/odbc/way.h"
#include "engine/core/clock.h"
#include "engine/core/diagnostics.h"

/* Result codes of SQLite (its documentation, "Result and Error Codes"); the driver gives them as native error. */
enum {
	CODE_PERM = 3,
	CODE_BUSY = 5,
	CODE_LOCKED = 6,
	CODE_NOMEM = 7,
	CODE_READONLY = 8,
	CODE_INTERRUPT = 9,
	CODE_IOERR = 10,
	CODE_CORRUPT = 11,
	CODE_FULL = 13,
	CODE_CANTOPEN = 14,
	CODE_PROTOCOL = 15,
	CODE_TOOBIG = 18,
	CODE_CONSTRAINT = 19,
	CODE_MISMATCH = 20,
	CODE_AUTH = 23,
	CODE_NOTADB = 26,
};

/* How long one wait for the writer's place may be, so that a signal is seen. */
enum { WAIT_SLICE_MS = 200 };

/* True where the path names a file (not memory, not a URI that SQLite reads by its own rules). */
static bool is_plain_path(const char *path)
{
	return path && *path && path[0] != ':' && strncmp(path, "file:", 5) != 0;
}

/* The path as SQLite would resolve it although the file is not there. */
static void resolve_missing(const char *path, char *out, size_t size)
{
	char folder[PATH_MAX], name[PATH_MAX], resolved[PATH_MAX];

	snprintf(folder, sizeof folder, "%s", path);
	snprintf(name, sizeof name, "%s", path);
	if (!realpath(dirname(folder), resolved) ||
	    (size_t)snprintf(out, size, "%s/%s", strcmp(resolved, "/") == 0 ? "" : resolved, basename(name)) >= size)
		snprintf(out, size, "%s", path);
}

/* errno says why not. */
static bool folder_takes_files(const char *path)
{
	char folder[PATH_MAX];

	snprintf(folder, sizeof folder, "%s", path);
	return access(dirname(folder), W_OK | X_OK) == 0;
}

/* Without one the driver would take the whole connection string for the name of a file, and make it. */
static int need_database(const struct session *session, const struct connect_string *string, struct error *error)
{
	static const char *const keys[] = { "Database", NULL };
	const char *meant = NULL;

	for (size_t i = 0; i < string->count && !meant; i++)
		if (suggest(string->pairs[i].key, keys))
			meant = string->pairs[i].key;
	return error_set(error, ERROR_CONFIG, session->place,
		"the connection string names no database: add Database=FILE%s%s%s", meant ? " (is \"" : "", meant ? meant : "",
		meant ? "\" a misspelling of it?)" : "");
}

static int prepare(struct session *session, const struct store_target *target, struct connect_string *string,
	struct error *error)
{
	const char *path = connect_find(string, "Database");
	struct stat status;
	char timeout[24];

	if ((!path || !*path) && !connect_find(string, "DSN"))
		return need_database(session, string, error);
	/* This driver takes braces for a part of the path. */
	if (path && strchr(path, ';'))
		return error_set(error, ERROR_CONFIG, session->place, "the driver of SQLite cannot open a path with \";\" in it");
	if (path && (connect_set(string, "Database", path, error) || !(path = connect_find(string, "Database"))))
		return -1;
	if (is_plain_path(path)) {
		if (strlen(path) >= PATH_MAX)
			return error_set(error, ERROR_CONFIG, session->place, "the path of the database is too long");
		resolve_missing(path, session->database, sizeof session->database);
		/* Which file is what a person asks first. */
		snprintf(session->place, sizeof session->place, "connection %.128s (%.360s)", session->name, path);
		if (stat(path, &status) == 0) {
			if (S_ISDIR(status.st_mode))
				return error_set(error, ERROR_SINK, session->place, "%s is a folder, not a database file", path);
		} else if (errno != ENOENT) {
			return error_errno(error, ERROR_SINK, session->place, errno, "cannot open the database %s", path);
		} else if (target->read_only) {
			if (!folder_takes_files(path))
				return error_errno(error, ERROR_SINK, session->place, errno, "cannot create the database: its folder");
			if (session_need_driver(session, connect_find(string, "Driver"), error))
				return -1;
			session->absent = true;
			snprintf(session->default_schema, sizeof session->default_schema, "main");
			return 0;
		}
	}
	/* While another has all of the database locked, the driver waits so long with its own settings, and goes on without them. A reader
	 * needs none of these; and the driver would try what was locked for lock_timeout once more for as long. */
	snprintf(timeout, sizeof timeout, "%lld", target->read_only ? (long long)WAIT_SLICE_MS : (long long)target->lock_timeout_ms);
	/* BigInt: 64 bit; LongNames: column names as the query has them; StepAPI would keep a read lock while results are open; NoTXN
	 * would make transactions vanish; without SyncPragma the driver lowers SQLite's own default, FULL, to NORMAL. */
	if (connect_set(string, "BigInt", "1", error) || connect_set(string, "LongNames", target->streaming ? "0" : "1", error) ||
	    connect_set(string, "FKSupport", "1", error) || connect_set(string, "StepAPI", target->streaming ? "1" : "0", error) ||
	    connect_set(string, "NoTXN", "0", error) || connect_set(string, "Timeout", timeout, error))
		return -1;
	if (!connect_find(string, "SyncPragma") && connect_set(string, "SyncPragma", "FULL", error))
		return -1;
	return target->read_only ? connect_set(string, "NoCreat", "1", error) : 0;
}

/* SQLite says "unable to open database file" for many causes; the file system knows which. */
static void explain_connect(struct session *session, struct error *error)
{
	struct error said = *error;
	const char *path = session->database;
	char folder[PATH_MAX];
	struct stat status;

	if (!is_plain_path(path))
		return;
	snprintf(folder, sizeof folder, "%s", path);
	dirname(folder);
	error_clear(error);
	if (stat(folder, &status) != 0)
		error_errno(error, ERROR_SINK, session->place, errno, "cannot open the database %s: its folder", path);
	else if (access(path, F_OK) != 0 && access(folder, W_OK) != 0)
		error_errno(error, ERROR_SINK, session->place, errno, "cannot create the database %s: its folder", path);
	else if (access(path, F_OK) == 0 && access(path, R_OK) != 0)
		error_errno(error, ERROR_SINK, session->place, errno, "cannot read the database %s", path);
	else
		error_set(error, said.kind, session->place, "cannot open the database %s: %s", path, said.message);
	error->retry = said.retry;
	memcpy(error->sqlstate, said.sqlstate, sizeof error->sqlstate);
}

static int read_setting(struct session *session, const char *pragma, char *out, size_t size, struct error *error)
{
	return session_query_text(session, pragma, out, size, error) < 0 ? -1 : 0;
}

static int set_busy_timeout(struct session *session, int64_t ms, struct error *error)
{
	char sql[64], answer[32];

	if (inside_usable(session)) {
		inside_wait(session, ms);
		return 0;
	}
	snprintf(sql, sizeof sql, "PRAGMA busy_timeout=%lld", (long long)ms);
	return read_setting(session, sql, answer, sizeof answer, error);
}

/* Touches the file, so that whatever is wrong with it is said here. All of it may be locked: then for as long as connecting has left of
 * lock_timeout, in slices, since the driver tries more than once. */
static int touch(struct session *session, struct error *error)
{
	int64_t deadline = session->since_ms + session->lock_timeout_ms;
	char value[32];

	if (set_busy_timeout(session, WAIT_SLICE_MS, error))
		return -1;
	for (;;) {
		struct error attempt = ERROR_INIT;

		if (read_setting(session, "PRAGMA schema_version", value, sizeof value, &attempt) == 0)
			break;
		if (cancel_requested(session->cancel))
			return error_set(error, ERROR_CANCELLED, session->place, "cancelled while the database was locked");
		if (!strstr(attempt.message, "locked") || clock_elapsed_ms() >= deadline) {
			*error = attempt;
			return -1;
		}
	}
	return set_busy_timeout(session, session->lock_timeout_ms, error);
}

static int settings(struct session *session, struct error *error)
{
	char value[32];

	if (session_execute(session, "PRAGMA foreign_keys=ON", error) ||
	    read_setting(session, "PRAGMA foreign_keys", value, sizeof value, error))
		return -1;
	if (strcmp(value, "1") != 0)
		return error_set(error, ERROR_SINK, session->place, "this SQLite was built without foreign keys");
	if (touch(session, error))
		return -1;
	/* With 2 MiB, the default, the journal is flushed each time those are full, and keys out of order read and write pages again and again. */
	if (!session->read_only && session_execute(session, "PRAGMA cache_size=-16384", error)) /* KiB */
		return -1;
	if (session->read_only && session_execute(session, "PRAGMA query_only=ON", error))
		return -1;
	if (session_query_text(session, "SELECT file FROM pragma_database_list WHERE name='main'", session->database,
		    sizeof session->database, error) < 0)
		return -1;
	snprintf(session->default_schema, sizeof session->default_schema, "main");
	session->in_memory = !session->database[0];
	return 0;
}

static int setup(struct session *session, const struct store_target *target, struct error *error)
{
	(void)target;
	if (settings(session, error) == 0)
		return 0;
	explain_connect(session, error);
	return -1;
}

/* A transaction that begins by reading and writes later is refused at once, without a wait, when another writer came between:
 * so the writer's place is taken at the beginning. */
static int begin(struct session *session, struct error *error)
{
	int64_t deadline = clock_elapsed_ms() + session->lock_timeout_ms;
	int result = -1;

	if (session->read_only)
		return session_execute(session, "BEGIN", error);
	if (set_busy_timeout(session, WAIT_SLICE_MS, error))
		return -1;
	for (;;) {
		struct error attempt = ERROR_INIT;

		if (session_execute(session, "BEGIN IMMEDIATE", &attempt) == 0) {
			result = 0;
			break;
		}
		if (cancel_requested(session->cancel)) {
			error_set(error, ERROR_CANCELLED, session->place, "cancelled while the database was locked");
			break;
		}
		if (!strstr(attempt.message, "locked") || clock_elapsed_ms() >= deadline) {
			*error = attempt;
			break;
		}
	}
	if (set_busy_timeout(session, session->lock_timeout_ms, error))
		return -1;
	return result;
}

static int commit(struct session *session, struct error *error)
{
	return session_execute(session, "COMMIT", error);
}

static void rollback(struct session *session)
{
	struct error ignored = ERROR_INIT;

	/* Some failures have rolled back already; then this one says that there is no transaction. */
	if (!session->lost && session_execute(session, "ROLLBACK", &ignored))
		error_clear(&ignored);
}

static struct trouble classify_constraint(const char *words)
{
	if (strstr(words, "UNIQUE constraint failed") || strstr(words, "PRIMARY KEY must be unique"))
		return (struct trouble){ TROUBLE_UNIQUE, NULL };
	if (strstr(words, "FOREIGN KEY constraint failed"))
		return (struct trouble){ TROUBLE_FOREIGN, NULL };
	return (struct trouble){ TROUBLE_ROW, NULL };
}

static struct trouble classify(const char *state, int native, const char *words)
{
	(void)state;
	switch (native & 0xff) {
	case CODE_CONSTRAINT:
		return classify_constraint(words);
	case CODE_MISMATCH:
	case CODE_TOOBIG:
		return (struct trouble){ TROUBLE_ROW, NULL };
	case CODE_BUSY:
	case CODE_LOCKED:
	case CODE_PROTOCOL:
		return (struct trouble){ TROUBLE_BUSY, "another process held it for longer than lock_timeout" };
	case CODE_FULL:
		return (struct trouble){ TROUBLE_WORLD, "no space is left for the database or its journal" };
	case CODE_READONLY:
		return (struct trouble){ TROUBLE_WORLD, "the database file or its folder cannot be written to" };
	case CODE_IOERR:
		return (struct trouble){ TROUBLE_WORLD, "the disk or the file system failed" };
	case CODE_NOTADB:
		return (struct trouble){ TROUBLE_WORLD, "another file stands in its place, or it is encrypted" };
	case CODE_PERM:
	case CODE_NOMEM:
	case CODE_INTERRUPT:
	case CODE_CORRUPT:
	case CODE_CANTOPEN:
	case CODE_AUTH:
		return (struct trouble){ TROUBLE_WORLD, NULL };
	default:
		return (struct trouble){ TROUBLE_OURS, NULL };
	}
}

/* Doubles carry 15 decimal digits; NUMERIC would round longer ones without a word. */
enum { NUMERIC_DIGITS = 15 };

static int type(const struct field *field, bool in_key, struct buffer *out, struct error *error)
{
	const char *name = "TEXT";

	(void)in_key;
	switch (field->type) {
	case VALUE_INTEGER:
	case VALUE_BOOLEAN:
	case VALUE_YEAR:
		name = "INTEGER";
		break;
	case VALUE_DOUBLE:
		name = "REAL";
		break;
	case VALUE_DECIMAL:
		if (field->precision <= NUMERIC_DIGITS)
			return buffer_printf(out, error, "NUMERIC(%u,%u)", field->precision, field->scale);
		break;
	case VALUE_BINARY:
		name = "BLOB";
		break;
	default:
		break;
	}
	return buffer_puts(out, name, error);
}

static int parameter(const struct field *field, const struct catalog_column *column, struct buffer *out,
	struct error *error)
{
	(void)field;
	(void)column;
	return buffer_puts(out, "?", error);
}

static enum carrier carrier(const struct field *field)
{
	switch (field->type) {
	case VALUE_INTEGER:
	case VALUE_BOOLEAN:
	case VALUE_YEAR:
		return CARRY_INTEGER;
	case VALUE_DOUBLE:
		return CARRY_DOUBLE;
	case VALUE_BINARY:
		return CARRY_BINARY;
	default:
		return CARRY_TEXT; /* decimals too: a NUMERIC column turns the text into a number if nothing is lost */
	}
}

/* A column has a kind by its affinity, which is what would change the value on its way in. */
static bool accepts(const struct field *field, const struct catalog_column *column)
{
	enum column_kind kind = column->kind;

	if (kind == KIND_ANY)
		return true;
	switch (field->type) {
	case VALUE_INTEGER:
	case VALUE_YEAR:
		return kind == KIND_INTEGER || kind == KIND_DECIMAL || kind == KIND_REAL;
	case VALUE_BOOLEAN:
		return kind == KIND_INTEGER || kind == KIND_BOOLEAN || kind == KIND_DECIMAL;
	case VALUE_DOUBLE:
		return kind == KIND_REAL || kind == KIND_DECIMAL;
	case VALUE_DECIMAL:
		return kind == KIND_DECIMAL || kind == KIND_REAL || kind == KIND_TEXT ||
			(kind == KIND_INTEGER && field->scale == 0);
	case VALUE_DATE:
		return kind == KIND_TEXT || kind == KIND_DATE;
	case VALUE_TIME:
		return kind == KIND_TEXT || kind == KIND_TIME;
	case VALUE_DATETIME:
		return kind == KIND_TEXT || kind == KIND_DATETIME;
	case VALUE_BINARY:
		return kind == KIND_BINARY;
	case VALUE_UUID:
	case VALUE_JSON:
		return kind == KIND_TEXT || kind == KIND_OTHER;
	case VALUE_STRING:
	case VALUE_YEARMONTH:
	case VALUE_DURATION:
		return kind == KIND_TEXT;
	}
	return false;
}

static int read_text(const struct field *field, const struct catalog_column *column, const char *quoted, struct buffer *out,
	struct error *error)
{
	enum column_kind kind = column ? column->kind : KIND_ANY;

	/* SQLite's own texts of numbers have 15 digits and may have an exponent; with "!" printf gives more than 16. */
	switch (field->type) {
	case VALUE_DOUBLE:
		return buffer_printf(out, error, "printf('%%!.20g', %s)", quoted);
	case VALUE_DECIMAL:
		if (kind == KIND_TEXT || kind == KIND_ANY)
			break;
		return buffer_printf(out, error, "printf('%%.%uf', %s)", field->scale, quoted);
	case VALUE_INTEGER:
	case VALUE_BOOLEAN:
	case VALUE_YEAR:
		if (kind == KIND_INTEGER)
			break;
		return buffer_printf(out, error, "CASE WHEN %s = CAST(%s AS INTEGER) THEN CAST(%s AS INTEGER) END", quoted, quoted,
			quoted);
	case VALUE_BINARY:
		return buffer_printf(out, error, "hex(%s)", quoted);
	default:
		break;
	}
	return buffer_puts(out, quoted, error);
}

static const char *state_type(enum state_type type)
{
	return type == STATE_INTEGER ? "INTEGER" : "TEXT";
}

static const char *const off_on[] = { "off", "on", NULL };
static const char *const synchronous[] = { "off", "normal", "full", "extra", NULL };

static const struct dialect_setting readable[] = {
	{ "journal_mode", "PRAGMA journal_mode", NULL },
	{ "synchronous", "PRAGMA synchronous", synchronous },
	{ "foreign_keys", "PRAGMA foreign_keys", off_on },
	{ "busy_timeout", "PRAGMA busy_timeout", NULL },
	{ "encoding", "PRAGMA encoding", NULL },
	{ NULL, NULL, NULL },
};

static const struct way_ops *const ways[] = { &way_virtual, &way_values, &way_row, NULL };

const struct dialect dialect_sqlite = {
	.name = "sqlite",
	.single_writer = true,
	.dbms_name = "SQLite",
	.driver_words = { "sqlite", NULL },
	.parameters_max = 32766,
	.columns_max = 2000,
	.loads_faster_at_once = false, /* its table is its primary key's tree, and no key can be added later */
	.quote = '"',
	.prepare = prepare,
	.explain_connect = explain_connect,
	.setup = setup,
	.begin = begin,
	.commit = commit,
	.rollback = rollback,
	.classify = classify,
	.type = type,
	.parameter = parameter,
	.carrier = carrier,
	.state_type = state_type,
	.time_parameter = "?",
	.catalog = sqlite_catalog,
	.column_type = sqlite_column_type,
	.accepts = accepts,
	.ways = ways,
	.read = read_text,
	.reference_without_schema = true,
	.tagged_values = true,
	.quotes = "'\"`[",
	.decimal_digits = NUMERIC_DIGITS,
	.names_ignore_case = true,
	.tables_ignore_case = true,
	.echo_sql = "SELECT ?",
	.settings = readable,
	.schema_sql = "SELECT 1 FROM pragma_database_list WHERE name = ? COLLATE NOCASE",
	.tables_sql = "SELECT name FROM pragma_table_list WHERE schema = ? AND type IN ('table','view') AND name NOT LIKE 'sqlite%' "
		      "AND name NOT LIKE 'penstock%'",
	.base_tables_sql = "SELECT name FROM pragma_table_list WHERE schema = ? AND type IN ('table','virtual') AND name NOT GLOB 'sqlite_*' "
			   "AND name NOT GLOB 'penstock_*' ORDER BY 1",
};
