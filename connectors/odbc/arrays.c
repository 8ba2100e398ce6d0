/* arrays.c - a statement over many rows of a batch at once, each column one parameter.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/arrays.h"
#include "connectors/odbc/carry.h"

int arrays_open(struct arrays *arrays, struct session *session, const char *what, const struct field *const *fields, size_t count,
	const char *sql, struct error *error)
{
	memset(arrays, 0, sizeof *arrays);
	arrays->session = session;
	snprintf(arrays->what, sizeof arrays->what, "%s", what);
	arrays->sql = strdup(sql);
	arrays->columns = calloc(count ? count : 1, sizeof *arrays->columns);
	if (!arrays->sql || !arrays->columns) {
		arrays_close(arrays);
		return error_memory(error, "a statement over many rows");
	}
	arrays->column_count = count;
	for (size_t i = 0; i < count; i++) {
		arrays->columns[i].field = fields[i];
		buffer_init(&arrays->columns[i].text, ARRAYS_TEXT_MAX);
		arrays->has_spans = arrays->has_spans || value_storage(fields[i]->type) == STORAGE_SPAN;
	}
	return 0;
}

void arrays_close(struct arrays *arrays)
{
	if (arrays->statement)
		SQLFreeHandle(SQL_HANDLE_STMT, arrays->statement);
	for (size_t i = 0; i < arrays->column_count; i++)
		buffer_fini(&arrays->columns[i].text);
	free(arrays->columns);
	free(arrays->sql);
	memset(arrays, 0, sizeof *arrays);
}

size_t arrays_take(const struct arrays *arrays, const struct batch *batch, const size_t *columns, const uint32_t *rows, size_t count)
{
	size_t most = count < ARRAYS_ROWS_MAX ? count : ARRAYS_ROWS_MAX, bytes = 0;

	if (!arrays->has_spans)
		return most;
	for (size_t take = 0; take < most; take++) {
		for (size_t i = 0; i < arrays->column_count; i++) {
			const struct column *from = &batch->columns[columns ? columns[i] : i];

			if (value_storage(from->field->type) == STORAGE_SPAN && from->cells[rows[take]] == CELL_VALUE)
				bytes += from->spans[rows[take]].length;
		}
		if (take && bytes > ARRAYS_BYTES_MAX)
			return take;
	}
	return most;
}

/* In quotes, so that the word NULL, nothing at all, spaces, commas and braces are what they are. */
static char *put_quoted(char *out, const char *data, size_t length)
{
	*out++ = '"';
	for (size_t i = 0; i < length; i++) {
		if (data[i] == '"' || data[i] == '\\')
			*out++ = '\\';
		*out++ = data[i];
	}
	*out++ = '"';
	return out;
}

/* bytea's hexadecimal form; its backslash has to be written twice. */
static char *put_binary(char *out, const char *data, size_t length)
{
	static const char digits[] = "0123456789abcdef";

	memcpy(out, "\"\\\\x", 4);
	out += 4;
	for (size_t i = 0; i < length; i++) {
		*out++ = digits[(unsigned char)data[i] >> 4];
		*out++ = digits[(unsigned char)data[i] & 15];
	}
	*out++ = '"';
	return out;
}

/* Bytes that are enough for the array. */
static size_t room_for(const struct column *from, const uint32_t *rows, size_t count)
{
	size_t room = 2 + count * (VALUE_TEXT_MAX + 1);

	if (value_storage(from->field->type) != STORAGE_SPAN)
		return room;
	/* Each byte twice at most, and what stands around them. */
	room = 2 + count * 8;
	for (size_t i = 0; i < count; i++)
		if (from->cells[rows[i]] == CELL_VALUE)
			room += 2 * (size_t)from->spans[rows[i]].length;
	return room;
}

