/* integerset.c - groups of integers in an open-addressing table.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rules/integerset.h"

#include <stdlib.h>
#include <string.h>

#include "rules/hashing.h"

enum {
	FEW = 4,
	LIST_MIN = 8,
	LIST_MAX = 4096,
	BITS = 0xFFFF, /* the count that stands for bits */
	BITS_SIZE = 65536 / 8,
	SLOTS_MIN = 16,
	MALLOC_COST = 16, /* of a block, about */
};

static const uint64_t UPPER = ~(uint64_t)0xFFFF;

struct slot {
	uint64_t head; /* upper 48 bits of the values, and how many: 0 free, 1 to 4 few, 5 to 4096 list, BITS */
	union {
		uint16_t few[FEW];
		uint16_t *list; /* ascending; room for the power of two at or above its count */
		uint64_t *bits;
	};
};

struct integerset {
	struct slot *slots;
	size_t size; /* power of two, or 0 */
	size_t groups;
	size_t count;  /* of values */
	size_t blocks; /* bytes of lists and bits */
	uint64_t seed;
};

struct integerset *integerset_new(uint64_t seed)
{
	struct integerset *set = calloc(1, sizeof *set);
	if (set)
		set->seed = seed;
	return set;
}

static unsigned count_of(const struct slot *slot)
{
	return (unsigned)(slot->head & 0xFFFF);
}

static void slot_fini(struct slot *slot)
{
	if (count_of(slot) > FEW)
		free(slot->list);
}

void integerset_free(struct integerset *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->size; i++)
		slot_fini(&set->slots[i]);
	free(set->slots);
	free(set);
}

void integerset_clear(struct integerset *set)
{
	for (size_t i = 0; i < set->size; i++)
		slot_fini(&set->slots[i]);
	if (set->size > 0)
		memset(set->slots, 0, set->size * sizeof *set->slots);
	set->groups = 0;
	set->count = 0;
	set->blocks = 0;
}

static size_t place_of(const struct integerset *set, uint64_t upper)
{
	return (size_t)hash_integer(set->seed, upper) & (set->size - 1);
}

/* The slot of a group, or the free one where it would go. size is not 0 and a slot is free. */
static struct slot *slot_of(const struct integerset *set, uint64_t upper)
{
	size_t at = place_of(set, upper);
	while (count_of(&set->slots[at]) != 0 && (set->slots[at].head & UPPER) != upper)
		at = (at + 1) & (set->size - 1);
	return &set->slots[at];
}

static size_t lower_bound(const uint16_t *list, size_t count, uint16_t value)
{
	size_t low = 0;
	/* Ascending input is the common case. */
	if (count > 0 && list[count - 1] < value)
		return count;
	/* Without a branch that depends on the values: which half it is cannot be foreseen. */
	while (count > 1) {
		size_t half = count / 2;
		low += list[low + half - 1] < value ? half : 0;
		count -= half;
	}
	return low + (count == 1 && list[low] < value);
}

static bool list_has(const uint16_t *list, size_t count, uint16_t value)
{
	/* Numbers without gaps, as most tables have them, stand where they are expected. */
	size_t at = (uint16_t)(value - list[0]);
	if (at < count && list[at] == value)
		return true;
	at = lower_bound(list, count, value);
	return at < count && list[at] == value;
}

bool integerset_has(const struct integerset *set, int64_t value)
{
	if (set->size == 0)
		return false;
	uint64_t bits = (uint64_t)value;
	uint16_t lower = (uint16_t)(bits & 0xFFFF);
	const struct slot *slot = slot_of(set, bits & UPPER);
	unsigned count = count_of(slot);
	if (count == BITS)
		return slot->bits[lower / 64] >> (lower % 64) & 1;
	if (count > FEW)
		return list_has(slot->list, count, lower);
	for (unsigned i = 0; i < count; i++)
		if (slot->few[i] == lower)
			return true;
	return false;
}

static size_t list_room(unsigned count)
{
	size_t room = LIST_MIN;
	while (room < count)
		room *= 2;
	return room;
}

/* A table that is at most three quarters full. */
static size_t size_for(size_t groups)
{
	size_t size = SLOTS_MIN;
	while (size / 4 * 3 < groups)
		size *= 2;
	return size;
}

