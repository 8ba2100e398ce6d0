/* spelling.h - reading scalars of a dictionary file, and telling unknown keys from mistyped ones.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_RULES_SPELLING_H
#define PENSTOCK_RULES_SPELLING_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/core/diagnostics.h"
#include "engine/core/node.h"

/* Parts of a descriptor whose keys are known. */
enum part {
	PART_PACKAGE = 0,
	PART_RESOURCE,
	PART_SCHEMA,
	PART_FIELD,
	PART_CONSTRAINTS,
	PART_FOREIGN_KEY,
	PART_REFERENCE,
	PART_DIALECT,
	PART_LICENSE,
	PART_SOURCE,
	PART_CONTRIBUTOR,
	PART_CATEGORY,
	PARTS,
};

/* A warning for each key of map that the part does not know, an error for one that is nearly one it knows. */
void spelling_check(const struct node *map, enum part part, struct diagnostics *diagnostics);

/* The same for each map in a sequence; anything else in it is left alone. */
void spelling_check_each(const struct node *sequence, enum part part, struct diagnostics *diagnostics);

/* Each reads a scalar: 1 when it was there and right, 0 when node is NULL, -1 after an error in diagnostics that names
 * what. */
int spelling_text(const struct node *node, const char *what, const char **out, struct diagnostics *diagnostics);
int spelling_flag(const struct node *node, const char *what, bool *out, struct diagnostics *diagnostics);
int spelling_count(const struct node *node, const char *what, uint64_t most, uint64_t *out,
		   struct diagnostics *diagnostics);

#endif
