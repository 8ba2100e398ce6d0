/* statement.h - a statement with its parameters and result columns, for the many small statements of state,
 * catalog and look-ups. (Rows in bulk go through writer.h.)
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_STATEMENT_H
#define PENSTOCK_ODBC_STATEMENT_H

#include "connectors/odbc/session.h"
#include "engine/core/buffer.h"
#include "engine/core/value.h"

enum { STATEMENT_PARAMETERS_MAX = 64, STATEMENT_READS = 2 };

struct sqlite3_stmt;
struct my_rows;

struct statement {
	struct session *session;
	SQLHSTMT handle;
	char *sql;                   /* of a handle, until it is prepared; owned */
	bool executed, bound;        /* bound: it has parameters */
	struct sqlite3_stmt *inside; /* instead of a handle (inside.h) */
	struct my_rows *rows;        /* the same (my.h) */
	int waits;           /* of that one: 1 a row that was not fetched yet, STATEMENT_READS after the first fetch, 0 nothing more */
	const char *what;    /* for messages; borrowed */
	struct statement_parameter {
		long long integer;
		const char *text;
		SQLLEN indicator;
	} parameters[STATEMENT_PARAMETERS_MAX];
	struct buffer cell;  /* the text of the column read last */
};

/* sql with ? parameters, copied. The database sees it with the first execution, and says then what is wrong with it. */
int statement_open(struct statement *statement, struct session *session, const char *what, const char *sql,
	struct error *error) MUST_CHECK;
/* The same for one that is kept and executed again and again: prepared in this process where the database is (inside.h). Its result is to be
 * read to the end, or finished, before the transaction ends. */
int statement_open_kept(struct statement *statement, struct session *session, const char *what, const char *sql,
	struct error *error) MUST_CHECK;
/* The same for many rows: on the driver's own connection, where that is known (my.h). It is read, and neither affected nor class is asked for. */
int statement_open_rows(struct statement *statement, struct session *session, const char *what, const char *sql,
	struct error *error) MUST_CHECK;
/* The same for a result of any size, which comes as it is fetched. Where that is not possible *streamed is false and nothing was opened. */
int statement_open_stream(struct statement *statement, struct session *session, const char *what, const char *sql, bool *streamed,
	struct error *error) MUST_CHECK;
void statement_close(struct statement *statement); /* may be called twice */

/* Parameters from 1. Texts are borrowed until the execution; a NULL text is NULL. */
int statement_bind_integer(struct statement *statement, unsigned number, int64_t value, struct error *error) MUST_CHECK;
int statement_bind_text(struct statement *statement, unsigned number, const char *text, size_t length,
	struct error *error) MUST_CHECK;
int statement_bind_string(struct statement *statement, unsigned number, const char *string, struct error *error) MUST_CHECK;
int statement_bind_null(struct statement *statement, unsigned number, struct error *error) MUST_CHECK;

/* Runs it (again). class may be NULL. affected may be NULL: rows changed. */
int statement_execute(struct statement *statement, int64_t *affected, enum fault_class *class, struct error *error)
	MUST_CHECK;

/* Next row of the result: 1 a row, 0 the end, -1 and error. After the end the statement may be executed again. */
int statement_fetch(struct statement *statement, struct error *error) MUST_CHECK;
void statement_finish(struct statement *statement); /* lets go of the rest of a result */

/* Columns from 1, in ascending order. Text is borrowed until the next call, data NULL for NULL. */
int statement_integer(struct statement *statement, unsigned column, int64_t *out, bool *null, struct error *error) MUST_CHECK;
int statement_text(struct statement *statement, unsigned column, struct text *out, struct error *error) MUST_CHECK;

#endif
