/* pull.h - the rows of one table of a side, typed under a schema that the other side is read under, too; as often as asked.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A pipeline of one step is made in memory and loaded as every pipeline is; of it the source and the rules run, with `check: types`. Rows
 * that cannot be read under the schema are ROW_REJECTED, with a violation that says why.
 */
#ifndef PENSTOCK_COMPARE_PULL_H
#define PENSTOCK_COMPARE_PULL_H

#include <jansson.h>

#include "engine/config/load.h"
#include "engine/core/flow.h"
#include "engine/core/shared.h"

struct pull {
	struct pipeline *pipeline;
	const struct plan *plan;
	const struct plan_step *step;
	struct shared *shared;   /* borrowed; NULL: alone */
	struct cancel *cancel;
	void *source;            /* NULL: not started */
	struct rule_set rules;
	struct judge *judge;
	struct flow *flow;
};

/* source: the map of the step's source, with its type (taken, also on failure; NULL: out of memory). connection: of that source, named "side" in it; NULL: none. package: of
 * one table, as descriptor_package makes it. table: its name. pull may be given to pull_close whatever happens. */
int pull_init(struct pull *pull, json_t *source, const struct connection_target *connection, const char *package, const char *table,
	struct error *error) MUST_CHECK;
void pull_close(struct pull *pull);

const struct schema *pull_schema(const struct pull *pull);

/* Opens the source and begins to read. */
int pull_start(struct pull *pull, struct error *error) MUST_CHECK;
/* The next judged batch, to be given back with pull_release; NULL at the end or after a failure: pull_stop tells. */
struct batch *pull_next(struct pull *pull);
void pull_release(struct pull *pull, struct batch *batch);
/* Ends the reading, at its end or before; what went wrong is in error. */
int pull_stop(struct pull *pull, struct error *error) MUST_CHECK;

/* Calls each with every batch, from the first to the last. each returns 0, or -1 and error. */
int pull_all(struct pull *pull, int (*each)(void *arg, const struct batch *batch, struct error *error), void *arg, struct error *error)
	MUST_CHECK;

#endif
