/* station.c - the sink's station: judged batches into the database, rejects and checkpoint in the transaction of their rows.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "engine/core/attempt.h"
#include "engine/core/clock.h"

static const int64_t PROGRESS_MS = 200;

void step_show(struct step_state *state, bool force)
{
	int64_t now = clock_elapsed_ms();
	if (!force && now - state->last_progress_ms < PROGRESS_MS)
		return;
	state->last_progress_ms = now;
	state->report->counts = state->committed.counts;
	counts_add(&state->report->counts, &state->pending.counts);
}

static void show(struct attempt *attempt)
{
	struct step_state *state = attempt->state;
	int64_t before = state->last_progress_ms;
	step_show(state, false);
	if (state->last_progress_ms != before && state->options->progress.step)
		state->options->progress.step(state->options->progress.arg, state->run_report, state->report_index,
			attempt->identity.known ? attempt->identity.size : 0);
}

static int begin(struct attempt *attempt, struct error *error)
{
	if (attempt->in_transaction)
		return 0;
	if (attempt->store->ops->begin(attempt->store, error) < 0)
		return -1;
	attempt->in_transaction = true;
	attempt->piece_started_ms = clock_elapsed_ms();
	attempt->piece_rows = 0;
	if (!attempt->dropped_unpublished) {
		if (attempt->store->ops->drop_unpublished(attempt->store, &attempt->key, error) < 0)
			return -1;
		attempt->dropped_unpublished = true;
	}
	return attempt->step->sink->begin(attempt->sink, error);
}

static void roll_back(struct attempt *attempt)
{
	if (!attempt->in_transaction)
		return;
	attempt->store->ops->rollback(attempt->store);
	attempt->step->sink->rollback(attempt->sink);
	attempt->in_transaction = false;
	attempt->dropped_unpublished = false;
}

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

static int commit(struct attempt *attempt, bool complete, struct error *error)
{
	struct step_state *state = attempt->state;
	struct store *store = attempt->store;
	struct file_record file = { 0 };
	fill_checkpoint(attempt, complete);
	if (complete && attempt->identity.known) {
		memcpy(file.run_id, state->run_id, RUN_ID_SIZE);
		memcpy(file.path, attempt->identity.path, sizeof file.path);
		memcpy(file.hash, attempt->position.hash, SHA256_HEX_SIZE);
		file.size = attempt->identity.size;
		file.mtime_ns = attempt->identity.mtime_ns;
		file.records = attempt->checkpoint.load_read;
		file.loaded_at = clock_wall_us();
	}
	const struct outcome outcome = { .complete = complete, .counts = &attempt->checkpoint.counts };
	if (attempt->step->sink->publish(attempt->sink, PUBLISH_PLACE, &outcome, error) < 0)
		return -1;
	attempt->in_transaction = false; /* whatever comes now, the transaction is over */
	if (store->ops->commit(store, &attempt->key, attempt->recording ? &attempt->checkpoint : NULL,
			attempt->recording && file.hash[0] ? &file : NULL, error) < 0) {
		attempt->step->sink->rollback(attempt->sink);
		if (!attempt->recording)
			error->retry = false; /* without a checkpoint nobody could tell whether it happened */
		return -1;
	}
	ledger_add(&state->committed, &state->pending, state->rule_count);
	ledger_clear(&state->pending, state->rule_count);
	state->progressed = true;
	return 0;
}

static int keep_reject(struct attempt *attempt, const struct reject *reject, struct error *error)
{
	if (attempt->spool)
		return spool_add(attempt->spool, reject, error);
	if (attempt->state->options->dry_run)
		return 0;
	return attempt->store->ops->reject(attempt->store, &attempt->key, attempt->state->run_id, reject, true, error);
}

/* How many violations the row of the one at first has; they stand together. */
static size_t violations_of_row(const struct batch *batch, size_t first)
{
	size_t count = 1;
	while (first + count < batch->violation_count &&
		batch->violations[first + count].row == batch->violations[first].row)
		count++;
	return count;
}

