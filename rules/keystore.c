/* keystore.c - one face for the sets in memory and on disk, and the counting of their bytes.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rules/keystore.h"

#include <sys/random.h>

void keybudget_init(struct keybudget *budget, size_t limit)
{
	*budget = (struct keybudget){ .limit = limit };
	if (getrandom(&budget->seed, sizeof budget->seed, GRND_NONBLOCK) != (ssize_t)sizeof budget->seed)
		budget->seed = (uint64_t)(uintptr_t)budget; /* where the system has no random bytes yet */
}

size_t keystore_memory(const struct keystore *store)
{
	if (store->integers)
		return integerset_memory(store->integers);
	return store->bytes ? byteset_memory(store->bytes) : 0;
}

static void count(struct keystore *store)
{
	size_t now = keystore_memory(store);
	if (now == store->counted || !store->budget)
		return;
	if (now > store->counted)
		atomic_fetch_add_explicit(&store->budget->used, now - store->counted, memory_order_relaxed);
	else
		atomic_fetch_sub_explicit(&store->budget->used, store->counted - now, memory_order_relaxed);
	store->counted = now;
}

int keystore_init(struct keystore *store, enum key_kind kind, struct keybudget *budget, struct error *error)
{
	uint64_t seed = budget ? budget->seed : (uint64_t)(uintptr_t)store;
	*store = (struct keystore){ .kind = kind, .budget = budget };
	if (kind == KEY_OF_INTEGER)
		store->integers = integerset_new(seed);
	else
		store->bytes = byteset_new(seed);
	return store->integers || store->bytes ? 0 : error_memory(error, "a set of keys");
}

static void drop_memory(struct keystore *store)
{
	integerset_free(store->integers);
	byteset_free(store->bytes);
	store->integers = NULL;
	store->bytes = NULL;
	count(store);
}

void keystore_fini(struct keystore *store)
{
	drop_memory(store);
	keyfile_close(store->file);
	store->file = NULL;
}

int keystore_has(const struct keystore *store, const struct keyvalue *key, bool *out, struct error *error)
{
	if (store->file)
		return keyfile_has(store->file, key, out, error);
	*out = store->kind == KEY_OF_INTEGER ? integerset_has(store->integers, key->integer) :
		byteset_has(store->bytes, key->bytes, key->length);
	return 0;
}

int keystore_add(struct keystore *store, const struct keyvalue *key, struct error *error)
{
	if (store->file)
		return keyfile_add(store->file, key, error);
	bool added = store->kind == KEY_OF_INTEGER ? integerset_add(store->integers, key->integer) :
		byteset_add(store->bytes, key->bytes, key->length);
	if (!added)
		return error_memory(error, "a set of keys");
	count(store);
	return 0;
}

void keystore_clear(struct keystore *store)
{
	if (store->integers)
		integerset_clear(store->integers);
	if (store->bytes)
		byteset_clear(store->bytes);
	count(store);
}

struct move {
	struct keyfile *file;
	struct error *error;
};

static int move_integer(void *arg, int64_t value)
{
	struct move *move = arg;
	return keyfile_add(move->file, &(struct keyvalue){ .integer = value }, move->error);
}

static int move_bytes(void *arg, const char *bytes, size_t length)
{
	struct move *move = arg;
	return keyfile_add(move->file, &(struct keyvalue){ .bytes = bytes, .length = length }, move->error);
}

int keystore_spill(struct keystore *store, struct keydisk *disk, struct error *error)
{
	struct move move = { .file = keyfile_open(disk, store->kind, error), .error = error };
	if (!move.file)
		return -1;
	int result = store->integers ? integerset_each(store->integers, move_integer, &move) :
		byteset_each(store->bytes, move_bytes, &move);
	if (result < 0) {
		keyfile_close(move.file);
		return -1;
	}
	store->file = move.file;
	drop_memory(store);
	return 0;
}

size_t keystore_growth(const struct keystore *store, size_t more)
{
	if (store->integers)
		return integerset_growth(store->integers, more);
	return store->bytes ? byteset_growth(store->bytes, more) : 0;
}
