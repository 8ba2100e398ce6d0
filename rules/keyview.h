/* keyview.h - what a judge knows of one key of one table: which keys are taken, or which parents are there.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A key is there when one of these has it:
 *
 *   store    the target's keys and those of accepted records, while they are in memory or in a temporary file
 *   found    what the target answered for the batch at hand, once the target itself is asked (probing); kept by the
 * caller fresh    accepted records of the batch at hand, where the target will have them before the next batch
 * (probing, appending), or where they are parents once they are written (itself) refused  accepted records that the database refused: their keys stay taken, and no target knows
 * them earlier  in a dry run: what the judges of earlier steps accepted
 */
#ifndef PENSTOCK_RULES_KEYVIEW_H
#define PENSTOCK_RULES_KEYVIEW_H

#include "engine/core/cancel.h"
#include "engine/core/limits.h"
#include "engine/core/lookup.h"
#include "rules/compile.h"
#include "rules/keystore.h"

struct keyview {
	const struct key_shape *shape; /* borrowed from the program */
	const char *resource;
	enum key_kind kind;
	bool parents;       /* keys of parents, which are only read */
	bool itself;        /* parents: those of the table itself, to which written records are added */
	bool exact;         /* the target is not asked for single keys, since records come one by one at the end: read whole, on disk beyond the budget */
	bool counts_target; /* the target's keys count */
	bool own_in_target; /* accepted records get into the target (append), so that it can answer for them */
	bool probing;
	bool has_store;
	struct keystore store, fresh, refused;
	bool has_refused;         /* own_in_target */
	size_t *own;              /* itself: the fields of the table that its records are referred to by; malloc'd */
	struct keymaker maker;    /* itself: of own_key */
	struct keyvalue own_key;  /* itself: of the row at hand */
	bool own_complete;        /* the row at hand has one */
	struct keyview **earlier; /* borrowed; the list is malloc'd */
	size_t earlier_count;
	struct batch *answer; /* for probes */
};

/* What all views of a judge share. */
struct keyworld {
	struct keybudget budget;
	struct lookup *lookup; /* NULL: there is no database */
	const struct limits *limits;
	struct cancel *cancel;
	struct keydisk *disk; /* NULL until the first set goes there */
	bool probe_always;    /* the target's keys are never read; see each_batch_alone of a judge */
	bool no_new_probes;   /* once rows flow no view begins to ask the target: what leaves memory goes to disk */
};

/* shape, resource, parents, counts_target and own_in_target are set, the rest is zero. Returns 0 or -1. */
int keyview_init(struct keyview *view, struct keyworld *world, struct error *error) MUST_CHECK;
void keyview_fini(struct keyview *view);

/* Reads the target's keys, as far as the budget allows; beyond it the target will be probed where it has a unique index
 * on the key, and otherwise its keys go to a temporary file. Returns 0 or -1. */
int keyview_fill(struct keyview *view, struct keyworld *world, struct error *error) MUST_CHECK;

/* True when the rules thread may judge by this view: all in memory, nothing to ask the database. */
bool keyview_in_memory(const struct keyview *view);

/* Bytes in memory that keyview_spill would give back. */
size_t keyview_memory(const struct keyview *view);

/* Gives memory back: see keyview_fill. On the sink's thread, when all earlier batches are written. Returns 0 or -1. */
int keyview_spill(struct keyview *view, struct keyworld *world, struct error *error) MUST_CHECK;

/* Asks the target which keys of these rows it has (the rows have no null part); before the rows of a batch are looked
 * up in a probing view. found gets the answer. Returns 0 or -1. */
int keyview_probe(struct keyview *view, struct keyworld *world, const struct batch *batch, const size_t *columns,
		  const uint32_t *rows, size_t count, struct keystore *found, struct error *error) MUST_CHECK;

/* Whether the key is there; found as filled by keyview_probe. */
int keyview_has(const struct keyview *view, const struct keystore *found, const struct keyvalue *key, bool *out,
		struct error *error) MUST_CHECK;

/* True where accepted records add to the store. */
static inline bool keyview_grows(const struct keyview *view)
{
	return (!view->parents || view->itself) && view->has_store && keystore_in_memory(&view->store);
}

/* An accepted record takes its key. */
int keyview_take(struct keyview *view, const struct keyvalue *key, struct error *error) MUST_CHECK;

#endif
