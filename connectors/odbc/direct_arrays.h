/* direct_arrays.h - the arrays of bound_arrays.h sent over the driver's own connection (my.h), without the driver's copies of them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Texts are sent from where they lie in the batch, datetimes as what they are, and the statement stays prepared whatever the number of rows.
 */
#ifndef PENSTOCK_ODBC_DIRECT_ARRAYS_H
#define PENSTOCK_ODBC_DIRECT_ARRAYS_H

#include "connectors/odbc/way.h"

struct direct_arrays;

/* NULL and error. task and sql are borrowed. rows_max: of one statement, a multiple of together. */
struct direct_arrays *direct_arrays_new(const struct way_task *task, const char *sql, size_t together, size_t rows_max, struct error *error) MUST_CHECK;
void direct_arrays_free(struct direct_arrays *arrays); /* NULL is fine */

/* How many of the first of count rows are at most so many bytes: a multiple of together, at least that much; 0 where count is less. */
size_t direct_arrays_take(const struct direct_arrays *arrays, const struct batch *batch, const uint32_t *rows, size_t count, size_t bytes);

/* 0; 1 where the database refused it for a row's sake: diagnosis says how; or -1 and error. */
int direct_arrays_execute(struct direct_arrays *arrays, const struct batch *batch, const uint32_t *rows, size_t count,
	struct diagnosis *diagnosis, struct error *error) MUST_CHECK;

#endif
