/* reader.c - rows of one table or query, page by page, into batches.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/dialect.h"
#include "connectors/odbc/reader.h"

enum { SQL_TEXT_MAX = 4 * 1024 * 1024, KEY_TEXT_MAX = 64 * 1024 * 1024 };

int table_reader_open(struct reader *reader, bool fast, struct error *error)
{
	buffer_init(&reader->sql, SQL_TEXT_MAX);
	for (size_t i = 0; i < KEY_PARTS_MAX; i++) {
		buffer_init(&reader->fetch.last[i], KEY_TEXT_MAX);
		buffer_init(&reader->fetch.from[i], KEY_TEXT_MAX);
		buffer_init(&reader->until[i], KEY_TEXT_MAX);
		buffer_init(&reader->copied.key[i], KEY_TEXT_MAX);
	}
	if (reader_choose(reader, error))
		return -1;
	reader->capture = fast && reader->snapshot->capture.db &&
		reader->count <= capture_arguments_max(&reader->snapshot->capture);
	reader->called = reader->way == WAY_STREAM && reader->snapshot->capture.db;
	if (!reader->capture && reader->dialect->tagged_values) {
		char encoding[32];

		/* The texts that come through the driver would have to be told apart by their bytes. */
		if (session_query_text(&reader->snapshot->session, "PRAGMA encoding", encoding, sizeof encoding, error) < 0)
			return -1;
		if (strcmp(encoding, "UTF-8") != 0)
			return error_set(error, ERROR_CONFIG, reader->snapshot->session.place,
				"the texts of this database are in %s, which this program reads in its own process alone (read: capture)", encoding);
	}
	reader->direct = reader->capture && !reader->where &&
		(reader->way == WAY_ROWID || (reader->way == WAY_KEY && reader_key_is_rowid(reader)));
	return fast && reader->dialect->copies_out ? copied_open(reader, error) : 0;
}

/* One source at a time streams from a session. */
static void lend_values(struct reader *reader)
{
	const struct option_statement *from = reader->table ? reader->where : reader->query;

	if (!reader->called || !from)
		return;
	reader->snapshot->capture.values = from->parameters;
	reader->snapshot->capture.value_count = from->parameter_count;
}

/* Nothing more will be read. */
static void end(struct reader *reader)
{
	fetch_close(reader);
	copied_close(reader);
	if (!reader->begun)
		return;
	if (reader->copied.chosen)
		reader->snapshot->streaming = false;
	if (reader->way == WAY_STREAM) {
		reader->snapshot->streaming = false;
		reader->snapshot->capture.values = NULL;
		reader->snapshot->capture.value_count = 0;
	}
	snapshot_end(reader->snapshot);
	reader->begun = false;
}

void table_reader_close(struct reader *reader)
{
	end(reader);
	copied_fini(reader);
	for (size_t i = 0; i < KEY_PARTS_MAX; i++) {
		buffer_fini(&reader->fetch.last[i]);
		buffer_fini(&reader->fetch.from[i]);
		buffer_fini(&reader->until[i]);
		held_fini(&reader->from[i]);
		held_fini(&reader->last[i]);
	}
	buffer_fini(&reader->sql);
	catalog_fini(&reader->catalog);
	free(reader->columns);
	free(reader->fields);
	reader->columns = NULL;
	reader->fields = NULL;
	reader->count = reader->key_count = 0;
}

/* What the functions that SQLite calls need to know. */
static void arm(struct reader *reader, struct batch *batch, struct error *error)
{
	struct capture *capture = &reader->snapshot->capture;

	capture->batch = batch;
	capture->fields = reader->fields;
	capture->count = reader->count;
	capture->complete = reader->field_count == reader->context->schema->field_count;
	capture->key = reader->key;
	capture->key_count = reader->key_count;
	capture->ascending = reader->direct;
	capture->from = reader->from;
	capture->last = reader->last;
	capture->limits = reader->context->limits;
	capture->cancel = reader->context->cancel;
	capture->records = &reader->records;
	capture->error = error;
	capture->rows = 0;
	capture->stopped = false;
}

/* One page is what the batch still takes. */
static int capture_page(struct reader *reader, struct batch *batch, struct error *error)
{
	struct capture *capture = &reader->snapshot->capture;
	size_t room = batch->capacity - batch->rows;
	struct statement statement;
	struct error refused = ERROR_INIT;
	int result;

	arm(reader, batch, error);
	if (reader_put_page(reader, room, error) ||
	    statement_open(&statement, &reader->snapshot->session, "reading rows", buffer_text(&reader->sql), error))
		return -1;
	result = reader_bind_page(reader, &statement, error);
	if (result == 0)
		result = statement_execute(&statement, NULL, NULL, &refused);
	while (result == 0 && (result = statement_fetch(&statement, &refused)) == 1)
		result = 0;
	statement_close(&statement);
	capture->batch = NULL;
	if (capture->stopped) {
		/* The function itself ended it. */
		reader->snapshot->session.broken = false;
		result = error_is_set(error) ? -1 : 0;
	} else if (result) {
		if (!error_is_set(error))
			*error = refused;
	} else {
		reader->ended = reader->direct || capture->rows < room;
	}
	if (result == 0 && capture->rows) {
		capture_turn(capture);
		reader->behind = true;
	}
	return result;
}

