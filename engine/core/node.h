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
	const char *file;   /* as named by the user; borrowed from whoever asked for the parse, outlives the tree */
	unsigned line;      /* from 1; 0: the file as a whole */
	unsigned column;    /* from 1 */
	bool plain;         /* scalar written without quotes */
	bool secret;        /* scalar with a part that came from the environment or another file: never shown in a message */
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

/* "file:line:column" into place, "file" where line is 0, empty without a file. Returns place. */
char *node_place(const struct node *node, char *place, size_t size);

/* Frees the tree; node may be NULL. Secret texts are wiped. */
void node_free(struct node *node);

#endif
