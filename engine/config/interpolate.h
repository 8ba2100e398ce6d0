/* interpolate.h - replaces ${...} in the scalars of a parsed document; what comes in is never parsed again.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   ${NAME}  ${NAME:-default}  ${NAME:?message}   environment; set but empty takes the default, as in a shell
 *   ${params.NAME}  ${file:PATH}  ${run.id}  ${run.started:%Y%m%dT%H%M%SZ}  ${table} (within for_each)
 *   $${ is a literal ${
 */
#ifndef PENSTOCK_CONFIG_INTERPOLATE_H
#define PENSTOCK_CONFIG_INTERPOLATE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/config/params.h"
#include "engine/core/buffer.h"
#include "engine/core/diagnostics.h"

enum {
	INTERPOLATE_FILE_MAX = 64 * 1024, /* bytes of a ${file:...} */
	INTERPOLATE_TEXT_MAX = 1 << 20,   /* bytes of a scalar afterwards */
};

struct scope {
	struct params *params;  /* NULL: params cannot be used here */
	const char *run_id;
	int64_t started_us;     /* microseconds since 1970, UTC */
	const char *table;      /* NULL: outside of for_each */
	bool definition;        /* leave ${run...} and ${file:...} as written: for a hash that is the same in every run */
	struct diagnostics *diagnostics;
};

/* Replaces in one scalar. connection: it is a connection string, and a value from outside that is only a part of it must not
 * hold ; { } (it could name another driver). Returns 0, or -1 after reporting. */
int interpolate(struct node *scalar, const struct scope *scope, bool connection);

/* Replaces in all values below node (not in keys). */
int interpolate_tree(struct node *node, const struct scope *scope);

/* Appends what one ${...} stands for; text: the length bytes between its braces, node: where it stands. *secret becomes true where
 * the value came from the environment or another file. Returns 0, or -1 after reporting. */
int interpolate_expression(const struct node *node, const char *text, size_t length, const struct scope *scope,
	struct buffer *out, bool *secret);

/* Bytes before the brace that closes, in a text behind "${"; -1 where none does. */
long interpolate_closed(const char *text);

#endif
