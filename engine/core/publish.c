/* publish.c - what becomes of the rows a step has written: judged as a whole, put into their places and committed, or rolled back.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>

#include "engine/core/attempt.h"
#include "engine/core/clock.h"
#include "engine/core/plural.h"

/* --- committing --- */

static void fill_checkpoint(struct attempt *attempt, bool complete)
{
	const struct step_state *state = attempt->state;
	struct checkpoint *checkpoint = &attempt->checkpoint;
	memcpy(checkpoint->run_id, state->run_id, RUN_ID_SIZE);
	checkpoint->state = complete ? CHECKPOINT_COMPLETE : CHECKPOINT_OPEN;
	memcpy(checkpoint->source, attempt->identity.path, sizeof checkpoint->source);
	checkpoint->position = attempt->position;
	memcpy(checkpoint->step_hash, attempt->step->step_hash, SHA256_HEX_SIZE);
	memcpy(checkpoint->dictionary_hash, attempt->step->dictionary_hash, SHA256_HEX_SIZE);
	checkpoint->counts = state->committed.counts;
	counts_add(&checkpoint->counts, &state->pending.counts);
	checkpoint->load_read = state->committed.read + state->pending.read;
	checkpoint->load_judged = state->committed.judged + state->pending.judged;
	checkpoint->load_rejected = state->committed.rejected + state->pending.rejected;
}

static struct file_record file_of(const struct attempt *attempt)
{
	struct file_record file = { .size = attempt->identity.size, .mtime_ns = attempt->identity.mtime_ns,
		.records = attempt->checkpoint.load_read, .loaded_at = clock_wall_us() };
	memcpy(file.run_id, attempt->state->run_id, RUN_ID_SIZE);
	memcpy(file.path, attempt->identity.path, sizeof file.path);
	memcpy(file.hash, attempt->position.hash, SHA256_HEX_SIZE);
	return file;
}

/* Rejects of a step that commits once, from their spool into the open transaction. */
static int unspool(struct attempt *attempt, bool published, struct error *error)
{
	struct reject reject;
	int more;
	if (spool_rewind(attempt->spool, error) < 0)
		return -1;
	while ((more = spool_next(attempt->spool, &reject, error)) > 0)
		if (attempt->store->ops->reject(attempt->store, &attempt->key, attempt->state->run_id, &reject, published, error) < 0)
			return -1;
	return more;
}

int publish_place(struct attempt *attempt, bool complete, struct error *error)
{
	if (station_add_keys(attempt, error) < 0)
		return -1;
	fill_checkpoint(attempt, complete);
	if (complete && attempt->spool && attempt->store && unspool(attempt, true, error) < 0)
		return -1;
	if (complete && attempt->spool && !attempt->store && reject_file_write(attempt, true, error) < 0)
		return -1;
	const struct outcome outcome = { .complete = complete, .counts = &attempt->checkpoint.counts,
		.prints = attempt->wants_prints ? &attempt->prints : NULL };
	return attempt->step->sink->publish(attempt->sink, PUBLISH_PLACE, &outcome, error);
}

/* What the transaction says of the load besides its rows; NULLs where it says nothing. */
static void say_where(const struct attempt *attempt, struct file_record *file, const struct checkpoint **checkpoint,
	const struct file_record **known)
{
	bool complete = attempt->checkpoint.state == CHECKPOINT_COMPLETE;
	*file = file_of(attempt);
	*checkpoint = attempt->recording ? &attempt->checkpoint : NULL;
	*known = attempt->recording && complete && attempt->identity.known && file->hash[0] ? file : NULL;
}

/* What other steps loaded into a table that was replaced as a whole must be loaded again: a restore brings back an earlier time. */
static int forget_later(struct attempt *attempt, struct error *error)
{
	struct step_state *state = attempt->state;
	int64_t since = attempt->expected ? attempt->expected->made_at : 0;
	uint64_t files = 0;
	if (!attempt->recording || attempt->step->policy != KEYS_REPLACE || attempt->checkpoint.state != CHECKPOINT_COMPLETE)
		return 0;
	if (attempt->store->ops->forget_later(attempt->store, &attempt->key, since, &files, error) < 0)
		return -1;
	if (files == 0)
		return 0;
	snprintf(state->report->note, sizeof state->report->note,
		since ? "%s: table %s is as it was before %llu of the files loaded into it; they can be loaded again"
		      : "%s: table %s was replaced, and %llu files that other steps loaded into it still count as loaded; --restart of those "
			"steps loads them again",
		attempt->step->name, attempt->step->target, (unsigned long long)files);
	if (state->options->progress.note)
		state->options->progress.note(state->options->progress.arg, since ? "info" : "warning", state->report->note);
	return 0;
}

