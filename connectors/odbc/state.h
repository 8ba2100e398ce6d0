/* state.h - the penstock_* tables: their definition and DDL, their version, and statements written against them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Statements about these tables are written once, for all databases, with parts in braces:
 *   {runs} {rejects} {checkpoints} {files} {idempotency} {meta}   the table, quoted, in the schema where it lives
 *   {?}                        a bound time: text "2021-11-07T02:48:42.123456Z"
 *   {time COLUMN}              a stored time as that same text
 *   {"NAME"}                   a name that is a reserved word somewhere, quoted
 *   {key NAME}                 a name as a part of an index that is not unique
 *   {where CONDITION}          of an index over some rows, or nothing where there are none such
 */
#ifndef PENSTOCK_ODBC_STATE_H
#define PENSTOCK_ODBC_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/core/buffer.h"
#include "engine/core/error.h"

struct dialect;
struct lock_ops;
struct session;
struct statement;

/* 1: 0.1.0 before its release. 2: indexes for purge (penstock_rejects_resolved, penstock_files_run, penstock_idempotency_created). */
enum { STATE_VERSION = 2 };

enum state_table {
	STATE_REJECTS = 0,
	STATE_RUNS,
	STATE_CHECKPOINTS,
	STATE_FILES,
	STATE_IDEMPOTENCY,
	STATE_META,
	STATE_TABLES,
};

enum { STATE_ALL_TABLES = (1u << STATE_TABLES) - 1 };

/* What differs between databases where their dialect does not say it already. */
struct state_traits {
	const struct dialect *dialect;
	const char *generated_key;   /* definition of an integer key that the database counts up */
	const char *time_expression; /* {time COLUMN}; %s is the column */
	const char *table_names;     /* query: names of the tables of schema ? */
	const char *schema_exists;   /* query: a row when schema ? exists; NULL: this database has no schemas */
	const char *make_guard;      /* query that lets one transaction at a time create or change these tables (parameter: a number);
	                              * NULL: any writing transaction does */
	const char *make_unguard;    /* query that lets the next one in; NULL: the end of the transaction does */
	const char *limited_key;     /* {key NAME}: what an index over a long name takes of it, "%s(100)"; NULL: all */
	bool partial_indexes;        /* CREATE INDEX ... WHERE */
	bool asks_first;             /* CREATE knows no IF NOT EXISTS: the statement asks OBJECT_ID and sys.indexes */
	const char *key_kind;        /* behind PRIMARY KEY, where several columns are one; NULL: nothing */
	const struct lock_ops *locks;
};

/* Where the tables are. Filled by state_init, owns nothing. */
struct state {
	struct session *session;
	const struct dialect *dialect;
	const struct state_traits *traits;
	const char *schema; /* NULL: names are not qualified */
};

/* schema: as the user gave it, NULL for the default one; borrowed, and so is the session, which is open. ERROR_CONFIG for a schema on a
 * database that has none. */
int state_init(struct state *state, struct session *session, const char *schema, struct error *error) MUST_CHECK;

/* Which tables are there: bit n for enum state_table n. */
int state_present(const struct state *state, unsigned *present, struct error *error) MUST_CHECK;

/* ERROR_CONFIG when the tables are of a version this program does not know; *version is theirs. Needs penstock_meta. */
int state_check_version(const struct state *state, int64_t *version, struct error *error) MUST_CHECK;

/* Makes the missing tables and brings older ones up to STATE_VERSION, in one transaction; does nothing, and needs no right to
 * create, where all are there. */
int state_prepare(const struct state *state, struct error *error) MUST_CHECK;

/* "penstock_runs" */
const char *state_table_name(enum state_table table);
/* The same quoted as it must be, with its schema. */
int state_append_table(const struct state *state, enum state_table table, struct buffer *out, struct error *error) MUST_CHECK;

/* Calls each with every statement that makes a table, its indexes and what must be in it. */
int state_each_ddl(const struct state *state, enum state_table table,
	int (*each)(void *arg, const char *sql, struct error *error), void *arg, struct error *error) MUST_CHECK;

/* In a transaction: waits for any other that makes what the parts name, and keeps others waiting until its end. what is for messages. */
int state_guard(struct session *session, const char *what, const char *const *parts, size_t count, struct error *error) MUST_CHECK;
/* Where that outlives the transaction: lets the next one in. */
void state_unguard(struct session *session, const char *const *parts, size_t count);

const struct state_traits *state_traits_of(const struct dialect *dialect);

/* Calls each with a statement for every index of tables (bit n for enum state_table n), which does nothing where the index is there. */
int state_each_index(const struct state *state, unsigned tables, int (*each)(void *arg, const char *sql, struct error *error), void *arg, struct error *error) MUST_CHECK;

/* How version `to` is made from the one before it. A const table of these, ending with to 0, is all there is to an upgrade. Where DDL commits by itself
 * (MariaDB) whoever comes after a crash begins again behind the recorded version, so each statement does no harm twice: IF NOT EXISTS, and so on. */
struct state_step {
	int64_t to;
	const char *const *statements; /* NULL at the end; with parts in braces; or NULL */
	bool indexes;                  /* behind them: makes the indexes that are missing */
};

/* Applies the steps beyond version and records the last one: in the open transaction, or, where DDL commits, each by itself. */
int state_upgrade(const struct state *state, const struct state_step *steps, int64_t version, struct error *error)
	MUST_CHECK;

/* The DDL of all tables as a script for that database's own shell; schema NULL: the shell's default. Running it twice is fine. */
int state_ddl(const struct dialect *dialect, const char *schema, struct buffer *out, struct error *error) MUST_CHECK;

/* Prepares a statement written as above; to be closed with statement_close. what: for messages, borrowed. */
int state_statement(const struct state *state, struct statement *statement, const char *what, const char *text,
	struct error *error) MUST_CHECK;
/* The same for one that is kept (statement_open_kept). */
int state_statement_kept(const struct state *state, struct statement *statement, const char *what, const char *text,
	struct error *error) MUST_CHECK;

/* Appends text with its parts in braces replaced. */
int state_expand(const struct state *state, const char *text, struct buffer *out, struct error *error) MUST_CHECK;

/* A statement without parameters and results. */
int state_run(const struct state *state, const char *what, const char *text, struct error *error) MUST_CHECK;

/* Times as the statements above carry them. */
enum { STATE_TIME_SIZE = 32 };
void state_time_text(int64_t micros, char out[STATE_TIME_SIZE]);
bool state_time_parse(const char *text, int64_t *micros); /* false: not such a text */

#endif
