/* stream.h - rows into a table that the open transaction has made, where none is expected to be refused.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Without savepoints, and in statements that go on over many batches (docs/decisions/0018-a-new-table-is-filled-in-one-go.md). A refusal is then
 * the end of the transaction: the step begins again, and the next time each batch has its savepoint.
 */
#ifndef PENSTOCK_ODBC_STREAM_H
#define PENSTOCK_ODBC_STREAM_H

#include "connectors/odbc/writer.h"

/* Zeroed: closed. */
struct stream {
	struct writer *writer; /* borrowed */
	bool *refused;         /* borrowed: told of a refusal */
	uint32_t *rows;        /* scratch for the rows of a batch */
	size_t capacity;
};

/* Opens it where the way of this writer can do it; else it stays closed, with no writer. */
void stream_open(struct stream *stream, struct writer *writer, bool *refused);
void stream_close(struct stream *stream);

/* Writes the ROW_LIVE rows of the batch; the session is then busy until the stream is finished or the transaction rolled back. */
int stream_write(struct stream *stream, const struct batch *batch, struct error *error) MUST_CHECK;

/* All rows are in their table, and the session is free; more may be written. */
int stream_finish(struct stream *stream, struct error *error) MUST_CHECK;

#endif
