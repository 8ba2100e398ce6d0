/* way_array.c - INSERT of one row with arrays of parameters, which the driver sends as one request (MariaDB's bulk protocol).
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every column has a place of the same width for each row. Numbers and formatted texts have it for good; for texts of any length it is as wide as
 * the longest of the rows at hand, and the rows are as many as fit. What the driver says of single rows is not believed (a status array full of
 * nonsense): a refused statement is taken back as a whole. And a statement is used again for as many rows in the same places alone: Connector/ODBC
 * 3.1 sends other values than those bound, or crashes, when the number grows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/array_proof.h"
#include "connectors/odbc/bulk.h"
#include "connectors/odbc/carry.h"
#include "connectors/odbc/dialect.h"
#include "connectors/odbc/way.h"

enum {
	ARRAY_ROWS_MAX = 1024,
	ARRAY_AREA_MAX = 2 * 1024 * 1024, /* of the places of numbers and formatted texts */
	ARRAY_BYTES_MAX = 1024 * 1024,  /* of long texts in one statement, as wide as the longest */
	LONG_TEXT = 1 << 20,            /* what the driver is told of their type; their own length counts */
	NARROWEST = 16,
	PACKET_RESERVE = 64 * 1024,     /* of what the server takes: for the rest of a row */
};

struct array_column {
	const struct field *field;
	enum carrier carrier;
	bool direct;      /* a span of the batch */
	bool plain;       /* a datetime without its Z */
	size_t width;     /* of a place */
	char *places;     /* direct: within the area for all of them */
	SQLLEN *lengths;  /* one a row: its length, or SQL_NULL_DATA */
};

struct array_way {
	struct way way;
	const struct way_task *task;
	struct array_column *columns;
	size_t count;
	size_t rows_max;
	bool has_direct;
	char *sql;
	SQLHSTMT statement; /* prepared for so many rows, and for these widths */
	size_t rows;
	size_t *widths;     /* count each: of the statement, and of the rows at hand */
	size_t *wanted;
	char *area;         /* of direct columns */
	size_t area_size;
};

static void array_close(struct way *way)
{
	struct array_way *array = (struct array_way *)way;

	if (!array)
		return;
	if (array->statement)
		SQLFreeHandle(SQL_HANDLE_STMT, array->statement);
	for (size_t i = 0; array->columns && i < array->count; i++) {
		if (!array->columns[i].direct)
			free(array->columns[i].places);
		free(array->columns[i].lengths);
	}
	free(array->columns);
	free(array->widths);
	free(array->wanted);
	free(array->sql);
	free(array->area);
	free(array);
}

static bool array_usable(struct session *session, char why[WAY_WHY_MAX])
{
	return array_proved(session, why);
}

static bool array_fits(const struct way_task *task, char why[WAY_WHY_MAX])
{
	if (task->schema->field_count)
		return array_proved(task->session, why);
	snprintf(why, WAY_WHY_MAX, "the table of the dictionary has no field");
	return false;
}

static size_t width_of(enum carrier carrier)
{
	return carrier == CARRY_INTEGER ? sizeof(int64_t) : carrier == CARRY_DOUBLE ? sizeof(double) : VALUE_TEXT_MAX;
}

static size_t rows_for(const struct way_task *task)
{
	size_t bytes = 1, rows;

	for (size_t i = 0; i < task->schema->field_count; i++)
		bytes += sizeof(SQLLEN) + width_of(task->session->dialect->carrier(&task->schema->fields[i]));
	rows = ARRAY_AREA_MAX / bytes;
	return rows > ARRAY_ROWS_MAX ? ARRAY_ROWS_MAX : rows ? rows : 1;
}

static int open_columns(struct array_way *array, struct error *error)
{
	const struct way_task *task = array->task;
	const struct dialect *dialect = task->session->dialect;

	array->rows_max = rows_for(task);
	array->count = task->schema->field_count;
	array->columns = calloc(array->count, sizeof *array->columns);
	array->widths = calloc(array->count, sizeof *array->widths);
	array->wanted = calloc(array->count, sizeof *array->wanted);
	if (!array->columns || !array->widths || !array->wanted)
		return error_memory(error, "a writer");
	for (size_t i = 0; i < array->count; i++) {
		struct array_column *column = &array->columns[i];

		column->field = &task->schema->fields[i];
		column->carrier = dialect->carrier(column->field);
		column->direct = value_storage(column->field->type) == STORAGE_SPAN;
		column->plain = column->field->type == VALUE_DATETIME && dialect->plain_datetimes;
		column->width = column->direct ? 0 : width_of(column->carrier);
		array->has_direct = array->has_direct || column->direct;
		column->lengths = calloc(array->rows_max, sizeof *column->lengths);
		if (!column->direct)
			column->places = calloc(array->rows_max, column->width);
		if (!column->lengths || (!column->direct && !column->places))
			return error_memory(error, "a writer");
	}
	return 0;
}

