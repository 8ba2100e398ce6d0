/* keystore.c - one face for the sets in memory and on disk, and the counting of their bytes.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rules/keystore.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "rules/hashing.h"

enum { ALLOWANCE_MIN = 16 * 1024, FILTER_KEYS_MIN = 256, FILTERS_MAX = 64 };

void keybudget_init(struct keybudget *budget, size_t limit, size_t stores)
{
	size_t allowance = limit / (2 * (stores ? stores : 1));
	*budget =
		(struct keybudget){.limit = limit, .allowance = allowance > ALLOWANCE_MIN ? allowance : ALLOWANCE_MIN};
	if (getrandom(&budget->seed, sizeof budget->seed, GRND_NONBLOCK) != (ssize_t)sizeof budget->seed)
		budget->seed = (uint64_t)(uintptr_t)budget; /* where the system has no random bytes yet */
}

static size_t set_memory(const struct keystore *store)
{
	if (store->integers)
		return integerset_memory(store->integers);
	return store->bytes ? byteset_memory(store->bytes) : 0;
}

size_t keystore_memory(const struct keystore *store)
{
	return set_memory(store) + store->filter_memory;
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

static int new_set(struct keystore *store, struct error *error)
{
	uint64_t seed = store->budget ? store->budget->seed : (uint64_t)(uintptr_t)store;
	if (store->kind == KEY_OF_INTEGER)
		store->integers = integerset_new(seed);
	else
		store->bytes = byteset_new(seed);
	return store->integers || store->bytes ? 0 : error_memory(error, "a set of keys");
}

static void drop_set(struct keystore *store)
{
	integerset_free(store->integers);
	byteset_free(store->bytes);
	store->integers = NULL;
	store->bytes = NULL;
}

int keystore_init(struct keystore *store, enum key_kind kind, struct keybudget *budget, struct error *error)
{
	*store = (struct keystore){.kind = kind, .budget = budget};
	return new_set(store, error);
}

void keystore_fini(struct keystore *store)
{
	drop_set(store);
	for (size_t i = 0; i < store->filter_count; i++)
		bloom_free(store->filters[i]);
	free(store->filters);
	keyfile_close(store->file);
	store->filter_memory = 0;
	count(store);
	*store = (struct keystore){.kind = store->kind};
}

void keystore_clear(struct keystore *store)
{
	assert(!store->file);
	if (store->integers)
		integerset_clear(store->integers);
	if (store->bytes)
		byteset_clear(store->bytes);
	count(store);
}

size_t keystore_growth(const struct keystore *store, size_t more)
{
	if (store->file)
		return 0;
	if (store->integers)
		return integerset_growth(store->integers, more);
	return store->bytes ? byteset_growth(store->bytes, more) : 0;
}

static bool set_has(const struct keystore *store, const struct keyvalue *key)
{
	return store->kind == KEY_OF_INTEGER ? integerset_has(store->integers, key->integer)
					     : byteset_has(store->bytes, key->bytes, key->length);
}

static uint64_t hash_of(const struct keystore *store, const struct keyvalue *key)
{
	return store->kind == KEY_OF_INTEGER ? hash_integer(store->budget->seed, (uint64_t)key->integer)
					     : hash_bytes(store->budget->seed, key->bytes, key->length);
}

int keystore_has(const struct keystore *store, const struct keyvalue *key, bool *out, struct error *error)
{
	*out = set_has(store, key);
	if (*out || !store->file)
		return 0;
	bool may_have = store->unfiltered;
	uint64_t hash = may_have ? 0 : hash_of(store, key);
	for (size_t i = 0; i < store->filter_count && !may_have; i++)
		may_have = bloom_may_have(store->filters[i], hash);
	return may_have ? keyfile_has(store->file, key, out, error) : 0;
}

/* --- to disk ------------------------------------------------------------------------------------ */

/* The keys of a set, to be put in order. */
struct gathered {
	struct keyvalue *keys;
	size_t count;
};

static int gather_integer(void *arg, int64_t value)
{
	struct gathered *gathered = arg;
	gathered->keys[gathered->count++] = (struct keyvalue){.integer = value};
	return 0;
}

static int gather_bytes(void *arg, const char *bytes, size_t length)
{
	struct gathered *gathered = arg;
	gathered->keys[gathered->count++] = (struct keyvalue){.bytes = bytes, .length = length};
	return 0;
}

static int order_integers(const void *left, const void *right)
{
	int64_t a = ((const struct keyvalue *)left)->integer, b = ((const struct keyvalue *)right)->integer;
	return (a > b) - (a < b);
}

static int order_bytes(const void *left, const void *right)
{
	const struct keyvalue *a = left, *b = right;
	size_t common = a->length < b->length ? a->length : b->length;
	int order = common > 0 ? memcmp(a->bytes, b->bytes, common) : 0;
	return order != 0 ? order : (a->length > b->length) - (a->length < b->length);
}

/* A filter for the keys that go to disk, while there is room for one. Returns 0 or -1 (out of memory). */
static int add_filter(struct keystore *store, const struct gathered *gathered, struct error *error)
{
	size_t size = bloom_size(gathered->count);
	if (store->unfiltered || gathered->count < FILTER_KEYS_MIN || store->filter_count == FILTERS_MAX ||
	    store->filter_memory + size > store->budget->allowance) {
		store->unfiltered = true;
		return 0;
	}
	struct bloom **filters = realloc(store->filters, (store->filter_count + 1) * sizeof *filters);
	if (filters)
		store->filters = filters;
	struct bloom *filter = bloom_new(gathered->count);
	if (!filters || !filter) {
		bloom_free(filter);
		return error_memory(error, "a set of keys");
	}
	for (size_t i = 0; i < gathered->count; i++)
		bloom_add(filter, hash_of(store, &gathered->keys[i]));
	filters[store->filter_count++] = filter;
	store->filter_memory += size;
	return 0;
}

/* In order, so that neighbours on disk are written together. */
static int flush(struct keystore *store, struct error *error)
{
	size_t total = store->integers ? integerset_count(store->integers) : byteset_count(store->bytes);
	struct gathered gathered = {.keys = malloc((total ? total : 1) * sizeof *gathered.keys)};
	if (!gathered.keys)
		return error_memory(error, "a set of keys");
	if (store->integers)
		integerset_each(store->integers, gather_integer, &gathered);
	else
		byteset_each(store->bytes, gather_bytes, &gathered);
	qsort(gathered.keys, gathered.count, sizeof *gathered.keys, store->integers ? order_integers : order_bytes);
	int result = gathered.count > 0 ? add_filter(store, &gathered, error) : 0;
	for (size_t i = 0; i < gathered.count && result == 0; i++)
		result = keyfile_add(store->file, &gathered.keys[i], error);
	free(gathered.keys);
	if (result < 0)
		return -1;
	drop_set(store);
	result = new_set(store, error);
	count(store);
	return result;
}

int keystore_spill(struct keystore *store, struct keydisk *disk, struct error *error)
{
	assert(!store->file && store->budget);
	store->file = keyfile_open(disk, store->kind, error);
	return store->file ? flush(store, error) : -1;
}

int keystore_add(struct keystore *store, const struct keyvalue *key, struct error *error)
{
	bool added = store->kind == KEY_OF_INTEGER ? integerset_add(store->integers, key->integer)
						   : byteset_add(store->bytes, key->bytes, key->length);
	if (!added)
		return error_memory(error, "a set of keys");
	count(store);
	if (store->file && set_memory(store) > store->budget->allowance)
		return flush(store, error);
	return 0;
}
