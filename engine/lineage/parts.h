/* parts.h - what the files of the room share; nobody else includes it.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_LINEAGE_PARTS_H
#define PENSTOCK_LINEAGE_PARTS_H

#include "engine/core/run.h"

enum { DATASET_NAMESPACE_MAX = 1024, DATASET_NAME_MAX = 4608 };

/* What OpenLineage calls a dataset, by its naming conventions. */
struct dataset_name {
	char space[DATASET_NAMESPACE_MAX]; /* "postgres://host:5432", "file" */
	char name[DATASET_NAME_MAX];       /* "database.schema.table", "/a/path.csv" */
};

/* dataset.c: calls each with every dataset that the step reads, or writes; one of no name is left out. Each returns 0, or -1: stop. Returns the same. */
typedef int dataset_each(void *arg, const struct dataset_name *name);
int dataset_inputs(const struct plan_step *step, dataset_each *each, void *arg);
int dataset_outputs(const struct plan_step *step, dataset_each *each, void *arg);

/* event.c: one event as a line of JSON, malloc'd; NULL out of memory. report NULL: START. */
char *event_text(const struct plan *plan, const struct run_options *options, const char *job_namespace, const struct run_report *report);

#endif
