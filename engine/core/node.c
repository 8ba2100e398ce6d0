/* node.c - reading and freeing the tree of a parsed document.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct node *node_find(const struct node *map, const char *key)
{
	if (!map || map->kind != NODE_MAP)
		return NULL;
	for (size_t i = 0; i < map->count; i++)
		if (strcmp(map->keys[i]->text, key) == 0)
			return map->items[i];
	return NULL;
}

const char *node_text(const struct node *node)
{
	return node && node->kind == NODE_SCALAR ? node->text : NULL;
}

bool node_is_null(const struct node *node)
{
	if (!node || node->kind != NODE_SCALAR || !node->plain)
		return false;
	return node->text[0] == '\0' || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0;
}

char *node_place(const struct node *node, char *place, size_t size)
{
	if (!node || !node->file) {
		if (size > 0)
			place[0] = '\0';
	} else if (node->line == 0) {
		snprintf(place, size, "%s", node->file);
	} else {
		snprintf(place, size, "%s:%u:%u", node->file, node->line, node->column);
	}
	return place;
}

/* As deep as the tree, which the parser bounds. */
void node_free(struct node *node)
{
	if (!node)
		return;
	for (size_t i = 0; i < node->count; i++) {
		if (node->keys)
			node_free(node->keys[i]);
		if (node->items)
			node_free(node->items[i]);
	}
	if (node->text && node->secret)
		explicit_bzero(node->text, strlen(node->text));
	free(node->keys);
	free(node->items);
	free(node->text);
	free(node);
}
