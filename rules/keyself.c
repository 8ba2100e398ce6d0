/* keyself.c - stage 3 of a table that refers to itself: its records are each other's parents, in whatever order they come.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A record is a parent for those behind it in its batch as soon as it has passed, and for all later batches once it was written: one
 * that the database refused is none. A record that refers to itself needs no other parent.
 */
#include <stdlib.h>
#include <string.h>

#include "rules/hashing.h"
#include "rules/keystage_parts.h"

enum turn { TURN_FIRST = 1, TURN_AGAIN, TURN_LAST };

int keyself_init(struct keystage *stage, struct keyview *view, struct error *error)
{
	const struct schema *schema = stage->program->table->schema;
	view->own = calloc(view->shape->count, sizeof *view->own);
	if (!view->own)
		return error_memory(error, "the keys of a table");
	for (size_t i = 0; i < view->shape->count; i++)
		view->own[i] = schema_find(schema, view->shape->keys->fields[i].name);
	return 0;
}

static int take_own(struct keystage *stage, const struct batch *batch, uint32_t row, struct error *error)
{
	for (size_t i = 0; i < stage->view_count; i++) {
		struct keyview *view = &stage->views[i];
		if (!view->itself)
			continue;
		view->own_complete = key_complete(batch, view->own, view->shape->count, row);
		if (view->own_complete && key_make(&view->maker, view->kind, batch, view->own, view->shape->count, row, &view->own_key, error) < 0)
			return -1;
	}
	return 0;
}

static bool same_key(enum key_kind kind, const struct keyvalue *left, const struct keyvalue *right)
{
	if (kind == KEY_OF_INTEGER)
		return left->integer == right->integer;
	return left->length == right->length && (left->length == 0 || memcmp(left->bytes, right->bytes, left->length) == 0);
}

/* Integers stay next to their neighbours, which mostly are asked for next. */
static uint64_t hash_of(const struct keystage *stage, const struct keyview *view, const struct keyvalue *key)
{
	uint64_t seed = stage->world.budget.seed + (uint64_t)(view - stage->views) * 0x9E3779B97F4A7C15u;
	return view->kind == KEY_OF_INTEGER ? seed + (uint64_t)key->integer : hash_bytes(seed, key->bytes, key->length);
}

/* Whether the record has the parent that the check asks for, or asks for none. After take_own. */
static int has_parent(struct check *check, const struct batch *batch, uint32_t row, bool *out, struct error *error)
{
	const struct keyview *view = check->view;
	*out = true;
	if (keystage_key(check, batch, row, error) < 0)
		return -1;
	if (!check->complete || (view->own_complete && same_key(view->kind, &view->own_key, &check->key)))
		return 0;
	return keyview_has(view, &check->found, &check->key, out, error);
}

static int add_fresh(struct keystage *stage, struct error *error)
{
	for (size_t i = 0; i < stage->view_count; i++) {
		struct keyview *view = &stage->views[i];
		if (view->itself && view->own_complete && keystore_add(&view->fresh, &view->own_key, error) < 0)
			return -1;
	}
	return 0;
}

static void clear_fresh(struct keystage *stage)
{
	for (size_t i = 0; i < stage->view_count; i++)
		if (stage->views[i].itself)
			keystore_clear(&stage->views[i].fresh);
}

static int accept(struct keystage *stage, struct batch *batch, uint32_t row, struct error *error)
{
	if (keystage_accept(stage, batch, row, error) < 0 || add_fresh(stage, error) < 0)
		return -1;
	for (size_t i = 0; i < stage->view_count && stage->waiters; i++) {
		const struct keyview *view = &stage->views[i];
		if (view->itself && view->own_complete &&
		    waiters_wake(stage->waiters, hash_of(stage, view, &view->own_key), stage->pass, stage->ticket, error) < 0)
			return -1;
	}
	return 0;
}

/* All keys but those by which the table refers to itself; own: those of the record, parents: references to other tables. */
static int judge_others(struct keystage *stage, struct batch *batch, uint32_t row, bool own, bool parents, struct error *error)
{
	for (size_t i = 0; i < stage->check_count; i++) {
		struct check *check = &stage->checks[i];
		bool there;
		if (check->view->itself || !(check->view->parents ? parents : own))
			continue;
		if (keystage_key(check, batch, row, error) < 0)
			return -1;
		if (!check->complete)
			continue;
		if (keyview_has(check->view, &check->found, &check->key, &there, error) < 0)
			return -1;
		if (there != check->view->parents && keystage_violate(batch, row, check, error) < 0)
			return -1;
	}
	return 0;
}

/* missing: of a row that is left ROW_WAITING, the check whose parent it waits for; else NULL. What other tables say does not change while it
 * waits, so that it is asked once: with its batch, when the target may have been asked about that. */
