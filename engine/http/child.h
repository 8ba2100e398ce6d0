/* child.h - a command of penstock in a process of its own, for what a person would otherwise type: plan, rejects export.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Its output is text for people or a file, and its memory is its own. It never gets a text of a request but as the value behind an = of an argument.
 */
#ifndef PENSTOCK_HTTP_CHILD_H
#define PENSTOCK_HTTP_CHILD_H

#include <stdint.h>

#include "engine/core/buffer.h"
#include "engine/core/cancel.h"
#include "engine/core/error.h"

struct child_end {
	int code;      /* its exit code; -1: a signal ended it */
	bool too_long; /* stopped: it took longer than its time */
	bool too_much; /* stopped: it wrote more than out may hold */
};

/* Runs this very program with arguments (the first stands behind its name, NULL at the end) and waits, at most most_ms. What it writes to standard
 * output is appended to out, what it writes to standard error, cut, to said. 0, or -1 and error where it could not be started. */
int child_run(const char *const *arguments, int64_t most_ms, struct cancel *cancel, struct buffer *out, struct buffer *said, struct child_end *end,
	struct error *error) MUST_CHECK;

#endif
