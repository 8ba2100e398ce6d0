/* bound_arrays.h - one statement over many rows by arrays of parameters, which the driver sends as one request (MariaDB's bulk protocol).
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every column has a place of the same width for each row. Numbers and formatted texts have it for good; for texts of any length it is as wide as
 * the longest of the rows at hand, and the rows are as many as fit. A statement is used again for as many rows in the same places alone: Connector/ODBC
 * 3.1 sends other values than those bound, or crashes, when the number grows.
 *
 * The statement has the parameters of `together` rows, one after the other; element i of their arrays is the i-th so many rows.
 */
#ifndef PENSTOCK_ODBC_BOUND_ARRAYS_H
#define PENSTOCK_ODBC_BOUND_ARRAYS_H

#include "connectors/odbc/way.h"

struct array_column;
struct direct_arrays;

struct bound_arrays {
	const struct way_task *task;
	struct array_column *columns;
	size_t count;       /* the fields, together times */
	size_t together;
	size_t rows_max;    /* a multiple of together */
	bool has_spans;     /* texts of any length */
	char *sql;
	SQLHSTMT statement; /* prepared for so many elements, and for these widths; NULL: there is none */
	size_t elements;
	size_t *widths;     /* count each: of the statement, and of the rows at hand */
	size_t *wanted;
	char *area;         /* of texts of any length */
	size_t area_size;
	struct direct_arrays *direct; /* instead of all that: the driver's connection is known here; else NULL */
};

/* head: what the statement begins with, "INSERT". Prepares nothing yet. Zeroed or opened before; task is borrowed. */
int bound_arrays_open(struct bound_arrays *arrays, const struct way_task *task, const char *head, size_t together, struct error *error) MUST_CHECK;
void bound_arrays_close(struct bound_arrays *arrays); /* of a zeroed one, or twice, is fine */

/* How many of the first of count rows go into one statement: a multiple of together, at least that much; 0 where count is less. */
size_t bound_arrays_take(const struct bound_arrays *arrays, const struct batch *batch, const uint32_t *rows, size_t count);

/* True where the first rows, as many as stand together, are more than the server takes in one piece, which would cost the connection. */
bool bound_arrays_too_large(const struct bound_arrays *arrays, const struct batch *batch, const uint32_t *rows);

/* Executes it over count rows (what take gave), in the session's transaction. 0; 1 where the database refused it for a row's sake: diagnosis says how;
 * or -1 and error. */
int bound_arrays_execute(struct bound_arrays *arrays, const struct batch *batch, const uint32_t *rows, size_t count,
	struct diagnosis *diagnosis, struct error *error) MUST_CHECK;

#endif