static int put_sql(const struct way_task *task, struct buffer *out, struct error *error)
{
	const struct dialect *dialect = task->session->dialect;

	if (way_put_insert(task, out, NULL, error) || buffer_puts(out, " VALUES (", error))
		return -1;
	for (size_t i = 0; i < task->schema->field_count; i++)
		if ((i && buffer_puts(out, ",", error)) || dialect->parameter(&task->schema->fields[i], way_column(task, i), out, error))
			return -1;
	return buffer_puts(out, ")", error) || way_put_upsert(task, out, error) ? -1 : 0;
}

static int array_open(const struct way_task *task, struct way **out, struct error *error)
{
	struct array_way *array = calloc(1, sizeof *array);
	struct buffer sql;
	int result = -1;

	if (!array)
		return error_memory(error, "a writer");
	array->way.ops = &way_array;
	array->task = task;
	buffer_init(&sql, BULK_SQL_MAX);
	if (put_sql(task, &sql, error) == 0 && open_columns(array, error) == 0) {
		array->sql = strdup(buffer_text(&sql));
		result = array->sql ? 0 : error_memory(error, "a writer");
	}
	buffer_fini(&sql);
	if (result)
		array_close(&array->way);
	else
		*out = &array->way;
	return result;
}

static size_t bytes_max(const struct array_way *array)
{
	uint64_t most = array->task->session->statement_bytes_max / 2;

	return most && most < ARRAY_BYTES_MAX ? (size_t)most : ARRAY_BYTES_MAX;
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

/* The columns are as wide as the longest text of the rows so far; array->wanted becomes their widths. */
static size_t rows_that_fit(const struct array_way *array, const struct batch *batch, const uint32_t *rows, size_t count)
{
	size_t most = bytes_max(array), total = 0, taken = 0;

	if (count > array->rows_max)
		count = array->rows_max;
	for (size_t i = 0; i < array->count; i++) {
		array->wanted[i] = array->columns[i].direct ? NARROWEST : 0;
		total += array->wanted[i];
	}
	for (; array->has_direct && taken < count; taken++) {
		size_t wider = total;

		for (size_t i = 0; i < array->count; i++) {
			size_t length = array->columns[i].direct ? length_of(batch, i, rows[taken]) : 0;

			if (length > array->wanted[i])
				wider += width_for(length) - array->wanted[i];
		}
		if (taken && wider * (taken + 1) > most)
			return taken;
		if (wider == total)
			continue;
		total = wider;
		for (size_t i = 0; i < array->count; i++) {
			size_t length = array->columns[i].direct ? length_of(batch, i, rows[taken]) : 0;

			if (length > array->wanted[i])
				array->wanted[i] = width_for(length);
		}
	}
	return count;
}

static size_t array_take(const struct way *way, const struct batch *batch, const uint32_t *rows, size_t count)
{
	return rows_that_fit((const struct array_way *)way, batch, rows, count);
}

static int fail(struct array_way *array, struct error *error)
{
	session_fail(array->task->session, SQL_HANDLE_STMT, array->statement, array->task->what, error);
	return -1;
}

static int bind_column(struct array_way *array, size_t at, struct error *error)
{
	struct array_column *column = &array->columns[at];
	SQLSMALLINT c_type = SQL_C_CHAR, sql_type = SQL_VARCHAR;
	SQLULEN size = column->direct ? LONG_TEXT : VALUE_TEXT_MAX;

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
	if (SQL_SUCCEEDED(SQLBindParameter(array->statement, (SQLUSMALLINT)(at + 1), SQL_PARAM_INPUT, c_type, sql_type, size, 0, column->places,
		    (SQLLEN)column->width, column->lengths)))
		return 0;
	return fail(array, error);
}

/* Gives the direct columns their parts of the area. */
static int lay_out(struct array_way *array, size_t count, struct error *error)
{
	size_t needed = 0;

	for (size_t i = 0; i < array->count; i++)
		needed += array->wanted[i] * count;
	if (needed > array->area_size) {
		char *area = realloc(array->area, needed);

		if (!area)
			return error_memory(error, "a writer");
		array->area = area;
		array->area_size = needed;
	}
	needed = 0;
	for (size_t i = 0; i < array->count; i++) {
		struct array_column *column = &array->columns[i];

		if (!column->direct)
			continue;
		column->width = array->wanted[i];
		column->places = array->area + needed;
		needed += column->width * count;
	}
	return 0;
}

static void forget(struct array_way *array)
{
	if (array->statement)
		SQLFreeHandle(SQL_HANDLE_STMT, array->statement);
	array->statement = SQL_NULL_HSTMT;
}

/* A statement for this number of rows and these widths. */
static int prepare(struct array_way *array, size_t count, struct error *error)
{
	union {
		const char *in;
		SQLCHAR *out;
	} sql = { .in = array->sql };

	if (array->statement && array->rows == count && memcmp(array->widths, array->wanted, array->count * sizeof *array->widths) == 0)
		return 0;
	forget(array);
	if (lay_out(array, count, error) || session_handle(array->task->session, &array->statement, error))
		return -1;
	/* Integer attributes travel in the pointer. */
	if (!SQL_SUCCEEDED(SQLSetStmtAttr(array->statement, SQL_ATTR_PARAM_BIND_TYPE, SQL_PARAM_BIND_BY_COLUMN, 0)) ||
	    !SQL_SUCCEEDED(SQLSetStmtAttr(array->statement, SQL_ATTR_PARAMSET_SIZE, (SQLPOINTER)(uintptr_t)count, 0)) ||
	    !SQL_SUCCEEDED(SQLPrepare(array->statement, sql.out, SQL_NTS)))
		return fail(array, error);
	for (size_t i = 0; i < array->count; i++)
		if (bind_column(array, i, error))
			return -1;
	array->rows = count;
	memcpy(array->widths, array->wanted, array->count * sizeof *array->widths);
	return 0;
}

static void fill(struct array_column *column, const struct batch *batch, const struct column *from, const uint32_t *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t row = rows[i];
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
		} else if (column->direct) {
			column->lengths[i] = (SQLLEN)from->spans[row].length;
			if (from->spans[row].length)
				memcpy(place, batch_bytes(batch, from->spans[row]), from->spans[row].length);
		} else {
			column->lengths[i] = (SQLLEN)(carry_text(column->field, from, row, place) - column->plain);
		}
	}
}

