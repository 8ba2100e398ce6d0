/* attempt.c - opening one try at a step: its source, judge and sink, and the threads between them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/attempt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/commit.h"
#include "engine/core/folder.h"

static int open_source(struct attempt *attempt, struct error *error)
{
	const struct plan_step *step = attempt->step;
	const struct source_context context =
		plan_source_context(attempt->state->plan, step, attempt->state->shared, attempt->state->options->cancel);
	attempt->source = plan_instance(step->source->size, step->source_options, error);
	if (!attempt->source || step->source->open(attempt->source, &context, error) < 0)
		return -1;
	if (step->source->identify(attempt->source, false, &attempt->identity, error) < 0)
		return -1;
	return step->source->expect ? step->source->expect(attempt->source, &attempt->expected, error) : 0;
}

/* The ids outlive the rule set, which belongs to one try. */
static int keep_rules(struct attempt *attempt, struct error *error)
{
	struct step_state *state = attempt->state;
	if (state->rule_ids)
		return 0;
	/* The ids come last: where they are, there are books. */
	size_t count = attempt->rules.count;
	if (ledger_init(&state->committed, count, error) < 0 || ledger_init(&state->pending, count, error) < 0)
		return -1;
	state->rule_count = count;
	state->rule_ids = calloc(count ? count : 1, sizeof *state->rule_ids);
	if (!state->rule_ids)
		return error_memory(error, "the rules of a step");
	for (size_t i = 0; i < count; i++)
		if (!(state->rule_ids[i] = strdup(attempt->rules.rules[i]->id)))
			return error_memory(error, "the rules of a step");
	return 0;
}

static int open_judge_and_sink(struct attempt *attempt, struct error *error)
{
	const struct plan_step *step = attempt->step;
	struct step_state *state = attempt->state;
	struct judge_context judging = {
		.limits = &state->plan->limits,
		.rules = &attempt->rules,
		.policy = step->policy,
		.upsert_key = step->policy == KEYS_UPSERT ? &step->upsert_key : NULL,
		.target = step->connection ? step->target : NULL, /* two steps write to two files, and no row of one is in the other */
		.check_types_only = step->check_types_only,
		.dry_run = state->options->dry_run,
		.earlier = state->earlier,
		.earlier_count = state->options->dry_run || !step->connection ? *state->earlier_count : 0,
		.cancel = state->options->cancel,
	};
	attempt->judge = step->judge_new(step->program, &judging, error);
	if (!attempt->judge)
		return -1;
	struct sink_context sinking = plan_sink_context(state->plan, step, state->shared, state->options->cancel);
	sinking.store = attempt->store;
	sinking.rules = &attempt->rules;
	sinking.dry_run = state->options->dry_run;
	sinking.source = &attempt->identity;
	sinking.run_id = state->run_id;
	sinking.response = state->options->response;
	sinking.keys_wait = &attempt->keys_wait;
	/* Only what can be read again may be tried again for the sake of one record. */
	sinking.refused = attempt->identity.known && !state->options->one_try ? &state->refused : NULL;
	attempt->sink = plan_instance(step->sink->size, step->sink_options, error);
	if (!attempt->sink || step->sink->open(attempt->sink, &sinking, &attempt->info, error) < 0)
		return -1;
	if (state->options->only_step && attempt->info.wants_prints && state->plan->step_count > 1)
		return error_set(error, ERROR_CONFIG, step->name,
			"--step would make a backup without the other tables that looks whole; leave it out, or give the for_each its own list of tables");
	if (state->options->limited && attempt->info.wants_prints)
		return error_set(error, ERROR_CONFIG, step->name,
			"--limit would make a backup of a part of table %s that looks whole; leave it out, or try the rows with --dry-run",
			step->table);
	return keep_rules(attempt, error);
}

/* Its own table first: another step may bring the same table of the dictionary to another target. */
static int name_tables(struct attempt *attempt, struct error *error)
{
	const struct option_map *all = &attempt->state->plan->tables;
	const char **names = calloc(2 * (all->count + 1), sizeof *names);
	if (!names)
		return error_memory(error, "a look-up");
	const char **targets = names + all->count + 1;
	names[0] = attempt->step->table;
	targets[0] = attempt->step->target;
	for (size_t i = 0; i < all->count; i++) {
		names[i + 1] = all->keys[i];
		targets[i + 1] = all->values[i];
	}
	attempt->tables = (struct option_map){ .keys = names, .values = targets, .count = all->count + 1 };
	return 0;
}

/* Adding keys after the rows is quicker, but the database then refuses no single row for their sake: the judge must have done so before,
 * or a single one must be enough to give the table up. */
static bool keys_may_wait(const struct attempt *attempt)
{
	const struct plan_step *step = attempt->step;
	if (!attempt->once || !attempt->info.creates_table || attempt->state->keys_first || step->policy == KEYS_UPSERT)
		return false;
	/* A row whose parent the database refuses must not stay written, and that is only found with keys in place. */
	if (attempt->judge->ops->waits(attempt->judge) && (!attempt->identity.known || attempt->state->options->one_try))
		return false;
	return attempt->judge->ops->keys_in_memory(attempt->judge) && (!step->check_types_only || step->policy == KEYS_REPLACE);
}

