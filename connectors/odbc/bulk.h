/* bulk.h - a statement over many rows of a batch at once: HEAD (?, ?), (?, ?), ... TAIL with bound parameters.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Numbers and formatted texts are copied into a staging area that every prepared size is bound to once; long texts are
 * bound to the batch itself, anew for each execution. Sizes are powers of two, prepared when first needed.
 */
#ifndef PENSTOCK_ODBC_BULK_H
#define PENSTOCK_ODBC_BULK_H

#include "connectors/odbc/dialect.h"
#include "connectors/odbc/session.h"
#include "engine/core/batch.h"

enum {
	BULK_SIZES = 11,                   /* 1 to 1024 rows a statement */
	BULK_ROWS_MAX = 256,               /* measured: more gains nothing on either database */
	BULK_BYTES_MAX = 1024 * 1024,      /* of long texts in one statement; drivers copy them */
	BULK_SQL_MAX = 16 * 1024 * 1024,
};

struct bulk_column {
	const struct field *field;
	enum carrier carrier;
	bool direct; /* a span of the batch */
	bool plain;  /* a datetime without its Z */
};

struct bulk {
	struct session *session;
	char what[NAME_MAX_BYTES + 32]; /* for messages: "inserting into jobs" */
	struct bulk_column *columns;
	size_t column_count;
	bool numbered;               /* each row begins with its number, from 0 */
	bool has_direct;
	bool may_skip;               /* the statement may keep fewer rows than it got, and that is meant */
	char *head, *tuple, *tail;   /* tuple: "?, CAST(? AS date)" */
	size_t rows_max;             /* of one statement; a power of two */
	SQLHSTMT statements[BULK_SIZES]; /* of 1 << i rows */
	union bulk_value {
		int64_t integer;
		double real;
		char text[VALUE_TEXT_MAX];
	} *values;                   /* rows_max * column_count */
	SQLLEN *indicators;
};

/* Prepares nothing yet. fields (count) are borrowed; texts are copied. most: rows of one statement at most (0: as many as are good). */
int bulk_open(struct bulk *bulk, struct session *session, const char *what, const struct field *const *fields, size_t count,
	bool numbered, const char *head, const char *tuple, const char *tail, size_t most, struct error *error) MUST_CHECK;
void bulk_close(struct bulk *bulk); /* of a zeroed one, or twice, is fine */

/* Forgets what was prepared: the table behind it is gone or another. */
void bulk_forget(struct bulk *bulk);

/* How many of count rows the next statement should take: a power of two, at least 1. columns as for bulk_execute. */
size_t bulk_take(const struct bulk *bulk, const struct batch *batch, const size_t *columns, const uint32_t *rows, size_t count);

/* Runs the statement over count rows (what bulk_take gave). Field i of the bulk comes from column columns[i] of the batch (NULL:
 * column i). Returns 0, or 1 where the database refused rows for their own sake (diagnosis says how), or -1 and error.
 * After 0, *handle (may be NULL) is open for reading results; close its cursor with SQLFreeStmt(SQL_CLOSE). */
int bulk_execute(struct bulk *bulk, const struct batch *batch, const size_t *columns, const uint32_t *rows, size_t count,
	SQLHSTMT *handle, struct diagnosis *diagnosis, struct error *error) MUST_CHECK;

#endif
