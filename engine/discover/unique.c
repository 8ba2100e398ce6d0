/* unique.c - open addressing over hashes.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/discover/unique.h"

#include <stdlib.h>

#include "rules/hashing.h"

enum { UNIQUE_FIRST = 64 };

void unique_free(struct unique *unique, struct unique_room *room)
{
	room->used -= unique->size * sizeof *unique->slots;
	free(unique->slots);
	unique->slots = NULL;
	unique->size = 0;
}

/* Where the hash is, or belongs. */
static uint64_t *slot_of(const struct unique *unique, uint64_t hash)
{
	size_t at = (size_t)hash & (unique->size - 1);
	while (unique->slots[at] != 0 && unique->slots[at] != hash)
		at = (at + 1) & (unique->size - 1);
	return &unique->slots[at];
}

/* False where there is no room. */
static bool grow(struct unique *unique, struct unique_room *room)
{
	struct unique larger = { .size = unique->size ? 2 * unique->size : UNIQUE_FIRST };
	if (larger.size * sizeof *larger.slots > room->limit - room->used)
		return false;
	larger.slots = calloc(larger.size, sizeof *larger.slots);
	if (!larger.slots)
		return false;
	for (size_t i = 0; i < unique->size; i++)
		if (unique->slots[i] != 0)
			*slot_of(&larger, unique->slots[i]) = unique->slots[i];
	room->used += (larger.size - unique->size) * sizeof *unique->slots;
	free(unique->slots);
	unique->slots = larger.slots;
	unique->size = larger.size;
	return true;
}

void unique_add(struct unique *unique, struct unique_room *room, const char *text, size_t length)
{
	if (unique->twice || unique->gave_up)
		return;
	if (2 * (unique->count + 1) > unique->size && !grow(unique, room)) {
		unique->gave_up = true;
		unique_free(unique, room);
		return;
	}
	uint64_t hash = hash_bytes(room->seed, text, length);
	hash += hash == 0;
	uint64_t *slot = slot_of(unique, hash);
	if (*slot == hash) {
		unique->twice = true;
		unique_free(unique, room);
		return;
	}
	*slot = hash;
	unique->count++;
}
