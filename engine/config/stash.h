/* stash.h - memory that lives exactly as long as a plan: taken piece by piece, given back all at once, and wiped then, since
 * connection strings are in it.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONFIG_STASH_H
#define PENSTOCK_CONFIG_STASH_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/core/error.h"

struct stash_piece;

struct stash {
	struct stash_piece *pieces;
	bool failed; /* memory ran out at least once; whoever loads looks at it at the end */
};

void stash_init(struct stash *stash);
void stash_fini(struct stash *stash);

/* size bytes, zeroed, aligned for anything; NULL when out of memory. */
void *stash_take(struct stash *stash, size_t size) MUST_CHECK;

/* count items of size bytes. */
void *stash_array(struct stash *stash, size_t count, size_t size) MUST_CHECK;

/* A copy of text. */
char *stash_text(struct stash *stash, const char *text) MUST_CHECK;

#endif
