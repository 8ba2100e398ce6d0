/* ingest_steps.c - which steps of a plan take the rows of requests, and whether they can be one transaction.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "engine/core/ingest.h"

static int check_step(const struct ingest_steps *steps, const struct plan_step *step, struct error *error)
{
	const struct plan *plan = steps->plan;
	if (!step->connection)
		return error_set(error, ERROR_CONFIG, plan->file, "step %s takes the rows of requests, so its sink must be a database",
			step->name);
	if (step->policy == KEYS_REPLACE)
		return error_set(error, ERROR_CONFIG, plan->file,
			"step %s takes the rows of requests, each of which would replace the whole table %s: use append or upsert", step->name,
			step->target);
	if (steps->connection && steps->connection != step->connection)
		return error_set(error, ERROR_CONFIG, plan->file,
			"steps %s and %s share one transaction for each request, but write to connections %s and %s", steps->steps[0]->name,
			step->name, steps->connection->name, step->connection->name);
	if (plan->state && plan->state != step->connection)
		return error_set(error, ERROR_CONFIG, plan->file,
			"requests are recorded in the transaction of their rows, so state must be connection %s", step->connection->name);
	for (size_t i = 0; i < steps->count; i++)
		if (strcmp(steps->steps[i]->table, step->table) == 0)
			return error_set(error, ERROR_CONFIG, plan->file, "steps %s and %s both take the rows that requests have for table %s",
				steps->steps[i]->name, step->name, step->table);
	return 0;
}

int ingest_steps_init(struct ingest_steps *steps, const struct plan *plan, struct error *error)
{
	*steps = (struct ingest_steps){ .plan = plan };
	steps->steps = calloc(plan->step_count ? plan->step_count : 1, sizeof *steps->steps);
	if (!steps->steps)
		return error_memory(error, "the steps of an ingest");
	for (size_t i = 0; i < plan->step_count; i++) {
		const struct plan_step *step = &plan->steps[i];
		if (!plan_takes_requests(step))
			continue;
		if (check_step(steps, step, error) < 0)
			return -1;
		steps->connection = step->connection;
		steps->steps[steps->count++] = step;
	}
	return 0;
}

void ingest_steps_fini(struct ingest_steps *steps)
{
	free(steps->steps);
	*steps = (struct ingest_steps){ .plan = NULL };
}

size_t ingest_steps_find(const struct ingest_steps *steps, const char *table, size_t length)
{
	for (size_t i = 0; i < steps->count; i++)
		if (strlen(steps->steps[i]->table) == length && memcmp(steps->steps[i]->table, table, length) == 0)
			return i;
	return SIZE_MAX;
}
