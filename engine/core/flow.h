/* flow.h - the threads of a step: pool -> source -> rules -> the caller, who is the sink's station -> pool.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The first error of any thread stops all of them and wins. A batch always has exactly one owner.
 */
#ifndef PENSTOCK_CORE_FLOW_H
#define PENSTOCK_CORE_FLOW_H

#include "engine/core/cancel.h"
#include "engine/core/judge.h"
#include "engine/core/source.h"
#include "engine/core/transform.h"

struct flow;

struct flow_parts {
	const struct schema *schema;     /* of the table */
	const struct schema *source_schema; /* what the source fills; NULL: the same */
	const struct limits *limits;
	size_t batch_rows;               /* 0: as many as are good */
	const struct source_ops *source; /* opened, and resumed where it should be */
	void *source_instance;
	struct transform *transform;     /* between the two; NULL: none, and there is one schema */
	struct judge *judge;             /* prepared */
	bool prints;                     /* batches carry the fingerprints of their live rows */
	bool limited;
	uint64_t limit;                  /* records that are let through; the rest of the last batch is ROW_LIMIT */
	struct cancel *cancel;
};

/* Starts the threads. NULL and error. */
struct flow *flow_start(const struct flow_parts *parts, struct error *error) MUST_CHECK;

/* The next judged batch, in source order; NULL at the end, after an error, or when cancelled (flow_finish tells). Give it back with
 * flow_release. */
struct batch *flow_next(struct flow *flow);
void flow_release(struct flow *flow, struct batch *batch);

/* Stops the threads, waits for them and frees everything. Returns 0 when the source was read to its end or the caller stopped early
 * without an error; -1 and the first error of a thread otherwise. ERROR_CANCELLED when the cancel flag ended it. */
int flow_finish(struct flow *flow, struct error *error) MUST_CHECK;

#endif