int publish_record(struct attempt *attempt, struct error *error)
{
	struct file_record file;
	const struct checkpoint *checkpoint;
	const struct file_record *known;
	if (forget_later(attempt, error) < 0)
		return -1;
	if (attempt_record_files(attempt, error) < 0)
		return -1;
	say_where(attempt, &file, &checkpoint, &known);
	return attempt->store->ops->record(attempt->store, &attempt->key, checkpoint, known, error);
}

void publish_done(struct attempt *attempt)
{
	struct step_state *state = attempt->state;
	attempt->in_transaction = false;
	attempt->ended_count = 0;
	ledger_add(&state->committed, &state->pending, state->rule_count);
	ledger_clear(&state->pending, state->rule_count);
	state->progressed = true;
}

int publish_commit(struct attempt *attempt, bool complete, struct error *error)
{
	struct store *store = attempt->store;
	struct file_record file;
	const struct checkpoint *checkpoint;
	const struct file_record *known;
	if (publish_place(attempt, complete, error) < 0 || forget_later(attempt, error) < 0 || attempt_record_files(attempt, error) < 0)
		return -1;
	say_where(attempt, &file, &checkpoint, &known);
	attempt->in_transaction = false; /* whatever comes now, the transaction is over */
	if (store && store->ops->commit(store, &attempt->key, checkpoint, known, error) < 0) {
		attempt->step->sink->rollback(attempt->sink);
		if (!attempt->recording)
			error->retry = false; /* without a checkpoint nobody could tell whether it happened */
		return -1;
	}
	publish_done(attempt);
	return 0;
}

void publish_roll_back(struct attempt *attempt)
{
	if (!attempt->in_transaction)
		return;
	if (attempt->store && !attempt->grouped)
		attempt->store->ops->rollback(attempt->store);
	attempt->step->sink->rollback(attempt->sink);
	attempt->in_transaction = false;
	attempt->dropped_unpublished = attempt->state->options->mend != NULL;
}

/* --- deciding --- */

/* A product such as 0.29 * 100 comes out a little below the 29 that are allowed. */
static bool above_share(uint64_t rejected, double fraction, uint64_t judged)
{
	return (double)rejected > fraction * (double)judged * (1 + 1e-12);
}

int publish_check_limit(const struct attempt *attempt, bool at_end, struct error *error)
{
	const struct step_state *state = attempt->state;
	const struct plan_step *step = attempt->step;
	uint64_t rejected = state->committed.rejected + state->pending.rejected;
	uint64_t judged = state->committed.judged + state->pending.judged;
	if (step->abort_on_violation && rejected > 0)
		return error_set(error, ERROR_REJECTS, step->name, "on_violation is abort, and a record was rejected: %s %s",
			attempt->first_file ? attempt->first_file : attempt->identity.path, attempt->first_reject[0] ? attempt->first_reject : "(by an earlier run of this load)");
	if (!step->max_rejects.share && rejected > step->max_rejects.number)
		return error_set(error, ERROR_REJECTS, step->name, "%llu record%s rejected, more than max_rejects: %llu",
			(unsigned long long)rejected, plural(rejected, "", "s"), (unsigned long long)step->max_rejects.number);
	if (step->max_rejects.share && at_end && above_share(rejected, step->max_rejects.fraction, judged))
		return error_set(error, ERROR_REJECTS, step->name, "%llu of %llu records rejected (%.2f%%), more than max_rejects: %g%%",
			(unsigned long long)rejected, (unsigned long long)judged, 100.0 * (double)rejected / (double)judged,
			100.0 * step->max_rejects.fraction);
	return 0;
}

/* The records of the load that the source gave, blank ones aside. */
static uint64_t given(const struct step_state *state)
{
	uint64_t blank = state->committed.counts.skipped[SKIP_BLANK] + state->pending.counts.skipped[SKIP_BLANK];
	return state->committed.read + state->pending.read - blank;
}

/* A column whose values are not those that the manifest promises; SCHEMA_NO_FIELD: none, so that whole rows were mixed. */
static size_t changed_column(const struct fingerprints *got, const struct fingerprints *promised)
{
	for (size_t i = 0; i < got->count && i < promised->count; i++)
		if (!fingerprint_equal(&got->columns[i], &promised->columns[i]))
			return i;
	return SCHEMA_NO_FIELD;
}

