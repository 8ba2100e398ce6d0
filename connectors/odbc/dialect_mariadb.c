/* dialect_mariadb.c - MariaDB through its own driver, Connector/ODBC.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "connectors/odbc/alive.h"
#include "connectors/odbc/catalog_dialects.h"
#include "connectors/odbc/connect.h"
#include "connectors/odbc/dialect.h"
#include "connectors/odbc/way.h"

/* What an index takes of a column, and that in characters of utf8mb4, of four bytes. */
enum { KEY_BYTES_MAX = 3072, KEY_CHARACTERS_MAX = KEY_BYTES_MAX / 4 };

/* From 10.6 on a table is made whole or not at all, also where the server dies (manual, "Atomic DDL"). */
enum { OLDEST_MAJOR = 10, OLDEST_MINOR = 6 };

enum { DEFAULT_PORT = 3306 };
#define CONNECT_SECONDS "10"

/* Makes an error of whatever would be changed in silence: values cut or out of range, zero dates, 0 that becomes the next number. What else a
 * server's own mode may hold gives values another meaning (empty texts that are null, padded texts) and is left out. */
#define STRICT_MODE \
	"STRICT_ALL_TABLES,STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ZERO_DATE,NO_ZERO_IN_DATE,NO_AUTO_VALUE_ON_ZERO," \
	"NO_ENGINE_SUBSTITUTION"

static int prepare(struct session *session, const struct store_target *target, struct connect_string *string,
	struct error *error)
{
	/* OPTION 2: an UPDATE tells how many rows it found, not in how many a value became another one. A connection that came back by itself
	 * would come back without its transaction and its locks. */
	static const char *const set[][2] = {
		{ "CHARSET", "utf8mb4" }, { "OPTION", "2" }, { "AUTO_RECONNECT", "0" },
	};

	const char *port = connect_find(string, "Port");

	(void)target;
	session->port = port ? (unsigned)strtoul(port, NULL, 10) : DEFAULT_PORT;
	if (!connect_find(string, "Database") && !connect_find(string, "DB") && !connect_find(string, "DSN"))
		return error_set(error, ERROR_CONFIG, session->place, "the connection string names no database: add Database=NAME");
	for (size_t i = 0; i < sizeof set / sizeof *set; i++)
		if (connect_set(string, set[i][0], set[i][1], error))
			return -1;
	return connect_find(string, "CONN_TIMEOUT") ? 0 : connect_set(string, "CONN_TIMEOUT", CONNECT_SECONDS, error);
}

static int check_server(struct session *session, struct error *error)
{
	char version[128];
	int major = 0, minor = 0;

	if (session_query_text(session, "SELECT version()", version, sizeof version, error) < 0)
		return -1;
	if (!strcasestr(version, "mariadb"))
		return error_set(error, ERROR_CONFIG, session->place, "the server is no MariaDB (version %.60s), and no other kin of it is known to "
								      "this program", version);
	if (sscanf(version, "%d.%d", &major, &minor) != 2 || major < OLDEST_MAJOR || (major == OLDEST_MAJOR && minor < OLDEST_MINOR))
		return error_set(error, ERROR_CONFIG, session->place, "MariaDB %.60s is too old: %d.%d or later is needed", version, OLDEST_MAJOR,
			OLDEST_MINOR);
	return 0;
}

