/* cell.h - one JSON value into a cell of a batch; record.h says which becomes what.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONNECTORS_JSON_CELL_H
#define PENSTOCK_CONNECTORS_JSON_CELL_H

#include "engine/core/batch.h"
#include "engine/core/buffer.h"

/* value: a span of the batch's arena that a walk has found to be one value and json_find_trouble to be text. work is scratch. Returns 0, or -1
 * and error (out of memory, the arena's ceiling). */
int json_cell_fill(struct batch *batch, size_t column, uint32_t row, struct span value, struct buffer *work,
	struct error *error) MUST_CHECK;

#endif
