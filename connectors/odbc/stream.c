/* stream.c - rows into a table that the open transaction has made, where none is expected to be refused.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/stream.h"

void stream_open(struct stream *stream, struct writer *writer, bool *refused)
{
	*stream = (struct stream){ .writer = writer_run_on(writer) ? writer : NULL, .refused = refused };
}

void stream_close(struct stream *stream)
{
	free(stream->rows);
	memset(stream, 0, sizeof *stream);
}

static int reserve(struct stream *stream, size_t capacity, struct error *error)
{
	uint32_t *rows;

	if (stream->capacity >= capacity)
		return 0;
	rows = realloc(stream->rows, capacity * sizeof *rows);
	if (!rows)
		return error_memory(error, "the rows of a batch");
	stream->rows = rows;
	stream->capacity = capacity;
	return 0;
}

/* Of class 25 (read only), 53 (full) and 58 (the server's system) the other way would hear as well. */
static bool is_of_world(const char *state)
{
	return strncmp(state, "25", 2) == 0 || strncmp(state, "53", 2) == 0 || strncmp(state, "58", 2) == 0;
}

/* The refused row, or a database that knows the statement otherwise: with savepoints it is found, or done without. */
static int give_up(struct stream *stream, int result, const struct diagnosis *diagnosis, struct error *error)
{
	struct session *session = stream->writer->task.session;

	if (result == 0)
		return 0;
	session->broken = true;
	if (result > 0)
		diagnosis_error(session, diagnosis, stream->writer->what, error);
	if (error->kind != ERROR_SINK || error->retry || session->lost || is_of_world(error->sqlstate))
		return -1;
	*stream->refused = true;
	error->retry = true;
	return -1;
}

int stream_write(struct stream *stream, const struct batch *batch, struct error *error)
{
	struct session *session = stream->writer->task.session;
	struct diagnosis diagnosis;
	size_t count = 0;

	if (cancel_requested(session->cancel))
		return error_set(error, ERROR_CANCELLED, NULL, "cancelled");
	if (reserve(stream, batch->capacity, error))
		return -1;
	for (uint32_t row = 0; row < batch->rows; row++)
		if (batch->status[row] == ROW_LIVE)
			stream->rows[count++] = row;
	return give_up(stream, writer_insert(stream->writer, batch, stream->rows, count, &diagnosis, error), &diagnosis, error);
}

int stream_finish(struct stream *stream, struct error *error)
{
	struct diagnosis diagnosis;

	return give_up(stream, writer_finish(stream->writer, &diagnosis, error), &diagnosis, error);
}
