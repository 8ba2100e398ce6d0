/* keyview.c - filling, asking and spilling the knowledge of one key.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rules/keyview.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_BYTES_LEAST = 9 }; /* of a key that is not an integer: its slot and its length */

int keyview_init(struct keyview *view, struct keyworld *world, struct error *error)
{
	view->kind = key_kind_of(view->shape->keys);
	if (keystore_init(&view->store, view->kind, &world->budget, error) < 0)
		return -1;
	view->has_store = true;
	if (view->own_in_target) {
		if (keystore_init(&view->refused, view->kind, &world->budget, error) < 0)
			return -1;
		view->has_refused = true;
	}
	return view->own_in_target || view->itself ? keystore_init(&view->fresh, view->kind, NULL, error) : 0;
}

void keyview_fini(struct keyview *view)
{
	keystore_fini(&view->store);
	keystore_fini(&view->fresh);
	keystore_fini(&view->refused);
	keymaker_fini(&view->maker);
	batch_free(view->answer);
	free(view->earlier);
	free(view->own);
}

static int open_disk(struct keyworld *world, struct error *error)
{
	if (!world->disk)
		world->disk = keydisk_open(error);
	return world->disk ? 0 : -1;
}

static int spill_store(struct keystore *store, struct keyworld *world, struct error *error)
{
	if (open_disk(world, error) < 0)
		return -1;
	return keystore_spill(store, world->disk, error);
}

static int describe(const struct keyview *view, struct keyworld *world, struct lookup_table *out, struct error *error)
{
	const struct schema *keys = view->shape->keys;
	const char **names = calloc(keys->field_count, sizeof *names);
	if (!names)
		return error_memory(error, "a key");
	for (size_t i = 0; i < keys->field_count; i++)
		names[i] = keys->fields[i].name;
	*out = (struct lookup_table){.exists = false};
	int result = world->lookup->ops->describe(world->lookup, view->resource, names, keys->field_count, out, error);
	free(names);
	return result;
}

/* From now on the target is asked; drop_store: it knows all that the store holds. */
static void start_probing(struct keyview *view, bool drop_store)
{
	view->probing = true;
	if (drop_store) {
		keystore_fini(&view->store);
		view->has_store = false;
	}
}

/* The rows of one batch of the scan into the store. */
static int store_rows(struct keyview *view, const struct batch *batch, const size_t *columns, struct keymaker *maker,
		      struct error *error)
{
	struct keyvalue key;
	for (uint32_t row = 0; row < batch->rows; row++) {
		if (!key_complete(batch, columns, view->shape->count, row))
			continue;
		if (key_make(maker, view->kind, batch, columns, view->shape->count, row, &key, error) < 0 ||
		    keystore_add(&view->store, &key, error) < 0)
			return -1;
	}
	return 0;
}

static bool store_too_large(const struct keyview *view, struct keyworld *world, size_t more)
{
	if (!keystore_in_memory(&view->store))
		return false;
	size_t used = atomic_load_explicit(&world->budget.used, memory_order_relaxed);
	return used > world->budget.limit || keystore_growth(&view->store, more) > world->budget.limit - used;
}

/* Reads the open scan; *full: the budget was used up, and the scan was not read to its end. */
static int scan(struct keyview *view, struct keyworld *world, bool indexed, bool *full, struct error *error)
{
	const struct lookup_ops *ops = world->lookup->ops;
	struct keymaker maker = {.size = 0};
	size_t *columns = calloc(view->shape->count, sizeof *columns);
	struct batch *batch = batch_new(view->shape->keys, batch_rows_for(view->shape->keys, 0), world->limits, error);
	int result = columns && batch ? 0 : error_memory(error, "a key");
	for (size_t i = 0; columns && i < view->shape->count; i++)
		columns[i] = i;
	*full = false;
	while (result == 0) {
		batch_reset(batch);
		if (cancel_requested(world->cancel)) {
			result = error_set(error, ERROR_CANCELLED, NULL, "cancelled while keys were read");
			break;
		}
		result = ops->scan_read(world->lookup, batch, error);
		if (result < 0 || batch->rows == 0)
			break;
		if (store_too_large(view, world, batch->rows)) {
			*full = indexed;
			if (*full)
				break;
			result = spill_store(&view->store, world, error);
		}
		if (result == 0)
			result = store_rows(view, batch, columns, &maker, error);
	}
	batch_free(batch);
	free(columns);
	keymaker_fini(&maker);
	return result;
}

/* Reading so many keys would be in vain. */
static bool hopeless(const struct keyview *view, const struct keyworld *world, const struct lookup_table *table)
{
	uint64_t least = view->kind == KEY_OF_INTEGER ? table->rows_hint / 8 : table->rows_hint * KEY_BYTES_LEAST;
	return least > world->budget.limit;
}