static int check_expected(const struct attempt *attempt, struct error *error)
{
	const struct step_state *state = attempt->state;
	const struct expectation *expected = attempt->expected;
	const struct fingerprints *prints = expected->prints;
	uint64_t got = given(state);
	if (got != expected->rows)
		return error_set(error, ERROR_BOOKS, attempt->step->name, "%s holds %llu row%s, but %llu %s promised by %s",
			attempt->identity.path, (unsigned long long)got, plural(got, "", "s"), (unsigned long long)expected->rows,
			plural(expected->rows, "was", "were"), expected->origin);
	/* Rows that were rejected, or read by an earlier attempt, are not in the sums, and a transform gives others. */
	if (!prints || attempt->step->transform || attempt->resumed || state->pending.rejected > 0 || fingerprints_equal(&attempt->prints, prints))
		return 0;
	size_t column = changed_column(&attempt->prints, prints);
	return error_set(error, ERROR_BOOKS, attempt->step->name, "%s does not hold the rows that were promised by %s: %s%s", attempt->identity.path,
		expected->origin, column == SCHEMA_NO_FIELD ? "values were exchanged between rows" : "values differ in column ",
		column == SCHEMA_NO_FIELD ? "" : attempt->step->schema->fields[column].name);
}

int publish_judge(struct attempt *attempt, struct error *error)
{
	const struct plan_step *step = attempt->step;
	if (publish_check_limit(attempt, true, error) < 0)
		return -1;
	if (attempt->state->options->limited)
		return 0;
	if (attempt->expected)
		return check_expected(attempt, error);
	if (step->policy == KEYS_REPLACE && !step->allow_empty && given(attempt->state) == 0)
		return error_set(error, ERROR_BOOKS, step->name,
			"%s gave no row, and table %s would be emptied; set allow_empty: true on the sink if that is meant",
			attempt->identity.path, step->target);
	return 0;
}

int publish_finish(struct attempt *attempt, struct error *error)
{
	struct step_state *state = attempt->state;
	struct error over = ERROR_INIT;
	bool refused = publish_judge(attempt, &over) < 0;
	if (refused && (attempt->once || state->options->dry_run)) {
		*error = over;
		return -1;
	}
	if (state->options->dry_run) {
		ledger_add(&state->committed, &state->pending, state->rule_count);
		ledger_clear(&state->pending, state->rule_count);
		return 0;
	}
	/* In pieces, what was committed stays; the checkpoint stays open, so that the next run says the same until the limit is
	 * raised. */
	if (station_begin(attempt, error) < 0 || publish_commit(attempt, !refused, error) < 0)
		return -1;
	if (refused)
		*error = over;
	return refused ? -1 : 0;
}

/* --- giving up --- */

/* Rejects of a failed step that commits once, in a transaction of their own. */
static int keep_unpublished(struct attempt *attempt, struct error *error)
{
	struct store *store = attempt->store;
	if (!store)
		return reject_file_write(attempt, false, error);
	if (store->ops->begin(store, error) < 0)
		return -1;
	if (store->ops->drop_unpublished(store, &attempt->key, error) < 0 || unspool(attempt, false, error) < 0) {
		store->ops->rollback(store);
		return -1;
	}
	return store->ops->commit(store, &attempt->key, NULL, NULL, error);
}

void publish_settle(struct attempt *attempt, const struct error *cause)
{
	struct step_state *state = attempt->state;
	struct ledger *pending = &state->pending;
	publish_roll_back(attempt);
	bool kept = state->options->dry_run;
	/* Whoever was fenced off must not touch what now belongs to another run. */
	if (attempt->spool && (attempt->claimed || !attempt->store) && cause->kind != ERROR_BUSY) {
		struct error failed = ERROR_INIT;
		kept = keep_unpublished(attempt, &failed) == 0;
		if (!kept && spool_count(attempt->spool) > 0 && state->options->progress.note) {
			char text[ERROR_PLACE_MAX + ERROR_MESSAGE_MAX];
			state->options->progress.note(state->options->progress.arg, "warning",
				error_text(&failed, text, sizeof text));
		}
	}
	struct counts *counts = &pending->counts;
	if (!state->options->dry_run) {
		counts->skipped[SKIP_ROLLED_BACK] += counts->written + (kept ? 0 : counts->rejected);
		counts->written = 0;
		if (!kept) {
			counts->rejected = 0;
			memset(pending->by_rule, 0, state->rule_count * sizeof *pending->by_rule);
		}
	}
	ledger_add(&state->committed, pending, state->rule_count);
	ledger_clear(pending, state->rule_count);
}
