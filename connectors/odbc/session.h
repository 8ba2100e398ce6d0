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

#include "connectors/odbc/my.h"
#include "connectors/odbc/pq.h"
#include "connectors/odbc/pq_guard.h"
#include "engine/core/cancel.h"
#include "engine/core/error.h"
#include "engine/core/store.h"

struct dialect;
struct shown;
struct staging;

struct session {
	const struct dialect *dialect; /* by SQL_DBMS_NAME; never NULL once open */
	SQLHENV environment;
	SQLHDBC connection;
	struct pq pq;                  /* psqlodbc: libpq below the connection */
	struct my my;                  /* Connector/ODBC: libmariadb below the connection */
	struct pq_guard *guard;        /* the same: ends a statement when the run is cancelled; NULL: there is none */
	atomic_uint calls;             /* for it: odd while a statement is under way */
	char name[NAME_MAX_BYTES];     /* of the connection in the pipeline; for messages */
	char place[ERROR_PLACE_MAX]; /* "connection NAME"; of a database that is a file with its path behind it */
	char database[4096];           /* SQLite: the path of the file as SQLite resolved it; others: the database's name */
	char default_schema[NAME_MAX_BYTES]; /* PostgreSQL: current_schema; SQLite: "main" */
	unsigned port;                 /* MariaDB: of the server, as far as the connection string says */
	bool in_memory;                /* the database is gone with the session */
	bool absent;                   /* read only, and the SQLite file does not exist: nothing is connected, everything is empty */
	bool read_only;
	bool in_transaction;
	bool broken;                   /* a statement of the open transaction failed outside a savepoint: it can only be rolled back */
	bool lost;                     /* the connection is gone; everything but close fails */
	bool discreet;                 /* values must not show in messages: the database's details are left out */
	bool fresh;                    /* nothing of the open transaction would be missed if it began again; set by who knows */
	bool saved_by_begin;           /* the savepoint is the beginning of the transaction */
	bool lingering;                /* a savepoint that is done with is still there; it goes with the next one, or with the transaction */
	unsigned begun_at;             /* calls when the transaction began */
	unsigned rollbacks;            /* so far; what was prepared before the last one may speak of tables that are gone */
	int64_t lock_timeout_ms;
	int64_t since_ms;              /* when it began to connect (clock_elapsed_ms) */
	uint64_t statement_bytes_max;  /* what the server takes in one piece; 0: it does not say */
	struct cancel *cancel;
	struct shown *shown;           /* SQLite in this process: the batch as a table (shown.h); NULL: the driver uses another library */
	enum array_trust { ARRAYS_UNKNOWN = 0, ARRAYS_TRUE, ARRAYS_FALSE } arrays; /* what array_proof.h has found */
	bool rows_uncounted;           /* MariaDB: the server does not tell at which row of a statement it stopped */
	struct staging *stages;        /* of tables that are being replaced, in the order in which they were opened (stage.h) */
	unsigned stage_count;          /* so far, to name them */
	unsigned stage_changes;        /* how often one was opened or closed; what was prepared before may speak of another table */
};

/* Whose fault a refused statement is. */
enum fault_class {
	FAULT_OF_ROW = 1, /* integrity (23), data (22): the row becomes a reject */
	FAULT_OF_WORLD,   /* lost connection (08, 57P01..), deadlock and serialization (40), lock timeout (55P03), full (53): retry or abort */
	FAULT_OF_OURS,    /* syntax, missing table, privileges (42...): abort */
};

/* What exactly is wrong. */
enum trouble_kind {
	TROUBLE_UNIQUE = 1, /* of a row */
	TROUBLE_FOREIGN,
	TROUBLE_ROW,        /* not null, check, data, a trigger's own words */
	TROUBLE_LOST,       /* of the world: no connection; worth a retry */
	TROUBLE_CONFLICT,   /* deadlock, serialization: worth a retry */
	TROUBLE_BUSY,       /* locked for longer than lock_timeout: that was the retry */
	TROUBLE_WORLD,      /* disk full, read-only, not a database: no retry helps */
	TROUBLE_OURS,       /* the statement itself */
};

struct trouble {
	enum trouble_kind kind;
	const char *advice; /* what the code means or what to do, in words; NULL where the database's own words say it */
};

