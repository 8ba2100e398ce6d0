/* inside.h - statements that are prepared once on the SQLite of this process, on the connection that the driver has made.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The driver of SQLite compiles a statement anew each time it is executed. Where its connection is one of this process's library
 * (shown.h), what a request executes again and again is prepared here instead: it runs in the same transaction, is traced and refused in
 * the same words, and shows in no other way. Opening, BEGIN, COMMIT and ROLLBACK stay with the driver.
 */
#ifndef PENSTOCK_ODBC_INSIDE_H
#define PENSTOCK_ODBC_INSIDE_H

#include "connectors/odbc/session.h"

struct sqlite3_stmt;

/* Whether the session has such a connection. */
bool inside_usable(const struct session *session);

/* NULL and error. what: for messages. Freed before the session is closed. */
struct sqlite3_stmt *inside_prepare(struct session *session, const char *sql, const char *what, struct error *error) MUST_CHECK;
void inside_free(struct sqlite3_stmt *statement); /* NULL is fine */

/* Parameters from 1. A text is borrowed until the statement has run; NULL is null. False: refused, diagnosis says how. */
bool inside_bind_integer(struct session *session, struct sqlite3_stmt *statement, int number, int64_t value, struct diagnosis *diagnosis) MUST_CHECK;
bool inside_bind_text(struct session *session, struct sqlite3_stmt *statement, int number, const char *text, size_t length,
	struct diagnosis *diagnosis) MUST_CHECK;

/* The next row: 1; 0: done; -1: refused, diagnosis says how and *class (may be NULL) whose fault it is. After 0 and -1 the statement is
 * reset. */
int inside_step(struct session *session, struct sqlite3_stmt *statement, struct diagnosis *diagnosis, enum fault_class *class) MUST_CHECK;
void inside_reset(struct sqlite3_stmt *statement);

/* Rows that the last INSERT, UPDATE or DELETE changed. */
int64_t inside_changes(const struct session *session);

/* Columns from 0, of the row at hand. Text is borrowed until the next step; data NULL for null. */
int64_t inside_integer(struct sqlite3_stmt *statement, int column);
struct text inside_text(struct sqlite3_stmt *statement, int column);

/* Runs a statement of no result, without parameters, from a text that stays; it is kept prepared for the session. */
enum inside_fixed { INSIDE_SAVEPOINT = 0, INSIDE_RELEASE, INSIDE_BACK, INSIDE_REQUEST, INSIDE_REQUEST_RELEASE, INSIDE_REQUEST_BACK };
int inside_run(struct session *session, enum inside_fixed which, struct error *error) MUST_CHECK;

/* How long a statement waits for another writer. */
void inside_wait(struct session *session, int64_t ms);

/* Frees what is kept for the session; before it disconnects. */
void inside_close(struct session *session);

#endif
