/* keystage.c - which keys are looked up where, and the verdict row by row.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rules/keystage_parts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static bool same_shape(const struct key_shape *left, const struct key_shape *right)
{
	if (left->count != right->count)
		return false;
	for (size_t i = 0; i < left->count; i++)
		if (strcmp(left->keys->fields[i].name, right->keys->fields[i].name) != 0)
			return false;
	return true;
}

/* References to the same key of the same table share what is known of it. */
static struct keyview *view_for(struct keystage *stage, const struct key_draft *draft)
{
	for (size_t i = 0; i < stage->view_count && draft->kind == KEY_REFERENCE; i++) {
		struct keyview *view = &stage->views[i];
		if (view->parents && strcmp(view->resource, draft->resource) == 0 &&
		    same_shape(view->shape, &draft->shape))
			return view;
	}
	struct keyview *view = &stage->views[stage->view_count++];
	view->shape = &draft->shape;
	view->resource = draft->resource;
	view->parents = draft->kind == KEY_REFERENCE;
	view->itself = view->parents && strcmp(draft->resource, stage->program->table->schema->name) == 0;
	stage->itself = stage->itself || view->itself;
	return view;
}

/* In a dry run what earlier steps accepted are parents too; where they replace a table, its present rows are none. */
static int add_earlier(struct keystage *stage, struct keyview *view, bool *replaced, struct error *error)
{
	view->earlier = calloc(stage->earlier_count ? stage->earlier_count : 1, sizeof *view->earlier);
	if (!view->earlier)
		return error_memory(error, "keys of earlier steps");
	*replaced = false;
	for (size_t i = 0; i < stage->earlier_count; i++) {
		struct keystage *earlier = stage->earlier[i];
		if (strcmp(earlier->program->table->schema->name, view->resource) != 0)
			continue;
		*replaced = *replaced || earlier->context.policy == KEYS_REPLACE;
		for (size_t j = 0; j < earlier->view_count; j++)
			if (!earlier->views[j].parents && same_shape(earlier->views[j].shape, view->shape))
				view->earlier[view->earlier_count++] = &earlier->views[j];
	}
	return 0;
}

static bool same_target(const struct keystage *stage, const struct keystage *earlier)
{
	return stage->context.target && earlier->context.target &&
	       strcmp(stage->context.target, earlier->context.target) == 0;
}

/* In a dry run what earlier steps accepted for the same table is what it would hold by now. */
static int add_same_target(struct keystage *stage, struct keyview *view, struct error *error)
{
	view->earlier = calloc(stage->earlier_count ? stage->earlier_count : 1, sizeof *view->earlier);
	if (!view->earlier)
		return error_memory(error, "keys of earlier steps");
	for (size_t i = 0; i < stage->earlier_count; i++) {
		struct keystage *earlier = stage->earlier[i];
		for (size_t j = 0; j < earlier->view_count && same_target(stage, earlier); j++)
			if (!earlier->views[j].parents && same_shape(earlier->views[j].shape, view->shape)) {
				view->earlier[view->earlier_count++] = &earlier->views[j];
				break;
			}
	}
	return 0;
}

struct keystage *keystage_new(const struct program *program, const struct judge_context *context,
			      const struct rule *const *rules, const struct key_draft *also_key,
			      struct keystage *const *earlier, size_t earlier_count, struct error *error)
{
	struct keystage *stage = calloc(1, sizeof *stage);
	size_t count = context->check_types_only ? 0 : program->key_count + (also_key != NULL);
	if (stage) {
		stage->views = calloc(count ? count : 1, sizeof *stage->views);
		stage->checks = calloc(count ? count : 1, sizeof *stage->checks);
	}
	if (!stage || !stage->views || !stage->checks) {
		keystage_free(stage);
		error_memory(error, "the keys of a table");
		return NULL;
	}
	stage->program = program;
	stage->context = *context;
	stage->earlier = earlier;
	stage->earlier_count = earlier_count;
	stage->world = (struct keyworld){.limits = context->limits, .cancel = context->cancel, .probe_always = context->each_batch_alone};
	keybudget_init(&stage->world.budget,
		       context->limits->keys < SIZE_MAX ? (size_t)context->limits->keys : SIZE_MAX, count);
	for (size_t i = 0; i < count; i++) {
		const struct key_draft *draft = i < program->key_count ? &program->keys[i] : also_key;
		struct check *check = &stage->checks[stage->check_count++];
		check->draft = draft;
		check->view = view_for(stage, draft);
		check->rule = rules[draft->rule];
		check->also = draft->also == NO_RULE ? NULL : rules[draft->also];
		/* Two references of one field share an id, but not what they say. */
		if (draft->kind == KEY_REFERENCE && strcmp(check->rule->text, program->drafts[draft->rule].text) != 0)
			check->detail = program->drafts[draft->rule].text;
		if (keystore_init(&check->found, key_kind_of(draft->shape.keys), NULL, error) < 0) {
			keystage_free(stage);
			return NULL;
		}
	}
	stage->world.no_new_probes = stage->itself;
	stage->within = stage->itself && (context->each_batch_alone || context->whole_batch);
	stage->pass = 1;
	for (size_t i = 0; i < stage->view_count; i++)
		if (stage->views[i].itself && keyself_init(stage, &stage->views[i], error) < 0) {
			keystage_free(stage);
			return NULL;
		}
	return stage;
}

