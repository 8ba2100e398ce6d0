/* session.c - connecting to a database over ODBC, its transactions and savepoints.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "connectors/odbc/connect.h"
#include "connectors/odbc/dialect.h"
#include "connectors/odbc/inside.h"
#include "connectors/odbc/session.h"
#include "connectors/odbc/shown.h"
#include "engine/core/clock.h"
#include "engine/core/diagnostics.h"

/* SQL_SUCCESS_WITH_INFO carries notices only; SQL_NO_DATA is an UPDATE of no row. */
static bool succeeded(SQLRETURN code)
{
	return SQL_SUCCEEDED(code) || code == SQL_NO_DATA;
}

static int allocate(struct session *session, struct error *error)
{
	if (!SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &session->environment)))
		return error_memory(error, "an ODBC environment");
	/* Attribute values travel as pointers. */
	if (!SQL_SUCCEEDED(SQLSetEnvAttr(session->environment, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3, 0)) ||
	    !SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_DBC, session->environment, &session->connection)))
		return error_memory(error, "an ODBC connection");
	return 0;
}

static void let_go(struct session *session)
{
	inside_close(session);
	pq_guard_stop(session->guard);
	session->guard = NULL;
	if (session->connection) {
		SQLDisconnect(session->connection);
		SQLFreeHandle(SQL_HANDLE_DBC, session->connection);
	}
	if (session->environment)
		SQLFreeHandle(SQL_HANDLE_ENV, session->environment);
	pq_close(&session->pq);
	my_close(&session->my);
	session->connection = SQL_NULL_HDBC;
	session->environment = SQL_NULL_HENV;
	free(session->shown);
	session->shown = NULL;
}

static int connect_once(struct session *session, const struct connect_string *string, struct error *error)
{
	char *text = connect_print(string, error);
	SQLRETURN code;
	int result = 0;

	if (!text)
		return -1;
	pq_listen(&session->pq);
	my_listen(&session->my);
	code = SQLDriverConnect(session->connection, NULL, session_input(text), SQL_NTS, NULL, 0, NULL, SQL_DRIVER_NOPROMPT);
	pq_heard();
	my_heard();
	if (!SQL_SUCCEEDED(code)) {
		session_fail(session, SQL_HANDLE_DBC, session->connection, "connecting", error);
		connect_mask(string, error->message);
		if (session->dialect && session->dialect->explain_connect)
			session->dialect->explain_connect(session, error);
		result = -1;
	}
	connect_wipe(text);
	return result;
}

/* Where neither name nor library of the driver tells: what the driver manager knows of that name. */
static const struct dialect *dialect_of_driver(struct session *session, const char *driver)
{
	const struct dialect *dialect = dialect_by_driver(driver);
	SQLUSMALLINT direction = SQL_FETCH_FIRST;
	SQLCHAR name[512], attributes[4096];
	SQLSMALLINT length;

	while (!dialect &&
	       SQL_SUCCEEDED(SQLDrivers(session->environment, direction, name, sizeof name, &length, attributes,
		       sizeof attributes, &length))) {
		direction = SQL_FETCH_NEXT;
		if (strcasecmp((const char *)name, driver) != 0)
			continue;
		/* KEY=VALUE, each with a NUL, an empty one at the end. */
		for (const char *p = (const char *)attributes; !dialect && *p; p += strlen(p) + 1)
			if (strncasecmp(p, "driver=", 7) == 0)
				dialect = dialect_by_driver(p + 7);
		break;
	}
	return dialect;
}

static const struct dialect *guess(struct session *session, const struct connect_string *string)
{
	const char *driver = connect_find(string, "Driver"), *dsn = connect_find(string, "DSN");
	SQLUSMALLINT direction = SQL_FETCH_FIRST;
	SQLCHAR name[512], description[512];
	SQLSMALLINT length;

	if (driver)
		return dialect_of_driver(session, driver);
	while (dsn && SQL_SUCCEEDED(SQLDataSources(session->environment, direction, name, sizeof name, &length, description,
			      sizeof description, &length))) {
		direction = SQL_FETCH_NEXT;
		if (strcasecmp((const char *)name, dsn) == 0)
			return dialect_of_driver(session, (const char *)description);
	}
	return NULL;
}

static int connected_dialect(struct session *session, const struct dialect **out, struct error *error)
{
	char dbms[256] = "";
	SQLSMALLINT length = 0;

	if (!SQL_SUCCEEDED(SQLGetInfo(session->connection, SQL_DBMS_NAME, dbms, sizeof dbms, &length))) {
		session_fail(session, SQL_HANDLE_DBC, session->connection, "asking for the name of the database system", error);
		return -1;
	}
	*out = dialect_by_dbms(dbms);
	if (!*out)
		return error_set(error, ERROR_CONFIG, session->place, "%s is a database this build does not know (it knows %s)",
			dbms, dialect_names());
	return 0;
}

