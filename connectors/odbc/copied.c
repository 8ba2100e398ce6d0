/* copied.c - rows of a reading by binary COPY over the driver's connection: one statement from the first row to the last one.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/dialect.h"
#include "connectors/odbc/reader.h"

enum { CANCEL_ROWS = 1024 };

static const char what[] = "reading rows";

/* By the index of the key, whatever the planner thinks of sorting: rows come at once, and the server needs no place for them. */
static const char by_index[] = "SET LOCAL enable_sort = off";

/* Which columns come as they are, and the rest as the server prints them. */
static int plan_columns(struct reader *reader, struct error *error)
{
	struct copied *copied = &reader->copied;
	const struct schema *schema = reader->context->schema;
	unsigned *types = calloc(reader->count + 1, sizeof *types);
	int result = -1;

	if (!types)
		return error_memory(error, "a reading");
	/* As they are, to see their types. */
	for (size_t i = 0; i < reader->count; i++)
		copied->columns[i] = (struct binary_reading){ .column = reader->fields[i], .form = BINARY_BYTES,
			.floating = reader->columns[i].floating };
	if (reader_put_page(reader, 0, error) ||
	    pq_describe(&reader->snapshot->session, "asking for the types of columns", buffer_text(&reader->sql), types, reader->count, error))
		goto out;
	for (size_t i = 0; i < reader->count; i++) {
		struct binary_reading *column = &copied->columns[i];
		size_t field = reader->columns[i].field;

		binary_form_of(field == SCHEMA_NO_FIELD ? 0 : schema->fields[field].type, types[i], column);
		/* Below that bound texts of numbers and times could be too long. */
		if (reader->context->limits->field < VALUE_TEXT_MAX)
			column->form = BINARY_PRINTED;
	}
	for (size_t i = 0; i < reader->key_count; i++) {
		struct binary_reading *column = &copied->columns[reader->key[i]];

		if (!binary_has_text(column->form))
			column->form = BINARY_PRINTED;
	}
	result = 0;
out:
	free(types);
	return result;
}

int copied_open(struct reader *reader, struct error *error)
{
	struct copied *copied = &reader->copied;

	if (!pq_usable(&reader->snapshot->session, copied->why))
		return 0;
	copied->columns = calloc(reader->count + 1, sizeof *copied->columns);
	copied->values = calloc(reader->count + 1, sizeof *copied->values);
	if (!copied->columns || !copied->values)
		return error_memory(error, "a reading");
	copied->chosen = true;
	return plan_columns(reader, error);
}

void copied_close(struct reader *reader)
{
	struct copied *copied = &reader->copied;

	if (copied->under_way)
		pq_out_abandon(&reader->snapshot->session);
	copied->under_way = false;
	pq_out_free(copied->message);
	copied->message = NULL;
}

void copied_fini(struct reader *reader)
{
	struct copied *copied = &reader->copied;

	free(copied->columns);
	free(copied->values);
	copied->columns = NULL;
	copied->values = NULL;
	for (size_t i = 0; i < KEY_PARTS_MAX; i++)
		buffer_fini(&copied->key[i]);
}

static void add_value(struct pq_value *values, size_t *count, const char *name, size_t number, const char *text)
{
	snprintf(values[*count].name, sizeof values[*count].name, "penstock.%s_%zu", name, number);
	values[(*count)++].text = text;
}

static int begin(struct reader *reader, struct error *error)
{
	struct copied *copied = &reader->copied;
	const struct option_statement *from = reader->table ? reader->where : reader->query;
	size_t count = 0, most = (from ? from->parameter_count : 0) + 2 * reader->key_count + 1;
	struct pq_value *values = calloc(most, sizeof *values);
	struct buffer sql;
	int result = -1;

	if (!values)
		return error_memory(error, "a reading");
	buffer_init(&sql, reader->sql.ceiling);
	for (size_t i = 0; from && i < from->parameter_count; i++)
		add_value(values, &count, "value", i + 1, from->parameters[i].value);
	for (size_t i = 0; reader->behind && i < reader->key_count; i++)
		add_value(values, &count, "from", i, buffer_text(&reader->fetch.from[i]));
	for (size_t i = 0; reader->bounded && i < reader->key_count; i++)
		add_value(values, &count, "until", i, buffer_text(&reader->until[i]));
	if (reader_put_page(reader, 0, error) == 0 && buffer_puts(&sql, "COPY (", error) == 0 &&
	    buffer_append(&sql, buffer_text(&reader->sql), reader->sql.length, error) == 0 &&
	    buffer_puts(&sql, ") TO STDOUT (FORMAT binary)", error) == 0)
		result = pq_out_begin(&reader->snapshot->session, what, reader->key_count ? by_index : NULL, values, count, buffer_text(&sql),
			error);
	memset(&copied->stream, 0, sizeof copied->stream);
	copied->under_way = result == 0;
	buffer_fini(&sql);
	free(values);
	return result;
}

