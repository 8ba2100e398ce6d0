/* differ.c - rows of two tables tallied by key, and matched where the tallies differ.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/compare/differ.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/compare/captured.h"
#include "engine/core/fingerprint.h"

enum {
	BUCKETS = 65536,
	ROWS_MAX = 32768,       /* of the buckets that are looked into, on either side */
	SLOTS = 131072,         /* of the table of rows: a power of two */
	SLOTS_USED_MAX = 98304,
	WORK_MAX = 64 << 20,
	ROW_HASHES_LEAST = 1024,
};

struct bucket {
	struct fingerprint sum; /* rows of A minus those of B, modulo 2^128 */
	uint64_t rows[2];
	bool chosen;
};

/* Rows of one content, A's minus B's. */
struct slot {
	struct fingerprint key, row;
	int64_t net;
	bool used;
};

struct differ {
	size_t *key;
	size_t key_count;
	bool whole;             /* matched by their content */
	size_t shown;
	struct buffer work;
	struct fingerprints scratch;
	struct fingerprint *hashes;
	size_t hash_capacity;

	struct bucket *buckets;
	bool counted_all;

	struct slot *slots;
	size_t used;
	uint64_t mask;          /* rows of these bits of their hash are left out: there were too many */

	uint64_t changed, only[2];
	struct captured captured;
};

struct differ *differ_new(const size_t *key, size_t count, size_t shown, struct error *error)
{
	struct differ *differ = calloc(1, sizeof *differ);

	if (!differ) {
		error_memory(error, "the comparison of rows");
		return NULL;
	}
	buffer_init(&differ->work, WORK_MAX);
	differ->key = calloc(count + 1, sizeof *differ->key);
	differ->buckets = calloc(BUCKETS, sizeof *differ->buckets);
	differ->slots = calloc(SLOTS, sizeof *differ->slots);
	if (!differ->key || !differ->buckets || !differ->slots) {
		error_memory(error, "the comparison of rows");
		differ_free(differ);
		return NULL;
	}
	for (size_t i = 0; i < count; i++)
		differ->key[i] = key[i];
	differ->key_count = count;
	differ->whole = count == 0;
	differ->shown = shown < DIFFER_SHOWN_MAX ? shown : DIFFER_SHOWN_MAX;
	captured_init(&differ->captured);
	return differ;
}

void differ_free(struct differ *differ)
{
	if (!differ)
		return;
	captured_fini(&differ->captured);
	fingerprints_fini(&differ->scratch);
	buffer_fini(&differ->work);
	free(differ->hashes);
	free(differ->slots);
	free(differ->buckets);
	free(differ->key);
	free(differ);
}

/* --- hashes ------------------------------------------------------------------------------------- */

static void add(struct fingerprint *sum, struct fingerprint more)
{
	uint64_t low = sum->low + more.low;

	sum->high += more.high + (low < sum->low);
	sum->low = low;
}

static void take(struct fingerprint *sum, struct fingerprint less)
{
	uint64_t borrow = sum->low < less.low;

	sum->low -= less.low;
	sum->high -= less.high + borrow;
}

/* The hashes of all live rows. */
static int hash_rows(struct differ *differ, const struct batch *batch, struct error *error)
{
	if (batch->rows > differ->hash_capacity) {
		size_t capacity = batch->rows < ROW_HASHES_LEAST ? ROW_HASHES_LEAST : batch->rows;
		struct fingerprint *hashes = realloc(differ->hashes, capacity * sizeof *hashes);
		if (!hashes)
			return error_memory(error, "the comparison of rows");
		differ->hashes = hashes;
		differ->hash_capacity = capacity;
	}
	if (!differ->scratch.columns && fingerprints_init(&differ->scratch, batch->schema->field_count, error))
		return -1;
	fingerprints_clear(&differ->scratch);
	return fingerprints_add_batch(&differ->scratch, batch, &differ->work, differ->hashes, error);
}

