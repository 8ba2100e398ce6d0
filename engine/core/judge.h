/* judge.h - what the engine asks of the rules: judge the cells of a batch, then its keys.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Order of judgement: 1 the record, 2 every cell (type, then constraints), 3 only for rows without violation so far:
 * primary key, unique keys, foreign keys, all of them. A key belongs to the first record that passes 1 to 3.
 */
#ifndef PENSTOCK_CORE_JUDGE_H
#define PENSTOCK_CORE_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

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
	bool whole_batch;             /* the one batch is all there is: rows of a table that refers to itself wait within it */
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

	/* On the sink's thread after a batch was written (or replayed): rows that the database refused keep their keys, and are no parents. */
	int (*settled)(struct judge *judge, const struct batch *batch, struct error *error);

	/* After prepare. Whether no key needs the target while rows flow: all sets are in memory, or no key is judged. It ends with the first
	 * batch whose keys were not judged on the rules thread. */
	bool (*keys_in_memory)(const struct judge *judge);

	/* --- tables that refer to themselves --- */

	/* Whether that is so, and its keys are judged. Then keys judges at the sink alone, where it is known what became of the earlier batches, and
	 * leaves ROW_WAITING, with what is wrong with it otherwise, each row whose parent among the table's own records has not come. (Not
	 * where each batch is alone: there rows wait within it, and come out in an order that has parents before their children.) */
	bool (*waits)(const struct judge *judge);

	/* Judges the keys of the last row of the batch, which was ROW_WAITING before, when the source is at its end. ticket: ascending in source
	 * order. A row whose parent still has not come is ROW_WAITING again, and remembered until it does; last: nothing moves any more,
	 * so that this is a violation. */
	int (*again)(struct judge *judge, struct batch *batch, uint64_t ticket, bool last, struct error *error);

	/* 1 and the ticket of a row whose parent has come since; 0: there is none; -1 and error. In the order in which passes over all rows that
	 * wait, one after the other, would come to it; what again accepts afterwards counts as accepted there. all: behind them also those
	 * whose parent has not come, in source order. */
	int (*woken)(struct judge *judge, bool all, uint64_t *ticket, struct error *error);

	/* After a batch was written, before settled: its rows that live while the database refused their parent, a row of the same batch, become
	 * violations, and must not stay written. *count: how many. */
	int (*orphans)(struct judge *judge, struct batch *batch, size_t *count, struct error *error);

	/* Bytes held by key sets now; for statistics. */
	size_t (*memory)(const struct judge *judge);

	void (*free)(struct judge *judge);
};

/* The first member of what implements it. */
struct judge {
	const struct judge_ops *ops;
};

#endif
