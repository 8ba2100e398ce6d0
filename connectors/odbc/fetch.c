/* fetch.c - rows of a page as a driver gives them: the portable way, and what the other one is held against.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "connectors/odbc/dialect.h"
#include "connectors/odbc/reader.h"
#include "engine/core/cell.h"
#include "engine/core/typed.h"

enum {
	PAGE_FIRST = 500,        /* rows, before it is known how large they are */
	PAGE_ROWS_MAX = 10000,
	PAGE_BYTES = 4 * 1024 * 1024, /* of a page, which the driver keeps in memory */
	WHOLE_FIRST = 2000,      /* rows of a result that the driver keeps as a whole, before it is known how large they are */
	WHOLE_ROW_BYTES = 64,    /* of such a row, besides its values */
};

static void page_close(struct reader *reader)
{
	if (reader->fetch.statement.session)
		statement_close(&reader->fetch.statement);
	reader->fetch.statement.session = NULL;
	reader->fetch.open = false;
}

void fetch_close(struct reader *reader)
{
	page_close(reader);
}

static const char doing[] = "reading rows";

/* What was opened for what is in reader->sql; rows: how many there are, or NULL. */
static int run(struct reader *reader, int opened, bool bind, int64_t *rows, struct error *error)
{
	struct fetch *fetch = &reader->fetch;

	if (opened) {
		fetch->statement.session = NULL;
		return -1;
	}
	if (bind && reader_bind_page(reader, &fetch->statement, error))
		return -1;
	return statement_execute(&fetch->statement, rows, NULL, error);
}

static int execute(struct reader *reader, bool bind, struct error *error)
{
	return run(reader, statement_open_rows(&reader->fetch.statement, &reader->snapshot->session, doing, buffer_text(&reader->sql), error), bind, NULL,
		error);
}

/* A result that the driver receives as a whole: only the driver tells how many rows it has. */
static int execute_whole(struct reader *reader, int64_t *rows, struct error *error)
{
	if (reader_put_page(reader, 0, error))
		return -1;
	return run(reader, statement_open(&reader->fetch.statement, &reader->snapshot->session, doing, buffer_text(&reader->sql), error), true, rows, error);
}

static int declare(struct reader *reader, struct error *error)
{
	struct fetch *fetch = &reader->fetch;
	struct buffer select;
	int result;

	snprintf(fetch->cursor, sizeof fetch->cursor, "penstock_rows_%u", ++reader->snapshot->serial);
	if (reader_put_page(reader, 0, error))
		return -1;
	select = reader->sql;
	buffer_init(&reader->sql, select.ceiling);
	result = buffer_printf(&reader->sql, error, "DECLARE %s NO SCROLL CURSOR FOR ", fetch->cursor) ||
			buffer_append(&reader->sql, buffer_text(&select), select.length, error)
		? -1
		: 0;
	buffer_fini(&select);
	if (result == 0)
		result = execute(reader, true, error);
	page_close(reader);
	return result;
}

/* As many rows as fit PAGE_BYTES if they are like the largest so far; never more than twice as many as before. */
static size_t next_size(const struct fetch *fetch)
{
	size_t mean = fetch->rows ? fetch->bytes / fetch->rows : 0, weight = mean + fetch->largest / 8 + 64;
	size_t size = PAGE_BYTES / weight;

	if (!fetch->size)
		return PAGE_FIRST;
	size = size > 2 * fetch->size ? 2 * fetch->size : size;
	return size < 1 ? 1 : size > PAGE_ROWS_MAX ? PAGE_ROWS_MAX : size;
}

/* How many rows like these have room in limits.memory. */
static int measure(struct reader *reader, size_t *room, struct error *error)
{
	uint64_t bytes = 0, rows = 0;
	int row;

	while ((row = statement_fetch(&reader->fetch.statement, error)) == 1) {
		rows++;
		bytes += WHOLE_ROW_BYTES;
		for (size_t i = 0; i < reader->count; i++) {
			struct text text;

			if (statement_text(&reader->fetch.statement, (unsigned)i + 1, &text, error))
				return -1;
			bytes += text.length + 1;
		}
	}
	if (row < 0)
		return -1;
	*room = rows ? (size_t)(reader->context->limits->memory / (bytes / rows)) : WHOLE_FIRST;
	if (*room < WHOLE_FIRST)
		*room = WHOLE_FIRST; /* they were there at once */
	return 0;
}

static int too_many(const struct reader *reader, struct error *error)
{
	return error_set(error, ERROR_CONFIG, reader->snapshot->session.place,
		"%s%s has more rows than limits.memory (%" PRIu64 " MiB) has room for, some %zu, and the driver of %s keeps the result of one statement in memory "
		"as a whole: %s, or raise limits.memory",
		reader->table ? "table " : "the query", reader->table ? reader->table : "", reader->context->limits->memory >> 20, reader->fetch.most - 1,
		reader->dialect->dbms_name,
		reader->table ? "give it a unique key whose columns are never null, by which it is read in pages" : "let it give less, or read a table by its key");
}

/* Through the driver, which keeps a result as a whole: the first rows, and where there are more, all of them or none. */
static int whole_open(struct reader *reader, struct error *error)
{
	struct fetch *fetch = &reader->fetch;
	int64_t rows = 0;
	size_t room = 0;

	fetch->most = WHOLE_FIRST + 1;
	if (execute_whole(reader, &rows, error))
		return -1;
	if (rows > WHOLE_FIRST) {
		if (measure(reader, &room, error))
			return -1;
		page_close(reader);
		fetch->most = room + 1;
		if (execute_whole(reader, &rows, error))
			return -1;
		if (rows > (int64_t)room)
			return too_many(reader, error);
	}
	fetch->open = true;
	return 0;
}

