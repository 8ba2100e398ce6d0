/* cells.c - cells as bytes: each behind its length.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/mend/cells.h"

#include <inttypes.h>
#include <string.h>

#include "engine/core/utf8.h"

int cells_begin(struct buffer *body, unsigned flags, struct error *error)
{
	char byte = (char)flags;
	buffer_clear(body);
	return buffer_append(body, &byte, 1, error);
}

int cells_put(struct buffer *body, struct text cell, struct error *error)
{
	uint32_t length = (uint32_t)cell.length;
	if (buffer_append(body, (const char *)&length, sizeof length, error) < 0)
		return -1;
	return length ? buffer_append(body, cell.data, length, error) : 0;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

size_t cells_find_escape(struct text text)
{
	for (size_t i = 0; i + 4 <= text.length; i++)
		if (text.data[i] == '\\' && text.data[i + 1] == 'x' && is_hex(text.data[i + 2]) && is_hex(text.data[i + 3]))
			return i;
	return text.length;
}

static int take(struct text *rest, struct text *cell)
{
	uint32_t length;
	if (rest->length < sizeof length)
		return 0;
	memcpy(&length, rest->data, sizeof length);
	*cell = (struct text){ rest->data + sizeof length, length };
	rest->data += sizeof length + length;
	rest->length -= sizeof length + length;
	return 1;
}

static int fill_cell(struct batch *batch, uint32_t row, size_t field, struct text cell, unsigned flags, struct error *error)
{
	struct column *column = &batch->columns[field];
	size_t bad = utf8_find_bad(cell.data, cell.length, 0);
	size_t escape = flags & CELLS_ESCAPED ? cells_find_escape(cell) : cell.length;
	if (batch_store(batch, cell.data, cell.length, &column->texts[row], error) < 0)
		return -1;
	column->cells[row] = bad < cell.length || escape < cell.length ? CELL_BAD : CELL_TEXT;
	if (escape < cell.length)
		return batch_fault(batch, row, FAULT_ENCODING, field, error, "still has %.4s in the place of a byte that was no UTF-8",
			cell.data + escape);
	if (bad < cell.length)
		return batch_fault(batch, row, FAULT_ENCODING, field, error,
			cell.data[bad] ? "no UTF-8: 0x%02X; save the file in UTF-8" : "a NUL byte (0x%02X)", (unsigned)(unsigned char)cell.data[bad]);
	return 0;
}

int cells_fill(struct batch *batch, uint32_t row, struct text body, uint64_t field_limit, struct text *extra, struct error *error)
{
	unsigned flags = body.length ? (unsigned char)body.data[0] : 0;
	struct text rest = { body.data + 1, body.length - 1 }, cell;
	*extra = (struct text){ "", 0 };
	if (flags & CELLS_DAMAGED) {
		take(&rest, extra);
		return batch_fault(batch, row, FAULT_RECORD, SCHEMA_NO_FIELD, error,
			"the record cannot be cut into cells: write them into the columns of `rejects export`");
	}
	for (size_t field = 0; field < batch->schema->field_count && take(&rest, &cell); field++) {
		if (cell.length > field_limit) {
			for (size_t i = 0; i < field; i++)
				batch->columns[i].cells[row] = CELL_ABSENT;
			return batch_fault(batch, row, FAULT_RECORD, SCHEMA_NO_FIELD, error,
				"cell %zu has %zu bytes, more than limits.field (%" PRIu64 ")", field + 1, cell.length, field_limit);
		}
		if (fill_cell(batch, row, field, cell, flags, error) < 0)
			return -1;
	}
	if (!(flags & CELLS_EXTRA))
		return 0;
	take(&rest, extra);
	return batch_fault(batch, row, FAULT_EXTRA, SCHEMA_NO_FIELD, error,
		"has cells that are of no field: put them where they belong, and leave the column \"extra\" empty");
}
