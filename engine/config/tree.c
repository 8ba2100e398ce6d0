/* tree.c - making and changing trees of nodes.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/config/tree.h"

#include <stdlib.h>
#include <string.h>

struct node *tree_new(enum node_kind kind, const char *file, unsigned line, unsigned column)
{
	struct node *node = calloc(1, sizeof(*node));

	if (node) {
		node->kind = kind;
		node->file = file;
		node->line = line;
		node->column = column;
	}
	return node;
}

struct node *tree_scalar(const struct node *place, const char *text, size_t length)
{
	struct node *node = tree_new(NODE_SCALAR, place->file, place->line, place->column);

	if (!node)
		return NULL;
	node->text = malloc(length + 1);
	if (!node->text) {
		free(node);
		return NULL;
	}
	memcpy(node->text, text, length);
	node->text[length] = '\0';
	return node;
}

/* Room doubles at each power of two, so the size need not be kept. */
static int grow(struct node ***list, size_t count)
{
	if (count == 0 || (count >= 4 && (count & (count - 1)) == 0)) {
		size_t size = count == 0 ? 4 : count * 2;
		struct node **larger = realloc(*list, size * sizeof(*larger));

		if (!larger)
			return -1;
		*list = larger;
	}
	return 0;
}

int tree_add(struct node *node, struct node *key, struct node *item)
{
	if (grow(&node->items, node->count) < 0)
		return -1;
	if (node->kind == NODE_MAP) {
		if (grow(&node->keys, node->count) < 0)
			return -1;
		node->keys[node->count] = key;
	}
	node->items[node->count++] = item;
	return 0;
}

struct node *tree_copy(const struct node *node)
{
	struct node *copy;

	if (node->kind == NODE_SCALAR) {
		copy = tree_scalar(node, node->text, strlen(node->text));
		if (copy) {
			copy->plain = node->plain;
			copy->secret = node->secret;
		}
		return copy;
	}
	copy = tree_new(node->kind, node->file, node->line, node->column);
	for (size_t i = 0; copy && i < node->count; i++) {
		struct node *key = node->keys ? tree_copy(node->keys[i]) : NULL;
		struct node *item = tree_copy(node->items[i]);

		if (!item || (node->keys && !key) || tree_add(copy, key, item) < 0) {
			node_free(key);
			node_free(item);
			node_free(copy);
			return NULL;
		}
	}
	return copy;
}

void tree_set_text(struct node *scalar, char *text)
{
	if (scalar->secret)
		explicit_bzero(scalar->text, strlen(scalar->text));
	free(scalar->text);
	scalar->text = text;
}

int tree_add_text(struct node *map, const char *key, const char *text)
{
	struct node *name = tree_scalar(map, key, strlen(key));
	struct node *value = tree_scalar(map, text, strlen(text));

	if (!name || !value || tree_add(map, name, value) < 0) {
		node_free(name);
		node_free(value);
		return -1;
	}
	return 0;
}

void tree_remove(struct node *map, const char *key)
{
	for (size_t i = 0; i < map->count; i++) {
		if (strcmp(map->keys[i]->text, key) != 0)
			continue;
		node_free(map->keys[i]);
		node_free(map->items[i]);
		map->count--;
		memmove(&map->keys[i], &map->keys[i + 1], (map->count - i) * sizeof(map->keys[0]));
		memmove(&map->items[i], &map->items[i + 1], (map->count - i) * sizeof(map->items[0]));
		return;
	}
}
