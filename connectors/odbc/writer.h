/* writer.h - rows of a batch into one table by INSERT of many rows with bound parameters, or the same as an upsert.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_WRITER_H
#define PENSTOCK_ODBC_WRITER_H

#include "connectors/odbc/bulk.h"
#include "connectors/odbc/catalog.h"

struct writer {
	struct bulk bulk;
};

/* Prepares nothing yet, so the table need not exist. Every field of the schema has a column in catalog. upsert: the key
 * whose rows are changed instead (fields of the schema), or NULL. most: rows a statement at most (0: as many as are good). */
int writer_open(struct writer *writer, struct session *session, const struct schema *schema, const struct catalog *catalog,
	const struct key *upsert, size_t most, struct error *error) MUST_CHECK;
void writer_close(struct writer *writer);

/* The statement for one row, for a person. */
int writer_print(const struct writer *writer, struct buffer *out, struct error *error) MUST_CHECK;

/* Sends all rows, statement by statement. Returns 0; or 1 where one was refused for its rows' sake (diagnosis says how; those
 * before it are done, so go back to a savepoint); or -1 and error. */
int writer_insert(struct writer *writer, const struct batch *batch, const uint32_t *rows, size_t count,
	struct diagnosis *diagnosis, struct error *error) MUST_CHECK;

#endif
