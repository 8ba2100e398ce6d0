/* transform.h - what the engine asks of a transform: new columns for the rows of a batch, between the source and the rules.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A row becomes one row or none, by itself alone: what comes of it depends neither on other rows nor on where batches begin, nor on
 * when it is run, so that a load that goes on, or a reject that is tried again, becomes what it would have become before.
 */
#ifndef PENSTOCK_CORE_TRANSFORM_H
#define PENSTOCK_CORE_TRANSFORM_H

#include "engine/core/batch.h"
#include "engine/core/cancel.h"
#include "engine/core/limits.h"

struct transform_context {
	const struct limits *limits;
	struct cancel *cancel; /* may be NULL */
};

struct transform;

struct transform_ops {
	/* Turns the batch (batch_turn) and fills it: a row becomes ROW_LIVE as before, ROW_FILTERED, or gets a fault. Rows that have a fault
	 * of the source, or lack cells, are passed by: only what is wrong with them is kept. Called from one thread at a time. */
	int (*run)(struct transform *transform, struct batch *batch, struct error *error);

	void (*free)(struct transform *transform);
};

/* The first member of what implements it. */
struct transform {
	const struct transform_ops *ops;
};

#endif
