/* attempt.c - opening one try at a step: what is there already, where to go on, and how to commit.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/attempt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/commit.h"

int ledger_init(struct ledger *ledger, size_t count, struct error *error)
{
	*ledger = (struct ledger){ .by_rule = calloc(count ? count : 1, sizeof(uint64_t)) };
	return ledger->by_rule ? 0 : error_memory(error, "the books of a step");
}

void ledger_fini(struct ledger *ledger)
{
	free(ledger->by_rule);
	ledger->by_rule = NULL;
}

void ledger_clear(struct ledger *ledger, size_t count)
{
	uint64_t *by_rule = ledger->by_rule;
	if (by_rule)
		memset(by_rule, 0, count * sizeof *by_rule);
	*ledger = (struct ledger){ .by_rule = by_rule };
}

void ledger_add(struct ledger *sum, const struct ledger *more, size_t count)
{
	counts_add(&sum->counts, &more->counts);
	sum->judged += more->judged;
	sum->rejected += more->rejected;
	sum->read += more->read;
	for (size_t i = 0; i < count; i++)
		sum->by_rule[i] += more->by_rule[i];
}

static void note(const struct step_state *state, const char *level, const char *text)
{
	snprintf(state->report->note, sizeof state->report->note, "%s", text);
	if (state->options->progress.note)
		state->options->progress.note(state->options->progress.arg, level, text);
}

/* An instance of a connector: its size, with the options that the plan has bound. */
static void *instance_new(size_t size, const void *options, struct error *error)
{
	void *instance = malloc(size);
	if (!instance) {
		error_memory(error, "a connector");
		return NULL;
	}
	return memcpy(instance, options, size);
}

static int open_source(struct attempt *attempt, struct error *error)
{
	const struct plan_step *step = attempt->step;
	struct source_context context = {
		.schema = step->schema,
		.labels = step->labels.count > 0 ? &step->labels : NULL,
		.limits = &attempt->state->plan->limits,
		.cancel = attempt->state->options->cancel,
	};
	attempt->source = instance_new(step->source->size, step->source_options, error);
	if (!attempt->source || step->source->open(attempt->source, &context, error) < 0)
		return -1;
	return step->source->identify(attempt->source, false, &attempt->identity, error);
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
		.target = step->target,
		.check_types_only = step->check_types_only,
		.dry_run = state->options->dry_run,
		.earlier = state->earlier,
		.earlier_count = *state->earlier_count,
		.cancel = state->options->cancel,
	};
	attempt->judge = step->judge_new(step->program, &judging, error);
	if (!attempt->judge)
		return -1;
	struct sink_context sinking = {
		.schema = step->schema,
		.store = attempt->store,
		.rules = &attempt->rules,
		.tables = &state->plan->tables,
		.limits = &state->plan->limits,
		.dry_run = state->options->dry_run,
		.cancel = state->options->cancel,
	};
	attempt->sink = instance_new(step->sink->size, step->sink_options, error);
	if (!attempt->sink || step->sink->open(attempt->sink, &sinking, &attempt->info, error) < 0)
		return -1;
	return keep_rules(attempt, error);
}

static void forget_checkpoint(struct checkpoint *checkpoint)
{
	int64_t epoch = checkpoint->epoch;
	memset(checkpoint, 0, sizeof *checkpoint);
	checkpoint->epoch = epoch;
}

static int restart(struct attempt *attempt, struct error *error)
{
	struct step_state *state = attempt->state;
	bool may_double = attempt->step->policy == KEYS_APPEND && !attempt->info.has_key && !attempt->info.creates_table &&
		!attempt->info.empty_table;
	if (may_double && !state->options->yes)
		return error_set(error, ERROR_CONFIG, attempt->step->name,
			"--restart appends to table %s again, which has rows and no key to keep them apart; add --yes if that is meant",
			attempt->step->target);
	if (attempt->store->ops->forget(attempt->store, &attempt->key, error) < 0)
		return -1;
	forget_checkpoint(&attempt->checkpoint);
	state->restarted = true;
	return 0;
}

/* The checkpoint is of this very run: an earlier try of it committed something. */
static bool is_ours(const struct attempt *attempt)
{
	return attempt->checkpoint.state != CHECKPOINT_NONE &&
		strcmp(attempt->checkpoint.run_id, attempt->state->run_id) == 0;
}

static int claim(struct attempt *attempt, struct error *error)
{
	struct step_state *state = attempt->state;
	if (!attempt->store || state->options->dry_run)
		return 0;
	if (attempt->store->ops->claim(attempt->store, &attempt->key, state->run_id, &attempt->checkpoint, error) < 0)
		return -1;
	attempt->claimed = true;
	if (state->options->restart && !state->restarted)
		return restart(attempt, error);
	/* A table that is not there (any more) makes the memory of what was loaded into it void. */
	if (attempt->info.creates_table && attempt->checkpoint.state != CHECKPOINT_NONE && !is_ours(attempt)) {
		if (attempt->store->ops->forget(attempt->store, &attempt->key, error) < 0)
			return -1;
		forget_checkpoint(&attempt->checkpoint);
	}
	return 0;
}