void keystage_free(struct keystage *stage)
{
	if (!stage)
		return;
	for (size_t i = 0; i < stage->check_count; i++) {
		keymaker_fini(&stage->checks[i].maker);
		keystore_fini(&stage->checks[i].found);
	}
	for (size_t i = 0; i < stage->view_count; i++)
		keyview_fini(&stage->views[i]);
	keydisk_close(stage->world.disk);
	waiters_close(stage->waiters);
	keymaker_fini(&stage->settling);
	free(stage->views);
	free(stage->checks);
	free(stage->rows);
	free(stage);
}

static int prepare_view(struct keystage *stage, struct keyview *view, struct error *error)
{
	const struct judge_context *context = &stage->context;
	bool database = stage->world.lookup != NULL, replaced = false;
	view->exact = stage->itself && !context->each_batch_alone && (view->itself || !view->parents);
	if (view->parents) {
		if (add_earlier(stage, view, &replaced, error) < 0)
			return -1;
		view->counts_target = database && !replaced && !(view->itself && context->policy == KEYS_REPLACE);
	} else {
		view->counts_target = database && context->policy == KEYS_APPEND;
		view->own_in_target = view->counts_target && !context->dry_run && !view->exact;
		if (context->policy == KEYS_APPEND && add_same_target(stage, view, error) < 0)
			return -1;
	}
	return keyview_init(view, &stage->world, error);
}

int keystage_prepare(struct keystage *stage, struct lookup *lookup, struct error *error)
{
	stage->world.lookup = lookup;
	/* Judges of earlier steps keep their keys: all together are within one budget. */
	for (size_t i = 0; i < stage->earlier_count; i++)
		atomic_fetch_add(&stage->world.budget.used, atomic_load(&stage->earlier[i]->world.budget.used));
	for (size_t i = 0; i < stage->view_count; i++)
		if (prepare_view(stage, &stage->views[i], error) < 0)
			return -1;
	/* Parents first: they only shrink what is left once, while the keys of the records go on growing. */
	for (int parents = 1; parents >= 0; parents--)
		for (size_t i = 0; i < stage->view_count; i++)
			if (stage->views[i].parents == (parents == 1) &&
			    keyview_fill(&stage->views[i], &stage->world, error) < 0)
				return -1;
	for (size_t i = 0; i < stage->view_count; i++)
		stage->handed_over = stage->handed_over || !keyview_in_memory(&stage->views[i]);
	return 0;
}

/* True when the sets may not have room for the keys of so many rows. */
static bool over_budget(struct keystage *stage, size_t rows)
{
	size_t used = atomic_load_explicit(&stage->world.budget.used, memory_order_relaxed);
	if (used > stage->world.budget.limit)
		return true;
	size_t left = stage->world.budget.limit - used;
	for (size_t i = 0; i < stage->view_count; i++) {
		const struct keyview *view = &stage->views[i];
		if (!keyview_grows(view))
			continue;
		size_t growth = keystore_growth(&view->store, rows);
		if (growth > left)
			return true;
		left -= growth;
	}
	return false;
}

int keystage_relieve(struct keystage *stage, size_t rows, struct error *error)
{
	while (over_budget(stage, rows)) {
		struct keyview *largest = NULL;
		for (size_t i = 0; i < stage->view_count; i++) {
			struct keyview *view = &stage->views[i];
			if ((keyview_grows(view) || keyview_memory(view) > 0) &&
			    (!largest || keyview_memory(view) > keyview_memory(largest)))
				largest = view;
		}
		if (!largest)
			return 0;
		if (keyview_spill(largest, &stage->world, error) < 0)
			return -1;
	}
	return 0;
}

static int need_rows(struct keystage *stage, size_t count, struct error *error)
{
	if (count <= stage->row_capacity)
		return 0;
	uint32_t *rows = realloc(stage->rows, count * sizeof *rows);
	if (!rows)
		return error_memory(error, "the keys of a batch");
	stage->rows = rows;
	stage->row_capacity = count;
	return 0;
}

/* Asks the target about the batch where it has to be asked. */
static int probe(struct keystage *stage, const struct batch *batch, struct error *error)
{
	for (size_t i = 0; i < stage->view_count; i++)
		keystore_clear(&stage->views[i].fresh);
	for (size_t i = 0; i < stage->check_count; i++) {
		struct check *check = &stage->checks[i];
		const struct key_shape *shape = &check->draft->shape;
		size_t count = 0;
		if (!check->view->probing)
			continue;
		for (uint32_t row = 0; row < batch->rows; row++)
			if (batch->status[row] == ROW_LIVE && key_complete(batch, shape->fields, shape->count, row))
				stage->rows[count++] = row;
		if (keyview_probe(check->view, &stage->world, batch, shape->fields, stage->rows, count, &check->found,
				  error) < 0)
			return -1;
	}
	return 0;
}

