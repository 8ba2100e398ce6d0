/* bound_arrays.c - one statement over many rows by arrays of parameters.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/bound_arrays.h"
#include "connectors/odbc/bulk.h"
#include "connectors/odbc/carry.h"
#include "connectors/odbc/dialect.h"
#include "connectors/odbc/direct_arrays.h"

enum {
	ROWS_MAX = 16384,             /* a batch: each statement is a wait for the server's answer */
	AREA_MAX = 4 * 1024 * 1024,   /* of the places of numbers and formatted texts */
	BYTES_MAX = 2 * 1024 * 1024,  /* of long texts in one statement, as wide as the longest */
	LONG_TEXT = 1 << 20,          /* what the driver is told of their type; their own length counts */
	NARROWEST = 16,
	PACKET_RESERVE = 64 * 1024,   /* of what the server takes: for the rest of a row */
};

struct array_column {
	const struct field *field;
	size_t from;      /* the column of the batch */
	size_t turn;      /* which of the rows that stand together */
	enum carrier carrier;
	bool span;        /* a span of the batch */
	bool plain;       /* a datetime without its Z */
	size_t width;     /* of a place */
	char *places;     /* direct: within the area for all of them */
	SQLLEN *lengths;  /* one an element: its length, or SQL_NULL_DATA */
};

static void forget(struct bound_arrays *arrays)
{
	if (arrays->statement)
		SQLFreeHandle(SQL_HANDLE_STMT, arrays->statement);
	arrays->statement = SQL_NULL_HSTMT;
}

void bound_arrays_close(struct bound_arrays *arrays)
{
	forget(arrays);
	direct_arrays_free(arrays->direct);
	for (size_t i = 0; arrays->columns && i < arrays->count; i++) {
		if (!arrays->columns[i].span)
			free(arrays->columns[i].places);
		free(arrays->columns[i].lengths);
	}
	free(arrays->columns);
	free(arrays->widths);
	free(arrays->wanted);
	free(arrays->sql);
	free(arrays->area);
	memset(arrays, 0, sizeof *arrays);
}

static size_t width_of(enum carrier carrier)
{
	return carrier == CARRY_INTEGER ? sizeof(int64_t) : carrier == CARRY_DOUBLE ? sizeof(double) : VALUE_TEXT_MAX;
}

static size_t rows_for(const struct way_task *task, size_t together)
{
	size_t bytes = 1, rows;

	for (size_t i = 0; i < task->schema->field_count; i++)
		bytes += sizeof(SQLLEN) + width_of(task->session->dialect->carrier(&task->schema->fields[i]));
	rows = AREA_MAX / bytes;
	rows = rows > ROWS_MAX ? ROWS_MAX : rows;
	rows -= rows % together;
	return rows ? rows : together;
}

static int open_columns(struct bound_arrays *arrays, struct error *error)
{
	const struct way_task *task = arrays->task;
	const struct dialect *dialect = task->session->dialect;
	size_t fields = task->schema->field_count, elements;

	elements = arrays->rows_max / arrays->together;
	arrays->count = arrays->together * fields;
	arrays->columns = calloc(arrays->count, sizeof *arrays->columns);
	arrays->widths = calloc(arrays->count, sizeof *arrays->widths);
	arrays->wanted = calloc(arrays->count, sizeof *arrays->wanted);
	if (!arrays->columns || !arrays->widths || !arrays->wanted)
		return error_memory(error, "a writer");
	for (size_t i = 0; i < arrays->count; i++) {
		struct array_column *column = &arrays->columns[i];

		column->from = i % fields;
		column->turn = i / fields;
		column->field = &task->schema->fields[column->from];
		column->carrier = dialect->carrier(column->field);
		column->span = value_storage(column->field->type) == STORAGE_SPAN;
		column->plain = column->field->type == VALUE_DATETIME && dialect->plain_datetimes;
		column->width = column->span ? 0 : width_of(column->carrier);
		arrays->has_spans = arrays->has_spans || column->span;
		column->lengths = calloc(elements, sizeof *column->lengths);
		if (!column->span)
			column->places = calloc(elements, column->width);
		if (!column->lengths || (!column->span && !column->places))
			return error_memory(error, "a writer");
	}
	return 0;
}

static int put_sql(const struct way_task *task, const char *head, size_t together, struct buffer *out, struct error *error)
{
	const struct dialect *dialect = task->session->dialect;

	struct buffer insert;
	int result = -1;

	buffer_init(&insert, BULK_SQL_MAX);
	if (way_put_insert(task, &insert, NULL, error) == 0)
		result = buffer_printf(out, error, "%s%s", head, buffer_text(&insert) + strlen("INSERT"));
	buffer_fini(&insert);
	if (result)
		return -1;
	for (size_t turn = 0; turn < together; turn++) {
		if (buffer_puts(out, turn ? ", (" : " VALUES (", error))
			return -1;
		for (size_t i = 0; i < task->schema->field_count; i++)
			if ((i && buffer_puts(out, ",", error)) ||
			    dialect->parameter(&task->schema->fields[i], way_column(task, i), out, error))
				return -1;
		if (buffer_puts(out, ")", error))
			return -1;
	}
	return way_put_upsert(task, out, error);
}

