/* given.h - a lookup without a database: its tables are rows in memory, and every other table is there and empty.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CORE_GIVEN_H
#define PENSTOCK_CORE_GIVEN_H

#include "engine/core/buffer.h"
#include "engine/core/lookup.h"

struct given_table {
	const char *resource;
	const struct batch *rows; /* judged: their cells are values or null; all of them count */
};

struct given {
	struct lookup base;
	const struct given_table *tables; /* borrowed */
	size_t count;
	const struct batch *scanned;      /* NULL: a table without rows */
	size_t at;
	struct buffer left, right;        /* keys, for comparing */
};

/* The tables are borrowed. Call fini in any case. */
void given_init(struct given *given, const struct given_table *tables, size_t count);
void given_fini(struct given *given);

#endif
