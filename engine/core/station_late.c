/* station_late.c - records of a table that refers to itself which came before their parents: tried again at the end of the source.
 * SPDX-License-Identifier: Apache-2.0
 *
 * First all of them in source order, once; then, one by one, those whose parent came after that (judge.h: woken), so that a chain of any
 * length in any order costs each of its records once more; at last those that are left, for which nothing moves any more.
 */
#include "engine/core/attempt.h"

enum { TRIES_AT_ONCE = 1024 }; /* between looks at the cancel flag */

struct late {
	struct attempt *attempt;
	struct batch *batch;
	uint64_t tries;
};

static void start_batch(const struct late *late)
{
	batch_reset(late->batch);
	if (late->attempt->transform)
		batch_turn(late->batch);
}

static int write_batch(struct late *late, struct error *error)
{
	struct attempt *attempt = late->attempt;
	struct batch *batch = late->batch;
	if (batch->rows == 0)
		return 0;
	batch_sort_violations(batch);
	if (station_write(attempt, batch, true, error) < 0)
		return -1;
	station_show(attempt);
	start_batch(late);
	return 0;
}

static int try_again(struct late *late, uint64_t ticket, bool last, struct error *error)
{
	struct attempt *attempt = late->attempt;
	struct judge *judge = attempt->judge;
	struct batch *batch = late->batch;
	struct cancel *cancel = attempt->state->options->cancel;
	if (late->tries++ % TRIES_AT_ONCE == 0 && cancel_requested(cancel))
		return error_set(error, ERROR_CANCELLED, NULL, "cancelled by signal %d", atomic_load(&cancel->signal));
	if (waiting_get(attempt->waiting, ticket, batch, error) < 0 || judge->ops->again(judge, batch, ticket, last, error) < 0)
		return -1;
	if (batch->status[batch->rows - 1] == ROW_WAITING) {
		waiting_unget(attempt->waiting, batch);
		return 0;
	}
	return batch_is_full(batch) ? write_batch(late, error) : 0;
}

/* All of them in source order. */
static int try_all(struct late *late, struct error *error)
{
	struct waiting *waiting = late->attempt->waiting;
	uint64_t ticket;
	int more;
	if (waiting_rewind(waiting, error) < 0)
		return -1;
	while ((more = waiting_next(waiting, &ticket, error)) > 0)
		if (try_again(late, ticket, false, error) < 0)
			return -1;
	return more;
}

static int try_woken(struct late *late, bool last, struct error *error)
{
	struct judge *judge = late->attempt->judge;
	uint64_t ticket;
	int more;
	while ((more = judge->ops->woken(judge, last, &ticket, error)) > 0)
		if (try_again(late, ticket, last, error) < 0)
			return -1;
	return more;
}

int station_carry_late(struct attempt *attempt, struct error *error)
{
	const struct plan_step *step = attempt->step;
	const struct schema *read = step->source_schema ? step->source_schema : step->schema;
	struct late late = { .attempt = attempt };
	if (waiting_count(attempt->waiting) == 0)
		return 0;
	if (!attempt->state->options->dry_run && station_begin(attempt, error) < 0)
		return -1;
	size_t rows = batch_rows_for(step->schema, attempt->transform ? batch_rows_for(read, 0) : 0);
	late.batch = batch_new(attempt->transform ? read : step->schema, rows, &attempt->state->plan->limits, error);
	if (!late.batch)
		return -1;
	int result = attempt->transform ? batch_add_side(late.batch, step->schema, error) : 0;
	if (result == 0)
		start_batch(&late);
	/* A parent that the database refuses shows with its batch: those that are left are tried for the last time behind it. */
	if (result == 0 && (try_all(&late, error) < 0 || try_woken(&late, false, error) < 0 || write_batch(&late, error) < 0 ||
			try_woken(&late, true, error) < 0 || write_batch(&late, error) < 0))
		result = -1;
	batch_free(late.batch);
	return result;
}