static int open_transform(struct attempt *attempt, struct error *error)
{
	const struct plan_step *step = attempt->step;
	const struct transform_context context = { .limits = &attempt->state->plan->limits, .cancel = attempt->state->options->cancel };
	if (!step->transform)
		return 0;
	attempt->transform = step->transform_new(step->transform, &context, error);
	return attempt->transform ? 0 : -1;
}

int attempt_start(struct attempt *attempt, struct error *error)
{
	const struct step_state *state = attempt->state;
	attempt->commit = commit_decide(attempt->step, &attempt->info, &attempt->identity);
	attempt->once = attempt->commit.kind == COMMIT_STEP;
	if (attempt->step->rejects_path && folder_free_for(attempt->step->rejects_path, error) < 0)
		return -1;
	if (attempt->once && !state->options->dry_run && !state->options->mend) {
		attempt->spool = spool_new(state->plan->limits.reject_spool, error);
		if (!attempt->spool)
			return -1;
	}
	attempt->wants_prints = attempt->info.wants_prints || (attempt->expected && attempt->expected->prints);
	if (attempt->wants_prints && fingerprints_init(&attempt->prints, attempt->step->schema->field_count, error) < 0)
		return -1;
	if (name_tables(attempt, error) < 0)
		return -1;
	struct lookup *lookup =
		attempt->store ? attempt->store->ops->lookup(attempt->store, &attempt->tables, attempt->step->target) : NULL;
	if (attempt->store && !lookup)
		return error_memory(error, "a look-up");
	if (attempt->judge->ops->prepare(attempt->judge, lookup, error) < 0)
		return -1;
	attempt->keys_wait = keys_may_wait(attempt);
	if (attempt->judge->ops->waits(attempt->judge)) {
		attempt->waiting = waiting_new(batch_rows_for(attempt->step->schema, 0), state->plan->limits.reject_spool, error);
		if (!attempt->waiting)
			return -1;
	}
	if (open_transform(attempt, error) < 0)
		return -1;
	struct flow_parts parts = {
		.schema = attempt->step->schema,
		.source_schema = attempt->step->source_schema,
		.transform = attempt->transform,
		.limits = &state->plan->limits,
		.batch_rows = attempt->once ? 0 : (size_t)attempt->commit.rows,
		.source = attempt->step->source,
		.source_instance = attempt->source,
		.judge = attempt->judge,
		.prints = attempt->wants_prints,
		.limited = state->options->limited,
		.limit = state->options->limit,
		.cancel = state->options->cancel,
	};
	attempt->flow = flow_start(&parts, error);
	return attempt->flow ? 0 : -1;
}

struct step_key step_key_of(const struct plan *plan, const struct plan_step *step)
{
	return (struct step_key){ .pipeline = plan->name, .step = step->name, .table_name = step->target, .partition = 0,
		.partitions = 1 };
}

int attempt_open(struct attempt *attempt, struct step_state *state, struct store *store, struct error *error)
{
	*attempt = (struct attempt){ .state = state, .step = state->step, .store = store };
	attempt->key = step_key_of(state->plan, state->step);
	attempt->recording = store && !state->options->dry_run && !state->options->limited;
	rule_set_init(&attempt->rules, state->step->schema);
	buffer_init(&attempt->scratch, (size_t)REJECT_VIOLATIONS_MAX * 8 * 1024);
	buffer_init(&attempt->work, (size_t)state->plan->limits.memory);
	const struct mend *mend = state->options->mend;
	if (mend) {
		attempt->key.partitions = 0;
		attempt->dropped_unpublished = true; /* they are no business of a replay */
		snprintf(attempt->identity.path, sizeof attempt->identity.path, "%s", mend->name);
	}
	if ((!mend && open_source(attempt, error) < 0) || open_judge_and_sink(attempt, error) < 0 || resume_claim(attempt, error) < 0 ||
		resume_decide(attempt, error) < 0)
		return -1;
	/* Which rejects are still to be mended is certain once the step's lock is held. */
	return mend && !attempt->skip ? open_source(attempt, error) : 0;
}

void attempt_close(struct attempt *attempt)
{
	struct step_state *state = attempt->state;
	if (attempt->flow) {
		struct error ignored = ERROR_INIT; /* whoever closes early has the error that matters */
		if (flow_finish(attempt->flow, &ignored) < 0)
			attempt->flow = NULL;
	}
	publish_roll_back(attempt);
	if (attempt->sink)
		attempt->step->sink->close(attempt->sink);
	if (attempt->claimed)
		attempt->store->ops->release(attempt->store, &attempt->key);
	if (attempt->source)
		attempt->step->source->close(attempt->source);
	if (attempt->judge && attempt->done && (state->options->dry_run || plan_has_children(state->plan, state->step)))
		state->earlier[(*state->earlier_count)++] = attempt->judge;
	else if (attempt->judge)
		attempt->judge->ops->free(attempt->judge);
	if (attempt->transform)
		attempt->transform->ops->free(attempt->transform);
	free(attempt->sink);
	free(attempt->source);
	spool_free(attempt->spool);
	waiting_free(attempt->waiting);
	fingerprints_fini(&attempt->prints);
	free((void *)(uintptr_t)attempt->tables.keys);
	free(attempt->passed);
	free((void *)(uintptr_t)attempt->ended);
	rule_set_fini(&attempt->rules);
	buffer_fini(&attempt->scratch);
	buffer_fini(&attempt->work);
}
