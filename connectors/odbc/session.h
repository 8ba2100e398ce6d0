/* session.h - one connection to a database over ODBC: connecting, its dialect, transactions, and what an SQLSTATE means.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Used by one thread at a time. Every session runs in UTC, with manual transactions: begin, then commit or rollback;
 * outside of those each statement commits by itself. ANSI entry points, UTF-8 text.
 */
#ifndef PENSTOCK_ODBC_SESSION_H
#define PENSTOCK_ODBC_SESSION_H

#include <sql.h>
#include <sqlext.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/core/cancel.h"
#include "engine/core/error.h"
#include "engine/core/store.h"

struct dialect;

struct session {
	const struct dialect *dialect; /* by SQL_DBMS_NAME; never NULL once open */
	SQLHENV environment;
	SQLHDBC connection;
	char name[NAME_MAX_BYTES];     /* of the connection in the pipeline; for messages */
	char database[4096];           /* SQLite: the path of the file as SQLite resolved it; others: the database's name */
	char default_schema[NAME_MAX_BYTES]; /* PostgreSQL: current_schema; SQLite: "main" */
	bool absent;                   /* read only, and the SQLite file does not exist: nothing is connected, everything is empty */
	bool in_transaction;
	bool lost;                     /* the connection is gone; everything but close fails */
	int64_t lock_timeout_ms;
	struct cancel *cancel;
};

/* Whose fault a refused statement is. */
enum fault_class {
	FAULT_OF_ROW = 1, /* integrity (23), data (22): the row becomes a reject */
	FAULT_OF_WORLD,   /* lost connection (08, 57P01..), deadlock and serialization (40), lock timeout (55P03), full (53): retry or abort */
	FAULT_OF_OURS,    /* syntax, missing table, privileges (42...): abort */
};

/* Connects and sets the session up (lock timeout, UTC, strictness; never lowers durability). ERROR_SINK, retry as known. */
int session_open(struct session *session, const struct store_target *target, struct error *error) MUST_CHECK;
void session_close(struct session *session); /* rolls back first; may be called twice */

int session_begin(struct session *session, struct error *error) MUST_CHECK;
int session_commit(struct session *session, struct error *error) MUST_CHECK; /* error->retry: outcome unknown or worth a retry */
void session_rollback(struct session *session);

/* Executes SQL without parameters and without rows. */
int session_execute(struct session *session, const char *sql, struct error *error) MUST_CHECK;

/* Fills error from the diagnostics of a handle (all records, SQLSTATE, native code, the driver's words without its
 * "[vendor][driver]" prefixes and without secrets); what: what we were doing ("inserting into jobs"). Sets session->lost, error->retry
 * and gives the class by SQLSTATE, native code and dialect. */
enum fault_class session_fail(struct session *session, SQLSMALLINT handle_type, SQLHANDLE handle, const char *what,
	struct error *error);

#endif