/* One result, of which this process never has more than a part; where that cannot be, the whole of it. */
static int stream_open(struct reader *reader, struct error *error)
{
	struct fetch *fetch = &reader->fetch;
	bool streamed = false;
	int opened;

	fetch->most = 0;
	if (reader_put_page(reader, 0, error))
		return -1;
	opened = statement_open_stream(&fetch->statement, &reader->snapshot->session, doing, buffer_text(&reader->sql), &streamed, error);
	if (opened == 0 && !streamed)
		return whole_open(reader, error);
	if (run(reader, opened, true, NULL, error))
		return -1;
	fetch->open = true;
	return 0;
}

static int page_open(struct reader *reader, struct error *error)
{
	struct fetch *fetch = &reader->fetch;

	if (cancel_requested(reader->context->cancel))
		return error_set(error, ERROR_CANCELLED, NULL, "cancelled");
	if (reader->way == WAY_STREAM && reader->dialect->whole_results)
		return stream_open(reader, error);
	if (reader->way == WAY_CURSOR && !fetch->cursor[0] && declare(reader, error))
		return -1;
	fetch->size = next_size(fetch);
	fetch->rows = fetch->bytes = fetch->largest = 0;
	if (reader->way == WAY_CURSOR) {
		buffer_clear(&reader->sql);
		if (buffer_printf(&reader->sql, error, "FETCH FORWARD %zu FROM %s", fetch->size, fetch->cursor))
			return -1;
	} else if (reader_put_page(reader, fetch->size, error)) {
		return -1;
	}
	if (execute(reader, reader->way != WAY_CURSOR, error))
		return -1;
	fetch->open = true;
	return 0;
}

/* The page is through; the next one begins behind its last row. */
static int page_turn(struct reader *reader, struct error *error)
{
	struct fetch *fetch = &reader->fetch;

	page_close(reader);
	reader->ended = reader->way == WAY_STREAM || fetch->rows < fetch->size;
	for (size_t i = 0; fetch->rows && i < reader->key_count; i++) {
		buffer_clear(&fetch->from[i]);
		if (buffer_append(&fetch->from[i], buffer_text(&fetch->last[i]), fetch->last[i].length, error))
			return -1;
		reader->behind = true;
	}
	return 0;
}

/* From its tagged text, as SQLite stored it. */
static int put_held(struct batch *batch, size_t column, uint32_t row, struct text text, uint64_t most, struct error *error)
{
	struct held held = { .type = 0 };
	int result;

	if (!held_parse(&held, text.data, text.length))
		result = error_set(error, ERROR_SOURCE, NULL, "the driver of SQLite gave a value that cannot be: \"%.40s\"", text.data);
	else if (held.type == SQLITE_INTEGER)
		result = cell_integer(batch, column, row, held.integer, error);
	else if (held.type == SQLITE_FLOAT)
		result = cell_real(batch, column, row, held.real, error);
	else if (held.type == SQLITE_TEXT)
		result = cell_text(batch, column, row, (struct text){ held.bytes, held.length }, most, error);
	else
		result = cell_blob(batch, column, row, (struct text){ held.bytes, held.length }, most, error);
	held_fini(&held);
	return result;
}

static int keep_key(struct reader *reader, size_t at, struct text text, struct error *error)
{
	for (size_t i = 0; i < reader->key_count; i++) {
		struct buffer *last = &reader->fetch.last[i];

		if (reader->key[i] != at)
			continue;
		buffer_clear(last);
		if (buffer_append(last, text.data ? text.data : "", text.length, error))
			return -1;
	}
	return 0;
}

static int take_row(struct reader *reader, struct batch *batch, struct error *error)
{
	const struct limits *limits = reader->context->limits;
	uint32_t row = batch_add_row(batch);
	size_t used = batch->arena.used, bytes = 0;

	batch->origins[row].record_no = ++reader->records;
	for (size_t i = 0; i < batch->schema->field_count; i++)
		batch->columns[i].cells[row] = CELL_NULL;
	for (size_t i = 0; i < reader->count; i++) {
		size_t column = reader->fields[i];
		struct text text;
		int result = 0;

		if (statement_text(&reader->fetch.statement, (unsigned)i + 1, &text, error) || keep_key(reader, i, text, error))
			return -1;
		bytes += text.length;
		if (column == SCHEMA_NO_FIELD || !text.data)
			continue;
		result = !reader->dialect->tagged_values ? cell_printed(batch, column, row, text, reader->columns[i].floating, limits->field,
							  error)
						      : put_held(batch, column, row, text, limits->field, error);
		if (result)
			return -1;
	}
	reader->fetch.bytes += bytes;
	if (bytes > reader->fetch.largest)
		reader->fetch.largest = bytes;
	if (batch->arena.used - used > limits->record)
		return batch_fault(batch, row, FAULT_RECORD, SCHEMA_NO_FIELD, error,
			"the record has more bytes than limits.record (%" PRIu64 ")", limits->record);
	return 0;
}

int fetch_read(struct reader *reader, struct batch *batch, struct error *error)
{
	struct fetch *fetch = &reader->fetch;

	while (!reader->ended && !batch_is_full(batch)) {
		int row;

		if (!fetch->open && page_open(reader, error))
			return -1;
		row = statement_fetch(&fetch->statement, error);
		if (row < 0)
			return -1;
		if (row == 0) {
			if (page_turn(reader, error))
				return -1;
			continue;
		}
		fetch->rows++;
		if (take_row(reader, batch, error))
			return -1;
		if (fetch->rows % 1024 == 0 && cancel_requested(reader->context->cancel))
			return error_set(error, ERROR_CANCELLED, NULL, "cancelled");
	}
	return 0;
}
