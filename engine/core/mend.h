/* mend.h - running rejected records once more through the steps that rejected them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A run of kind `replay` differs from a load in this alone: its rows come from whoever made the mend and not from the step's own source; the
 * record_no of each is the reject_id of its row in penstock_rejects; a row that is written resolves that reject, one that is rejected
 * again changes it, all in the transaction of the rows. A step commits once. Its lock is that of its loads, but its checkpoint is another
 * (partitions 0), so that position and memory of loads stay what they are. `max_rejects` and `on_violation` do not count: nothing new
 * is rejected.
 */
#ifndef PENSTOCK_CORE_MEND_H
#define PENSTOCK_CORE_MEND_H

#include "engine/core/plan.h"

/* What an instance of mend.source begins with: the engine fills it in the place of options. */
struct mend_binding {
	void *arg;                    /* of the mend */
	const struct plan_step *step; /* as the plan has it */
	const char *run_id;           /* of the replay */
};

struct mend {
	/* Stands in for the source of every step. Opened with the step's lock held and no transaction open, anew for each try; only then it may
	 * look at the rejects. Records that it leaves out are in `skipped` of its batches. Its identity is not known. */
	const struct source_ops *source;
	void *arg;
	const char *name; /* what it reads, for messages: "mended.csv", "run 0193..." */
	const char *of_run; /* whose rejects they are; NULL: of several runs */
	/* Whether the step has anything to do. */
	bool (*wants)(void *arg, const struct plan_step *step);
};

#endif
