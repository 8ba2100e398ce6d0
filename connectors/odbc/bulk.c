/* bulk.c - a statement over many rows of a batch at once.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/bulk.h"
#include "connectors/odbc/carry.h"

/* What drivers are told of a long text's type; its own length counts. */
enum { LONG_TEXT = 1 << 20 };

static size_t rows_within_limits(const struct dialect *dialect, size_t columns, size_t most)
{
	size_t rows = 1, limit = most && most < BULK_ROWS_MAX ? most : BULK_ROWS_MAX;

	while (rows * 2 <= limit && rows * 2 * (columns ? columns : 1) <= dialect->parameters_max)
		rows *= 2;
	return rows;
}

int bulk_open(struct bulk *bulk, struct session *session, const char *what, const struct field *const *fields, size_t count,
	bool numbered, const char *head, const char *tuple, const char *tail, size_t most, struct error *error)
{
	memset(bulk, 0, sizeof *bulk);
	bulk->session = session;
	bulk->column_count = count;
	bulk->numbered = numbered;
	bulk->rows_max = rows_within_limits(session->dialect, count, most);
	snprintf(bulk->what, sizeof bulk->what, "%s", what);
	bulk->head = strdup(head);
	bulk->tuple = strdup(tuple);
	bulk->tail = strdup(tail);
	bulk->columns = calloc(count ? count : 1, sizeof *bulk->columns);
	bulk->values = calloc(bulk->rows_max * (count ? count : 1), sizeof *bulk->values);
	bulk->indicators = calloc(bulk->rows_max * (count ? count : 1), sizeof *bulk->indicators);
	if (!bulk->head || !bulk->tuple || !bulk->tail || !bulk->columns || !bulk->values || !bulk->indicators) {
		bulk_close(bulk);
		return error_memory(error, "a statement over many rows");
	}
	for (size_t i = 0; i < count; i++) {
		struct bulk_column *column = &bulk->columns[i];

		column->field = fields[i];
		column->carrier = session->dialect->carrier(fields[i]);
		column->direct = value_storage(fields[i]->type) == STORAGE_SPAN;
		column->plain = fields[i]->type == VALUE_DATETIME && session->dialect->plain_datetimes;
		bulk->has_direct = bulk->has_direct || column->direct;
	}
	return 0;
}

void bulk_forget(struct bulk *bulk)
{
	for (size_t i = 0; i < BULK_SIZES; i++) {
		if (bulk->statements[i])
			SQLFreeHandle(SQL_HANDLE_STMT, bulk->statements[i]);
		bulk->statements[i] = SQL_NULL_HSTMT;
	}
}

void bulk_close(struct bulk *bulk)
{
	bulk_forget(bulk);
	free(bulk->head);
	free(bulk->tuple);
	free(bulk->tail);
	free(bulk->columns);
	free(bulk->values);
	free(bulk->indicators);
	memset(bulk, 0, sizeof *bulk);
}

static int build_sql(const struct bulk *bulk, size_t rows, struct buffer *out, struct error *error)
{
	if (buffer_puts(out, bulk->head, error))
		return -1;
	for (size_t i = 0; i < rows; i++) {
		if (buffer_puts(out, i ? ",(" : "(", error) || (bulk->numbered && buffer_printf(out, error, "%zu,", i)) ||
		    buffer_puts(out, bulk->tuple, error) || buffer_puts(out, ")", error))
			return -1;
	}
	return buffer_puts(out, bulk->tail, error);
}

static int fail(struct bulk *bulk, SQLHSTMT handle, struct error *error)
{
	session_fail(bulk->session, SQL_HANDLE_STMT, handle, bulk->what, error);
	return -1;
}

static int bind_one(struct bulk *bulk, SQLHSTMT handle, size_t place, const struct bulk_column *column, const void *data,
	size_t length, struct error *error)
{
	SQLSMALLINT c_type = SQL_C_CHAR, sql_type = SQL_VARCHAR;
	SQLULEN size = VALUE_TEXT_MAX;

	switch (column->carrier) {
	case CARRY_INTEGER:
		c_type = SQL_C_SBIGINT;
		sql_type = SQL_BIGINT;
		size = sizeof(int64_t);
		break;
	case CARRY_DOUBLE:
		c_type = SQL_C_DOUBLE;
		sql_type = SQL_DOUBLE;
		size = sizeof(double);
		break;
	case CARRY_BINARY:
		c_type = SQL_C_BINARY;
		sql_type = SQL_LONGVARBINARY;
		size = LONG_TEXT;
		break;
	case CARRY_TEXT:
		if (column->direct)
			size = LONG_TEXT;
		break;
	}
	if (SQL_SUCCEEDED(SQLBindParameter(handle, (SQLUSMALLINT)(place + 1), SQL_PARAM_INPUT, c_type, sql_type, size, 0,
		    session_input(data), (SQLLEN)length, &bulk->indicators[place])))
		return 0;
	return fail(bulk, handle, error);
}