/* Each row that is fetched calls the function once. */
static int capture_stream(struct reader *reader, struct batch *batch, struct error *error)
{
	struct statement *statement = &reader->fetch.statement;
	int row;

	arm(reader, batch, error);
	if (!reader->fetch.open) {
		if (reader_put_page(reader, 0, error))
			return -1;
		if (statement_open(statement, &reader->snapshot->session, "reading rows", buffer_text(&reader->sql), error)) {
			statement->session = NULL;
			return -1;
		}
		if (reader_bind_page(reader, statement, error) || statement_execute(statement, NULL, NULL, error))
			return -1;
		reader->fetch.open = true;
	}
	while (!batch_is_full(batch)) {
		row = statement_fetch(statement, error);
		if (row < 0)
			return -1;
		if (row == 0) {
			reader->ended = true;
			break;
		}
		reader->fetch.rows++;
	}
	reader->snapshot->capture.batch = NULL;
	if (reader->ended && reader->fetch.rows != reader->records)
		return error_set(error, ERROR_SOURCE, reader->snapshot->session.place,
			"SQLite called the function of %zu rows %" PRIu64 " times; use read: fetch", reader->fetch.rows, reader->records);
	return 0;
}

int table_reader_read(struct reader *reader, struct batch *batch, struct error *error)
{
	int result;

	if (reader->ended)
		return 0;
	if (!reader->begun) {
		reader->begun = true;
		if (snapshot_begin(reader->snapshot, error))
			return -1;
		reader->snapshot->streaming = reader->way == WAY_STREAM || reader->copied.chosen;
		lend_values(reader);
	}
	if (reader->copied.chosen)
		result = copied_read(reader, batch, error);
	else if (!reader->capture)
		result = fetch_read(reader, batch, error);
	else if (reader->way == WAY_STREAM)
		result = capture_stream(reader, batch, error);
	else
		result = capture_page(reader, batch, error);
	if (result) {
		snapshot_failed(reader->snapshot, error);
		return -1;
	}
	if (reader->ended && !reader->bounded)
		end(reader);
	return 0;
}

int reader_key_text(const struct reader *reader, size_t part, struct buffer *out, struct error *error)
{
	if (reader->capture)
		return held_print(&reader->from[part], out, error); /* the page was turned */
	if (reader->copied.has_key)
		return copied_key_text(reader, part, out, error);
	return buffer_append(out, buffer_text(&reader->fetch.last[part]), reader->fetch.last[part].length, error);
}

bool reader_set_key(struct reader *reader, size_t part, const char *text, bool until)
{
	struct held held = { .type = 0 };
	struct error ignored = ERROR_INIT;
	struct buffer *to = until ? &reader->until[part] : &reader->fetch.from[part];
	bool good = true;

	if (reader->dialect->tagged_values) {
		good = held_parse(&held, text, strlen(text));
		held_fini(&held);
	}
	reader->copied.has_key = false;
	buffer_clear(to);
	buffer_clear(&reader->fetch.last[part]);
	if (!good || buffer_puts(to, text, &ignored) || buffer_puts(&reader->fetch.last[part], text, &ignored))
		return false;
	if (until)
		reader->bounded = true;
	else
		reader->behind = true;
	return until || !reader->capture || held_parse(&reader->from[part], text, strlen(text));
}

int reader_print(struct reader *reader, struct buffer *out, struct error *error)
{
	bool behind = reader->behind;
	int result;

	reader->behind = reader->key_count > 0; /* as the second page is read */
	for (size_t i = 0; reader->dialect->tagged_values && !reader->capture && i < reader->key_count; i++) {
		buffer_clear(&reader->fetch.from[i]);
		if (buffer_puts(&reader->fetch.from[i], "i0", error))
			return -1;
	}
	result = reader_put_page(reader, 4096, error);
	reader->behind = behind;
	if (result || !reader->copied.chosen)
		return result || buffer_puts(out, buffer_text(&reader->sql), error) ? -1 : 0;
	return buffer_printf(out, error, "COPY (%s) TO STDOUT (FORMAT binary)", buffer_text(&reader->sql));
}
