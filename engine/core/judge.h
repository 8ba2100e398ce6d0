/* judge.h - what the engine asks of the rules: judge the cells of a batch, then its keys.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Order of judgement: 1 the record, 2 every cell (type, then constraints), 3 only for rows without violation so far:
 * primary key, unique keys, foreign keys, all of them. A key belongs to the first record that passes 1 to 3.
 */
#ifndef PENSTOCK_CORE_JUDGE_H
#define PENSTOCK_CORE_JUDGE_H

#include <stdbool.h>

#include "engine/core/batch.h"
#include "engine/core/cancel.h"
#include "engine/core/lookup.h"

enum key_policy {
	KEYS_APPEND = 0, /* a key that the target holds is a reject */
	KEYS_UPSERT,     /* the upsert key may be there; the same key twice in one run is a reject */
	KEYS_REPLACE,    /* the target's rows do not count */
};

struct judge;

struct judge_context {
	const struct limits *limits;
	struct rule_set *rules;       /* filled by judge_new with every rule of the program */
	enum key_policy policy;
	const struct key *upsert_key; /* KEYS_UPSERT; fields by index */
	const char *target;           /* the table that is written to; NULL where there is none */
	bool check_types_only;        /* `check: types`: cells are cast, and no rule but their types applies, not even required */
	bool dry_run;                 /* nothing is written: keys of accepted rows must be remembered by the judge itself */
	bool each_batch_alone;        /* a batch is a load of its own (a request): the target is asked about its keys, no others are remembered, and settled is not called */
	struct judge *const *earlier; /* judges of earlier steps, whose accepted keys count as parents (dry run; steps without a database), and as the target's where it is the same */
	size_t earlier_count;
	struct cancel *cancel;
};

struct judge_ops {
	/* On the sink's thread, before rows flow. Reads the keys of the target and of parents as far as limits.keys allow; the
	 * rest will be probed. lookup NULL: there is no database behind the sink. */
	int (*prepare)(struct judge *judge, struct lookup *lookup, struct error *error);

	/* Stages 1 and 2, on the rules thread: faults become violations, cells become typed values. */
	int (*cells)(struct judge *judge, struct batch *batch, struct error *error);

	/* Stage 3. On the rules thread (at_sink false) it leaves the batch, and every later one, with keys_judged false once
	 * some key set is not in memory; the sink's station then calls it with at_sink true, batch after batch, each after
	 * the earlier one was written. Violations come out sorted. */
	int (*keys)(struct judge *judge, struct batch *batch, bool at_sink, struct error *error);

	/* On the sink's thread after a batch was written (or replayed): rows that the database refused keep their keys. */
	int (*settled)(struct judge *judge, const struct batch *batch, struct error *error);

	/* After prepare. Whether no key needs the target while rows flow: all sets are in memory, or no key is judged. It ends with the first
	 * batch whose keys were not judged on the rules thread. */
	bool (*keys_in_memory)(const struct judge *judge);

	/* Bytes held by key sets now; for statistics. */
	size_t (*memory)(const struct judge *judge);

	void (*free)(struct judge *judge);
};

/* The first member of what implements it. */
struct judge {
	const struct judge_ops *ops;
};

#endif