static int judge_row(struct keystage *stage, struct batch *batch, uint32_t row, enum turn turn, struct check **missing, struct error *error)
{
	*missing = NULL;
	if (take_own(stage, batch, row, error) < 0)
		return -1;
	for (size_t i = 0; i < stage->check_count; i++) {
		struct check *check = &stage->checks[i];
		bool there;
		if (!check->view->itself)
			continue;
		if (has_parent(check, batch, row, &there, error) < 0)
			return -1;
		if (there)
			continue;
		if (turn == TURN_LAST && keystage_violate(batch, row, check, error) < 0)
			return -1;
		if (turn != TURN_LAST && !*missing)
			*missing = check;
	}
	if (*missing) {
		if (turn == TURN_FIRST && !stage->within && judge_others(stage, batch, row, false, true, error) < 0)
			return -1;
		batch->status[row] = ROW_WAITING;
		return 0;
	}
	if (judge_others(stage, batch, row, true, turn == TURN_FIRST || stage->within, error) < 0)
		return -1;
	return batch->status[row] == ROW_LIVE ? accept(stage, batch, row, error) : 0;
}

/* --- a batch that is alone: all records wait within it ------------------------------------------- */

struct order {
	uint32_t *rows; /* those that were accepted, as they were */
	size_t count;
	size_t waiting;
};

/* One pass over those that wait. *moved: something changed by it. */
static int pass_within(struct keystage *stage, struct batch *batch, enum turn turn, struct order *order, bool *moved, struct error *error)
{
	struct check *missing;
	*moved = false;
	for (uint32_t row = 0; row < batch->rows && order->waiting > 0; row++) {
		if (batch->status[row] != ROW_WAITING)
			continue;
		batch->status[row] = ROW_LIVE;
		if (judge_row(stage, batch, row, turn, &missing, error) < 0)
			return -1;
		if (batch->status[row] == ROW_LIVE)
			order->rows[order->count++] = row;
		if (batch->status[row] != ROW_WAITING) {
			order->waiting--;
			*moved = true;
		}
	}
	return 0;
}

static int ascending(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	return (a > b) - (a < b);
}

/* The rows in the order in which they were accepted, each a parent only of those behind it. */
static int put_in_order(struct batch *batch, const struct order *order, struct error *error)
{
	uint32_t *places = malloc((order->count ? order->count : 1) * sizeof *places);
	uint32_t *from = malloc((order->count ? order->count : 1) * sizeof *from);
	int result = places && from ? 0 : error_memory(error, "the rows of a batch");
	if (result == 0) {
		memcpy(places, order->rows, order->count * sizeof *places);
		qsort(places, order->count, sizeof *places, ascending);
		for (size_t i = 0; i < order->count; i++) {
			const uint32_t *found = bsearch(&order->rows[i], places, order->count, sizeof *places, ascending);
			from[i] = (uint32_t)(found - places);
		}
		result = batch_reorder(batch, places, from, order->count, error);
	}
	free(places);
	free(from);
	return result;
}

static int by_record(const void *left, const void *right, void *origins)
{
	const struct origin *of = origins;
	uint64_t a = of[*(const uint32_t *)left].record_no, b = of[*(const uint32_t *)right].record_no;
	return (a > b) - (a < b);
}

/* A request that is tried again still has its rows as put_in_order has left them. */
static int put_back(struct batch *batch, struct error *error)
{
	struct order order = {.rows = malloc((batch->rows ? batch->rows : 1) * sizeof *order.rows)};
	if (!order.rows)
		return error_memory(error, "the rows of a batch");
	for (uint32_t row = 0; row < batch->rows; row++)
		if (batch->status[row] == ROW_LIVE)
			order.rows[order.count++] = row;
	qsort_r(order.rows, order.count, sizeof *order.rows, by_record, batch->origins);
	int result = put_in_order(batch, &order, error);
	free(order.rows);
	return result;
}

static int judge_within(struct keystage *stage, struct batch *batch, struct order *order, struct error *error)
{
	bool moved = true;
	order->rows = malloc((batch->rows ? batch->rows : 1) * sizeof *order->rows);
	if (!order->rows)
		return error_memory(error, "the rows of a batch");
	for (uint32_t row = 0; row < batch->rows; row++)
		if (batch->status[row] == ROW_LIVE)
			order->rows[order->count++] = row;
		else
			order->waiting += batch->status[row] == ROW_WAITING;
	if (order->waiting == 0)
		return 0;
	while (moved && order->waiting > 0)
		if (pass_within(stage, batch, TURN_AGAIN, order, &moved, error) < 0)
			return -1;
	if (pass_within(stage, batch, TURN_LAST, order, &moved, error) < 0)
		return -1;
	/* What is not written keeps the order of its source. */
	return stage->context.each_batch_alone ? put_in_order(batch, order, error) : 0;
}

/* --- what the stage calls ------------------------------------------------------------------------ */

