/* resume.c - what is there already when a try begins: claims, loaded files, the checkpoint to go on from.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/attempt.h"
#include "engine/core/plural.h"

static void note(const struct step_state *state, const char *level, const char *text)
{
	snprintf(state->report->note, sizeof state->report->note, "%s", text);
	if (state->options->progress.note)
		state->options->progress.note(state->options->progress.arg, level, text);
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

int resume_claim(struct attempt *attempt, struct error *error)
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
	if (attempt->info.creates_table && attempt->checkpoint.state != CHECKPOINT_NONE && !is_ours(attempt) && !state->options->mend) {
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

/* Whether what was loaded before is looked for. */
static bool looks_back(const struct attempt *attempt)
{
	return attempt->claimed && attempt->step->once && attempt->step->policy == KEYS_APPEND && attempt->identity.known && !attempt->info.creates_table;
}

/* Once only: a file whose content this step has loaded completely is not loaded again. */
static int check_loaded(struct attempt *attempt, struct error *error)
{
	const struct plan_step *step = attempt->step;
	struct step_state *state = attempt->state;
	struct file_record file = { 0 };
	bool found = false, same_size = false;
	if (!looks_back(attempt) || is_ours(attempt))
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
		"%s changed since run %s was interrupted after %llu record%s; put it back, or load from the beginning with --restart",
		changed, checkpoint->run_id, (unsigned long long)checkpoint->load_read, plural(checkpoint->load_read, "", "s"));
}

/* Goes on behind the last commit: of an earlier process, or of an earlier try of this one. */
static int go_on(struct attempt *attempt, struct error *error)
{
	struct step_state *state = attempt->state;
	const struct plan_step *step = attempt->step;
	struct checkpoint *checkpoint = &attempt->checkpoint;
	bool ours = is_ours(attempt);
	if (ours && checkpoint->state == CHECKPOINT_COMPLETE) {
		attempt->skip = true;
		return 0;
	}
	if (checkpoint->state != CHECKPOINT_OPEN || !checkpoint->position.token[0] || step->policy == KEYS_REPLACE) {
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
	attempt->resumed = true;
	if (!ours) {
		count_theirs(state, checkpoint);
		bool emptied = attempt->info.empty_table && checkpoint->load_judged > checkpoint->load_rejected;
		char text[sizeof state->report->note];
		snprintf(text, sizeof text, "%s: going on after %llu record%s that run %s committed%s", step->name,
			(unsigned long long)checkpoint->load_read, plural(checkpoint->load_read, "", "s"), checkpoint->run_id,
			emptied ? ", but the table is empty; --restart loads it from the beginning" : "");
		note(state, emptied ? "warning" : "info", text);
	}
	return 0;
}

/* 1: the source reads several files, each of which is looked for by itself; 0; -1 and error. */
static int is_several(struct attempt *attempt, struct error *error)
{
	const struct source_ops *source = attempt->step->source;
	struct source_identity *first;
	int result;
	if (!source->file)
		return 0;
	first = malloc(sizeof *first);
	if (!first)
		return error_memory(error, "the name of a file");
	result = source->file(attempt->source, 0, false, first, error);
	free(first);
	return result;
}

int resume_decide(struct attempt *attempt, struct error *error)
{
	learn_outcome(attempt);
	if (finished_by_other(attempt)) {
		leave_to_other(attempt);
		return 0;
	}
	int several = is_several(attempt, error);
	if (several < 0 || (!several && check_loaded(attempt, error) < 0))
		return -1;
	if (!attempt->skip && attempt->recording && go_on(attempt, error) < 0)
		return -1;
	/* A file that this very load brought in before it was interrupted is none that was loaded before it. */
	return several && !attempt->skip && looks_back(attempt) ? attempt_pass_loaded(attempt, error) : 0;
}
