/* byteset.c - an open-addressing table over a log of keys.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rules/byteset.h"

#include <stdlib.h>
#include <string.h>

#include "rules/hashing.h"

enum { SLOTS_MIN = 16, LOG_MIN = 4096, LENGTH_MAX = 5 /* bytes of a written length */ };

struct slot {
	uint32_t tag; /* upper half of the hash */
	uint32_t at;  /* 0: free */
};

struct byteset {
	struct slot *slots;
	size_t size; /* power of two, or 0 */
	size_t count;
	char *log;
	size_t used; /* from 1 on: 0 is no place */
	size_t room;
	uint64_t seed;
};

struct byteset *byteset_new(uint64_t seed)
{
	struct byteset *set = calloc(1, sizeof *set);
	if (set) {
		set->seed = seed;
		set->used = 1;
	}
	return set;
}

void byteset_free(struct byteset *set)
{
	if (!set)
		return;
	free(set->slots);
	free(set->log);
	free(set);
}

void byteset_clear(struct byteset *set)
{
	if (set->size > 0)
		memset(set->slots, 0, set->size * sizeof *set->slots);
	set->count = 0;
	set->used = 1;
}

static size_t read_length(const char **at)
{
	size_t value = 0;
	unsigned shift = 0;
	unsigned char byte;
	do {
		byte = (unsigned char)*(*at)++;
		value |= (size_t)(byte & 0x7F) << shift;
		shift += 7;
	} while (byte & 0x80);
	return value;
}

static struct slot *slot_of(const struct byteset *set, uint64_t hash, const char *bytes, size_t length)
{
	uint32_t tag = (uint32_t)(hash >> 32);
	size_t at = (size_t)hash & (set->size - 1);
	for (; set->slots[at].at != 0; at = (at + 1) & (set->size - 1)) {
		if (set->slots[at].tag != tag)
			continue;
		const char *key = set->log + set->slots[at].at;
		if (read_length(&key) == length && (length == 0 || memcmp(key, bytes, length) == 0))
			break;
	}
	return &set->slots[at];
}

bool byteset_has(const struct byteset *set, const char *bytes, size_t length)
{
	return set->size > 0 && slot_of(set, hash_bytes(set->seed, bytes, length), bytes, length)->at != 0;
}

static size_t size_for(size_t count)
{
	size_t size = SLOTS_MIN;
	while (size / 4 * 3 < count)
		size *= 2;
	return size;
}

static bool grow_slots(struct byteset *set, size_t count)
{
	size_t size = size_for(count);
	if (size <= set->size)
		return true;
	struct slot *slots = calloc(size, sizeof *slots);
	if (!slots)
		return false;
	for (size_t i = 0; i < set->size; i++) {
		if (set->slots[i].at == 0)
			continue;
		const char *key = set->log + set->slots[i].at;
		size_t length = read_length(&key);
		size_t at = (size_t)hash_bytes(set->seed, key, length) & (size - 1);
		while (slots[at].at != 0)
			at = (at + 1) & (size - 1);
		slots[at] = set->slots[i];
	}
	free(set->slots);
	set->slots = slots;
	set->size = size;
	return true;
}

static size_t room_for(const struct byteset *set, size_t needed)
{
	size_t room = set->room ? set->room : LOG_MIN;
	while (room < needed)
		room += room / 4;
	return room;
}

static bool grow_log(struct byteset *set, size_t needed)
{
	if (needed <= set->room)
		return true;
	size_t room = room_for(set, needed);
	if (needed > UINT32_MAX)
		return false;
	char *log = realloc(set->log, room);
	if (!log)
		return false;
	set->log = log;
	set->room = room;
	return true;
}

bool byteset_add(struct byteset *set, const char *bytes, size_t length)
{
	if (set->count + 1 > set->size / 4 * 3 && !grow_slots(set, set->count + 1))
		return false;
	uint64_t hash = hash_bytes(set->seed, bytes, length);
	struct slot *slot = slot_of(set, hash, bytes, length);
	if (slot->at != 0)
		return true;
	if (!grow_log(set, set->used + LENGTH_MAX + length))
		return false;
	*slot = (struct slot){.tag = (uint32_t)(hash >> 32), .at = (uint32_t)set->used};
	size_t rest = length;
	for (; rest >= 0x80; rest >>= 7)
		set->log[set->used++] = (char)(unsigned char)((rest & 0x7F) | 0x80);
	set->log[set->used++] = (char)(unsigned char)rest;
	if (length > 0)
		memcpy(set->log + set->used, bytes, length);
	set->used += length;
	set->count++;
	return true;
}

size_t byteset_count(const struct byteset *set)
{
	return set->count;
}

size_t byteset_memory(const struct byteset *set)
{
	return set->size * sizeof *set->slots + set->room;
}

size_t byteset_growth(const struct byteset *set, size_t more)
{
	size_t size = size_for(set->count + more);
	size_t mean = set->count > 0 ? (set->used + set->count - 1) / set->count : 16;
	size_t needed = set->used + more * mean;
	size_t growth = size > set->size ? size * sizeof *set->slots : 0;
	if (needed > UINT32_MAX)
		return SIZE_MAX;
	return needed > set->room ? growth + room_for(set, needed) - set->room : growth;
}

int byteset_each(const struct byteset *set, int (*each)(void *arg, const char *bytes, size_t length), void *arg)
{
	if (set->count == 0)
		return 0;
	const char *at = set->log + 1;
	int result = 0;
	for (size_t i = 0; i < set->count && result == 0; i++) {
		size_t length = read_length(&at);
		result = each(arg, at, length);
		at += length;
	}
	return result;
}