static int keep_rejects(struct attempt *attempt, struct batch *batch, struct error *error)
{
	uint64_t spooled = attempt->spool ? spool_count(attempt->spool) : 0;
	batch_sort_violations(batch);
	for (size_t first = 0, count; first < batch->violation_count; first += count) {
		struct reject reject;
		count = violations_of_row(batch, first);
		if (reject_from_batch(&reject, batch, first, count, attempt->identity.path, &attempt->scratch, error) < 0 ||
			keep_reject(attempt, &reject, error) < 0) {
			if (attempt->spool)
				spool_cut(attempt->spool, spooled); /* a batch is in the books whole, or not at all */
			return -1;
		}
		if (!attempt->first_reject[0])
			snprintf(attempt->first_reject, sizeof attempt->first_reject, "record %llu, line %llu: %s: %.*s",
				(unsigned long long)reject.record_no, (unsigned long long)reject.line_no, reject.rule.data,
				(int)(reject.message.length < FIRST_REJECT_MAX / 2 ? reject.message.length : FIRST_REJECT_MAX / 2),
				reject.message.data);
	}
	return 0;
}

static void count_batch(struct attempt *attempt, const struct batch *batch)
{
	struct ledger *pending = &attempt->state->pending;
	bool dry = attempt->state->options->dry_run;
	pending->counts.bytes += batch->bytes;
	pending->counts.read += batch->rows;
	pending->read += batch->rows;
	for (size_t first = 0; first < batch->violation_count; first += violations_of_row(batch, first)) {
		size_t rule = batch->violations[first].rule->index;
		assert(rule < attempt->state->rule_count);
		pending->by_rule[rule]++;
	}
	for (size_t row = 0; row < batch->rows; row++) {
		switch ((enum row_status)batch->status[row]) {
		case ROW_LIVE:
			pending->counts.written += !dry;
			pending->counts.skipped[SKIP_DRY_RUN] += dry;
			pending->judged++;
			break;
		case ROW_REJECTED:
			pending->counts.rejected++;
			pending->rejected++;
			pending->judged++;
			break;
		case ROW_BLANK:
			pending->counts.skipped[SKIP_BLANK]++;
			break;
		case ROW_LIMIT:
			pending->counts.skipped[SKIP_LIMIT]++;
			break;
		}
	}
}

/* A product such as 0.29 * 100 comes out a little below the 29 that are allowed. */
static bool above_share(uint64_t rejected, double fraction, uint64_t judged)
{
	return (double)rejected > fraction * (double)judged * (1 + 1e-12);
}

/* More rejects than allowed? A number is decided at any time, a share at the end. */
static int check_limit(const struct attempt *attempt, bool at_end, struct error *error)
{
	const struct step_state *state = attempt->state;
	const struct plan_step *step = attempt->step;
	uint64_t rejected = state->committed.rejected + state->pending.rejected;
	uint64_t judged = state->committed.judged + state->pending.judged;
	if (step->abort_on_violation && rejected > 0)
		return error_set(error, ERROR_REJECTS, step->name, "on_violation is abort, and a record was rejected: %s %s",
			attempt->identity.path, attempt->first_reject[0] ? attempt->first_reject : "(by an earlier run of this load)");
	if (!step->max_rejects.share && rejected > step->max_rejects.number)
		return error_set(error, ERROR_REJECTS, step->name, "%llu records rejected, more than max_rejects: %llu",
			(unsigned long long)rejected, (unsigned long long)step->max_rejects.number);
	if (step->max_rejects.share && at_end && above_share(rejected, step->max_rejects.fraction, judged))
		return error_set(error, ERROR_REJECTS, step->name, "%llu of %llu records rejected (%.2f%%), more than max_rejects: %g%%",
			(unsigned long long)rejected, (unsigned long long)judged, 100.0 * (double)rejected / (double)judged,
			100.0 * step->max_rejects.fraction);
	return 0;
}

/* Whether the limit ends the step now: a step that commits once goes on to its end, so that every reject is known. */
static bool limit_ends_now(const struct attempt *attempt, struct error *error)
{
	if (attempt->once && !attempt->step->abort_on_violation)
		return false;
	return check_limit(attempt, false, error) < 0;
}

static int replay(struct attempt *attempt, struct batch *batch, struct error *error)
{
	struct judge *judge = attempt->judge;
	attempt->state->pending.counts.bytes += batch->bytes;
	if (!batch->keys_judged && judge->ops->keys(judge, batch, true, error) < 0)
		return -1;
	return judge->ops->settled(judge, batch, error);
}

