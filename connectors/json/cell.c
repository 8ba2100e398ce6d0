/* cell.c - strings, numbers, words and nested values, each in its own way.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/json/cell.h"

#include <assert.h>
#include <string.h>

#include "connectors/json/string.h"
#include "engine/core/json_text.h"
#include "engine/core/typed.h"

enum { SHOWN_MAX = 64 }; /* bytes of a value of the wrong type; the rest is in the record */

struct cell {
	struct batch *batch;
	size_t column;
	uint32_t row;
	struct span value; /* as it stands in the record */
	struct buffer *work;
	struct error *error;
};

static const char *bytes(const struct cell *cell)
{
	return batch_bytes(cell->batch, cell->value);
}

static enum value_type type_of(const struct cell *cell)
{
	return cell->batch->columns[cell->column].field->type;
}

static int put_text(const struct cell *cell, struct span text)
{
	struct column *column = &cell->batch->columns[cell->column];

	column->texts[cell->row] = text;
	column->cells[cell->row] = CELL_TEXT;
	return 0;
}

static int wrong_type(const struct cell *cell)
{
	char shown[SHOWN_MAX]; /* a copy, since it is stored in the arena, which may move */
	size_t length = cell->value.length < SHOWN_MAX ? cell->value.length : SHOWN_MAX;

	memcpy(shown, bytes(cell), length);
	if (typed_bad(cell->batch, cell->column, cell->row, (struct text){ shown, length }, cell->error) < 0)
		return -1;
	cell->batch->columns[cell->column].texts[cell->row] = cell->value;
	return 0;
}

/* In a field whose texts are read as JSON: one that is JSON would become something else than the string that it is, so it keeps its quotes. */
static int put_string_of_json(const struct cell *cell, struct span text)
{
	buffer_clear(cell->work);
	int json = json_canonical(batch_bytes(cell->batch, text), text.length, cell->work, NULL, cell->error);
	if (json < 0)
		return -1;
	return put_text(cell, json > 0 ? cell->value : text);
}

static int put_string(const struct cell *cell)
{
	struct span text = { cell->value.offset + 1, cell->value.length - 2 };

	if (memchr(batch_bytes(cell->batch, text), '\\', text.length)) {
		struct span plain;
		char *out = batch_reserve(cell->batch, text.length, &plain, cell->error);
		if (!out)
			return -1;
		plain.length = (uint32_t)json_unescape(batch_bytes(cell->batch, text), text.length, out);
		cell->batch->arena.used -= text.length - plain.length;
		text = plain;
	}
	return type_of(cell) == VALUE_JSON ? put_string_of_json(cell, text) : put_text(cell, text);
}

/* 1.0 is the integer 1 in JSON, which knows one kind of numbers. */
static void drop_zeros(struct buffer *number)
{
	size_t length = number->length;

	if (!memchr(number->data, '.', length))
		return;
	while (number->data[length - 1] == '0')
		length--;
	if (number->data[length - 1] == '.')
		number->data[number->length = length - 1] = '\0';
}

/* With a point or an exponent: read here, since the marks that the dictionary agrees on for numbers in texts may give a point another meaning. */
static int put_fraction(const struct cell *cell)
{
	bool valid;

	buffer_clear(cell->work);
	int json = json_canonical(bytes(cell), cell->value.length, cell->work, NULL, cell->error);
	if (json < 0)
		return -1;
	if (json == 0)
		return wrong_type(cell);
	if (type_of(cell) == VALUE_INTEGER)
		drop_zeros(cell->work);
	if (typed_read(cell->batch, cell->column, cell->row, (struct text){ cell->work->data, cell->work->length }, &valid,
		    cell->error) < 0)
		return -1;
	if (!valid)
		return wrong_type(cell);
	cell->batch->columns[cell->column].texts[cell->row] = cell->value;
	return 0;
}

static int put_number(const struct cell *cell)
{
	const char *text = bytes(cell);
	size_t length = cell->value.length;
	bool whole = !memchr(text, '.', length) && !memchr(text, 'e', length) && !memchr(text, 'E', length);

	switch (type_of(cell)) {
	case VALUE_STRING:
	case VALUE_UUID:
	case VALUE_BINARY:
		return wrong_type(cell);
	case VALUE_DOUBLE:
	case VALUE_DECIMAL:
	case VALUE_INTEGER:
		return whole ? put_text(cell, cell->value) : put_fraction(cell);
	case VALUE_YEAR:
		return whole ? put_text(cell, cell->value) : wrong_type(cell);
	default:
		return put_text(cell, cell->value);
	}
}

static int put_boolean(const struct cell *cell, bool value)
{
	if (type_of(cell) == VALUE_JSON)
		return put_text(cell, cell->value);
	if (type_of(cell) != VALUE_BOOLEAN)
		return wrong_type(cell);
	typed_integer(cell->batch, cell->column, cell->row, value);
	cell->batch->columns[cell->column].texts[cell->row] = cell->value;
	return 0;
}

static int put_nested(const struct cell *cell)
{
	if (type_of(cell) != VALUE_JSON)
		return wrong_type(cell);
	buffer_clear(cell->work);
	int json = json_canonical(bytes(cell), cell->value.length, cell->work, NULL, cell->error);
	if (json < 0)
		return -1;
	return json == 0 ? wrong_type(cell) : put_text(cell, cell->value); /* a key twice, or numbers that would fill the memory */
}

int json_cell_fill(struct batch *batch, size_t column, uint32_t row, struct span value, struct buffer *work,
	struct error *error)
{
	struct cell cell = { batch, column, row, value, work, error };

	switch (*bytes(&cell)) {
	case 'n':
		typed_null(batch, column, row);
		return 0;
	case 't':
	case 'f':
		return put_boolean(&cell, *bytes(&cell) == 't');
	case '"':
		return put_string(&cell);
	case '{':
	case '[':
		return put_nested(&cell);
	default:
		return put_number(&cell);
	}
}