static bool grow(struct integerset *set, size_t groups)
{
	size_t size = size_for(groups);
	if (size <= set->size)
		return true;
	struct integerset bigger = {.slots = calloc(size, sizeof *bigger.slots), .size = size, .seed = set->seed};
	if (!bigger.slots)
		return false;
	for (size_t i = 0; i < set->size; i++)
		if (count_of(&set->slots[i]) != 0)
			*slot_of(&bigger, set->slots[i].head & UPPER) = set->slots[i];
	free(set->slots);
	set->slots = bigger.slots;
	set->size = size;
	return true;
}

static bool few_to_list(struct integerset *set, struct slot *slot)
{
	uint16_t *list = malloc(LIST_MIN * sizeof *list);
	if (!list)
		return false;
	for (size_t i = 0; i < FEW; i++) {
		size_t at = lower_bound(list, i, slot->few[i]);
		memmove(list + at + 1, list + at, (i - at) * sizeof *list);
		list[at] = slot->few[i];
	}
	slot->list = list;
	set->blocks += LIST_MIN * sizeof *list + MALLOC_COST;
	return true;
}

static bool list_to_bits(struct integerset *set, struct slot *slot)
{
	uint64_t *bits = calloc(1, BITS_SIZE);
	if (!bits)
		return false;
	for (size_t i = 0; i < LIST_MAX; i++)
		bits[slot->list[i] / 64] |= (uint64_t)1 << (slot->list[i] % 64);
	free(slot->list);
	slot->bits = bits;
	slot->head |= BITS;
	set->blocks += BITS_SIZE - LIST_MAX * sizeof *slot->list;
	return true;
}

static bool list_add(struct integerset *set, struct slot *slot, unsigned count, uint16_t lower)
{
	size_t at = lower_bound(slot->list, count, lower);
	if (at < count && slot->list[at] == lower)
		return true;
	size_t room = list_room(count);
	if (count == room) {
		uint16_t *list = realloc(slot->list, 2 * room * sizeof *list);
		if (!list)
			return false;
		slot->list = list;
		set->blocks += room * sizeof *list;
	}
	memmove(slot->list + at + 1, slot->list + at, (count - at) * sizeof *slot->list);
	slot->list[at] = lower;
	slot->head++;
	set->count++;
	return true;
}

bool integerset_add(struct integerset *set, int64_t value)
{
	uint64_t bits = (uint64_t)value;
	uint16_t lower = (uint16_t)(bits & 0xFFFF);
	if ((set->groups + 1) > set->size / 4 * 3 && !grow(set, set->groups + 1))
		return false;
	struct slot *slot = slot_of(set, bits & UPPER);
	unsigned count = count_of(slot);
	if (count == BITS) {
		uint64_t bit = (uint64_t)1 << (lower % 64);
		set->count += !(slot->bits[lower / 64] & bit);
		slot->bits[lower / 64] |= bit;
		return true;
	}
	if (count > FEW) {
		if (count < LIST_MAX)
			return list_add(set, slot, count, lower);
		return integerset_has(set, value) || (list_to_bits(set, slot) && integerset_add(set, value));
	}
	for (unsigned i = 0; i < count; i++)
		if (slot->few[i] == lower)
			return true;
	if (count == FEW)
		return few_to_list(set, slot) && list_add(set, slot, FEW, lower);
	if (count == 0)
		set->groups++;
	slot->head = (bits & UPPER) | (count + 1);
	slot->few[count] = lower;
	set->count++;
	return true;
}

size_t integerset_count(const struct integerset *set)
{
	return set->count;
}

size_t integerset_memory(const struct integerset *set)
{
	return set->size * sizeof *set->slots + set->blocks;
}

size_t integerset_growth(const struct integerset *set, size_t more)
{
	size_t size = size_for(set->groups + more);
	return size > set->size ? size * sizeof *set->slots : 0;
}

int integerset_each(const struct integerset *set, int (*each)(void *arg, int64_t value), void *arg)
{
	int result = 0;
	for (size_t i = 0; i < set->size && result == 0; i++) {
		const struct slot *slot = &set->slots[i];
		unsigned count = count_of(slot);
		const uint16_t *list = count > FEW ? slot->list : slot->few;
		uint64_t upper = slot->head & UPPER;
		if (count == BITS) {
			for (unsigned lower = 0; lower < 65536 && result == 0; lower++)
				if (slot->bits[lower / 64] >> (lower % 64) & 1)
					result = each(arg, (int64_t)(upper | lower));
			continue;
		}
		for (unsigned j = 0; j < count && result == 0; j++)
			result = each(arg, (int64_t)(upper | list[j]));
	}
	return result;
}