int bound_arrays_open(struct bound_arrays *arrays, const struct way_task *task, const char *head, size_t together, struct error *error)
{
	char why[MY_WHY_MAX];
	struct buffer sql;
	int result = -1;

	memset(arrays, 0, sizeof *arrays);
	arrays->task = task;
	arrays->together = together;
	arrays->rows_max = rows_for(task, together);
	buffer_init(&sql, BULK_SQL_MAX);
	if (put_sql(task, head, together, &sql, error) == 0) {
		arrays->sql = strdup(buffer_text(&sql));
		result = arrays->sql ? 0 : error_memory(error, "a writer");
	}
	buffer_fini(&sql);
	if (result == 0 && my_usable(task->session, why)) {
		arrays->direct = direct_arrays_new(task, arrays->sql, together, arrays->rows_max, error);
		result = arrays->direct ? 0 : -1;
	} else if (result == 0) {
		result = open_columns(arrays, error);
	}
	if (result)
		bound_arrays_close(arrays);
	return result;
}

static size_t bytes_max(const struct bound_arrays *arrays)
{
	uint64_t most = arrays->task->session->statement_bytes_max / 2;

	return most && most < BYTES_MAX ? (size_t)most : BYTES_MAX;
}

static size_t length_of(const struct batch *batch, size_t column, uint32_t row)
{
	const struct column *from = &batch->columns[column];

	return from->cells[row] == CELL_VALUE ? from->spans[row].length : 0;
}

/* Powers of two, so that rows that follow mostly find the places as they are. */
static size_t width_for(size_t length)
{
	size_t width = NARROWEST;

	while (width < length)
		width *= 2;
	return width;
}

/* By how much the places of one row grow for these so many rows that stand together, and with grow they do. */
static size_t widen(const struct bound_arrays *arrays, const struct batch *batch, const uint32_t *rows, bool grow)
{
	size_t more = 0;

	for (size_t i = 0; i < arrays->count; i++) {
		const struct array_column *column = &arrays->columns[i];
		size_t length = column->span ? length_of(batch, column->from, rows[column->turn]) : 0;

		if (length <= arrays->wanted[i])
			continue;
		more += width_for(length) - arrays->wanted[i];
		if (grow)
			arrays->wanted[i] = width_for(length);
	}
	return more;
}

/* The columns are as wide as the longest text of the rows so far; arrays->wanted becomes their widths. */
size_t bound_arrays_take(const struct bound_arrays *arrays, const struct batch *batch, const uint32_t *rows, size_t count)
{
	size_t most = bytes_max(arrays), total = 0, taken = 0, together = arrays->together;

	if (count > arrays->rows_max)
		count = arrays->rows_max;
	if (arrays->direct)
		return direct_arrays_take(arrays->direct, batch, rows, count, most);
	count -= count % together;
	for (size_t i = 0; i < arrays->count; i++) {
		arrays->wanted[i] = arrays->columns[i].span ? NARROWEST : 0;
		total += arrays->wanted[i];
	}
	for (; arrays->has_spans && taken < count; taken += together) {
		size_t more = widen(arrays, batch, rows + taken, false);

		if (taken && (total + more) * (taken / together + 1) > most)
			return taken;
		if (more)
			total += widen(arrays, batch, rows + taken, true);
	}
	return count;
}

bool bound_arrays_too_large(const struct bound_arrays *arrays, const struct batch *batch, const uint32_t *rows)
{
	const struct schema *schema = arrays->task->schema;
	uint64_t most = arrays->task->session->statement_bytes_max, bytes = PACKET_RESERVE;

	for (size_t turn = 0; most && turn < arrays->together; turn++)
		for (size_t i = 0; i < schema->field_count; i++)
			bytes += value_storage(schema->fields[i].type) == STORAGE_SPAN ? length_of(batch, i, rows[turn]) : VALUE_TEXT_MAX;
	return most && bytes > most;
}

static int fail(struct bound_arrays *arrays, struct error *error)
{
	session_fail(arrays->task->session, SQL_HANDLE_STMT, arrays->statement, arrays->task->what, error);
	return -1;
}

static int bind_column(struct bound_arrays *arrays, size_t at, struct error *error)
{
	struct array_column *column = &arrays->columns[at];
	SQLSMALLINT c_type = SQL_C_CHAR, sql_type = SQL_VARCHAR;
	SQLULEN size = column->span ? LONG_TEXT : VALUE_TEXT_MAX;

	if (column->carrier == CARRY_INTEGER) {
		c_type = SQL_C_SBIGINT;
		sql_type = SQL_BIGINT;
	} else if (column->carrier == CARRY_DOUBLE) {
		c_type = SQL_C_DOUBLE;
		sql_type = SQL_DOUBLE;
	} else if (column->carrier == CARRY_BINARY) {
		c_type = SQL_C_BINARY;
		sql_type = SQL_LONGVARBINARY;
	}
	if (SQL_SUCCEEDED(SQLBindParameter(arrays->statement, (SQLUSMALLINT)(at + 1), SQL_PARAM_INPUT, c_type, sql_type, size, 0, column->places,
		    (SQLLEN)column->width, column->lengths)))
		return 0;
	return fail(arrays, error);
}

