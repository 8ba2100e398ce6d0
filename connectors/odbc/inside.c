/* inside.c - statements that are prepared once on the SQLite of this process, on the connection that the driver has made.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/odbc/inside.h"

#include <assert.h>
#include <limits.h>
#include <sqlite3.h>

#include "connectors/odbc/shown.h"

static const char *const fixed[SHOWN_FIXED] = {
	[INSIDE_SAVEPOINT] = "SAVEPOINT penstock",
	[INSIDE_RELEASE] = "RELEASE SAVEPOINT penstock",
	[INSIDE_BACK] = "ROLLBACK TO SAVEPOINT penstock",
	[INSIDE_REQUEST] = "SAVEPOINT penstock_request",
	[INSIDE_REQUEST_RELEASE] = "RELEASE SAVEPOINT penstock_request",
	[INSIDE_REQUEST_BACK] = "ROLLBACK TO SAVEPOINT penstock_request",
};

bool inside_usable(const struct session *session)
{
	return session->shown && session->shown->db;
}

static enum fault_class refused(struct session *session, struct diagnosis *diagnosis)
{
	sqlite3 *db = session->shown->db;

	return session_diagnose_native(session, sqlite3_errcode(db), sqlite3_errmsg(db), diagnosis);
}

struct sqlite3_stmt *inside_prepare(struct session *session, const char *sql, const char *what, struct error *error)
{
	struct diagnosis diagnosis;
	sqlite3_stmt *statement = NULL;

	assert(inside_usable(session));
	if (sqlite3_prepare_v3(session->shown->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) == SQLITE_OK)
		return statement;
	refused(session, &diagnosis);
	diagnosis_error(session, &diagnosis, what, error);
	return NULL;
}

void inside_free(struct sqlite3_stmt *statement)
{
	sqlite3_finalize(statement);
}

bool inside_bind_integer(struct session *session, struct sqlite3_stmt *statement, int number, int64_t value, struct diagnosis *diagnosis)
{
	if (sqlite3_bind_int64(statement, number, value) == SQLITE_OK)
		return true;
	refused(session, diagnosis);
	return false;
}

bool inside_bind_text(struct session *session, struct sqlite3_stmt *statement, int number, const char *text, size_t length,
	struct diagnosis *diagnosis)
{
	if ((text ? sqlite3_bind_text64(statement, number, text, length, SQLITE_STATIC, SQLITE_UTF8) :
		    sqlite3_bind_null(statement, number)) == SQLITE_OK)
		return true;
	refused(session, diagnosis);
	return false;
}

int inside_step(struct session *session, struct sqlite3_stmt *statement, struct diagnosis *diagnosis, enum fault_class *class)
{
	enum fault_class found;

	switch (sqlite3_step(statement)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		sqlite3_reset(statement);
		return 0;
	default:
		/* The words are those of the connection's last call. */
		found = refused(session, diagnosis);
		if (class)
			*class = found;
		sqlite3_reset(statement);
		return -1;
	}
}

void inside_reset(struct sqlite3_stmt *statement)
{
	sqlite3_reset(statement);
}

int64_t inside_changes(const struct session *session)
{
	return sqlite3_changes(session->shown->db);
}

int64_t inside_integer(struct sqlite3_stmt *statement, int column)
{
	return sqlite3_column_int64(statement, column);
}

struct text inside_text(struct sqlite3_stmt *statement, int column)
{
	const char *data = (const char *)sqlite3_column_text(statement, column);

	return (struct text){ data, data ? (size_t)sqlite3_column_bytes(statement, column) : 0 };
}

int inside_run(struct session *session, enum inside_fixed which, struct error *error)
{
	struct sqlite3_stmt **statement = &session->shown->fixed[which];
	struct diagnosis diagnosis;

	if (!*statement && !(*statement = inside_prepare(session, fixed[which], fixed[which], error)))
		return -1;
	if (inside_step(session, *statement, &diagnosis, NULL) == 0)
		return 0;
	diagnosis_error(session, &diagnosis, fixed[which], error);
	return -1;
}

void inside_wait(struct session *session, int64_t ms)
{
	sqlite3_busy_timeout(session->shown->db, ms < INT_MAX ? (int)ms : INT_MAX);
}

void inside_close(struct session *session)
{
	if (!session->shown)
		return;
	for (int i = 0; i < SHOWN_FIXED; i++) {
		sqlite3_finalize(session->shown->fixed[i]);
		session->shown->fixed[i] = NULL;
	}
}
