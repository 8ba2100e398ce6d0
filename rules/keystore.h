/* keystore.h - an exact set of keys: in memory while it fits the budget of its judge, then in a temporary file.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A store never moves by itself: its owner looks at the budget between batches and spills. On disk, new keys gather in
 * memory first and go to the file in order, many at a time; filters answer for most keys that were never seen:
 *
 *   key -> among the new ones? -> may a filter have it? -> the file
 */
#ifndef PENSTOCK_RULES_KEYSTORE_H
#define PENSTOCK_RULES_KEYSTORE_H

#include <stdatomic.h>

#include "rules/bloom.h"
#include "rules/byteset.h"
#include "rules/integerset.h"
#include "rules/keydisk.h"

/* Bytes of all stores of one judge; the rules thread and the sink's thread both count. */
struct keybudget {
	atomic_size_t used;
	size_t limit;
	size_t allowance; /* of a store on disk, for new keys, and once more for filters */
	uint64_t seed;
};

struct keystore {
	enum key_kind kind;
	struct keybudget *budget;    /* NULL: not counted, and never on disk */
	size_t counted;              /* of this store in budget->used */
	struct integerset *integers; /* all keys, or the new ones; by kind */
	struct byteset *bytes;
	struct keyfile *file;   /* not NULL: the store is on disk */
	struct bloom **filters; /* one for each time that new keys went to the file */
	size_t filter_count;
	size_t filter_memory;
	bool unfiltered; /* some keys of the file are in no filter */
};

/* stores: how many may share the budget. */
void keybudget_init(struct keybudget *budget, size_t limit, size_t stores);

/* Returns 0 or -1 (out of memory). */
int keystore_init(struct keystore *store, enum key_kind kind, struct keybudget *budget, struct error *error) MUST_CHECK;
void keystore_fini(struct keystore *store);

static inline bool keystore_in_memory(const struct keystore *store)
{
	return store->file == NULL;
}

int keystore_has(const struct keystore *store, const struct keyvalue *key, bool *out, struct error *error) MUST_CHECK;
int keystore_add(struct keystore *store, const struct keyvalue *key, struct error *error) MUST_CHECK;

/* Forgets the keys of a store in memory; keeps some of it for the next use. */
void keystore_clear(struct keystore *store);

/* Moves the keys to disk and gives their memory back. */
int keystore_spill(struct keystore *store, struct keydisk *disk, struct error *error) MUST_CHECK;

/* Bytes in memory now, and how many more it may need at once when more keys come. */
size_t keystore_memory(const struct keystore *store);
size_t keystore_growth(const struct keystore *store, size_t more);

#endif