/* What became of the transaction that an earlier try had open when it was lost: where its COMMIT arrived, only the answer was lost.
 * Whoever took the step over since began behind it. */
static void learn_outcome(struct attempt *attempt)
{
	struct step_state *state = attempt->state;
	const struct checkpoint *checkpoint = &attempt->checkpoint;
	bool arrived = is_ours(attempt)
		? checkpoint->counts.read == state->committed.counts.read + state->pending.counts.read
		: checkpoint->counts.skipped[SKIP_ALREADY_COMMITTED] == state->committed.read + state->pending.read;
	if (attempt->recording && arrived)
		ledger_add(&state->committed, &state->pending, state->rule_count);
	ledger_clear(&state->pending, state->rule_count);
}

/* Records of this load that others committed, before this run or while it was cut off. */
static void count_theirs(struct step_state *state, const struct checkpoint *checkpoint)
{
	if (checkpoint->load_read < state->committed.read)
		ledger_clear(&state->committed, state->rule_count); /* somebody began anew */
	uint64_t theirs = checkpoint->load_read - state->committed.read;
	state->committed.counts.read += theirs;
	state->committed.counts.skipped[SKIP_ALREADY_COMMITTED] += theirs;
	state->committed.read = checkpoint->load_read;
	state->committed.judged = checkpoint->load_judged;
	state->committed.rejected = checkpoint->load_rejected;
}

/* Another run took this load over while this one was cut off, and brought it to its end. */
static bool finished_by_other(const struct attempt *attempt)
{
	const struct checkpoint *checkpoint = &attempt->checkpoint;
	uint64_t own = attempt->state->committed.read;
	return attempt->recording && !is_ours(attempt) && checkpoint->state == CHECKPOINT_COMPLETE && own > 0 &&
		checkpoint->load_read >= own && strcmp(checkpoint->step_hash, attempt->step->step_hash) == 0 &&
		strcmp(checkpoint->dictionary_hash, attempt->step->dictionary_hash) == 0;
}

static void leave_to_other(struct attempt *attempt)
{
	struct step_state *state = attempt->state;
	char text[sizeof state->report->note];
	count_theirs(state, &attempt->checkpoint);
	attempt->skip = true;
	snprintf(text, sizeof text, "%s: run %s took this step over while the connection was lost, and finished it",
		attempt->step->name, attempt->checkpoint.run_id);
	note(state, "warning", text);
}

/* Once only: a file whose content this step has loaded completely is not loaded again. */
static int check_loaded(struct attempt *attempt, struct error *error)
{
	const struct plan_step *step = attempt->step;
	struct step_state *state = attempt->state;
	struct file_record file = { 0 };
	bool found = false, same_size = false;
	if (!attempt->claimed || !step->once || step->policy != KEYS_APPEND || !attempt->identity.known ||
		attempt->info.creates_table || is_ours(attempt))
		return 0;
	attempt->identity.hash[0] = '\0';
	if (attempt->store->ops->find_file(attempt->store, &attempt->key, &attempt->identity, &file, &found, &same_size, error) < 0)
		return -1;
	if (!found && same_size) {
		if (step->source->identify(attempt->source, true, &attempt->identity, error) < 0 ||
			attempt->store->ops->find_file(attempt->store, &attempt->key, &attempt->identity, &file, &found, &same_size,
				error) < 0)
			return -1;
	}
	if (!found)
		return 0;
	attempt->skip = true;
	ledger_clear(&state->committed, state->rule_count);
	state->committed.counts.read = file.records;
	state->committed.counts.skipped[SKIP_ALREADY_LOADED] = file.records;
	char text[sizeof state->report->note];
	if (attempt->info.empty_table)
		snprintf(text, sizeof text, "%s: %.200s was loaded by run %s, but table %s is empty; --restart loads it again", step->name,
			attempt->identity.path, file.run_id, step->target);
	else
		snprintf(text, sizeof text, "%s: %.200s was already loaded by run %s", step->name, attempt->identity.path, file.run_id);
	note(state, attempt->info.empty_table ? "warning" : "info", text);
	return 0;
}

static int same_work(const struct attempt *attempt, struct error *error)
{
	const struct checkpoint *checkpoint = &attempt->checkpoint;
	const char *changed = strcmp(checkpoint->dictionary_hash, attempt->step->dictionary_hash) != 0 ? "the dictionary"
		: strcmp(checkpoint->step_hash, attempt->step->step_hash) != 0 ? "the step's definition"
																		: NULL;
	if (!changed)
		return 0;
	return error_set(error, ERROR_CONFIG, attempt->step->name,
		"%s changed since run %s was interrupted after %llu records; put it back, or load from the beginning with --restart",
		changed, checkpoint->run_id, (unsigned long long)checkpoint->load_read);
}

