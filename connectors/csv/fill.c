/* fill.c - cells into columns, and what is wrong with a record itself.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/csv/fill.h"

#include <inttypes.h>
#include <string.h>

#include "engine/core/plural.h"
#include "engine/core/utf8.h"

/* The bad byte at text[at] for a person; offset is where it stands in the file. */
static int bad_byte(const struct fill *fill, struct batch *batch, uint32_t row, size_t field, char byte, uint64_t offset,
	struct error *error)
{
	if (byte == '\0')
		return batch_fault(batch, row, FAULT_ENCODING, field, error, "a NUL byte at byte %" PRIu64 " of the file", offset);
	if (fill->encoding)
		return batch_fault(batch, row, FAULT_ENCODING, field, error, "no character of %s, at byte %" PRIu64 " of the file's text",
			fill->encoding, offset);
	return batch_fault(batch, row, FAULT_ENCODING, field, error, "no UTF-8: 0x%02X at byte %" PRIu64 " of the file",
		(unsigned)(unsigned char)byte, offset);
}

/* The record has bad bytes. Taking the quotes off moves bytes but neither adds, drops nor reorders bad ones (a quote is
 * none), so the n-th of the cells is the n-th of the record, which tells where it stands in the file. */
static int blame_cells(struct fill *fill, struct batch *batch, uint32_t row, uint32_t base, struct error *error)
{
	const struct split *split = &fill->split;
	struct origin origin = batch->origins[row];
	size_t length = origin.text.length;
	size_t in_record = utf8_find_bad(batch_bytes(batch, origin.text), length, 0);
	size_t cells = split->count < fill->count ? split->count : fill->count;

	for (size_t i = 0; i < cells; i++) {
		struct span cell = { .offset = base + split->cells[i].offset, .length = split->cells[i].length };
		bool said = false;
		for (size_t at = 0; (at = utf8_find_bad(batch_bytes(batch, cell), cell.length, at)) < cell.length; at++) {
			char byte = batch_bytes(batch, cell)[at];
			if (!said && bad_byte(fill, batch, row, fill->fields[i], byte, origin.byte_offset + in_record, error) < 0)
				return -1;
			if (!said)
				batch->columns[fill->fields[i]].cells[row] = CELL_BAD;
			said = true;
			in_record = utf8_find_bad(batch_bytes(batch, origin.text), length, in_record + 1);
		}
	}
	if (in_record == length)
		return 0;
	return bad_byte(fill, batch, row, SCHEMA_NO_FIELD, batch_bytes(batch, origin.text)[in_record],
		origin.byte_offset + in_record, error);
}

/* Whether the cells beyond those that are expected may go. */
static bool may_drop(const struct fill *fill)
{
	return fill->extra == LONG_DROP || (fill->extra == LONG_DROP_EMPTY && !fill->split.filled_beyond);
}

int fill_row(struct fill *fill, struct batch *batch, uint32_t row, bool quoted, struct error *error)
{
	struct split *split = &fill->split;
	struct span text = batch->origins[row].text;
	uint32_t base = text.offset;

	if (quoted) {
		struct span room;
		char *out = batch_reserve(batch, text.length, &room, error);
		if (!out || split_quoted(split, batch_bytes(batch, text), text.length, out, error) < 0)
			return -1;
		batch->arena.used -= text.length - split->used;
		base = room.offset;
	} else {
		split_plain(split, batch_bytes(batch, text), text.length);
	}
	if (split->count > fill->columns_limit)
		return batch_fault(batch, row, FAULT_RECORD, SCHEMA_NO_FIELD, error,
			"%zu cells, more than limits.columns (%" PRIu64 ")", split->count, fill->columns_limit);
	if (split->too_long > 0)
		return batch_fault(batch, row, FAULT_RECORD, SCHEMA_NO_FIELD, error,
			"cell %zu has %zu bytes, more than limits.field (%" PRIu64 ")", split->too_long, split->too_long_bytes,
			fill->field_limit);

	size_t cells = split->count < fill->count ? split->count : fill->count;
	for (size_t i = 0; i < cells; i++) {
		struct column *column = &batch->columns[fill->fields[i]];
		column->cells[row] = CELL_TEXT;
		column->texts[row] = (struct span){ .offset = base + split->cells[i].offset, .length = split->cells[i].length };
	}
	for (size_t i = cells; fill->pad && i < fill->count; i++)
		batch->columns[fill->fields[i]].cells[row] = CELL_NULL;
	if (utf8_find_bad(batch_bytes(batch, text), text.length, 0) < text.length &&
	    blame_cells(fill, batch, row, base, error) < 0)
		return -1;
	if (split->count > fill->count && !may_drop(fill))
		return batch_fault(batch, row, FAULT_EXTRA, SCHEMA_NO_FIELD, error, "%zu cell%s expected, %zu found", fill->count,
			plural(fill->count, "", "s"), split->count);
	return 0;
}