/* Before a driver is asked for, and where only the connection tells. */
static int check_dialect(const struct session *session, const struct dialect *dialect, struct error *error)
{
	if (!dialect->ddl_only)
		return 0;
	return error_set(error, ERROR_CONFIG, session->place,
		"this is %s, of which this version knows the DDL alone (penstock schema ddl --dialect %s); rows go to and come from %s", dialect->dbms_name,
		dialect->name, dialect_names());
}

static int connect_as(struct session *session, const struct store_target *target, struct connect_string *string,
	struct error *error)
{
	const struct dialect *found;

	session->dialect = guess(session, string);
	if (!session->dialect) {
		/* An unknown driver: connect plainly first to learn what is behind it. */
		if (connect_once(session, string, error) || connected_dialect(session, &session->dialect, error))
			return -1;
		SQLDisconnect(session->connection);
	}
	if (check_dialect(session, session->dialect, error))
		return -1;
	if (session->dialect->prepare(session, target, string, error))
		return -1;
	if (session->absent)
		return 0;
	if (connect_once(session, string, error) || connected_dialect(session, &found, error))
		return -1;
	if (found != session->dialect)
		return error_set(error, ERROR_CONFIG, session->place, "the driver looked like %s but the database is %s",
			session->dialect->name, found->name);
	if (session->dialect->setup(session, target, error))
		return -1;
	session->guard = pq_guard_start(&session->pq, session->cancel, &session->calls);
	return 0;
}

/* A database of this process learns to see batches while it is connected to. */
static int connect_shown(struct session *session, const struct store_target *target, struct connect_string *string, struct error *error)
{
	int result;

	session->shown = calloc(1, sizeof *session->shown);
	if (!session->shown)
		return error_memory(error, "a connection");
	shown_begin_connect(session->shown);
	result = connect_as(session, target, string, error);
	shown_end_connect();
	return result;
}

int session_need_driver(const struct session *session, const char *driver, struct error *error)
{
	SQLUSMALLINT direction = SQL_FETCH_FIRST;
	SQLCHAR name[512], attributes[4096];
	SQLSMALLINT length;
	char near[512] = "";

	if (!driver || (strchr(driver, '/') && access(driver, R_OK) == 0))
		return 0;
	while (SQL_SUCCEEDED(SQLDrivers(session->environment, direction, name, sizeof name, &length, attributes,
		sizeof attributes, &length))) {
		const char *const candidates[] = { (const char *)name, NULL };

		direction = SQL_FETCH_NEXT;
		if (strcasecmp((const char *)name, driver) == 0)
			return 0;
		if (suggest(driver, candidates))
			snprintf(near, sizeof near, "%s", (const char *)name);
	}
	return error_set(error, ERROR_SINK, session->place, "there is no ODBC driver \"%s\"%s%s%s; odbcinst -q -d lists them", driver,
		near[0] ? " (did you mean \"" : "", near, near[0] ? "\"?)" : "");
}

int session_open(struct session *session, const struct store_target *target, struct error *error)
{
	struct connect_string string = { .count = 0 };
	int result = -1;

	memset(session, 0, sizeof *session);
	session->lock_timeout_ms = target->lock_timeout_ms;
	session->since_ms = clock_elapsed_ms();
	session->cancel = target->cancel;
	session->read_only = target->read_only;
	snprintf(session->name, sizeof session->name, "%s", target->name ? target->name : "");
	snprintf(session->place, sizeof session->place, "connection %s", session->name);
	if (connect_parse(&string, target->connect, session->place, error) == 0 && allocate(session, error) == 0)
		result = connect_shown(session, target, &string, error);
	connect_fini(&string);
	if (result || session->absent)
		let_go(session);
	return result;
}

void session_close(struct session *session)
{
	if (session->connection && session->in_transaction)
		session_rollback(session);
	let_go(session);
}

int session_handle(struct session *session, SQLHSTMT *out, struct error *error)
{
	assert(!session->absent && !session->pq.copying);
	*out = SQL_NULL_HSTMT;
	if (session->lost || !session->connection) {
		error_set(error, ERROR_SINK, session->place, "the connection is lost");
		error->retry = true;
		return -1;
	}
	if (!SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_STMT, session->connection, out))) {
		session_fail(session, SQL_HANDLE_DBC, session->connection, "preparing a statement", error);
		return -1;
	}
	return 0;
}

/* Enough of a statement to recognise it in a message. */
static const char *excerpt(const char *sql, char *out, size_t size)
{
	size_t length = strcspn(sql, "\n(");

	if (length >= size)
		length = size - 1;
	memcpy(out, sql, length);
	while (length && out[length - 1] == ' ')
		length--;
	out[length] = '\0';
	return out;
}

SQLRETURN session_run(struct session *session, SQLHSTMT handle)
{
	SQLRETURN code;

	atomic_fetch_add(&session->calls, 1);
	code = SQLExecute(handle);
	atomic_fetch_add(&session->calls, 1);
	return code;
}