static int hash_key(struct differ *differ, const struct batch *batch, uint32_t row, struct fingerprint *out, struct error *error)
{
	if (differ->whole) {
		*out = differ->hashes[row];
		return 0;
	}
	return fingerprint_of_key(batch, differ->key, differ->key_count, row, &differ->work, out, error);
}

/* --- tally -------------------------------------------------------------------------------------- */

int differ_tally(struct differ *differ, enum differ_side side, const struct batch *batch, struct error *error)
{
	if (hash_rows(differ, batch, error))
		return -1;
	for (uint32_t row = 0; row < batch->rows; row++) {
		struct fingerprint key;
		if (batch->status[row] != ROW_LIVE)
			continue;
		if (hash_key(differ, batch, row, &key, error))
			return -1;
		struct bucket *bucket = &differ->buckets[key.low % BUCKETS];
		bucket->rows[side]++;
		if (side == SIDE_A)
			add(&bucket->sum, differ->hashes[row]);
		else
			take(&bucket->sum, differ->hashes[row]);
	}
	return 0;
}

static uint64_t larger(const struct bucket *bucket)
{
	return bucket->rows[SIDE_A] > bucket->rows[SIDE_B] ? bucket->rows[SIDE_A] : bucket->rows[SIDE_B];
}

static bool differs(const struct bucket *bucket)
{
	return bucket->sum.low || bucket->sum.high || bucket->rows[SIDE_A] != bucket->rows[SIDE_B];
}

bool differ_tallied(struct differ *differ)
{
	uint64_t rows = 0;

	differ->counted_all = true;
	for (size_t i = 0; i < BUCKETS; i++) {
		struct bucket *bucket = &differ->buckets[i];
		if (!differs(bucket))
			continue;
		if (rows > 0 && rows + larger(bucket) > ROWS_MAX) {
			differ->counted_all = false;
			continue;
		}
		bucket->chosen = true;
		rows += larger(bucket);
	}
	if (differ->whole || rows <= ROWS_MAX)
		return true;
	/* Keys that are no keys: very many rows have one and the same. */
	differ->whole = true;
	memset(differ->buckets, 0, BUCKETS * sizeof *differ->buckets);
	return false;
}

/* --- match -------------------------------------------------------------------------------------- */

static struct slot *find(struct slot *slots, struct fingerprint key, struct fingerprint row)
{
	size_t at = (size_t)(row.low ^ row.high) % SLOTS;

	while (slots[at].used && !(fingerprint_equal(&slots[at].row, &row) && fingerprint_equal(&slots[at].key, &key)))
		at = (at + 1) % SLOTS;
	return &slots[at];
}

/* Leaves out the half of the rows whose hashes have one more bit set, until there is room. Both sides leave out the same ones, so that
 * what stays is right. */
static int make_room(struct differ *differ, struct error *error)
{
	struct slot *old = differ->slots;

	differ->slots = calloc(SLOTS, sizeof *differ->slots);
	if (!differ->slots) {
		differ->slots = old;
		return error_memory(error, "the comparison of rows");
	}
	differ->mask = differ->mask << 1 | 1;
	differ->counted_all = false;
	differ->used = 0;
	for (size_t i = 0; i < SLOTS; i++)
		if (old[i].used && !(old[i].key.high & differ->mask)) {
			*find(differ->slots, old[i].key, old[i].row) = old[i];
			differ->used++;
		}
	free(old);
	return 0;
}

static bool looked_at(const struct differ *differ, struct fingerprint key)
{
	return differ->buckets[key.low % BUCKETS].chosen && !(key.high & differ->mask);
}

int differ_match(struct differ *differ, enum differ_side side, const struct batch *batch, struct error *error)
{
	if (hash_rows(differ, batch, error))
		return -1;
	for (uint32_t row = 0; row < batch->rows; row++) {
		struct fingerprint key;
		if (batch->status[row] != ROW_LIVE)
			continue;
		if (hash_key(differ, batch, row, &key, error))
			return -1;
		if (!looked_at(differ, key))
			continue;
		while (differ->used >= SLOTS_USED_MAX && differ->mask != UINT64_MAX)
			if (make_room(differ, error))
				return -1;
		if (!looked_at(differ, key))
			continue;
		struct slot *slot = find(differ->slots, key, differ->hashes[row]);
		if (!slot->used) {
			*slot = (struct slot){.key = key, .row = differ->hashes[row], .used = true};
			differ->used++;
		}
		slot->net += side == SIDE_A ? 1 : -1;
	}
	return 0;
}

