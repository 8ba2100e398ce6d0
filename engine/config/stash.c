/* stash.c - memory that lives as long as a plan.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/config/stash.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct stash_piece {
	struct stash_piece *next;
	size_t size;
	max_align_t data[];
};

void stash_init(struct stash *stash)
{
	*stash = (struct stash){.pieces = NULL};
}

void stash_fini(struct stash *stash)
{
	struct stash_piece *piece = stash->pieces;

	while (piece) {
		struct stash_piece *next = piece->next;

		explicit_bzero(piece->data, piece->size);
		free(piece);
		piece = next;
	}
	stash_init(stash);
}

void *stash_take(struct stash *stash, size_t size)
{
	struct stash_piece *piece = NULL;

	if (size <= SIZE_MAX - sizeof(*piece))
		piece = calloc(1, sizeof(*piece) + size);
	if (!piece) {
		stash->failed = true;
		return NULL;
	}
	piece->size = size;
	piece->next = stash->pieces;
	stash->pieces = piece;
	return piece->data;
}

void *stash_array(struct stash *stash, size_t count, size_t size)
{
	if (size > 0 && count > SIZE_MAX / size) {
		stash->failed = true;
		return NULL;
	}
	return stash_take(stash, count * size);
}

char *stash_text(struct stash *stash, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = stash_take(stash, size);

	if (copy)
		memcpy(copy, text, size);
	return copy;
}
