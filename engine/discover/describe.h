/* describe.h - from the profile of a column to its field in a dictionary, with what was seen in words.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_DISCOVER_DESCRIBE_H
#define PENSTOCK_DISCOVER_DESCRIBE_H

#include <jansson.h>

#include "engine/core/buffer.h"
#include "engine/discover/profile.h"

struct describing {
	const struct profiling *profiling;
	uint64_t records;
	bool trim;          /* the source takes spaces away */
	bool constraints;
	enum comma_use comma;
	bool all;           /* the whole file was seen */
};

/* What describe found out on its way. */
struct described {
	json_t *field;      /* the descriptor; owned */
	bool complete;      /* no value is missing */
	bool different;     /* no two are equal, as far as could be seen, */
	bool sure;          /* which was all of them */
	bool key_type;      /* of a type that keys are made of */
	struct found found;
};

/* Returns 0 or -1 (out of memory). note gets a line without an end. */
int describe(const struct describing *how, const struct profile *profile, const char *name, struct described *out, struct buffer *note,
	struct error *error) MUST_CHECK;

/* "1,234,567". */
enum { COUNT_TEXT = 32 };
const char *count_text(uint64_t count, char out[COUNT_TEXT]);

#endif
