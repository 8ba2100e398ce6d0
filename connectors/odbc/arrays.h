/* arrays.h - a statement over many rows of a batch at once, each column one parameter: its values as an array of PostgreSQL, in text.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The statement is the same whatever the number of rows, so it is prepared once. The texts of the arrays are kept for the next rows.
 */
#ifndef PENSTOCK_ODBC_ARRAYS_H
#define PENSTOCK_ODBC_ARRAYS_H

#include "connectors/odbc/session.h"
#include "engine/core/batch.h"
#include "engine/core/buffer.h"

enum {
	ARRAYS_ROWS_MAX = 4096,
	ARRAYS_BYTES_MAX = 1024 * 1024,      /* of long texts in one statement; a single row may have more */
	ARRAYS_KEPT_MAX = 4 * 1024 * 1024,   /* of one array's text, between statements */
	ARRAYS_TEXT_MAX = 1024 * 1024 * 1024, /* of one array: what PostgreSQL takes for one value */
};

struct array_column {
	const struct field *field;
	struct buffer text;          /* {1,2,NULL} */
	SQLLEN length;
};

struct arrays {
	struct session *session;
	char what[NAME_MAX_BYTES + 32]; /* for messages: "inserting into jobs" */
	char *sql;                   /* with a parameter for each column, in their order */
	struct array_column *columns;
	size_t column_count;
	bool has_spans;              /* some column has texts of any length */
	bool may_skip;               /* the statement may keep fewer rows than it got, and that is meant */
	SQLHSTMT statement;          /* NULL until first needed */
};

/* Prepares nothing yet. fields (count) are borrowed; texts are copied. */
int arrays_open(struct arrays *arrays, struct session *session, const char *what, const struct field *const *fields, size_t count,
	const char *sql, struct error *error) MUST_CHECK;
void arrays_close(struct arrays *arrays); /* of a zeroed one, or twice, is fine */

/* How many of count rows the next statement should take, at least 1. Column i comes from column columns[i] of the batch (NULL: column
 * i). */
size_t arrays_take(const struct arrays *arrays, const struct batch *batch, const size_t *columns, const uint32_t *rows, size_t count);

/* Runs the statement over count rows (what arrays_take gave, or fewer). Returns 0, or 1 where the database refused rows for their own
 * sake (diagnosis says how), or -1 and error. After 0, *handle (may be NULL) is open for reading results; close its cursor with
 * SQLFreeStmt(SQL_CLOSE). */
int arrays_execute(struct arrays *arrays, const struct batch *batch, const size_t *columns, const uint32_t *rows, size_t count,
	SQLHSTMT *handle, struct diagnosis *diagnosis, struct error *error) MUST_CHECK;

/* The values of these rows as an array's text, as PostgreSQL's manual has it ("Array Input and Output Syntax"). */
int arrays_put(const struct batch *batch, size_t column, const uint32_t *rows, size_t count, struct buffer *out, struct error *error)
	MUST_CHECK;

#endif
