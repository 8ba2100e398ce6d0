/* cells.h - the cells of one record as bytes, on their way through a staged item into a row of a batch.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_MEND_CELLS_H
#define PENSTOCK_MEND_CELLS_H

#include "engine/core/batch.h"
#include "engine/core/buffer.h"

enum cells_flag {
	CELLS_ESCAPED = 1, /* bytes that were no UTF-8 stand in them as \xHH: a cell that still has one is no text yet */
	CELLS_DAMAGED = 2, /* one cell: a text that could not be cut into cells */
	CELLS_EXTRA = 4,   /* the last cell is of no field: what was found beyond the others */
};

/* begin, then put for each cell in the order of the fields. Each returns 0, or -1 and error. */
int cells_begin(struct buffer *body, unsigned flags, struct error *error) MUST_CHECK;
int cells_put(struct buffer *body, struct text cell, struct error *error) MUST_CHECK;

/* Sets the cells of a row of the batch; records what is wrong with the record, as a source does. *extra: what is of no field, the whole text
 * of a damaged record; points into the body. */
int cells_fill(struct batch *batch, uint32_t row, struct text body, uint64_t field_limit, struct text *extra, struct error *error) MUST_CHECK;

/* The first byte in the text that stands there as \xHH; text.length where there is none. */
size_t cells_find_escape(struct text text);

#endif
