/* lookup.h - what the rules need to know of the target's tables: which keys are there. Implemented by the sink's room.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every call runs on the writer's own connection, on the thread of the sink's station, so it sees what this run has
 * written and never waits for it. Keys travel as batches: one column per key field, typed as the dictionary types it.
 */
#ifndef PENSTOCK_CORE_LOOKUP_H
#define PENSTOCK_CORE_LOOKUP_H

#include "engine/core/batch.h"

struct lookup_table {
	bool exists;
	bool indexed; /* a unique index (or primary key) of exactly these columns is there, so a probe is cheap and exact */
	uint64_t rows_hint; /* the database's estimate, 0 where it has none */
};

struct lookup;

struct lookup_ops {
	/* resource is the dictionary's name; the implementation knows the target table behind it. columns: count names. */
	int (*describe)(struct lookup *lookup, const char *resource, const char *const *columns, size_t count,
		struct lookup_table *out, struct error *error);

	/* Starts reading all distinct keys without a null part; fields of keys are the referenced columns by name and type. */
	int (*scan_open)(struct lookup *lookup, const char *resource, const struct schema *keys, struct error *error);
	/* Fills an empty batch of that schema; 0 rows: the end. */
	int (*scan_read)(struct lookup *lookup, struct batch *out, struct error *error);
	void (*scan_close)(struct lookup *lookup);

	/* Which of count keys are there. The keys are rows[] of in, part i in column in_columns[i]; parts are never null.
	 * out (schema keys, capacity at least count) gets those found, in any order; distinct. */
	int (*probe)(struct lookup *lookup, const char *resource, const struct schema *keys, const struct batch *in,
		const size_t *in_columns, const uint32_t *rows, size_t count, struct batch *out, struct error *error);
};

/* The first member of what implements it. */
struct lookup {
	const struct lookup_ops *ops;
};

#endif