int keyself_judge(struct keystage *stage, struct batch *batch, struct error *error)
{
	struct check *missing;
	clear_fresh(stage);
	if (stage->context.each_batch_alone && put_back(batch, error) < 0)
		return -1;
	for (uint32_t row = 0; row < batch->rows; row++)
		if (batch->status[row] == ROW_LIVE && judge_row(stage, batch, row, TURN_FIRST, &missing, error) < 0)
			return -1;
	if (!stage->within)
		return 0;
	struct order order = {.rows = NULL};
	int result = judge_within(stage, batch, &order, error);
	free(order.rows);
	return result;
}

int keyself_settled(struct keystage *stage, const struct batch *batch, struct error *error)
{
	for (uint32_t row = 0; row < batch->rows; row++) {
		if (batch->status[row] != ROW_LIVE)
			continue;
		if (take_own(stage, batch, row, error) < 0)
			return -1;
		for (size_t i = 0; i < stage->view_count; i++) {
			struct keyview *view = &stage->views[i];
			if (view->itself && view->has_store && view->own_complete && keystore_add(&view->store, &view->own_key, error) < 0)
				return -1;
		}
	}
	clear_fresh(stage);
	return 0;
}

/* --- what the judge calls ------------------------------------------------------------------------ */

bool keystage_waits(const struct keystage *stage)
{
	return stage->itself;
}

int keystage_again(struct keystage *stage, struct batch *batch, uint64_t ticket, bool last, struct error *error)
{
	struct check *missing;
	uint32_t row = (uint32_t)batch->rows - 1;
	if (row == 0 && keystage_relieve(stage, batch->capacity, error) < 0)
		return -1;
	stage->ticket = ticket;
	if (judge_row(stage, batch, row, last ? TURN_LAST : TURN_AGAIN, &missing, error) < 0)
		return -1;
	batch->keys_judged = true;
	if (!missing)
		return 0;
	if (!stage->waiters)
		stage->waiters = waiters_open(error);
	return stage->waiters ? waiters_add(stage->waiters, hash_of(stage, missing->view, &missing->key), ticket, error) : -1;
}

int keystage_woken(struct keystage *stage, bool all, uint64_t *ticket, struct error *error)
{
	if (!stage->waiters || (all && waiters_wake_all(stage->waiters, stage->pass + 1, error) < 0))
		return stage->waiters ? -1 : 0;
	int more = waiters_next(stage->waiters, &stage->pass, ticket, error);
	if (more == 0 && all) {
		waiters_close(stage->waiters);
		stage->waiters = NULL;
	}
	return more;
}

/* The violations first..first+count are those of a row whose keys were judged, and not of this rule. */
static bool may_add(const struct batch *batch, size_t first, size_t count, const struct rule *rule)
{
	for (size_t i = first; i < first + count; i++)
		if (batch->violations[i].rule->stage <= STAGE_CELL || batch->violations[i].rule == rule)
			return false;
	return true;
}

/* A row of which first..first+count are the violations so far, once it is known who of those before it was written. */
static int find_parents(struct keystage *stage, struct batch *batch, uint32_t row, size_t first, size_t count, struct error *error)
{
	if (take_own(stage, batch, row, error) < 0)
		return -1;
	for (size_t i = 0; i < stage->check_count; i++) {
		struct check *check = &stage->checks[i];
		bool there;
		if (!check->view->itself || !may_add(batch, first, count, check->rule))
			continue;
		if (has_parent(check, batch, row, &there, error) < 0 || (!there && keystage_violate(batch, row, check, error) < 0))
			return -1;
	}
	return 0;
}

/* What becomes of the rows that live; or, behind them, what is to be said beside the rest of those that were rejected by their keys. */
static int find_all_parents(struct keystage *stage, struct batch *batch, bool live, size_t known, size_t *count, struct error *error)
{
	size_t next = 0;
	for (uint32_t row = 0; row < batch->rows; row++) {
		size_t first = next;
		while (next < known && batch->violations[next].row == row)
			next++;
		if (live ? batch->status[row] != ROW_LIVE : batch->status[row] != ROW_REJECTED || batch->passed[row])
			continue;
		if (find_parents(stage, batch, row, first, next - first, error) < 0)
			return -1;
		if (batch->status[row] == ROW_LIVE && add_fresh(stage, error) < 0)
			return -1;
		*count += live && batch->status[row] == ROW_REJECTED;
	}
	return 0;
}

int keystage_orphans(struct keystage *stage, struct batch *batch, size_t *count, struct error *error)
{
	bool refused = false;
	*count = 0;
	for (size_t row = 0; row < batch->rows && !refused; row++)
		refused = batch->passed[row] && batch->status[row] == ROW_REJECTED;
	if (!refused)
		return 0;
	batch_sort_violations(batch);
	size_t known = batch->violation_count;
	/* Those that live stand with parents before their children. */
	clear_fresh(stage);
	if (find_all_parents(stage, batch, true, known, count, error) < 0)
		return -1;
	return find_all_parents(stage, batch, false, known, count, error);
}
