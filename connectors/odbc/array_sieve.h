/* array_sieve.h - MariaDB: writes the rows of a batch that the server takes and learns which it refuses, with one statement.
 * SPDX-License-Identifier: Apache-2.0
 *
 * INSERT IGNORE leaves out a row that a unique key, a foreign key or a CHECK refuses, with a warning that has its number. It would change values as well,
 * with other warnings: so a statement counts only where each warning is of a row left out, and as many rows are missing as there are warnings. Tables with
 * triggers are not written so (a trigger's work for a row left out would stay), nor are upserts, nor a table that references itself, nor one
 * with several unique keys that only the server can name, whose words would depend on which rows are in.
 */
#ifndef PENSTOCK_ODBC_ARRAY_SIEVE_H
#define PENSTOCK_ODBC_ARRAY_SIEVE_H

#include "connectors/odbc/bound_arrays.h"

struct array_sieve {
	const struct way_task *task;
	enum { SIEVE_UNKNOWN = 0, SIEVE_OPEN, SIEVE_SHUT } state;
	struct bound_arrays arrays;
	char *text; /* what the server says of the rows */
};

void array_sieve_init(struct array_sieve *sieve, const struct way_task *task);
void array_sieve_close(struct array_sieve *sieve);

/* As way_ops.sift (way.h). */
int array_sieve_run(struct array_sieve *sieve, const struct batch *batch, const uint32_t *rows, size_t *count, uint8_t *refused,
	struct error *error) MUST_CHECK;

#endif
