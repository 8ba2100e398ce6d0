/* fill.h - one framed record into one row of a batch.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONNECTORS_CSV_FILL_H
#define PENSTOCK_CONNECTORS_CSV_FILL_H

#include "connectors/csv/split.h"
#include "engine/core/batch.h"

/* What to make of a record that has more cells than it should. */
enum long_rows {
	LONG_REJECT = 0, /* an extra-cell */
	LONG_DROP_EMPTY, /* extra cells with nothing in them are dropped; with something in one, an extra-cell */
	LONG_DROP,       /* extra cells are dropped */
};

struct fill {
	struct split split;
	const size_t *fields; /* of the cells in their order: the field of each; borrowed */
	size_t count;         /* cells that are expected: split keeps as many */
	const char *encoding; /* of which the text was made; NULL: it is UTF-8 as it stands */
	uint64_t columns_limit, field_limit;
	bool pad;             /* cells that are not there are null, instead of a missing-cell each */
	enum long_rows extra;
};

/* Sets the cells of a row whose origin is set and whose text is in the arena already; records faults. A record over a
 * limit keeps all its cells CELL_ABSENT. Returns 0, or -1 and error. */
int fill_row(struct fill *fill, struct batch *batch, uint32_t row, bool quoted, struct error *error) MUST_CHECK;

#endif
