/* station.c - the sink's station: judged batches to the sink, rejects kept beside their rows, and every record counted.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "engine/core/attempt.h"
#include "engine/core/clock.h"

static const int64_t PROGRESS_MS = 200;
enum { RESOLVE_AT_ONCE = 256 };

void step_show(struct step_state *state, bool force)
{
	int64_t now = clock_elapsed_ms();
	if (!force && now - state->last_progress_ms < PROGRESS_MS)
		return;
	state->last_progress_ms = now;
	state->report->counts = state->committed.counts;
	counts_add(&state->report->counts, &state->pending.counts);
}

void station_show(struct attempt *attempt)
{
	struct step_state *state = attempt->state;
	int64_t before = state->last_progress_ms;
	step_show(state, false);
	if (state->last_progress_ms != before && state->options->progress.step)
		state->options->progress.step(state->options->progress.arg, state->run_report, state->report_index,
			attempt->identity.known ? attempt->identity.size : 0);
}

int station_begin(struct attempt *attempt, struct error *error)
{
	struct store *store = attempt->store;
	if (attempt->in_transaction)
		return 0;
	if (store && !attempt->grouped && store->ops->begin(store, error) < 0)
		return -1;
	attempt->in_transaction = true;
	attempt->piece_started_ms = clock_elapsed_ms();
	attempt->piece_rows = 0;
	if (store && !attempt->dropped_unpublished) {
		if (store->ops->drop_unpublished(store, &attempt->key, error) < 0)
			return -1;
		attempt->dropped_unpublished = true;
	}
	return attempt->step->sink->begin(attempt->sink, error);
}

static int keep_reject(struct attempt *attempt, const struct reject *reject, struct error *error)
{
	if (attempt->state->options->mend && !attempt->state->options->dry_run)
		return attempt->store->ops->reject_again(attempt->store, (int64_t)reject->record_no, reject, error);
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
	struct place place = { batch->page, batch->file };
	char source[sizeof attempt->identity.path + 32];
	batch_sort_violations(batch);
	for (size_t first = 0, count; first < batch->violation_count; first += count) {
		struct reject reject;
		count = violations_of_row(batch, first);
		if (batch->places)
			place = batch->places[batch->violations[first].row];
		if (place.page)
			snprintf(source, sizeof source, "%s page %llu", attempt->identity.path, (unsigned long long)place.page);
		else if (first == 0 || batch->places)
			snprintf(source, sizeof source, "%s", place.file ? place.file : attempt->identity.path);
		if (reject_from_batch(&reject, batch, first, count, source, &attempt->scratch, error) < 0 ||
			keep_reject(attempt, &reject, error) < 0) {
			if (attempt->spool)
				spool_cut(attempt->spool, spooled); /* a batch is in the books whole, or not at all */
			return -1;
		}
		if (!attempt->first_reject[0])
			attempt->first_file = place.file;
		if (!attempt->first_reject[0])
			snprintf(attempt->first_reject, sizeof attempt->first_reject, "record %llu, line %llu: %s: %.*s",
				(unsigned long long)reject.record_no, (unsigned long long)reject.line_no, reject.rule.data,
				(int)(reject.message.length < FIRST_REJECT_MAX / 2 ? reject.message.length : FIRST_REJECT_MAX / 2),
				reject.message.data);
	}
	return 0;
}

/* The rejects whose records were written now. */
static int resolve_rejects(struct attempt *attempt, const struct batch *batch, struct error *error)
{
	struct store *store = attempt->store;
	int64_t ids[RESOLVE_AT_ONCE];
	size_t count = 0;
	int result = 0;
	for (size_t row = 0; row <= batch->rows && result == 0; row++) {
		if (row < batch->rows && batch->status[row] == ROW_LIVE)
			ids[count++] = (int64_t)batch->origins[row].record_no;
		if (count > 0 && (count == RESOLVE_AT_ONCE || row == batch->rows)) {
			result = store->ops->resolve(store, attempt->state->run_id, ids, count, error);
			count = 0;
		}
	}
	return result;
}

static void count_batch(struct attempt *attempt, const struct batch *batch)
{
	struct ledger *pending = &attempt->state->pending;
	bool dry = attempt->state->options->dry_run;
	pending->counts.bytes += batch->bytes;
	uint64_t read = batch->rows;
	for (int reason = 0; reason < SKIP_REASONS; reason++) {
		read += batch->skipped[reason];
		pending->counts.skipped[reason] += batch->skipped[reason];
	}
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
		case ROW_FILTERED:
			pending->counts.skipped[SKIP_FILTERED]++;
			break;
		case ROW_ASIDE:
			read--;
			break;
		case ROW_WAITING:
			assert(0 && "a row that waits is in no batch that is counted");
			break;
		}
	}
	pending->counts.read += read;
	pending->read += read;
}

/* Whether the limit ends the step now: a step that commits once goes on to its end, so that every reject is known. */
static bool limit_ends_now(const struct attempt *attempt, struct error *error)
{
	if (attempt->once && !attempt->step->abort_on_violation)
		return false;
	return publish_check_limit(attempt, false, error) < 0;
}

static int replay(struct attempt *attempt, struct batch *batch, struct error *error)
{
	struct judge *judge = attempt->judge;
	attempt->state->pending.counts.bytes += batch->bytes;
	if (!batch->keys_judged && judge->ops->keys(judge, batch, true, error) < 0)
		return -1;
	return judge->ops->settled(judge, batch, error);
}

