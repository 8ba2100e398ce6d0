/* tree.h - making and changing trees of nodes.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONFIG_TREE_H
#define PENSTOCK_CONFIG_TREE_H

#include "engine/core/error.h"
#include "engine/core/node.h"

/* A new node without children at a place; file is borrowed. NULL when out of memory. */
struct node *tree_new(enum node_kind kind, const char *file, unsigned line, unsigned column) MUST_CHECK;

/* A new scalar at the place of another node, not plain. NULL when out of memory. */
struct node *tree_scalar(const struct node *place, const char *text, size_t length) MUST_CHECK;

/* Gives item (and key, in a map) to node. On failure (-1, out of memory) both still belong to the caller. */
int tree_add(struct node *node, struct node *key, struct node *item) MUST_CHECK;

/* A copy of the whole tree. NULL when out of memory. */
struct node *tree_copy(const struct node *node) MUST_CHECK;

/* Sets the text of a scalar (text is taken, malloc'd). */
void tree_set_text(struct node *scalar, char *text);

/* Adds key: text to a map that does not have it, at the place of the map. Returns 0, or -1 when out of memory. */
int tree_add_text(struct node *map, const char *key, const char *text) MUST_CHECK;

/* Takes an entry out of a map; nothing happens where it is not there. */
void tree_remove(struct node *map, const char *key);

#endif