/* Goes on behind the last commit: of an earlier process, or of an earlier try of this one. */
static int resume(struct attempt *attempt, struct error *error)
{
	struct step_state *state = attempt->state;
	const struct plan_step *step = attempt->step;
	struct checkpoint *checkpoint = &attempt->checkpoint;
	bool ours = is_ours(attempt);
	if (ours && checkpoint->state == CHECKPOINT_COMPLETE) {
		attempt->skip = true;
		return 0;
	}
	if (checkpoint->state != CHECKPOINT_OPEN || !checkpoint->position.token[0]) {
		ledger_clear(&state->committed, state->rule_count);
		return 0;
	}
	if (same_work(attempt, error) < 0)
		return -1;
	if (!step->source->resume)
		return error_set(error, ERROR_CONFIG, step->name,
			"run %s was interrupted, and this source cannot be read again from a position; use --restart", checkpoint->run_id);
	/* An upsert key need not be a key of the dictionary. */
	bool keyed = (step->schema->primary.count > 0 || step->schema->unique_count > 0 || step->upsert_key.count > 0) &&
		!step->check_types_only;
	if (step->source->resume(attempt->source, &checkpoint->position, keyed, error) < 0)
		return -1;
	attempt->position = checkpoint->position;
	if (!ours) {
		count_theirs(state, checkpoint);
		bool emptied = attempt->info.empty_table && checkpoint->load_judged > checkpoint->load_rejected;
		char text[sizeof state->report->note];
		snprintf(text, sizeof text, "%s: going on after %llu records that run %s committed%s", step->name,
			(unsigned long long)checkpoint->load_read, checkpoint->run_id,
			emptied ? ", but the table is empty; --restart loads it from the beginning" : "");
		note(state, emptied ? "warning" : "info", text);
	}
	return 0;
}

static int open_rest(struct attempt *attempt, struct error *error)
{
	const struct step_state *state = attempt->state;
	attempt->commit = commit_decide(attempt->step, &attempt->info, &attempt->identity);
	attempt->once = attempt->commit.kind == COMMIT_STEP;
	if (attempt->once && attempt->store && !state->options->dry_run) {
		attempt->spool = spool_new(state->plan->limits.reject_spool, error);
		if (!attempt->spool)
			return -1;
	}
	struct lookup *lookup =
		attempt->store ? attempt->store->ops->lookup(attempt->store, &state->plan->tables, attempt->step->target) : NULL;
	if (attempt->store && !lookup)
		return error_memory(error, "a look-up");
	if (attempt->judge->ops->prepare(attempt->judge, lookup, error) < 0)
		return -1;
	struct flow_parts parts = {
		.schema = attempt->step->schema,
		.limits = &state->plan->limits,
		.batch_rows = attempt->once ? 0 : (size_t)attempt->commit.rows,
		.source = attempt->step->source,
		.source_instance = attempt->source,
		.judge = attempt->judge,
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
	if (open_source(attempt, error) < 0 || open_judge_and_sink(attempt, error) < 0 || claim(attempt, error) < 0)
		return -1;
	learn_outcome(attempt);
	if (finished_by_other(attempt)) {
		leave_to_other(attempt);
		return 0;
	}
	if (check_loaded(attempt, error) < 0 || attempt->skip)
		return attempt->skip ? 0 : -1;
	if (attempt->recording && (resume(attempt, error) < 0 || attempt->skip))
		return attempt->skip ? 0 : -1;
	return open_rest(attempt, error);
}

void attempt_close(struct attempt *attempt)
{
	struct step_state *state = attempt->state;
	if (attempt->flow) {
		struct error ignored = ERROR_INIT; /* whoever closes early has the error that matters */
		if (flow_finish(attempt->flow, &ignored) < 0)
			attempt->flow = NULL;
	}
	if (attempt->in_transaction) {
		attempt->store->ops->rollback(attempt->store);
		attempt->step->sink->rollback(attempt->sink);
	}
	if (attempt->sink)
		attempt->step->sink->close(attempt->sink);
	if (attempt->claimed)
		attempt->store->ops->release(attempt->store, &attempt->key);
	if (attempt->source)
		attempt->step->source->close(attempt->source);
	if (attempt->judge && state->options->dry_run && attempt->done)
		state->earlier[(*state->earlier_count)++] = attempt->judge;
	else if (attempt->judge)
		attempt->judge->ops->free(attempt->judge);
	free(attempt->sink);
	free(attempt->source);
	spool_free(attempt->spool);
	rule_set_fini(&attempt->rules);
	buffer_fini(&attempt->scratch);
}