/* One row that is more than the server takes in one piece would cost the connection. */
static bool is_too_large(const struct array_way *array, size_t count, struct diagnosis *diagnosis)
{
	uint64_t most = array->task->session->statement_bytes_max, bytes = PACKET_RESERVE;

	for (size_t i = 0; i < array->count; i++)
		bytes += array->wanted[i];
	if (count > 1 || !most || bytes <= most)
		return false;
	memset(diagnosis, 0, sizeof *diagnosis);
	diagnosis->at = DIAGNOSIS_NOWHERE;
	diagnosis->trouble.kind = TROUBLE_ROW;
	snprintf(diagnosis->words, sizeof diagnosis->words, "the row is larger than the server takes in one piece (max_allowed_packet, %llu bytes)",
		(unsigned long long)most);
	return true;
}

static int execute(struct array_way *array, struct diagnosis *diagnosis, struct error *error)
{
	struct session *session = array->task->session;
	SQLRETURN code = SQLExecute(array->statement);
	int result = 1;

	if (SQL_SUCCEEDED(code) || code == SQL_NO_DATA) {
		SQLFreeStmt(array->statement, SQL_CLOSE);
		return 0;
	}
	if (session_diagnose(session, SQL_HANDLE_STMT, array->statement, diagnosis) != FAULT_OF_ROW) {
		diagnosis_error(session, diagnosis, array->task->what, error);
		result = -1;
	}
	forget(array);
	return result;
}

static int array_insert(struct way *way, const struct batch *batch, const uint32_t *rows, size_t count, struct diagnosis *diagnosis,
	struct error *error)
{
	struct array_way *array = (struct array_way *)way;

	rows_that_fit(array, batch, rows, count);
	if (is_too_large(array, count, diagnosis))
		return 1;
	if (prepare(array, count, error)) {
		forget(array);
		return -1;
	}
	for (size_t i = 0; i < array->count; i++)
		fill(&array->columns[i], batch, &batch->columns[i], rows, count);
	return execute(array, diagnosis, error);
}

static int array_print(const struct way *way, struct buffer *out, size_t *rows, struct error *error)
{
	const struct array_way *array = (const struct array_way *)way;

	*rows = array->rows_max;
	return buffer_puts(out, array->sql, error);
}

const struct way_ops way_array = {
	.name = "array",
	.help = "INSERT of one row with arrays of parameters, sent as one request",
	.usable = array_usable,
	.fits = array_fits,
	.open = array_open,
	.take = array_take,
	.insert = array_insert,
	.print = array_print,
	.close = array_close,
};
