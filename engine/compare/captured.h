/* captured.h - the rows that are told of a comparison: which are wanted, and their values once they come by.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_COMPARE_CAPTURED_H
#define PENSTOCK_COMPARE_CAPTURED_H

#include <jansson.h>

#include "engine/core/batch.h"
#include "engine/core/fingerprint.h"

struct captured_cell;

struct captured_row {
	struct fingerprint key, row;
	int side;                    /* enum differ_side */
	uint64_t times;
	uint64_t record_no;
	struct captured_cell *cells; /* one a field; NULL: did not come by, or no room */
};

struct captured {
	struct captured_row *rows;   /* rows of one key stand together, A's first */
	size_t count, capacity;
	size_t cells;                /* fields of a row */
	size_t bytes;                /* of all values */
};

void captured_init(struct captured *captured);
void captured_fini(struct captured *captured);

/* A row that will come by on that side, so many times. Called key by key, A's rows first. */
int captured_want(struct captured *captured, const struct fingerprint *key, const struct fingerprint *row, int side, uint64_t times,
	struct error *error) MUST_CHECK;

/* Takes the row's values if it is wanted and has not come by. */
int captured_offer(struct captured *captured, const struct fingerprint *key, const struct fingerprint *row, int side,
	const struct batch *batch, uint32_t index, struct buffer *work, struct error *error) MUST_CHECK;

/* The array "rows" of differ_report, in the order in which rows stand in the tables. NULL when out of memory. */
json_t *captured_report(const struct captured *captured, const struct schema *schema, const size_t *key, size_t key_count);

#endif
