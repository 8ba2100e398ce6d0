/* ingest_request.c - one request in the open transaction: keys, rows, rejects, books.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "engine/core/ingest_parts.h"

/* --- writing --- */

static int begin_step(struct lane_step *part, struct error *error)
{
	if (!part->begun && part->step->sink->begin(part->sink, error) < 0)
		return -1;
	part->begun = true;
	return 0;
}

/* What the request has written so far is taken back, and written again without the rows that were rejected meanwhile. */
static int write_again(struct ingest_lane *lane, struct ingest_request *request, size_t last, struct error *error)
{
	bool known = false;
	if (lane->store->ops->mark(lane->store, MARK_UNDO, error) < 0 || record_begin(lane, request, &known, error) < 0)
		return -1;
	for (size_t i = 0; i <= last; i++) {
		struct lane_step *part = &lane->parts[i];
		if (!request->form->parts[i].used)
			continue;
		if (part->step->sink->begin(part->sink, error) < 0 || part->step->sink->write(part->sink, request->form->parts[i].batch, error) < 0)
			return -1;
	}
	return 0;
}

static int write_step(struct ingest_lane *lane, struct ingest_request *request, size_t index, struct error *error)
{
	struct lane_step *part = &lane->parts[index];
	struct batch *batch = request->form->parts[index].batch;
	struct judge *judge = part->judge;
	size_t orphans = 0;
	if (begin_step(part, error) < 0 || judge->ops->keys(judge, batch, true, error) < 0 ||
		part->step->sink->write(part->sink, batch, error) < 0)
		return -1;
	/* A row must not stay written whose parent, a row of the same table, the database refused. */
	do {
		if (judge->ops->waits(judge) && judge->ops->orphans(judge, batch, &orphans, error) < 0)
			return -1;
		if (orphans > 0 && write_again(lane, request, index, error) < 0)
			return -1;
	} while (orphans > 0);
	batch_sort_violations(batch);
	return 0;
}

static void count_step(struct counts *counts, const struct batch *batch)
{
	*counts = (struct counts){ .read = batch->rows, .bytes = batch->bytes };
	for (size_t row = 0; row < batch->rows; row++) {
		counts->written += batch->status[row] == ROW_LIVE;
		counts->rejected += batch->status[row] == ROW_REJECTED;
		counts->skipped[SKIP_FILTERED] += batch->status[row] == ROW_FILTERED;
	}
}

/* Whether the step's own limits refuse the request as a whole, as they would a load. */
static bool over_limit(const struct plan_step *step, const struct counts *counts)
{
	const struct reject_limit *most = &step->max_rejects;
	if (step->abort_on_violation && counts->rejected > 0)
		return true;
	if (most->share)
		return (double)counts->rejected > most->fraction * (double)counts->read * (1 + 1e-12);
	return counts->rejected > most->number;
}

/* Writes all rows that can be. *refused: nothing of them is to stay. */
static int write_all(struct ingest_lane *lane, struct ingest_request *request, bool *refused, struct error *error)
{
	*refused = false;
	for (size_t i = 0; i < lane->steps->count; i++) {
		struct form_part *part = &request->form->parts[i];
		struct counts *counts = &request->counts[i];
		*counts = (struct counts){ 0 };
		if (!part->used)
			continue;
		if (write_step(lane, request, i, error) < 0)
			return -1;
		count_step(counts, part->batch);
		*refused = *refused || (request->atomic && counts->rejected > 0) || over_limit(lane->parts[i].step, counts);
	}
	return 0;
}

static int settle_books(struct ingest_lane *lane, struct ingest_request *request, bool refused, struct error *error)
{
	request->sum = (struct counts){ 0 };
	for (size_t i = 0; i < lane->steps->count; i++) {
		struct counts *counts = &request->counts[i];
		if (refused) {
			counts->skipped[SKIP_ROLLED_BACK] += counts->written;
			counts->written = 0;
		}
		counts_add(&request->sum, counts);
	}
	if (!counts_balance(&request->sum) || request->sum.rejected != request->verdict_count)
		return error_set(error, ERROR_BOOKS, lane->steps->plan->name, "the books of request %s do not balance", request->run_id);
	request->published = !refused;
	request->status = request->sum.written > 0 ? 200 : 422;
	return 0;
}

/* --- what the calls of the core use --- */

int request_run(struct ingest_lane *lane, struct ingest_request *request, struct error *error)
{
	struct store *store = lane->store;
	bool refused, known = false;
	/* A request that is in already has its results from the try that brought it in. */
	if (record_begin(lane, request, &known, error) < 0 || known)
		return known ? 0 : -1;
	request->replayed = request->other_body = false;
	if (record_find_answer(lane, request, &known, error) < 0 || known)
		return known ? 0 : -1;
	if (write_all(lane, request, &refused, error) < 0)
		return -1;
	if (refused && store->ops->mark(store, MARK_UNDO, error) < 0)
		return -1;
	request->published = !refused;
	if (verdicts_write(lane, request, error) < 0 || settle_books(lane, request, refused, error) < 0 ||
		record_end(lane, request, error) < 0)
		return -1;
	return record_keep_answer(lane, request, error);
}

void request_forget(struct ingest_request *request)
{
	for (size_t i = 0; i < request->form->steps->count; i++) {
		struct form_part *part = &request->form->parts[i];
		struct batch *batch = part->batch;
		size_t kept = 0;
		if (!part->used)
			continue;
		memset(batch->passed, 0, batch->rows);
		for (size_t row = 0; row < batch->rows; row++)
			if (batch->status[row] == ROW_REJECTED)
				batch->status[row] = ROW_LIVE;
		for (size_t v = 0; v < batch->violation_count; v++) {
			if (batch->violations[v].rule->stage > STAGE_CELL)
				continue;
			batch->status[batch->violations[v].row] = ROW_REJECTED;
			batch->violations[kept++] = batch->violations[v];
		}
		batch->violation_count = kept;
		batch->keys_judged = false;
	}
}
