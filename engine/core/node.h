/* node.h - a parsed document (YAML or JSON) as a tree that remembers where everything stood.
 * SPDX-License-Identifier: Apache-2.0
 *
 * engine/config parses into it (the only user of libyaml); the dictionary in rules/ reads from it. A scalar keeps its text:
 * its type comes from whoever reads it. Keys of a map are unique (the parser refuses duplicates).
 */
#ifndef PENSTOCK_CORE_NODE_H
#define PENSTOCK_CORE_NODE_H

#include <stdbool.h>
#include <stddef.h>

enum node_kind { NODE_SCALAR = 1, NODE_SEQUENCE, NODE_MAP };

struct node {
	enum node_kind kind;
	const char *file;   /* as named by the user */
	unsigned line;      /* from 1 */
	unsigned column;    /* from 1 */
	bool plain;         /* scalar written without quotes */
	char *text;         /* scalar: UTF-8, NUL-terminated, without NUL inside */
	struct node **items; /* sequence: elements; map: values */
	struct node **keys;  /* map: scalars, parallel to items */
	size_t count;
};

/* The value of key in a map, or NULL (also when node is NULL or no map). */
struct node *node_find(const struct node *map, const char *key);

/* Text of a scalar; NULL when node is NULL or no scalar. */
const char *node_text(const struct node *node);

/* True for an unquoted empty scalar, ~ or null. */
bool node_is_null(const struct node *node);

/* "file:line:column" into place. Returns place. */
char *node_place(const struct node *node, char *place, size_t size);

void node_free(struct node *node);

#endif