SQLRETURN session_run_text(struct session *session, SQLHSTMT handle, const char *sql)
{
	SQLRETURN code;

	atomic_fetch_add(&session->calls, 1);
	code = SQLExecDirect(handle, session_input(sql), SQL_NTS);
	atomic_fetch_add(&session->calls, 1);
	return code;
}

int session_execute(struct session *session, const char *sql, struct error *error)
{
	char what[80];
	SQLHSTMT handle;
	int result = 0;

	if (session_handle(session, &handle, error))
		return -1;
	if (!succeeded(session_run_text(session, handle, sql))) {
		session_fail(session, SQL_HANDLE_STMT, handle, excerpt(sql, what, sizeof what), error);
		result = -1;
	}
	SQLFreeHandle(SQL_HANDLE_STMT, handle);
	return result;
}

int session_query_text(struct session *session, const char *sql, char *out, size_t size, struct error *error)
{
	char what[80];
	SQLHSTMT handle;
	SQLLEN length = 0;
	SQLRETURN code;
	int result = 1;

	out[0] = '\0';
	if (session_handle(session, &handle, error))
		return -1;
	code = session_run_text(session, handle, sql);
	if (SQL_SUCCEEDED(code))
		code = SQLFetch(handle);
	if (SQL_SUCCEEDED(code))
		code = SQLGetData(handle, 1, SQL_C_CHAR, out, (SQLLEN)size, &length);
	if (code == SQL_NO_DATA) {
		result = 0;
	} else if (!SQL_SUCCEEDED(code)) {
		session_fail(session, SQL_HANDLE_STMT, handle, excerpt(sql, what, sizeof what), error);
		result = -1;
	} else if (length == SQL_NULL_DATA) {
		out[0] = '\0';
	}
	SQLFreeHandle(SQL_HANDLE_STMT, handle);
	return result;
}

int session_begin(struct session *session, struct error *error)
{
	assert(!session->in_transaction);
	if (session->lost || !session->connection) {
		error_set(error, ERROR_SINK, session->place, "the connection is lost");
		error->retry = true;
		return -1;
	}
	if (session->dialect->begin(session, error))
		return -1;
	session->in_transaction = true;
	session->broken = session->fresh = session->saved_by_begin = session->lingering = false;
	session->begun_at = atomic_load(&session->calls);
	return 0;
}

int session_restart(struct session *session, struct error *error)
{
	assert(session->in_transaction);
	session->dialect->rollback(session);
	session->in_transaction = false;
	return session_begin(session, error);
}

int session_commit(struct session *session, struct error *error)
{
	int result = -1;

	assert(session->in_transaction && !session->pq.copying);
	/* A server would answer COMMIT with a rollback and no error. */
	if (session->lost) {
		error_set(error, ERROR_SINK, session->place, "the connection is lost");
		error->retry = true;
	} else if (session->broken)
		error_set(error, ERROR_SINK, session->place, "an earlier statement of this transaction failed: it cannot be committed");
	else
		result = session->dialect->commit(session, error);
	if (result) {
		session->dialect->rollback(session);
		session->rollbacks++;
	}
	session->in_transaction = false;
	session->broken = false;
	return result;
}

void session_rollback(struct session *session)
{
	if (session->pq.copying)
		pq_copy_abandon(session);
	if (session->in_transaction) {
		session->dialect->rollback(session);
		session->rollbacks++;
	}
	session->in_transaction = false;
	session->broken = false;
}

int session_savepoint(struct session *session, struct error *error)
{
	assert(session->in_transaction);
	if (inside_usable(session))
		return inside_run(session, INSIDE_SAVEPOINT, error);
	session->saved_by_begin = session->fresh;
	if (session->saved_by_begin)
		return 0;
	if (session_execute(session, session->lingering ? "RELEASE SAVEPOINT penstock;SAVEPOINT penstock" : "SAVEPOINT penstock", error))
		return -1;
	session->lingering = false;
	return 0;
}

int session_release(struct session *session, struct error *error)
{
	if (inside_usable(session))
		return inside_run(session, INSIDE_RELEASE, error);
	if (session->saved_by_begin || session->dialect->several_statements) {
		session->lingering = !session->saved_by_begin;
		session->saved_by_begin = session->fresh = false;
		return 0;
	}
	return session_execute(session, "RELEASE SAVEPOINT penstock", error);
}

int session_rollback_to(struct session *session, struct error *error)
{
	if (session->saved_by_begin)
		return session_restart(session, error);
	/* All databases keep the savepoint after going back to it. */
	if (inside_usable(session) ? inside_run(session, INSIDE_BACK, error)
				   : session_execute(session, "ROLLBACK TO SAVEPOINT penstock", error))
		return -1;
	session->broken = false;
	return session_release(session, error);
}
