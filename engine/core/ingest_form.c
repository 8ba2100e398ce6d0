/* ingest_form.c - the rows of one request, and what their cells are worth by themselves.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdlib.h>

#include "engine/core/ingest_parts.h"

enum {
	ROWS_LEAST = 16,
	ARENA_KEPT = 512 * 1024,      /* bytes that a form keeps for its next request */
	DETAILS_MAX = 16 * 1024 * 1024, /* bytes of what is said of a request's rows */
	RESULTS_MAX = 16 * 1024 * 1024, /* bytes of what a transform makes of them */
	COPIES = 4,                   /* a record as it was, cell by cell, and as values that are spelled otherwise */
};

struct ingest_form *ingest_form_new(const struct ingest_steps *steps, struct cancel *cancel, struct error *error)
{
	struct ingest_form *form = calloc(1, sizeof *form);
	if (form)
		form->parts = calloc(steps->count ? steps->count : 1, sizeof *form->parts);
	if (!form || !form->parts) {
		free(form);
		error_memory(error, "the rows of a request");
		return NULL;
	}
	form->steps = steps;
	form->cancel = cancel;
	for (size_t i = 0; i < steps->count; i++)
		rule_set_init(&form->parts[i].rules, steps->steps[i]->schema);
	return form;
}

void ingest_form_free(struct ingest_form *form)
{
	if (!form)
		return;
	for (size_t i = 0; i < form->steps->count; i++) {
		struct form_part *part = &form->parts[i];
		batch_free(part->batch);
		if (part->judge)
			part->judge->ops->free(part->judge);
		if (part->transform)
			part->transform->ops->free(part->transform);
		rule_set_fini(&part->rules);
	}
	free(form->parts);
	free(form);
}

void ingest_form_clear(struct ingest_form *form)
{
	for (size_t i = 0; i < form->steps->count; i++) {
		struct form_part *part = &form->parts[i];
		part->used = false;
		if (!part->batch)
			continue;
		if (part->batch->arena.size > ARENA_KEPT) {
			batch_free(part->batch);
			part->batch = NULL;
		} else {
			batch_reset(part->batch);
		}
	}
}

/* Only for tables that requests have rows for: a pattern compiled for each form and table is no small thing. */
static int need_judge(struct ingest_form *form, size_t index, struct error *error)
{
	const struct plan_step *step = form->steps->steps[index];
	struct form_part *part = &form->parts[index];
	struct judge_context context = { .limits = &form->steps->plan->limits, .rules = &part->rules, .policy = step->policy,
		.upsert_key = step->policy == KEYS_UPSERT ? &step->upsert_key : NULL, .target = step->target,
		.check_types_only = step->check_types_only, .cancel = form->cancel };
	const struct transform_context transforming = { .limits = &form->steps->plan->limits, .cancel = form->cancel };
	if (!part->judge)
		part->judge = step->judge_new(step->program, &context, error);
	if (part->judge && step->transform && !part->transform)
		part->transform = step->transform_new(step->transform, &transforming, error);
	return part->judge && (part->transform || !step->transform) ? 0 : -1;
}

static struct batch *new_batch(const struct ingest_form *form, const struct plan_step *step, size_t capacity, struct error *error)
{
	struct batch *batch = batch_new(step->source_schema, capacity, &form->steps->plan->limits, error);
	if (batch && step->transform && batch_add_side(batch, step->schema, error) < 0) {
		batch_free(batch);
		return NULL;
	}
	return batch;
}

struct batch *ingest_form_batch(struct ingest_form *form, size_t step, size_t rows, size_t bytes, struct error *error)
{
	struct form_part *part = &form->parts[step];
	size_t capacity = ROWS_LEAST;
	assert(step < form->steps->count && !part->used);
	if (need_judge(form, step, error) < 0)
		return NULL;
	while (capacity < rows)
		capacity *= 2;
	if (part->batch && part->batch->capacity < capacity) {
		batch_free(part->batch);
		part->batch = NULL;
	}
	if (!part->batch)
		part->batch = new_batch(form, form->steps->steps[step], capacity, error);
	if (!part->batch)
		return NULL;
	/* What came is bounded by limits.body already. */
	uint64_t ceiling = COPIES * (uint64_t)bytes + DETAILS_MAX + (part->transform ? RESULTS_MAX : 0);
	part->batch->arena.ceiling = ceiling < UINT32_MAX ? (size_t)ceiling : UINT32_MAX;
	part->used = true;
	return part->batch;
}

bool ingest_form_has(const struct ingest_form *form, size_t step)
{
	return form->parts[step].used;
}

int ingest_form_judge(struct ingest_form *form, struct error *error)
{
	for (size_t i = 0; i < form->steps->count; i++) {
		struct form_part *part = &form->parts[i];
		if (part->used && part->transform && part->transform->ops->run(part->transform, part->batch, error) < 0)
			return -1;
		if (part->used && part->judge->ops->cells(part->judge, part->batch, error) < 0)
			return -1;
	}
	return 0;
}