int keyview_fill(struct keyview *view, struct keyworld *world, struct error *error)
{
	struct lookup_table table;
	bool full = false;
	if (!view->counts_target || !world->lookup)
		return 0;
	if (describe(view, world, &table, error) < 0)
		return -1;
	if (world->probe_always) {
		start_probing(view, view->parents || view->own_in_target);
		return 0;
	}
	if (!table.exists)
		return 0;
	table.indexed = table.indexed && !view->exact;
	if (table.indexed && hopeless(view, world, &table)) {
		full = true;
	} else {
		if (world->lookup->ops->scan_open(world->lookup, view->resource, view->shape->keys, error) < 0)
			return -1;
		int result = scan(view, world, table.indexed, &full, error);
		world->lookup->ops->scan_close(world->lookup);
		if (result < 0)
			return -1;
	}
	if (!full)
		return 0;
	/* In a dry run accepted keys get nowhere else: an empty store stays for them. */
	keystore_fini(&view->store);
	if (keystore_init(&view->store, view->kind, &world->budget, error) < 0)
		return -1;
	start_probing(view, view->parents || view->own_in_target);
	return 0;
}

bool keyview_in_memory(const struct keyview *view)
{
	if (view->probing || !keystore_in_memory(&view->store))
		return false;
	for (size_t i = 0; i < view->earlier_count; i++)
		if (!keystore_in_memory(&view->earlier[i]->store))
			return false;
	return true;
}

size_t keyview_memory(const struct keyview *view)
{
	size_t memory = view->has_store && keystore_in_memory(&view->store) ? keystore_memory(&view->store) : 0;
	return view->has_refused && keystore_in_memory(&view->refused) ? memory + keystore_memory(&view->refused)
								       : memory;
}

int keyview_spill(struct keyview *view, struct keyworld *world, struct error *error)
{
	struct lookup_table table = {.exists = false};
	/* The refused ones are few as a rule, and are the second to go. */
	if (view->has_refused && keystore_in_memory(&view->refused) &&
	    (!view->has_store || !keystore_in_memory(&view->store) ||
	     keystore_memory(&view->refused) > keystore_memory(&view->store)))
		return spill_store(&view->refused, world, error);
	assert(view->has_store);
	bool target_can_answer = world->lookup && !view->exact && !world->no_new_probes && (view->own_in_target || (view->parents && view->counts_target));
	if (target_can_answer && describe(view, world, &table, error) < 0)
		return -1;
	if (!table.exists || !table.indexed)
		return spill_store(&view->store, world, error);
	start_probing(view, true);
	return 0;
}

static int need_answer(struct keyview *view, struct keyworld *world, size_t rows, struct error *error)
{
	if (view->answer && view->answer->capacity >= rows) {
		batch_reset(view->answer);
		return 0;
	}
	batch_free(view->answer);
	view->answer = batch_new(view->shape->keys, rows, world->limits, error);
	return view->answer ? 0 : -1;
}

int keyview_probe(struct keyview *view, struct keyworld *world, const struct batch *batch, const size_t *columns,
		  const uint32_t *rows, size_t count, struct keystore *found, struct error *error)
{
	struct keymaker maker = {.size = 0};
	struct keyvalue key;
	keystore_clear(found);
	if (count == 0)
		return 0;
	if (need_answer(view, world, batch->capacity, error) < 0)
		return -1;
	struct batch *answer = view->answer;
	if (world->lookup->ops->probe(world->lookup, view->resource, view->shape->keys, batch, columns, rows, count,
				      answer, error) < 0)
		return -1;
	size_t *parts = calloc(view->shape->count, sizeof *parts);
	if (!parts)
		return error_memory(error, "a key");
	for (size_t i = 0; i < view->shape->count; i++)
		parts[i] = i;
	int result = 0;
	for (uint32_t row = 0; row < answer->rows && result == 0; row++) {
		result = key_make(&maker, view->kind, answer, parts, view->shape->count, row, &key, error);
		if (result == 0)
			result = keystore_add(found, &key, error);
	}
	free(parts);
	keymaker_fini(&maker);
	return result;
}

int keyview_has(const struct keyview *view, const struct keystore *found, const struct keyvalue *key, bool *out,
		struct error *error)
{
	*out = false;
	if (view->has_store && keystore_has(&view->store, key, out, error) < 0)
		return -1;
	if (!*out && view->probing && keystore_has(found, key, out, error) < 0)
		return -1;
	if (!*out && view->probing && view->own_in_target) {
		if (keystore_has(&view->fresh, key, out, error) < 0)
			return -1;
		if (!*out && keystore_has(&view->refused, key, out, error) < 0)
			return -1;
	}
	if (!*out && view->itself && keystore_has(&view->fresh, key, out, error) < 0)
		return -1;
	for (size_t i = 0; i < view->earlier_count && !*out; i++)
		if (view->earlier[i]->has_store && keystore_has(&view->earlier[i]->store, key, out, error) < 0)
			return -1;
	return 0;
}

int keyview_take(struct keyview *view, const struct keyvalue *key, struct error *error)
{
	return keystore_add(view->has_store ? &view->store : &view->fresh, key, error);
}