static int take(struct attempt *attempt, struct batch *batch, struct error *error)
{
	struct judge *judge = attempt->judge;
	bool dry = attempt->state->options->dry_run;
	attempt->position = batch->position;
	attempt->reached_end = batch->last;
	if (batch->replayed)
		return replay(attempt, batch, error);
	if (!dry && begin(attempt, error) < 0)
		return -1;
	if (!batch->keys_judged && judge->ops->keys(judge, batch, true, error) < 0)
		return -1;
	if (attempt->step->sink->write(attempt->sink, batch, error) < 0 || judge->ops->settled(judge, batch, error) < 0 ||
		keep_rejects(attempt, batch, error) < 0)
		return -1;
	count_batch(attempt, batch);
	attempt->piece_rows += batch->rows;
	return 0;
}

static bool piece_is_due(const struct attempt *attempt)
{
	if (attempt->once || !attempt->in_transaction)
		return false;
	const struct option_commit *policy = &attempt->commit;
	return (policy->rows > 0 && attempt->piece_rows >= policy->rows) ||
		(policy->every_ms > 0 && clock_elapsed_ms() - attempt->piece_started_ms >= policy->every_ms);
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

/* The end of the source: the limit decides, then everything is published. */
static int finish(struct attempt *attempt, struct error *error)
{
	bool dry = attempt->state->options->dry_run;
	struct error over = ERROR_INIT;
	bool refused = check_limit(attempt, true, &over) < 0;
	if (refused && (attempt->once || dry)) {
		*error = over;
		return -1;
	}
	if (dry) {
		ledger_add(&attempt->state->committed, &attempt->state->pending, attempt->state->rule_count);
		ledger_clear(&attempt->state->pending, attempt->state->rule_count);
		return 0;
	}
	if (begin(attempt, error) < 0)
		return -1;
	if (attempt->spool && unspool(attempt, true, error) < 0)
		return -1;
	/* In pieces, what was committed stays; the checkpoint stays open, so that the next run says the same until the limit is
	 * raised. */
	if (commit(attempt, !refused, error) < 0)
		return -1;
	if (refused)
		*error = over;
	return refused ? -1 : 0;
}

int station_run(struct attempt *attempt, struct error *error)
{
	struct batch *batch;
	/* A load that stopped at its limit stays there, and does not move by a piece with every run. */
	int result = limit_ends_now(attempt, error) ? -1 : 0;
	while (result == 0 && (batch = flow_next(attempt->flow))) {
		result = take(attempt, batch, error);
		flow_release(attempt->flow, batch);
		struct error over = ERROR_INIT;
		if (result == 0 && limit_ends_now(attempt, &over)) {
			if (!attempt->once && attempt->in_transaction)
				result = commit(attempt, false, error); /* the rejects that decided it are kept with their rows */
			if (result == 0)
				*error = over;
			result = -1;
		}
		if (result == 0 && !attempt->reached_end && piece_is_due(attempt))
			result = commit(attempt, false, error);
		show(attempt);
	}
	struct flow *flow = attempt->flow;
	attempt->flow = NULL;
	if (result == 0)
		result = flow_finish(flow, error);
	else {
		struct error ignored = ERROR_INIT; /* the station's own error came first */
		if (flow_finish(flow, &ignored) < 0)
			result = -1;
	}
	return result == 0 ? finish(attempt, error) : -1;
}

/* Rejects of a failed step that commits once, in a transaction of their own. */
static int keep_unpublished(struct attempt *attempt, struct error *error)
{
	struct store *store = attempt->store;
	if (store->ops->begin(store, error) < 0)
		return -1;
	if (store->ops->drop_unpublished(store, &attempt->key, error) < 0 || unspool(attempt, false, error) < 0) {
		store->ops->rollback(store);
		return -1;
	}
	return store->ops->commit(store, &attempt->key, NULL, NULL, error);
}

void station_settle(struct attempt *attempt, const struct error *cause)
{
	struct step_state *state = attempt->state;
	struct ledger *pending = &state->pending;
	roll_back(attempt);
	bool kept = state->options->dry_run;
	/* Whoever was fenced off must not touch what now belongs to another run. */
	if (attempt->spool && attempt->claimed && cause->kind != ERROR_BUSY) {
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
