/* shared.h - what the steps of one run have in common: a snapshot that several tables are read from, the folder of a backup.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A connector that needs such a part looks for it by a key of its own and adds it where it is missing; it lives until the run ends.
 * When every step has succeeded the parts are asked to finish, in the order in which they were added; then, in any case, they
 * are closed in the opposite order. All calls come from the thread that runs the steps.
 */
#ifndef PENSTOCK_CORE_SHARED_H
#define PENSTOCK_CORE_SHARED_H

#include "engine/core/error.h"

struct shared;

struct shared_ops {
	/* Optional. The run succeeded: publish. -1 and error make the run fail. */
	int (*finish)(void *part, struct error *error);
	/* Required. Lets go of everything and frees the part; without finish before it, what was begun is undone or left incomplete. */
	void (*close)(void *part);
};

/* NULL and error when out of memory. */
struct shared *shared_new(struct error *error) MUST_CHECK;

/* The part of that key, or NULL. shared may be NULL. */
void *shared_find(const struct shared *shared, const char *key);

/* Takes part, also on failure (it is closed then). key is copied. */
int shared_add(struct shared *shared, const char *key, void *part, const struct shared_ops *ops, struct error *error)
	MUST_CHECK;

/* Closes one part now (a session that was lost); nothing happens where there is none. */
void shared_drop(struct shared *shared, const char *key);

/* Something that the user should know, at the end of the run: level is "info" or "warning". What is too much is dropped. shared may be NULL. */
void shared_tell(struct shared *shared, const char *level, const char *format, ...) PRINTF_LIKE(3, 4);

/* What was told, oldest first, one call each; level and text are borrowed. */
void shared_told(const struct shared *shared, void (*each)(void *arg, const char *level, const char *text), void *arg);

int shared_finish(struct shared *shared, struct error *error) MUST_CHECK;
void shared_free(struct shared *shared);

#endif
