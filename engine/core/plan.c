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

/* A step that runs may be a copy of the plan's. */
static size_t position_of(const struct plan *plan, const struct plan_step *step)
{
	size_t i = 0;
	while (i < plan->step_count && plan->steps[i].name && strcmp(plan->steps[i].name, step->name) != 0)
		i++;
	return i;
}

const struct plan_step *plan_parents(const struct plan *plan, const struct plan_step *step, const char *table)
{
	size_t end = position_of(plan, step);
	for (size_t i = 0; i < end && i < plan->step_count; i++)
		if (!plan->steps[i].connection && !plan->steps[i].check_types_only && strcmp(plan->steps[i].table, table) == 0)
			return &plan->steps[i];
	return NULL;
}

bool plan_needs_parents(const struct plan_step *step, const char *table)
{
	if (step->connection || step->check_types_only || strcmp(step->table, table) == 0)
		return false;
	for (size_t i = 0; i < step->schema->foreign_count; i++)
		if (strcmp(step->schema->foreign[i].resource, table) == 0)
			return true;
	return false;
}

bool plan_has_children(const struct plan *plan, const struct plan_step *step)
{
	if (step->connection || step->check_types_only)
		return false;
	for (size_t i = position_of(plan, step) + 1; i < plan->step_count; i++)
		if (plan_needs_parents(&plan->steps[i], step->table))
			return true;
	return false;
}
