/* ingest_lane.c - a session with everything prepared that the requests of a pipeline need.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/attempt.h"
#include "engine/core/ingest_parts.h"

enum { SCRATCH_MAX = REJECT_VIOLATIONS_MAX * 8 * 1024 };

/* A table that is missing is made at once, so that no request has to. */
static int make_table(struct ingest_lane *lane, struct lane_step *part, struct error *error)
{
	struct store *store = lane->store;
	if (!part->info.creates_table)
		return 0;
	if (store->ops->begin(store, error) < 0)
		return -1;
	if (part->step->sink->begin(part->sink, error) < 0) {
		store->ops->rollback(store);
		part->step->sink->rollback(part->sink);
		return -1;
	}
	if (store->ops->commit(store, &part->key, NULL, NULL, error) == 0)
		return 0;
	part->step->sink->rollback(part->sink);
	return -1;
}

static int open_judge(struct ingest_lane *lane, struct lane_step *part, struct error *error)
{
	const struct plan *plan = lane->steps->plan;
	const struct plan_step *step = part->step;
	struct judge_context context = { .limits = &plan->limits, .rules = &part->rules, .policy = step->policy,
		.upsert_key = step->policy == KEYS_UPSERT ? &step->upsert_key : NULL, .target = step->target,
		.check_types_only = step->check_types_only, .each_batch_alone = true, .cancel = lane->cancel };
	part->judge = step->judge_new(step->program, &context, error);
	return part->judge ? 0 : -1;
}

static int open_step(struct ingest_lane *lane, struct lane_step *part, struct error *error)
{
	const struct plan *plan = lane->steps->plan;
	const struct plan_step *step = part->step;
	struct sink_context context = plan_sink_context(plan, step, NULL, lane->cancel);
	if (open_judge(lane, part, error) < 0)
		return -1;
	context.store = lane->store;
	context.rules = &part->rules;
	context.source = &lane->source;
	part->sink = malloc(step->sink->size);
	if (!part->sink)
		return error_memory(error, "a connector");
	memcpy(part->sink, step->sink_options, step->sink->size);
	if (step->sink->open(part->sink, &context, &part->info, error) < 0 || make_table(lane, part, error) < 0)
		return -1;
	struct lookup *lookup = lane->store->ops->lookup_also(lane->store, &plan->tables, step->target);
	if (!lookup)
		return error_memory(error, "a look-up");
	return part->judge->ops->prepare(part->judge, lookup, error);
}

static int connect(struct ingest_lane *lane, struct error *error)
{
	const struct plan *plan = lane->steps->plan;
	const struct plan_connection *connection = lane->steps->connection;
	const struct store_target target = { .name = connection->name, .connect = connection->connect,
		.state_schema = connection->state_schema, .lock_timeout_ms = connection->lock_timeout_ms, .run_id = plan->run_id,
		.cancel = lane->cancel };
	if (plan->store->open(&target, &lane->store, error) < 0) {
		lane->store = NULL;
		return -1;
	}
	return lane->store->ops->prepare(lane->store, error);
}

struct ingest_lane *ingest_lane_open(const struct ingest_steps *steps, struct cancel *cancel, struct error *error)
{
	assert(steps->count > 0);
	struct ingest_lane *lane = calloc(1, sizeof *lane);
	if (!lane) {
		error_memory(error, "a session for requests");
		return NULL;
	}
	lane->steps = steps;
	lane->cancel = cancel;
	snprintf(lane->source.path, sizeof lane->source.path, "http");
	buffer_init(&lane->scratch, SCRATCH_MAX);
	lane->parts = calloc(steps->count, sizeof *lane->parts);
	int result = lane->parts ? 0 : error_memory(error, "a session for requests");
	for (size_t i = 0; i < steps->count && lane->parts; i++) {
		lane->parts[i].step = steps->steps[i];
		lane->parts[i].key = step_key_of(steps->plan, steps->steps[i]);
		rule_set_init(&lane->parts[i].rules, steps->steps[i]->schema);
	}
	if (result == 0)
		result = connect(lane, error);
	/* One by one, parents first, as a run would: a child that is made names the tables of its parents. */
	for (size_t i = 0; i < steps->count && result == 0; i++)
		result = open_step(lane, &lane->parts[i], error);
	if (result == 0)
		return lane;
	ingest_lane_close(lane);
	return NULL;
}

void ingest_lane_close(struct ingest_lane *lane)
{
	if (!lane)
		return;
	ingest_roll_back(lane);
	for (size_t i = 0; lane->parts && i < lane->steps->count; i++) {
		struct lane_step *part = &lane->parts[i];
		if (part->sink)
			part->step->sink->close(part->sink);
		if (part->judge)
			part->judge->ops->free(part->judge);
		free(part->sink);
		rule_set_fini(&part->rules);
	}
	if (lane->store)
		lane->store->ops->close(lane->store);
	buffer_fini(&lane->scratch);
	free(lane->parts);
	free(lane);
}

bool ingest_lane_single_writer(const struct ingest_lane *lane)
{
	return lane->store->single_writer;
}