int station_add_keys(struct attempt *attempt, struct error *error)
{
	if (!attempt->keys_wait)
		return 0;
	attempt->keys_wait = false;
	if (attempt->step->sink->publish(attempt->sink, PUBLISH_KEYS, NULL, error) == 0)
		return 0;
	/* Rows that do not go together in the eyes of the database: with its keys in place it says which. */
	if (!error->retry && error->kind == ERROR_SINK)
		attempt->state->keys_first = error->retry = true;
	return -1;
}

/* The keys of a batch that the rules thread left to the station. */
static int judge_keys(struct attempt *attempt, struct batch *batch, struct error *error)
{
	struct judge *judge = attempt->judge;
	if (!attempt->waiting && station_add_keys(attempt, error) < 0)
		return -1;
	if (judge->ops->keys(judge, batch, true, error) < 0)
		return -1;
	return attempt->waiting ? waiting_put(attempt->waiting, batch, error) : 0;
}

/* A row must not stay written whose parent, a row of the same batch, the database refused. */
static int write_again(struct attempt *attempt, struct batch *batch, struct error *error)
{
	struct store *store = attempt->store;
	if (attempt->state->options->dry_run)
		return 0;
	if (attempt->keys_wait) {
		attempt->state->keys_first = true;
		error_set(error, ERROR_SINK, attempt->step->name, "the database refused a record that others of table %s refer to", attempt->step->target);
		error->retry = true;
		return -1;
	}
	assert(store);
	if (store->ops->mark(store, MARK_UNDO, error) < 0)
		return -1;
	return attempt->step->sink->write(attempt->sink, batch, error);
}

static int write_rows(struct attempt *attempt, struct batch *batch, struct error *error)
{
	struct store *store = attempt->store;
	struct judge *judge = attempt->judge;
	bool marked = attempt->waiting && store && !attempt->state->options->dry_run && !attempt->keys_wait;
	size_t orphans = 0;
	if (marked && store->ops->mark(store, MARK_SET, error) < 0)
		return -1;
	if (attempt->step->sink->write(attempt->sink, batch, error) < 0)
		return -1;
	do {
		if (attempt->waiting && judge->ops->orphans(judge, batch, &orphans, error) < 0)
			return -1;
		if (orphans > 0 && write_again(attempt, batch, error) < 0)
			return -1;
	} while (orphans > 0);
	return marked ? store->ops->mark(store, MARK_RELEASE, error) : 0;
}

static int take_prints(struct attempt *attempt, const struct batch *batch, bool judged_here, struct error *error)
{
	if (!attempt->wants_prints)
		return 0;
	if (judged_here)
		return fingerprints_add_batch(&attempt->prints, batch, &attempt->work, NULL, error);
	fingerprints_add(&attempt->prints, batch->prints);
	return 0;
}

int station_write(struct attempt *attempt, struct batch *batch, bool judged_here, struct error *error)
{
	struct judge *judge = attempt->judge;
	if (write_rows(attempt, batch, error) < 0 || judge->ops->settled(judge, batch, error) < 0 || keep_rejects(attempt, batch, error) < 0)
		return -1;
	if (attempt->state->options->mend && !attempt->state->options->dry_run && resolve_rejects(attempt, batch, error) < 0)
		return -1;
	if (take_prints(attempt, batch, judged_here, error) < 0)
		return -1;
	count_batch(attempt, batch);
	attempt->piece_rows += batch->rows;
	return 0;
}

static int take(struct attempt *attempt, struct batch *batch, struct error *error)
{
	bool dry = attempt->state->options->dry_run, judged_here = !batch->keys_judged;
	attempt->position = batch->position;
	attempt->reached_end = batch->last;
	if (batch->replayed)
		return replay(attempt, batch, error);
	if (!dry && station_begin(attempt, error) < 0)
		return -1;
	if ((judged_here && judge_keys(attempt, batch, error) < 0) || station_write(attempt, batch, judged_here, error) < 0)
		return -1;
	attempt_count_passed(attempt, batch->last ? SIZE_MAX : batch->file_number);
	return batch->file_end ? attempt_end_file(attempt, batch->file_end, error) : 0;
}

static bool piece_is_due(const struct attempt *attempt)
{
	if (attempt->once || !attempt->in_transaction)
		return false;
	const struct option_commit *policy = &attempt->commit;
	return (policy->rows > 0 && attempt->piece_rows >= policy->rows) ||
		(policy->every_ms > 0 && clock_elapsed_ms() - attempt->piece_started_ms >= policy->every_ms);
}

int station_carry(struct attempt *attempt, struct error *error)
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
				result = publish_commit(attempt, false, error); /* the rejects that decided it are kept with their rows */
			if (result == 0)
				*error = over;
			result = -1;
		}
		if (result == 0 && !attempt->reached_end && piece_is_due(attempt))
			result = publish_commit(attempt, false, error);
		station_show(attempt);
	}
	struct flow *flow = attempt->flow;
	attempt->flow = NULL;
	if (result == 0) {
		result = flow_finish(flow, error);
		if (result == 0 && attempt->waiting)
			result = station_carry_late(attempt, error);
	} else {
		struct error ignored = ERROR_INIT; /* the station's own error came first */
		if (flow_finish(flow, &ignored) < 0)
			result = -1;
	}
	return result;
}
