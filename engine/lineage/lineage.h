/* lineage.h - OpenLineage events of a run: START when it begins, COMPLETE, FAIL or ABORT when it has ended.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   lineage_begin -> [the run] -> lineage_end
 *
 * What is said follows the OpenLineage spec 2-0-2. Events are delivered beside the run, once, within a bounded time; whether that went well
 * changes nothing about it. No event holds a connection string, a query, a value of a record or a secret.
 */
#ifndef PENSTOCK_LINEAGE_LINEAGE_H
#define PENSTOCK_LINEAGE_LINEAGE_H

#include "engine/core/lineage.h"
#include "engine/core/run.h"

struct lineage;

/* A copy in one piece of memory, for free. NULL and error. */
struct lineage_target *lineage_target_copy(const struct lineage_target *target, struct error *error) MUST_CHECK;

/* Begins to deliver START of a run with these options. Target and plan are borrowed until the end. NULL: out of memory. */
struct lineage *lineage_begin(const struct lineage_target *target, const struct plan *plan, const struct run_options *options);

/* Delivers how the run ended, behind START, and frees; waits for both, twice timeout_ms at most, and five seconds at most once the run's cancel asks
 * for the end. -1 and error: one of them was not delivered. NULL is out of memory. */
int lineage_end(struct lineage *lineage, const struct run_report *report, struct error *error) MUST_CHECK;

#endif
