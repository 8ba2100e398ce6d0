/* writer.h - rows of a batch into one table, by the way that the table and its database allow.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_WRITER_H
#define PENSTOCK_ODBC_WRITER_H

#include "connectors/odbc/statement.h"
#include "connectors/odbc/way.h"

struct writer {
	struct way_task task;
	struct way *way;
	struct statement tried; /* prepared when first needed */
	struct buffer table;    /* its parameter */
	char what[NAME_MAX_BYTES + 16];
	char others[4 * WAY_WHY_MAX]; /* better ways that do not fit, and why, a line each, for a person */
};

/* Chooses the way: the first of the dialect's that fits (bulk "auto"), or the one of that name, else ERROR_CONFIG. Prepares nothing yet,
 * so the table need not exist. Every field of the schema has a column in catalog. upsert: the key whose rows are changed instead
 * (fields of the schema), or NULL. */
int writer_open(struct writer *writer, struct session *session, const struct schema *schema, const struct catalog *catalog,
	const struct key *upsert, const char *bulk, struct error *error) MUST_CHECK;
void writer_close(struct writer *writer); /* of a zeroed one, or twice, is fine */

/* The SQL and how many rows go at once, for a person. */
int writer_print(const struct writer *writer, struct buffer *out, struct error *error) MUST_CHECK;

/* How many of the first of count rows go into one statement: from 1 to count. */
size_t writer_take(const struct writer *writer, const struct batch *batch, const uint32_t *rows, size_t count);

/* Sends all rows, statement by statement. Returns 0; or 1 where one was refused for its rows' sake (diagnosis says how, its at counts
 * in rows; those before it are done; go back to a savepoint unless they are to stay, which they may with diagnosis->kept); or -1 and error. */
int writer_insert(struct writer *writer, const struct batch *batch, const uint32_t *rows, size_t count,
	struct diagnosis *diagnosis, struct error *error) MUST_CHECK;

/* As way_ops.sift (way.h), where the way has it. */
bool writer_sifts(const struct writer *writer);
int writer_sift(struct writer *writer, const struct batch *batch, const uint32_t *rows, size_t *count, uint8_t *refused,
	struct error *error) MUST_CHECK;

/* From now on a statement may stay open from one insert to the next: true where the way can do that. */
bool writer_run_on(struct writer *writer);

/* Ends what inserts have left open. As writer_insert; diagnosis->at counts from the first row of the open statement. */
int writer_finish(struct writer *writer, struct diagnosis *diagnosis, struct error *error) MUST_CHECK;

/* How many rows the open transaction has tried to insert into the table by the database's own count (dialect.h, tried_sql): 1 and *count,
 * or 0 where it does not count, or -1 and error. */
int writer_tried(struct writer *writer, int64_t *count, struct error *error) MUST_CHECK;

#endif