static int set_variables(struct session *session, const struct store_target *target, struct error *error)
{
	/* READ COMMITTED: keys and parents that others have committed meanwhile count when they are asked for, as they do when a row is
	 * written. The name of the collation: what is compared with no column is compared byte by byte. Each row of a statement has room for a warning
	 * (array_sieve.h). */
	static const char fixed[] =
		"SET SESSION sql_mode='" STRICT_MODE "', time_zone='+00:00', collation_connection='utf8mb4_nopad_bin', autocommit=1,"
		" foreign_key_checks=1, unique_checks=1, check_constraint_checks=1, innodb_strict_mode=1, sql_auto_is_null=0,"
		" sql_safe_updates=0, completion_type='NO_CHAIN', max_statement_time=0, idle_transaction_timeout=0,"
		" idle_write_transaction_timeout=0, idle_readonly_transaction_timeout=0, default_storage_engine='InnoDB',"
		" sql_select_limit=18446744073709551615, max_error_count=16384, wait_timeout=GREATEST(@@wait_timeout,28800),"
		" net_read_timeout=GREATEST(@@net_read_timeout,120), net_write_timeout=GREATEST(@@net_write_timeout,600)";
	long long seconds = (target->lock_timeout_ms + 999) / 1000;
	char sql[160];

	if (seconds < 1)
		seconds = 1;
	snprintf(sql, sizeof sql, "SET SESSION innodb_lock_wait_timeout=%lld, lock_wait_timeout=%lld", seconds, seconds);
	if (session_execute(session, fixed, error) || session_execute(session, sql, error) ||
	    session_execute(session, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", error))
		return -1;
	return session->read_only ? session_execute(session, "SET SESSION TRANSACTION READ ONLY", error) : 0;
}

static int setup(struct session *session, const struct store_target *target, struct error *error)
{
	char packet[32];

	alive_watch(session->port);
	if (check_server(session, error) || set_variables(session, target, error) ||
	    session_query_text(session, "SELECT database()", session->database, sizeof session->database, error) < 0 ||
	    session_query_text(session, "SELECT @@max_allowed_packet", packet, sizeof packet, error) < 0)
		return -1;
	if (!session->database[0])
		return error_set(error, ERROR_CONFIG, session->place, "the connection string names no database: add Database=NAME");
	if (strlen(session->database) >= sizeof session->default_schema)
		return error_set(error, ERROR_CONFIG, session->place, "the name of the database is too long");
	memcpy(session->default_schema, session->database, strlen(session->database) + 1);
	session->statement_bytes_max = strtoull(packet, NULL, 10);
	return 0;
}

static int begin(struct session *session, struct error *error)
{
	return session_execute(session, "START TRANSACTION", error);
}

/* The server ends a transaction by itself after a deadlock, and by a statement that changes the schema (a trigger cannot, a procedure can):
 * what was written before would be gone, or committed already. */
static int commit(struct session *session, struct error *error)
{
	char open[8];

	if (session_query_text(session, "SELECT @@in_transaction", open, sizeof open, error) < 0)
		return -1;
	if (strcmp(open, "1") != 0)
		return error_set(error, ERROR_SINK, session->place, "the server has ended the transaction before its COMMIT");
	return session_execute(session, "COMMIT", error);
}

static void rollback(struct session *session)
{
	struct error ignored = ERROR_INIT;

	if (!session->lost && session_execute(session, "ROLLBACK", &ignored))
		session->lost = true; /* its state is unknown: nobody may use it again */
}

/* One snapshot for all that the session reads, taken at once. */
static int begin_snapshot(struct session *session, struct error *error)
{
	if (session_execute(session, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", error) || session_begin(session, error))
		return -1;
	/* It commits the empty transaction that begin has opened. */
	return session_execute(session, "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY", error);
}

/* Codes of errors (MariaDB manual, "MariaDB Error Codes"); those from 2000 on are of the client's library. */
static const struct {
	int code;
	struct trouble trouble;
} codes[] = {
	{ 1062, { TROUBLE_UNIQUE, NULL } }, { 1169, { TROUBLE_UNIQUE, NULL } }, { 1557, { TROUBLE_UNIQUE, NULL } },
	{ 1586, { TROUBLE_UNIQUE, NULL } }, { 1859, { TROUBLE_UNIQUE, NULL } },
	{ 1216, { TROUBLE_FOREIGN, NULL } }, { 1452, { TROUBLE_FOREIGN, NULL } },
	/* not null, check, data that a column does not take, SIGNAL of a trigger, a referenced row */
	{ 1048, { TROUBLE_ROW, NULL } }, { 1136, { TROUBLE_OURS, NULL } }, { 1217, { TROUBLE_ROW, NULL } }, { 1264, { TROUBLE_ROW, NULL } },
	{ 1265, { TROUBLE_ROW, NULL } }, { 1292, { TROUBLE_ROW, NULL } }, { 1300, { TROUBLE_ROW, NULL } }, { 1364, { TROUBLE_ROW, NULL } },
	{ 1365, { TROUBLE_ROW, NULL } }, { 1366, { TROUBLE_ROW, NULL } }, { 1367, { TROUBLE_ROW, NULL } }, { 1369, { TROUBLE_ROW, NULL } },
	{ 1406, { TROUBLE_ROW, NULL } }, { 1411, { TROUBLE_ROW, NULL } }, { 1416, { TROUBLE_ROW, NULL } }, { 1451, { TROUBLE_ROW, NULL } },
	{ 1526, { TROUBLE_ROW, NULL } }, { 1591, { TROUBLE_ROW, NULL } }, { 1643, { TROUBLE_ROW, NULL } }, { 1644, { TROUBLE_ROW, NULL } },
	{ 1645, { TROUBLE_ROW, NULL } }, { 1690, { TROUBLE_ROW, NULL } }, { 1748, { TROUBLE_ROW, NULL } }, { 1761, { TROUBLE_ROW, NULL } },
	{ 1762, { TROUBLE_ROW, NULL } }, { 1906, { TROUBLE_ROW, NULL } }, { 1977, { TROUBLE_ROW, NULL } }, { 3819, { TROUBLE_ROW, NULL } },
	{ 4025, { TROUBLE_ROW, NULL } }, { 4078, { TROUBLE_ROW, NULL } }, { 1118, { TROUBLE_ROW, NULL } }, { 1442, { TROUBLE_OURS, NULL } },
	{ 1213, { TROUBLE_CONFLICT, NULL } }, { 1020, { TROUBLE_CONFLICT, NULL } }, { 1412, { TROUBLE_CONFLICT, NULL } }, { 1684, { TROUBLE_CONFLICT, NULL } }, { 1614, { TROUBLE_CONFLICT, NULL } },
	{ 1205, { TROUBLE_BUSY, "another session held it for longer than lock_timeout" } },
	/* the session is gone, or never came to be */
	{ 1040, { TROUBLE_LOST, NULL } }, { 1053, { TROUBLE_LOST, NULL } }, { 1077, { TROUBLE_LOST, NULL } }, { 1079, { TROUBLE_LOST, NULL } },
	{ 1080, { TROUBLE_LOST, NULL } }, { 1152, { TROUBLE_LOST, NULL } }, { 1158, { TROUBLE_LOST, NULL } }, { 1159, { TROUBLE_LOST, NULL } },
	{ 1160, { TROUBLE_LOST, NULL } }, { 1161, { TROUBLE_LOST, NULL } }, { 1184, { TROUBLE_LOST, NULL } }, { 1203, { TROUBLE_LOST, NULL } },
	{ 1226, { TROUBLE_LOST, NULL } }, { 1927, { TROUBLE_LOST, NULL } }, { 1928, { TROUBLE_LOST, NULL } }, { 2002, { TROUBLE_LOST, NULL } },
	{ 2003, { TROUBLE_LOST, NULL } }, { 2006, { TROUBLE_LOST, NULL } }, { 2012, { TROUBLE_LOST, NULL } }, { 2013, { TROUBLE_LOST, NULL } },
	{ 2014, { TROUBLE_LOST, NULL } }, { 2027, { TROUBLE_LOST, NULL } }, { 2055, { TROUBLE_LOST, NULL } },
	{ 1153, { TROUBLE_LOST, NULL } },
	/* the server as it is: full, read-only, out of memory, a killed statement, who may connect */
	{ 1021, { TROUBLE_WORLD, "no space is left on the server's disk" } }, { 1114, { TROUBLE_WORLD, "no space is left on the server's disk, or for "
												   "its temporary tables" } },
	{ 1041, { TROUBLE_WORLD, NULL } }, { 1037, { TROUBLE_WORLD, NULL } }, { 1038, { TROUBLE_WORLD, NULL } }, { 1030, { TROUBLE_WORLD, NULL } },
	{ 1026, { TROUBLE_WORLD, NULL } }, { 1034, { TROUBLE_WORLD, NULL } }, { 1035, { TROUBLE_WORLD, NULL } }, { 1036, { TROUBLE_WORLD, NULL } },
	{ 1045, { TROUBLE_WORLD, NULL } }, { 1044, { TROUBLE_WORLD, NULL } }, { 1049, { TROUBLE_WORLD, NULL } }, { 1129, { TROUBLE_WORLD, NULL } },
	{ 1130, { TROUBLE_WORLD, NULL } }, { 1206, { TROUBLE_WORLD, NULL } }, { 1290, { TROUBLE_WORLD, NULL } }, { 1317, { TROUBLE_WORLD, NULL } },
	{ 1637, { TROUBLE_WORLD, NULL } }, { 1698, { TROUBLE_WORLD, NULL } }, { 1699, { TROUBLE_WORLD, NULL } }, { 1792, { TROUBLE_WORLD, NULL } },
	{ 1836, { TROUBLE_WORLD, NULL } }, { 1969, { TROUBLE_WORLD, NULL } }, { 2005, { TROUBLE_WORLD, NULL } }, { 2026, { TROUBLE_WORLD, NULL } },
};

/* What an upsert evaluates, and fails by, for a row that is not the one with its key (put_guarded). */
#define CLASH "18446744073709551615 + "

/* "Data too long for column 'n' at row 3" */
static size_t refused_row(int native, const char *words)
{
	static const int counted[] = { 1264, 1265, 1292, 1366, 1406 };
	const char *at = NULL, *next = words;
	bool known = false;
	char *end;
	unsigned long row;

	for (size_t i = 0; i < sizeof counted / sizeof *counted; i++)
		known = known || counted[i] == native;
	while (known && (next = strstr(next, " at row ")))
		at = next++;
	if (!at)
		return DIAGNOSIS_NOWHERE;
	row = strtoul(at + 8, &end, 10);
	return *end == '\0' && row > 0 ? row - 1 : DIAGNOSIS_NOWHERE;
}

static struct trouble classify(const char *state, int native, const char *words)
{
	if (native == 1690 && strstr(words, CLASH))
		return (struct trouble){ TROUBLE_UNIQUE, NULL };
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (codes[i].code == native)
			return codes[i].trouble;
	if (strncmp(state, "08", 2) == 0 || strncmp(state, "HYT", 3) == 0)
		return (struct trouble){ TROUBLE_LOST, NULL };
	if (strncmp(state, "40", 2) == 0)
		return (struct trouble){ TROUBLE_CONFLICT, NULL };
	/* The words of SIGNAL SQLSTATE '45000', and of other states that a trigger chose. */
	if (strncmp(state, "22", 2) == 0 || strncmp(state, "23", 2) == 0 || strncmp(state, "45", 2) == 0)
		return (struct trouble){ TROUBLE_ROW, NULL };
	if (strcmp(state, "HY001") == 0)
		return (struct trouble){ TROUBLE_WORLD, NULL };
	return (struct trouble){ TROUBLE_OURS, NULL };
}

static int string_type(const struct field *field, bool in_key, struct buffer *out, struct error *error)
{
	if (field->max_length && field->max_length <= KEY_CHARACTERS_MAX)
		return buffer_printf(out, error, "VARCHAR(%llu)", (unsigned long long)field->max_length);
	if (!in_key)
		return buffer_puts(out, "LONGTEXT", error);
	return error_set(error, ERROR_CONFIG, NULL,
		"field %s: MariaDB takes a text into a key only where it knows its length: give the field a maxLength of at most %d", field->name,
		KEY_CHARACTERS_MAX);
}

static int type(const struct field *field, bool in_key, struct buffer *out, struct error *error)
{
	static const char *const names[] = {
		[VALUE_INTEGER] = "BIGINT", [VALUE_DOUBLE] = "DOUBLE", [VALUE_BOOLEAN] = "TINYINT(1)", [VALUE_DATE] = "DATE",
		[VALUE_TIME] = "TIME(6)", [VALUE_DATETIME] = "DATETIME(6)", [VALUE_YEAR] = "SMALLINT", [VALUE_YEARMONTH] = "VARCHAR(64)",
		[VALUE_DURATION] = "VARCHAR(64)", [VALUE_UUID] = "CHAR(36) CHARACTER SET ascii COLLATE ascii_nopad_bin",
		[VALUE_BINARY] = "LONGBLOB", [VALUE_JSON] = "LONGTEXT",
	};

	if (field->type == VALUE_STRING)
		return string_type(field, in_key, out, error);
	if (field->type == VALUE_DECIMAL)
		return buffer_printf(out, error, "DECIMAL(%u,%u)", field->precision, field->scale);
	if (in_key && (field->type == VALUE_BINARY || field->type == VALUE_JSON))
		return error_set(error, ERROR_CONFIG, NULL, "field %s: MariaDB takes no value of this type into a key", field->name);
	return buffer_puts(out, names[field->type], error);
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
		return CARRY_TEXT;
	}
}

static int parameter(const struct field *field, const struct catalog_column *column, struct buffer *out,
	struct error *error)
{
	/* Without a column to go to: a parameter of somebody's query, as text. */
	if (!column && field->type == VALUE_DATETIME)
		return buffer_puts(out, "CAST(REPLACE(?, 'Z', '') AS DATETIME(6))", error);
	if (!column && (field->type == VALUE_DATE || field->type == VALUE_DOUBLE))
		return buffer_printf(out, error, "CAST(? AS %s)", field->type == VALUE_DATE ? "DATE" : "DOUBLE");
	if (!column && field->type == VALUE_TIME)
		return buffer_puts(out, "CAST(? AS TIME(6))", error);
	return buffer_puts(out, "?", error);
}

/* A text in the character set and collation of the column, so that its index answers; of so many characters at most. */
static int put_text_value(const struct catalog_column *column, unsigned long long characters, struct buffer *out, struct error *error)
{
	const char *collation = column->collation;
	int set = collation ? (int)strcspn(collation, "_") : 0;

	if (!collation || strcmp(collation, "binary") == 0)
		return buffer_printf(out, error, "CAST(? AS CHAR(%llu))", characters);
	return buffer_printf(out, error, "CAST(? AS CHAR(%llu) CHARACTER SET %.*s) COLLATE %s", characters, set, collation, collation);
}

/* One character longer, so that what is too long for the column is not cut to something that is in it. */
static int compared(const struct field *field, const struct catalog_column *column, struct buffer *out, struct error *error)
{
	unsigned long long length = column->length && column->length < KEY_CHARACTERS_MAX ? column->length + 1 : KEY_CHARACTERS_MAX + 1;

	switch (field->type) {
	case VALUE_INTEGER:
	case VALUE_BOOLEAN:
	case VALUE_YEAR:
		/* By way of a text of known length: a column made of a parameter's CAST AS SIGNED alone is an INT, which holds what is beyond
		 * it as 2147483647, without an error. */
		return buffer_puts(out, "CAST(CAST(? AS CHAR(20)) AS SIGNED)", error);
	case VALUE_DOUBLE:
		return buffer_puts(out, "CAST(? AS DOUBLE)", error);
	case VALUE_DECIMAL:
		return buffer_printf(out, error, "CAST(? AS DECIMAL(%u,%u))", field->precision, field->scale);
	case VALUE_DATE:
		return buffer_puts(out, "CAST(? AS DATE)", error);
	case VALUE_TIME:
		return buffer_puts(out, "CAST(? AS TIME(6))", error);
	case VALUE_DATETIME:
		return buffer_puts(out, "CAST(? AS DATETIME(6))", error);
	case VALUE_BINARY:
		/* CAST AS BINARY would make a column of no bytes. */
		return buffer_printf(out, error, "UNHEX(CAST(HEX(?) AS CHAR(%d)))", 2 * (KEY_BYTES_MAX + 1));
	default:
		break;
	}
	/* What another character set lacks would become a question mark. */
	if (column->collation && (strncmp(column->collation, "utf8mb4_", 8) == 0 || field->type == VALUE_UUID))
		return put_text_value(column, length, out, error);
	return buffer_printf(out, error, "CAST(? AS CHAR(%llu))", length);
}

static bool compares_exactly(const struct catalog_column *column)
{
	const char *collation = column->collation;
	size_t length = collation ? strlen(collation) : 0;

	return length <= 10 || strcmp(collation + length - 10, "_nopad_bin") == 0;
}

static int ordered(const struct catalog_column *column, const char *quoted, bool exact, struct buffer *out, struct error *error)
{
	if (exact && column->kind == KIND_TEXT && !compares_exactly(column))
		return buffer_printf(out, error, "CONVERT(%s USING utf8mb4) COLLATE utf8mb4_nopad_bin", quoted);
	return buffer_puts(out, quoted, error);
}

static int ordered_value(const struct catalog_column *column, bool exact, struct buffer *out, struct error *error)
{
	switch (column->kind) {
	case KIND_INTEGER:
	case KIND_BOOLEAN:
		return buffer_printf(out, error, "CAST(? AS %s)", column->ranged && column->minimum == 0 ? "UNSIGNED" : "SIGNED");
	case KIND_DECIMAL:
		return buffer_printf(out, error, "CAST(? AS DECIMAL(%d,%d))", column->precision, column->scale);
	case KIND_REAL:
		return buffer_puts(out, "CAST(? AS DOUBLE)", error);
	case KIND_DATE:
		return buffer_puts(out, "CAST(? AS DATE)", error);
	case KIND_TIME:
		return buffer_puts(out, "CAST(? AS TIME(6))", error);
	case KIND_DATETIME:
		return buffer_puts(out, "CAST(? AS DATETIME(6))", error);
	case KIND_BINARY:
		return buffer_puts(out, "UNHEX(?)", error);
	case KIND_TEXT:
		if (exact && !compares_exactly(column))
			return buffer_puts(out, "CAST(? AS CHAR) COLLATE utf8mb4_nopad_bin", error);
		return put_text_value(column, column->length ? column->length : KEY_CHARACTERS_MAX, out, error);
	default:
		return buffer_puts(out, "?", error);
	}
}

static bool accepts(const struct field *field, const struct catalog_column *column)
{
	enum column_kind kind = column->kind;

	switch (field->type) {
	case VALUE_INTEGER:
	case VALUE_YEAR:
		return kind == KIND_INTEGER || kind == KIND_BOOLEAN || kind == KIND_DECIMAL || kind == KIND_REAL;
	case VALUE_BOOLEAN:
		return kind == KIND_BOOLEAN || kind == KIND_INTEGER || kind == KIND_DECIMAL;
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
	case VALUE_YEARMONTH:
	case VALUE_DURATION:
		return kind == KIND_TEXT;
	case VALUE_STRING:
		return kind == KIND_TEXT || kind == KIND_OTHER;
	}
	return false;
}

static int read_text(const struct field *field, const struct catalog_column *column, const char *quoted, struct buffer *out,
	struct error *error)
{
	enum column_kind kind = column ? column->kind : KIND_ANY;

	if (kind == KIND_BINARY || (field && field->type == VALUE_BINARY))
		return buffer_printf(out, error, "HEX(%s)", quoted);
	if (kind == KIND_TEXT)
		return buffer_puts(out, quoted, error);
	if (column && column->bit_field)
		return buffer_printf(out, error, "CAST(%s + 0 AS CHAR)", quoted);
	/* All as the server prints them, whatever the driver would make of their types. */
	if (field && (field->type == VALUE_INTEGER || field->type == VALUE_YEAR) && kind == KIND_DECIMAL && column->scale > 0)
		return buffer_printf(out, error, "TRIM(TRAILING '.' FROM TRIM(TRAILING '0' FROM CAST(%s AS CHAR)))", quoted);
	if (kind == KIND_REAL && column->bits == 32)
		return buffer_printf(out, error, "CAST(CAST(%s AS DOUBLE) AS CHAR)", quoted);
	return buffer_printf(out, error, "CAST(%s AS CHAR)", quoted);
}

static const char *state_type(enum state_type type)
{
	switch (type) {
	case STATE_INTEGER:
		return "BIGINT";
	case STATE_TIME:
		return "DATETIME(6)";
	case STATE_NAME:
		return "VARCHAR(254)"; /* three of them and two numbers are what a key can hold */
	default:
		return "LONGTEXT";
	}
}

/* ON DUPLICATE KEY UPDATE would change whichever row stands in the way of any unique key: where the table has other ones, a row that is not
 * the one with this key ends the statement (the largest integer and 1 is out of range). */
static int put_guarded(const struct way_task *task, const char *name, struct buffer *out, struct error *error)
{
	const struct dialect *dialect = task->session->dialect;

	if (buffer_puts(out, "IF(", error))
		return -1;
	for (size_t i = 0; i < task->upsert->count; i++) {
		const char *part = way_column(task, task->upsert->fields[i])->name;

		if ((i && buffer_puts(out, " AND ", error)) || dialect_quote(dialect, out, part, error) || buffer_puts(out, " = VALUES(", error) ||
		    dialect_quote(dialect, out, part, error) || buffer_puts(out, ")", error))
			return -1;
	}
	if (buffer_puts(out, ", ", error) || buffer_puts(out, name, error) || buffer_puts(out, ", " CLASH "LENGTH(", error) ||
	    dialect_quote(dialect, out, way_column(task, task->upsert->fields[0])->name, error) || buffer_puts(out, ") + 1)", error))
		return -1;
	return 0;
}

static int put_value(const struct way_task *task, size_t field, bool guarded, struct buffer *out, struct error *error)
{
	const struct dialect *dialect = task->session->dialect;
	const char *name = way_column(task, field)->name;
	struct buffer value;
	int result = -1;

	buffer_init(&value, 4096);
	/* A part of the key stays what it is. */
	if (dialect_quote(dialect, out, name, error) == 0 && buffer_puts(out, " = ", error) == 0 &&
	    (way_in_key(task->upsert, field) || buffer_puts(&value, "VALUES(", error) == 0) &&
	    dialect_quote(dialect, &value, name, error) == 0 &&
	    (way_in_key(task->upsert, field) || buffer_puts(&value, ")", error) == 0))
		result = guarded ? put_guarded(task, buffer_text(&value), out, error) : buffer_puts(out, buffer_text(&value), error);
	buffer_fini(&value);
	return result;
}

static int upsert(const struct way_task *task, struct buffer *out, struct error *error)
{
	bool guarded = way_has_other_key(task), first = true;

	if (buffer_puts(out, " ON DUPLICATE KEY UPDATE ", error))
		return -1;
	for (size_t i = 0; i < task->schema->field_count; i++) {
		if (way_in_key(task->upsert, i))
			continue;
		if ((!first && buffer_puts(out, ", ", error)) || put_value(task, i, guarded && first, out, error))
			return -1;
		first = false;
	}
	return first ? put_value(task, task->upsert->fields[0], guarded, out, error) : 0;
}

static const char *const off_on[] = { "off", "on", NULL };

static const struct dialect_setting readable[] = {
	{ "sql_mode", "SELECT @@sql_mode", NULL },
	{ "isolation", "SELECT @@tx_isolation", NULL },
	{ "time_zone", "SELECT @@time_zone", NULL },
	{ "character_set", "SELECT @@character_set_client", NULL },
	{ "collation", "SELECT @@collation_connection", NULL },
	{ "innodb_flush_log_at_trx_commit", "SELECT @@innodb_flush_log_at_trx_commit", NULL },
	{ "innodb_lock_wait_timeout", "SELECT @@innodb_lock_wait_timeout", NULL },
	{ "max_allowed_packet", "SELECT @@max_allowed_packet", NULL },
	{ "foreign_keys", "SELECT @@foreign_key_checks", off_on },
	{ NULL, NULL, NULL },
};

static const struct way_ops *const ways[] = { &way_array, &way_values, &way_row, NULL };

const struct dialect dialect_mariadb = {
	.name = "mariadb",
	.dbms_name = "MariaDB",
	.driver_words = { "maodbc", "mariadb", NULL },
	.parameters_max = 65535,
	.name_max = 64,
	.columns_max = 1017, /* InnoDB's */
	.loads_faster_at_once = false, /* a table of InnoDB is its primary key's tree, and DDL commits */
	.quote = '`',
	.prepare = prepare,
	.setup = setup,
	.begin = begin,
	.commit = commit,
	.rollback = rollback,
	.begin_snapshot = begin_snapshot,
	.classify = classify,
	.refused_row = refused_row,
	.type = type,
	.parameter = parameter,
	.compared = compared,
	.ordered = ordered,
	.ordered_value = ordered_value,
	.carrier = carrier,
	.state_type = state_type,
	.time_parameter = "REPLACE(?, 'Z', '')",
	.catalog = mariadb_catalog,
	.column_type = mariadb_column_type,
	.accepts = accepts,
	.upsert = upsert,
	.ways = ways,
	.read = read_text,
	.whole_results = true,
	.ddl_commits = true,
	.plain_datetimes = true,
	.table_tail = " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin",
	.names_ignore_case = true,
	.query_tail = "\nLIMIT 18446744073709551615",
	.quotes = "'\"`",
	.backslash_escapes = true,
	.hash_comments = true,
	.echo_sql = "SELECT CAST(? AS CHAR(64))",
	.settings = readable,
	.schema_sql = "SELECT 1 FROM information_schema.schemata WHERE schema_name = ?",
	.tables_sql = "SELECT table_name FROM information_schema.tables WHERE table_schema = ? AND table_name NOT LIKE 'penstock%' ORDER BY 1",
	.base_tables_sql = "SELECT table_name FROM information_schema.tables WHERE table_schema = ? AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') AND "
			   "LEFT(table_name, 9) <> 'penstock_' ORDER BY 1",
};