int keystage_violate(struct batch *batch, uint32_t row, const struct check *check, struct error *error)
{
	if (batch_violation(batch, row, check->rule, check->detail, error) < 0)
		return -1;
	return check->also ? batch_violation(batch, row, check->also, NULL, error) : 0;
}

int keystage_key(struct check *check, const struct batch *batch, uint32_t row, struct error *error)
{
	const struct key_shape *shape = &check->draft->shape;
	check->complete = key_complete(batch, shape->fields, shape->count, row);
	if (!check->complete)
		return 0;
	return key_make(&check->maker, check->view->kind, batch, shape->fields, shape->count, row, &check->key, error);
}

int keystage_accept(struct keystage *stage, struct batch *batch, uint32_t row, struct error *error)
{
	batch->passed[row] = 1;
	for (size_t i = 0; i < stage->check_count; i++) {
		struct check *check = &stage->checks[i];
		if (!check->view->parents && check->complete && keyview_take(check->view, &check->key, error) < 0)
			return -1;
	}
	return 0;
}

static int judge_row(struct keystage *stage, struct batch *batch, uint32_t row, struct error *error)
{
	bool there;
	for (size_t i = 0; i < stage->check_count; i++) {
		struct check *check = &stage->checks[i];
		if (keystage_key(check, batch, row, error) < 0)
			return -1;
		if (!check->complete)
			continue;
		if (keyview_has(check->view, &check->found, &check->key, &there, error) < 0)
			return -1;
		if (there != check->view->parents && keystage_violate(batch, row, check, error) < 0)
			return -1;
	}
	return batch->status[row] == ROW_LIVE ? keystage_accept(stage, batch, row, error) : 0;
}

static int judge_rows(struct keystage *stage, struct batch *batch, struct error *error)
{
	for (uint32_t row = 0; row < batch->rows; row++)
		if (batch->status[row] == ROW_LIVE && judge_row(stage, batch, row, error) < 0)
			return -1;
	return 0;
}

static size_t live_rows(const struct batch *batch)
{
	size_t count = 0;
	for (size_t row = 0; row < batch->rows; row++)
		count += batch->status[row] == ROW_LIVE;
	return count;
}

/* What the records of earlier batches took counts no more. */
static void forget_taken(struct keystage *stage)
{
	for (size_t i = 0; i < stage->view_count; i++)
		if (!stage->views[i].parents && stage->views[i].has_store && keystore_in_memory(&stage->views[i].store))
			keystore_clear(&stage->views[i].store);
}

int keystage_judge(struct keystage *stage, struct batch *batch, bool at_sink, struct error *error)
{
	size_t live = live_rows(batch);
	if (stage->context.each_batch_alone)
		forget_taken(stage);
	if (!at_sink && stage->itself)
		return 0;
	if (!at_sink) {
		stage->handed_over = stage->handed_over || over_budget(stage, live);
		if (stage->handed_over)
			return 0;
	} else if (keystage_relieve(stage, live, error) < 0 || need_rows(stage, batch->rows, error) < 0 ||
		   probe(stage, batch, error) < 0) {
		return -1;
	}
	if ((stage->itself ? keyself_judge(stage, batch, error) : judge_rows(stage, batch, error)) < 0)
		return -1;
	batch_sort_violations(batch);
	batch->keys_judged = true;
	return 0;
}

int keystage_settled(struct keystage *stage, const struct batch *batch, struct error *error)
{
	for (size_t i = 0; i < stage->check_count; i++) {
		struct check *check = &stage->checks[i];
		const struct key_shape *shape = &check->draft->shape;
		struct keyvalue key;
		if (!check->view->has_refused)
			continue;
		for (uint32_t row = 0; row < batch->rows; row++) {
			/* A replayed row that passes is one that the database refused: otherwise the target had its
			 * keys. */
			bool refused = batch->passed[row] && (batch->replayed || batch->status[row] == ROW_REJECTED);
			if (!refused || !key_complete(batch, shape->fields, shape->count, row))
				continue;
			if (key_make(&stage->settling, check->view->kind, batch, shape->fields, shape->count, row, &key,
				     error) < 0 ||
			    keystore_add(&check->view->refused, &key, error) < 0)
				return -1;
		}
	}
	return stage->itself ? keyself_settled(stage, batch, error) : 0;
}

bool keystage_in_memory(const struct keystage *stage)
{
	bool probing = stage->handed_over && !stage->itself;
	/* The keys of a table that refers to itself are left to the sink's thread in any case. */
	for (size_t i = 0; i < stage->view_count; i++)
		probing = probing || stage->views[i].probing;
	return !probing && !stage->context.each_batch_alone;
}

size_t keystage_memory(const struct keystage *stage)
{
	return atomic_load_explicit(&((struct keystage *)stage)->world.budget.used, memory_order_relaxed);
}