/* The statement of 1 << size rows, prepared and bound to the staging area. */
static int find_statement(struct bulk *bulk, size_t size, SQLHSTMT *out, struct error *error)
{
	size_t rows = (size_t)1 << size;
	struct buffer sql;
	SQLHSTMT handle = SQL_NULL_HSTMT;
	int result = -1;

	*out = bulk->statements[size];
	if (*out)
		return 0;
	buffer_init(&sql, BULK_SQL_MAX);
	if (build_sql(bulk, rows, &sql, error) || session_handle(bulk->session, &handle, error))
		goto out;
	if (!SQL_SUCCEEDED(SQLPrepare(handle, session_input(buffer_text(&sql)), SQL_NTS))) {
		fail(bulk, handle, error);
		goto out;
	}
	for (size_t i = 0; i < rows * bulk->column_count; i++) {
		const struct bulk_column *column = &bulk->columns[i % bulk->column_count];

		if (!column->direct && bind_one(bulk, handle, i, column, &bulk->values[i], sizeof bulk->values[i], error))
			goto out;
	}
	bulk->statements[size] = *out = handle;
	handle = SQL_NULL_HSTMT;
	result = 0;
out:
	if (handle)
		SQLFreeHandle(SQL_HANDLE_STMT, handle);
	buffer_fini(&sql);
	return result;
}

/* One value into its staged place; texts that are not direct are formatted there. */
static void stage(const struct bulk_column *column, const struct column *from, uint32_t row, union bulk_value *value,
	SQLLEN *indicator)
{
	*indicator = 0;
	if (column->carrier == CARRY_INTEGER)
		value->integer = from->integers[row];
	else if (column->carrier == CARRY_DOUBLE)
		value->real = from->doubles[row];
	else
		*indicator = (SQLLEN)(carry_text(column->field, from, row, value->text) - column->plain);
}

static int stage_row(struct bulk *bulk, SQLHSTMT handle, const struct batch *batch, const size_t *columns, uint32_t row,
	size_t place, struct error *error)
{
	for (size_t i = 0; i < bulk->column_count; i++, place++) {
		const struct bulk_column *column = &bulk->columns[i];
		const struct column *from = &batch->columns[columns ? columns[i] : i];
		bool null = from->cells[row] != CELL_VALUE;

		if (!column->direct) {
			if (null)
				bulk->indicators[place] = SQL_NULL_DATA;
			else
				stage(column, from, row, &bulk->values[place], &bulk->indicators[place]);
			continue;
		}
		size_t length = null ? 0 : from->spans[row].length;
		const char *data = length ? batch_bytes(batch, from->spans[row]) : "";

		/* The pointer of a null is never followed, but drivers look at it. */
		if (bind_one(bulk, handle, place, column, data, length ? length : 1, error))
			return -1;
		bulk->indicators[place] = null ? SQL_NULL_DATA : (SQLLEN)length;
	}
	return 0;
}

size_t bulk_take(const struct bulk *bulk, const struct batch *batch, const size_t *columns, const uint32_t *rows, size_t count)
{
	size_t take = bulk->rows_max, bytes = 0, within = 0;

	while (take > count)
		take /= 2;
	if (!bulk->has_direct)
		return take;
	for (; within < take; within++) {
		for (size_t i = 0; i < bulk->column_count; i++)
			if (bulk->columns[i].direct)
				bytes += batch->columns[columns ? columns[i] : i].spans[rows[within]].length;
		if (within && bytes > BULK_BYTES_MAX)
			break;
	}
	while (take > within)
		take /= 2;
	return take;
}

/* What was not kept was not written. */
static bool swallowed(const struct bulk *bulk, SQLHSTMT statement, size_t count, struct diagnosis *diagnosis)
{
	SQLLEN kept = -1;

	if (bulk->may_skip || !SQL_SUCCEEDED(SQLRowCount(statement, &kept)) || kept < 0 || (size_t)kept >= count)
		return false;
	diagnosis_dropped(diagnosis);
	return true;
}

int bulk_execute(struct bulk *bulk, const struct batch *batch, const size_t *columns, const uint32_t *rows, size_t count,
	SQLHSTMT *handle, struct diagnosis *diagnosis, struct error *error)
{
	size_t size = 0;
	SQLHSTMT statement;
	SQLRETURN code;

	while ((size_t)1 << size < count)
		size++;
	assert((size_t)1 << size == count && count <= bulk->rows_max);
	if (find_statement(bulk, size, &statement, error))
		return -1;
	for (size_t i = 0; i < count; i++)
		if (stage_row(bulk, statement, batch, columns, rows[i], i * bulk->column_count, error))
			return -1;
	code = session_run(bulk->session, statement);
	if (SQL_SUCCEEDED(code) || code == SQL_NO_DATA) {
		if (handle) {
			*handle = statement;
			return 0;
		}
		bool lacking = swallowed(bulk, statement, count, diagnosis);
		SQLFreeStmt(statement, SQL_CLOSE);
		return lacking ? 1 : 0;
	}
	if (session_diagnose(bulk->session, SQL_HANDLE_STMT, statement, diagnosis) == FAULT_OF_ROW) {
		SQLFreeStmt(statement, SQL_CLOSE);
		return 1;
	}
	diagnosis_error(bulk->session, diagnosis, bulk->what, error);
	SQLFreeStmt(statement, SQL_CLOSE);
	return -1;
}