/* Gives the direct columns their parts of the area. */
static int lay_out(struct bound_arrays *arrays, size_t count, struct error *error)
{
	size_t needed = 0;

	for (size_t i = 0; i < arrays->count; i++)
		needed += arrays->wanted[i] * count;
	if (needed > arrays->area_size) {
		char *area = realloc(arrays->area, needed);

		if (!area)
			return error_memory(error, "a writer");
		arrays->area = area;
		arrays->area_size = needed;
	}
	needed = 0;
	for (size_t i = 0; i < arrays->count; i++) {
		struct array_column *column = &arrays->columns[i];

		if (!column->span)
			continue;
		column->width = arrays->wanted[i];
		column->places = arrays->area + needed;
		needed += column->width * count;
	}
	return 0;
}

/* A statement for this number of elements and these widths. */
static int prepare(struct bound_arrays *arrays, size_t count, struct error *error)
{
	union {
		const char *in;
		SQLCHAR *out;
	} sql = { .in = arrays->sql };

	if (arrays->statement && arrays->elements == count && memcmp(arrays->widths, arrays->wanted, arrays->count * sizeof *arrays->widths) == 0)
		return 0;
	forget(arrays);
	if (lay_out(arrays, count, error) || session_handle(arrays->task->session, &arrays->statement, error))
		return -1;
	/* Integer attributes travel in the pointer. */
	if (!SQL_SUCCEEDED(SQLSetStmtAttr(arrays->statement, SQL_ATTR_PARAM_BIND_TYPE, SQL_PARAM_BIND_BY_COLUMN, 0)) ||
	    !SQL_SUCCEEDED(SQLSetStmtAttr(arrays->statement, SQL_ATTR_PARAMSET_SIZE, (SQLPOINTER)(uintptr_t)count, 0)) ||
	    !SQL_SUCCEEDED(SQLPrepare(arrays->statement, sql.out, SQL_NTS)))
		return fail(arrays, error);
	for (size_t i = 0; i < arrays->count; i++)
		if (bind_column(arrays, i, error))
			return -1;
	arrays->elements = count;
	memcpy(arrays->widths, arrays->wanted, arrays->count * sizeof *arrays->widths);
	return 0;
}

static void fill(const struct bound_arrays *arrays, struct array_column *column, const struct batch *batch, const uint32_t *rows, size_t count)
{
	const struct column *from = &batch->columns[column->from];

	for (size_t i = 0; i < count; i++) {
		uint32_t row = rows[i * arrays->together + column->turn];
		char *place = column->places + i * column->width;

		if (from->cells[row] != CELL_VALUE) {
			column->lengths[i] = SQL_NULL_DATA;
			continue;
		}
		column->lengths[i] = 0;
		if (column->carrier == CARRY_INTEGER) {
			memcpy(place, &from->integers[row], sizeof from->integers[row]);
		} else if (column->carrier == CARRY_DOUBLE) {
			memcpy(place, &from->doubles[row], sizeof from->doubles[row]);
		} else if (column->span) {
			column->lengths[i] = (SQLLEN)from->spans[row].length;
			if (from->spans[row].length)
				memcpy(place, batch_bytes(batch, from->spans[row]), from->spans[row].length);
		} else {
			column->lengths[i] = (SQLLEN)(carry_text(column->field, from, row, place) - column->plain);
		}
	}
}

int bound_arrays_execute(struct bound_arrays *arrays, const struct batch *batch, const uint32_t *rows, size_t count,
	struct diagnosis *diagnosis, struct error *error)
{
	struct session *session = arrays->task->session;
	size_t elements = count / arrays->together;
	SQLRETURN code;
	int result = -1;

	if (arrays->direct)
		return direct_arrays_execute(arrays->direct, batch, rows, count, diagnosis, error);
	/* The widths of these rows. */
	bound_arrays_take(arrays, batch, rows, count);
	if (prepare(arrays, elements, error)) {
		forget(arrays);
		return -1;
	}
	for (size_t i = 0; i < arrays->count; i++)
		fill(arrays, &arrays->columns[i], batch, rows, elements);
	code = SQLExecute(arrays->statement);
	if (SQL_SUCCEEDED(code) || code == SQL_NO_DATA) {
		SQLFreeStmt(arrays->statement, SQL_CLOSE);
		return 0;
	}
	if (session_diagnose(session, SQL_HANDLE_STMT, arrays->statement, diagnosis) == FAULT_OF_ROW)
		result = 1;
	else
		diagnosis_error(session, diagnosis, arrays->task->what, error);
	/* It is not used again after a refusal. */
	forget(arrays);
	return result;
}