/* What a driver said, in one piece. */
struct diagnosis {
	struct trouble trouble;
	char state[6];      /* SQLSTATE, or empty */
	int native;         /* the driver's own code */
	char words[1024];
	size_t at;          /* of the rows that were sent: the refused one, from 0; DIAGNOSIS_NOWHERE where that is not known */
	size_t near;        /* where at is not known: perhaps this one, or one soon after it; DIAGNOSIS_NOWHERE where nothing tells */
	bool kept;          /* the rows before that one were written and stay; the caller need not go back to a savepoint */
};

#define DIAGNOSIS_NOWHERE SIZE_MAX

/* The API takes input without const, and does not change it. */
static inline SQLPOINTER session_input(const void *data)
{
	union {
		const void *in;
		void *out;
	} cast = { .in = data };

	return cast.out;
}

/* Connects and sets the session up (lock timeout, UTC, strictness; never lowers durability). ERROR_SINK, retry as known. */
int session_open(struct session *session, const struct store_target *target, struct error *error) MUST_CHECK;
void session_close(struct session *session); /* rolls back first; may be called twice */

/* ERROR_SINK unless the driver manager knows a driver of that name (NULL: nothing is asked), or it is a file. For databases that are not
 * connected to because they do not exist. */
int session_need_driver(const struct session *session, const char *driver, struct error *error) MUST_CHECK;

int session_begin(struct session *session, struct error *error) MUST_CHECK;
int session_commit(struct session *session, struct error *error) MUST_CHECK; /* error->retry: outcome unknown or worth a retry */
void session_rollback(struct session *session);

/* Begins the open transaction again: what it did is undone. */
int session_restart(struct session *session, struct error *error) MUST_CHECK;

/* One savepoint at a time, inside a transaction. rollback_to leaves none behind and mends a broken transaction. */
int session_savepoint(struct session *session, struct error *error) MUST_CHECK;
int session_release(struct session *session, struct error *error) MUST_CHECK;
int session_rollback_to(struct session *session, struct error *error) MUST_CHECK;

/* Executes SQL without parameters and without rows. */
int session_execute(struct session *session, const char *sql, struct error *error) MUST_CHECK;

/* A statement handle of this session; free it with SQLFreeHandle. Returns 0 or -1. */
int session_handle(struct session *session, SQLHSTMT *out, struct error *error) MUST_CHECK;

/* SQLExecute of one of its handles, which the guard may end when the run is cancelled. */
SQLRETURN session_run(struct session *session, SQLHSTMT handle) MUST_CHECK;
/* SQLExecDirect, for one that is not prepared. */
SQLRETURN session_run_text(struct session *session, SQLHSTMT handle, const char *sql) MUST_CHECK;

/* The first column of the first row as text into out (cut to size), empty for NULL or no row. Returns 1 with a row, 0 without, -1 and error. */
int session_query_text(struct session *session, const char *sql, char *out, size_t size, struct error *error) MUST_CHECK;

/* Fills error from the diagnostics of a handle (all records, SQLSTATE, native code, the driver's words without its
 * "[vendor][driver]" prefixes and without secrets); what: what we were doing ("inserting into jobs"). Sets session->lost, error->retry
 * and gives the class by SQLSTATE, native code and dialect. */
enum fault_class session_fail(struct session *session, SQLSMALLINT handle_type, SQLHANDLE handle, const char *what,
	struct error *error);

/* The same without an error: for refusals that become rejects. */
enum fault_class session_diagnose(struct session *session, SQLSMALLINT handle_type, SQLHANDLE handle,
	struct diagnosis *out);

/* What it is where a statement succeeded and a trigger or a rule of the database dropped a row of it. */
void diagnosis_dropped(struct diagnosis *out);

/* The same of what came by another road than ODBC: the SQLSTATE (may be empty) and the words as the server gave them; lost: the connection
 * is gone. */
enum fault_class session_diagnose_words(struct session *session, const char *state, const char *words, bool lost, struct diagnosis *out);

/* The same with the database's own code. */
enum fault_class session_diagnose_coded(struct session *session, const char *state, int native, const char *words, bool lost,
	struct diagnosis *out);

/* The same of a database that gives numbers of its own and no SQLSTATE. */
enum fault_class session_diagnose_native(struct session *session, int native, const char *words, struct diagnosis *out);

/* A diagnosis as an error (ERROR_SINK, retry as fits), unless one is set already. */
void diagnosis_error(const struct session *session, const struct diagnosis *diagnosis, const char *what, struct error *error);

/* " (SQLSTATE 23505)" or " (code 19)", or nothing. Returns out. */
const char *diagnosis_code(const struct diagnosis *diagnosis, char *out, size_t size);

#endif