int arrays_put(const struct batch *batch, size_t column, const uint32_t *rows, size_t count, struct buffer *out, struct error *error)
{
	const struct column *from = &batch->columns[column];
	bool span = value_storage(from->field->type) == STORAGE_SPAN, binary = from->field->type == VALUE_BINARY;
	char *at;

	buffer_clear(out);
	if (buffer_reserve(out, room_for(from, rows, count), error))
		return -1;
	at = out->data;
	*at++ = '{';
	for (size_t i = 0; i < count; i++) {
		uint32_t row = rows[i];

		if (i)
			*at++ = ',';
		if (from->cells[row] != CELL_VALUE) {
			memcpy(at, "NULL", 4);
			at += 4;
		} else if (!span) {
			/* Digits, signs, points, colons, letters, but never the word NULL: no quotes are needed. */
			at += carry_text(from->field, from, row, at);
		} else {
			const char *data = batch_bytes(batch, from->spans[row]);

			at = (binary ? put_binary : put_quoted)(at, data, from->spans[row].length);
		}
	}
	*at++ = '}';
	*at = '\0';
	out->length = (size_t)(at - out->data);
	assert(out->length < out->size);
	return 0;
}

static int fail(struct arrays *arrays, struct error *error)
{
	session_fail(arrays->session, SQL_HANDLE_STMT, arrays->statement, arrays->what, error);
	return -1;
}

/* What was not kept was not written. */
static bool lacks(const struct arrays *arrays, size_t count, struct diagnosis *diagnosis)
{
	SQLLEN kept = -1;

	if (arrays->may_skip || !SQL_SUCCEEDED(SQLRowCount(arrays->statement, &kept)) || kept < 0 || (size_t)kept >= count)
		return false;
	diagnosis_dropped(diagnosis);
	return true;
}

static int prepare(struct arrays *arrays, struct error *error)
{
	if (arrays->statement)
		return 0;
	if (session_handle(arrays->session, &arrays->statement, error))
		return -1;
	if (SQL_SUCCEEDED(SQLPrepare(arrays->statement, session_input(arrays->sql), SQL_NTS)))
		return 0;
	fail(arrays, error);
	SQLFreeHandle(SQL_HANDLE_STMT, arrays->statement);
	arrays->statement = SQL_NULL_HSTMT;
	return -1;
}

static int bind(struct arrays *arrays, size_t i, struct error *error)
{
	struct array_column *column = &arrays->columns[i];

	column->length = (SQLLEN)column->text.length;
	if (SQL_SUCCEEDED(SQLBindParameter(arrays->statement, (SQLUSMALLINT)(i + 1), SQL_PARAM_INPUT, SQL_C_CHAR, SQL_LONGVARCHAR,
		    column->text.length, 0, column->text.data, column->length, &column->length)))
		return 0;
	return fail(arrays, error);
}

/* What one huge row took is given back. */
static void give_back(struct arrays *arrays)
{
	for (size_t i = 0; i < arrays->column_count; i++)
		if (arrays->columns[i].text.size > ARRAYS_KEPT_MAX)
			buffer_fini(&arrays->columns[i].text);
}

int arrays_execute(struct arrays *arrays, const struct batch *batch, const size_t *columns, const uint32_t *rows, size_t count,
	SQLHSTMT *handle, struct diagnosis *diagnosis, struct error *error)
{
	SQLRETURN code;
	int result = 0;

	if (prepare(arrays, error))
		return -1;
	for (size_t i = 0; i < arrays->column_count; i++)
		if (arrays_put(batch, columns ? columns[i] : i, rows, count, &arrays->columns[i].text, error) ||
		    bind(arrays, i, error))
			return -1;
	code = session_run(arrays->session, arrays->statement);
	if (SQL_SUCCEEDED(code) || code == SQL_NO_DATA) {
		if (handle)
			*handle = arrays->statement;
		else
			result = lacks(arrays, count, diagnosis);
	} else if (session_diagnose(arrays->session, SQL_HANDLE_STMT, arrays->statement, diagnosis) == FAULT_OF_ROW) {
		result = 1;
	} else {
		diagnosis_error(arrays->session, diagnosis, arrays->what, error);
		result = -1;
	}
	if (!handle || result)
		SQLFreeStmt(arrays->statement, SQL_CLOSE);
	give_back(arrays);
	return result;
}