static int keep_key(struct reader *reader, struct error *error)
{
	struct copied *copied = &reader->copied;

	for (size_t i = 0; i < reader->key_count; i++) {
		const struct binary_value *value = &copied->values[reader->key[i]];

		buffer_clear(&copied->key[i]);
		if (!value->data)
			return error_set(error, ERROR_SOURCE, reader->snapshot->session.place, "a part of a key is null");
		if (buffer_append(&copied->key[i], value->data, value->length, error))
			return -1;
	}
	copied->has_key = reader->key_count > 0;
	return 0;
}

static int take_row(struct reader *reader, struct batch *batch, struct error *error)
{
	const struct limits *limits = reader->context->limits;
	const struct copied *copied = &reader->copied;
	uint32_t row = batch_add_row(batch);
	size_t used = batch->arena.used;

	batch->origins[row].record_no = ++reader->records;
	if (reader->field_count < batch->schema->field_count)
		for (size_t i = 0; i < batch->schema->field_count; i++)
			batch->columns[i].cells[row] = CELL_NULL;
	for (size_t i = 0; i < reader->count; i++)
		if (copied->columns[i].column != SCHEMA_NO_FIELD &&
		    binary_cell(&copied->columns[i], batch, row, copied->values[i], limits->field, error))
			return -1;
	if (batch->arena.used - used > limits->record)
		return batch_fault(batch, row, FAULT_RECORD, SCHEMA_NO_FIELD, error,
			"the record has more bytes than limits.record (%" PRIu64 ")", limits->record);
	return 0;
}

/* The next message: 1, or 0 at the end. */
static int next_message(struct reader *reader, struct error *error)
{
	struct copied *copied = &reader->copied;
	struct session *session = &reader->snapshot->session;
	size_t length;
	int result;

	pq_out_free(copied->message);
	result = pq_out_next(session, what, &copied->message, &length, error);
	if (result > 0) {
		binary_feed(&copied->stream, copied->message, length);
		return 1;
	}
	if (result < 0)
		return -1; /* the rest is given up when the reading ends */
	copied->under_way = false;
	if (!copied->stream.tailed)
		return error_set(error, ERROR_SOURCE, session->place, "the server sent no end of the rows");
	return 0;
}

int copied_read(struct reader *reader, struct batch *batch, struct error *error)
{
	struct copied *copied = &reader->copied;

	if (cancel_requested(reader->context->cancel))
		return error_set(error, ERROR_CANCELLED, NULL, "cancelled");
	if (!copied->under_way && begin(reader, error))
		return -1;
	while (!batch_is_full(batch)) {
		int row = binary_row(&copied->stream, copied->values, reader->count, error);

		if (row < 0)
			return -1;
		if (row == 0) {
			row = next_message(reader, error);
			if (row < 0)
				return -1;
			if (row == 0) {
				reader->ended = true;
				return 0;
			}
			continue;
		}
		if (keep_key(reader, error) || take_row(reader, batch, error))
			return -1;
		if (reader->records % CANCEL_ROWS == 0 && cancel_requested(reader->context->cancel))
			return error_set(error, ERROR_CANCELLED, NULL, "cancelled");
	}
	return 0;
}

int copied_key_text(const struct reader *reader, size_t part, struct buffer *out, struct error *error)
{
	const struct copied *copied = &reader->copied;
	struct binary_value value = { copied->key[part].data ? copied->key[part].data : (char[]){ "" }, copied->key[part].length };

	return binary_text(copied->columns[reader->key[part]].form, value, out, error);
}
