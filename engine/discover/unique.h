/* unique.h - whether a column's values are all different, in bounded memory.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Values are held by a 64-bit hash: two that are the same are always seen, two that are not are taken for the same once in a
 * great many files, which costs a suggestion and nothing else.
 */
#ifndef PENSTOCK_DISCOVER_UNIQUE_H
#define PENSTOCK_DISCOVER_UNIQUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of all columns together. */
struct unique_room {
	size_t used, limit;
	uint64_t seed;
};

struct unique {
	uint64_t *slots; /* 0: empty */
	size_t size, count;
	bool twice;      /* a value came twice; nothing is held any more */
	bool gave_up;    /* there was no room for all; likewise */
};

void unique_add(struct unique *unique, struct unique_room *room, const char *text, size_t length);
void unique_free(struct unique *unique, struct unique_room *room);

#endif
