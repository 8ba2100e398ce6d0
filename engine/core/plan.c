/* plan.c - what the parts of a step are told when they are opened.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/plan.h"

#include <stdlib.h>
#include <string.h>

void *plan_instance(size_t size, const void *options, struct error *error)
{
	void *instance = malloc(size);
	if (!instance) {
		error_memory(error, "a connector");
		return NULL;
	}
	return memcpy(instance, options, size);
}

struct source_context plan_source_context(const struct plan *plan, const struct plan_step *step, struct shared *shared,
	struct cancel *cancel)
{
	return (struct source_context){
		.schema = step->source_schema,
		.labels = step->labels.count > 0 ? &step->labels : NULL,
		.limits = &plan->limits,
		.cancel = cancel,
		.connection = step->source_connection,
		.shared = shared,
		.tables = step->each ? &step->each_tables : NULL,
		.every_table = step->every_table,
		.dictionary_hash = step->dictionary_hash,
	};
}

struct sink_context plan_sink_context(const struct plan *plan, const struct plan_step *step, struct shared *shared,
	struct cancel *cancel)
{
	return (struct sink_context){
		.schema = step->schema,
		.tables = &plan->tables,
		.limits = &plan->limits,
		.check_types_only = step->check_types_only,
		.cancel = cancel,
		.shared = shared,
		.pipeline = plan->name,
		.step = step->name,
		.run_id = plan->run_id,
		.table_json = step->table_json,
		.dictionary_hash = step->dictionary_hash,
	};
}

bool plan_takes_requests(const struct plan_step *step)
{
	return step->source->takes_requests && step->source->takes_requests(step->source_options);
}
