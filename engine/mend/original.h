/* original.h - the source of a load, opened once more at a path of its own.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_MEND_ORIGINAL_H
#define PENSTOCK_MEND_ORIGINAL_H

#include "engine/core/plan.h"

struct original {
	const struct plan_step *step;
	void *instance;  /* NULL: not open */
	char *path;
	struct option_list paths; /* where the option is a list */
};

/* The path that the step itself would read; NULL where its source has none, or several. Borrowed. */
const char *original_path(const struct plan_step *step);

/* Opens a file with the options of the step's source. -1 and error where it cannot be, or the source is none of files. Close it also after a
 * failure. */
int original_open(struct original *original, const struct plan_step *step, const struct source_context *context, const char *path,
	struct error *error) MUST_CHECK;
void original_close(struct original *original); /* may be called twice */

/* Whether its content has this hash (SHA-256). 1, 0, -1 and error. */
int original_has_hash(struct original *original, const char *hash, struct error *error) MUST_CHECK;

static inline enum source_result original_read(struct original *original, struct batch *batch, struct error *error)
{
	return original->step->source->read(original->instance, batch, error);
}

#endif
