/* result.c - values of SQLite into cells.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/sqlite/result.h"

#include <inttypes.h>
#include <math.h>

#include "engine/core/cell.h"
#include "engine/core/typed.h"
#include "engine/core/utf8.h"
#include "engine/sqlite/rows.h"

/* What a cell may need beside its text: a fault. */
enum { CELL_ROOM = 1536 };

static const double WHOLE_MAX = 9007199254740992.0; /* 2^53: beyond it a double stands for several integers */

int result_room(const struct result *result, struct batch *batch, bool *moved, struct error *error)
{
	int count = sqlite3_column_count(result->statement);
	size_t room = CELL_ROOM * ((size_t)count + 1);
	struct span unused;

	for (int i = 0; i < count; i++) {
		int type = sqlite3_column_type(result->statement, i);

		if (type == SQLITE_TEXT || type == SQLITE_BLOB)
			room += (size_t)sqlite3_column_bytes(result->statement, i);
	}
	*moved = !batch->arena.data || room > batch->arena.size - batch->arena.used;
	if (!*moved)
		return 0;
	if (!batch_reserve(batch, room, &unused, error))
		return -1;
	batch->arena.used -= room;
	return 0;
}

static int take_blob(const struct result *result, struct batch *batch, size_t field, uint32_t row, int number, struct error *error)
{
	const char *data = sqlite3_column_blob(result->statement, number);
	struct text bytes = {data ? data : "", (size_t)sqlite3_column_bytes(result->statement, number)};

	return cell_blob(batch, field, row, bytes, result->limit, error);
}

/* A text that SQL handed on as it was, or that a date function made, for a field that is no string. *taken: it was one of the field. */
static int take_canonical(const struct result *result, struct batch *batch, size_t field, uint32_t row, int number, bool *taken,
	struct error *error)
{
	const char *data = (const char *)sqlite3_column_text(result->statement, number); /* with a NUL at its end */
	struct text text = {data, (size_t)sqlite3_column_bytes(result->statement, number)};

	*taken = false;
	if (!data)
		return error_memory(error, "a value of a transform");
	return typed_read(batch, field, row, text, taken, error);
}

static int put_text(struct batch *batch, size_t field, uint32_t row, const char *data, size_t length, struct error *error)
{
	struct column *column = &batch->columns[field];
	const char *arena = batch->arena.data;
	struct span span = {0};

	if (length > 0 && arena && data >= arena && data + length <= arena + batch->arena.used) {
		span = (struct span){.offset = (uint32_t)(data - arena), .length = (uint32_t)length};
	} else {
		if (utf8_find_bad(data, length, 0) < length) {
			column->cells[row] = CELL_BAD;
			return batch_fault(batch, row, FAULT_ENCODING, field, error, "the transform makes %.64s of bytes that are no text in UTF-8",
				column->field->name);
		}
		if (batch_store(batch, data, length, &span, error) < 0)
			return -1;
	}
	column->texts[row] = span;
	column->cells[row] = CELL_TEXT;
	return 0;
}

static int take_text(const struct result *result, struct batch *batch, size_t field, uint32_t row, int number, struct error *error)
{
	/* As bytes: SQLite would copy a text to put a NUL behind it. */
	struct column *column = &batch->columns[field];
	bool canonical = sqlite3_value_subtype(sqlite3_column_value(result->statement, number)) == ROWS_CANONICAL;
	const char *data = sqlite3_column_blob(result->statement, number);
	size_t length = (size_t)sqlite3_column_bytes(result->statement, number);

	if (length > result->limit) {
		column->cells[row] = CELL_BAD;
		return batch_fault(batch, row, FAULT_RECORD, SCHEMA_NO_FIELD, error, "the transform makes %.64s %zu bytes long, more than limits.field (%"
			PRIu64 ")", column->field->name, length, result->limit);
	}
	if (canonical && column->field->type != VALUE_STRING) {
		bool taken;

		if (take_canonical(result, batch, field, row, number, &taken, error) < 0)
			return -1;
		if (taken)
			return 0;
		data = (const char *)sqlite3_column_text(result->statement, number);
	}
	if (put_text(batch, field, row, data ? data : "", length, error) < 0)
		return -1;
	/* What is a string already is no missing value, whatever it says. */
	if (canonical && column->field->type == VALUE_STRING && column->cells[row] == CELL_TEXT)
		column->cells[row] = CELL_VALUE;
	return 0;
}

/* JSON has numbers of its own. */
static int take_number_as_json(const struct result *result, struct batch *batch, size_t field, uint32_t row, int number, struct error *error)
{
	const char *data = (const char *)sqlite3_column_text(result->statement, number);

	if (!data)
		return error_memory(error, "a value of a transform");
	return put_text(batch, field, row, data, (size_t)sqlite3_column_bytes(result->statement, number), error);
}

static int take_real(struct batch *batch, size_t field, uint32_t row, double value, struct error *error)
{
	enum value_type type = batch->columns[field].field->type;

	/* Whole numbers are numbers of the same value for SQLite: round() gives 3.0. */
	if ((type == VALUE_INTEGER || type == VALUE_YEAR) && fabs(value) <= WHOLE_MAX && value == floor(value))
		return cell_integer(batch, field, row, (int64_t)value, error);
	return cell_real(batch, field, row, value, error);
}

int result_take(const struct result *result, struct batch *batch, uint32_t row, struct error *error)
{
	int count = sqlite3_column_count(result->statement), failed = 0;

	for (int i = 0; i < count && failed == 0; i++) {
		size_t field = result->fields[i];
		int type = sqlite3_column_type(result->statement, i);

		if (type == SQLITE_NULL)
			typed_null(batch, field, row);
		else if (type == SQLITE_TEXT)
			failed = take_text(result, batch, field, row, i, error);
		else if (type == SQLITE_BLOB)
			failed = take_blob(result, batch, field, row, i, error);
		else if (batch->columns[field].field->type == VALUE_JSON)
			failed = take_number_as_json(result, batch, field, row, i, error);
		else if (type == SQLITE_INTEGER)
			failed = cell_integer(batch, field, row, sqlite3_column_int64(result->statement, i), error);
		else
			failed = take_real(batch, field, row, sqlite3_column_double(result->statement, i), error);
	}
	return failed;
}