static int by_key(const void *one, const void *other)
{
	const struct slot *a = one, *b = other;

	if (a->key.high != b->key.high)
		return a->key.high < b->key.high ? -1 : 1;
	if (a->key.low != b->key.low)
		return a->key.low < b->key.low ? -1 : 1;
	return (a->net < b->net) - (a->net > b->net); /* A's before B's */
}

/* Moves what differs to the front, in order of keys; gives how many. */
static size_t gather(struct differ *differ)
{
	size_t count = 0;

	for (size_t i = 0; i < SLOTS; i++)
		if (differ->slots[i].used && differ->slots[i].net != 0)
			differ->slots[count++] = differ->slots[i];
	qsort(differ->slots, count, sizeof *differ->slots, by_key);
	return count;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

int differ_matched(struct differ *differ, struct error *error)
{
	size_t count = gather(differ), keys = 0;

	for (size_t first = 0, end; first < count; first = end) {
		uint64_t rows[2] = {0, 0};
		for (end = first; end < count && fingerprint_equal(&differ->slots[end].key, &differ->slots[first].key); end++)
			rows[differ->slots[end].net > 0 ? SIDE_A : SIDE_B] += (uint64_t)llabs(differ->slots[end].net);
		uint64_t pairs = least(rows[SIDE_A], rows[SIDE_B]);
		differ->changed += pairs;
		differ->only[SIDE_A] += rows[SIDE_A] - pairs;
		differ->only[SIDE_B] += rows[SIDE_B] - pairs;
		if (keys++ >= differ->shown)
			continue;
		for (size_t i = first; i < end; i++)
			if (captured_want(&differ->captured, &differ->slots[i].key, &differ->slots[i].row,
				differ->slots[i].net > 0 ? SIDE_A : SIDE_B, (uint64_t)llabs(differ->slots[i].net), error))
				return -1;
	}
	return 0;
}

/* --- capture ------------------------------------------------------------------------------------ */

int differ_capture(struct differ *differ, enum differ_side side, const struct batch *batch, struct error *error)
{
	if (hash_rows(differ, batch, error))
		return -1;
	for (uint32_t row = 0; row < batch->rows; row++) {
		struct fingerprint key;
		if (batch->status[row] != ROW_LIVE)
			continue;
		if (hash_key(differ, batch, row, &key, error))
			return -1;
		if (looked_at(differ, key) && captured_offer(&differ->captured, &key, &differ->hashes[row], (int)side, batch, row, &differ->work,
			error))
			return -1;
	}
	return 0;
}

/* --- report ------------------------------------------------------------------------------------- */

int differ_report(const struct differ *differ, const struct schema *schema, json_t *object, struct error *error)
{
	json_t *names = json_array(), *rows = captured_report(&differ->captured, schema, differ->key, differ->whole ? 0 : differ->key_count);
	int failed = !names || !rows;

	for (size_t i = 0; i < differ->key_count && !differ->whole; i++)
		failed |= json_array_append_new(names, json_string(schema->fields[differ->key[i]].name));
	failed |= json_object_set_new(object, "key", names);
	failed |= json_object_set_new(object, "changed", json_integer((json_int_t)differ->changed));
	failed |= json_object_set_new(object, "only_in_a", json_integer((json_int_t)differ->only[SIDE_A]));
	failed |= json_object_set_new(object, "only_in_b", json_integer((json_int_t)differ->only[SIDE_B]));
	failed |= json_object_set_new(object, "counted_all", json_boolean(differ->counted_all));
	failed |= json_object_set_new(object, "rows", rows);
	return failed ? error_memory(error, "the rows that differ") : 0;
}
