/* complete_names.c - the names in a pipeline file or dictionary that complete a command line.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The files are read as documents, not loaded: a pipeline that is half written, or lacks a variable of the environment, has names, too.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/cli/complete.h"
#include "engine/config/load.h"

static struct node *read_document(const char *file)
{
	struct stat status;
	struct error error = ERROR_INIT;
	/* A pipe would be waited for. */
	if (!file || stat(file, &status) || !S_ISREG(status.st_mode))
		return NULL;
	return document_parse(file, &error);
}

/* The dictionary that a pipeline names, or NULL. */
static struct node *read_dictionary(const char *file, const struct node *root)
{
	const char *path = node_text(node_find(root, "dictionary"));
	if (!path)
		return NULL;
	const char *slash = strrchr(file, '/');
	size_t folder = slash && path[0] != '/' ? (size_t)(slash - file) + 1 : 0;
	size_t size = folder + strlen(path) + 1;
	char *whole = malloc(size);
	if (!whole)
		return NULL;
	snprintf(whole, size, "%.*s%s", (int)folder, file, path);
	struct node *node = read_document(whole);
	/* The nodes borrow the file's name, of which nothing is shown here. */
	free(whole);
	return node;
}

static void offer_tables(FILE *out, const char *typed, const char *prefix, const struct node *dictionary)
{
	const struct node *resources = node_find(dictionary, "resources");
	for (size_t i = 0; resources && resources->kind == NODE_SEQUENCE && i < resources->count; i++) {
		const struct node *table = resources->items[i];
		complete_offer(out, typed, prefix, node_text(node_find(table, "name")), node_text(node_find(table, "description")));
	}
}

static void offer_step(FILE *out, const char *typed, const char *prefix, const struct node *step, const struct node *dictionary)
{
	const char *name = node_text(node_find(step, "name"));
	const struct node *tables = node_find(node_find(step, "for_each"), "table");
	if (!tables) {
		complete_offer(out, typed, prefix, name, node_text(node_find(step, "description")));
		return;
	}
	/* Of a name that is more than the table's, what it becomes is known to a run alone. */
	if (name && strcmp(name, "${table}") != 0)
		return;
	if (tables->kind == NODE_SCALAR) {
		if (strcmp(tables->text, "*") == 0)
			offer_tables(out, typed, prefix, dictionary);
		else
			complete_offer(out, typed, prefix, tables->text, NULL);
	}
	for (size_t i = 0; tables->kind == NODE_SEQUENCE && i < tables->count; i++)
		complete_offer(out, typed, prefix, node_text(tables->items[i]), NULL);
}

static void offer_steps(FILE *out, const char *typed, const char *prefix, const struct node *root, const struct node *dictionary)
{
	const struct node *steps = node_find(root, "steps");
	for (size_t i = 0; steps && steps->kind == NODE_SEQUENCE && i < steps->count; i++)
		offer_step(out, typed, prefix, steps->items[i], dictionary);
}

static void offer_keys(FILE *out, const char *typed, const char *prefix, const struct node *map, const char *behind)
{
	for (size_t i = 0; map && map->kind == NODE_MAP && i < map->count; i++) {
		char name[256];
		const char *key = node_text(map->keys[i]);
		if (key && (size_t)snprintf(name, sizeof name, "%s%s", key, behind) < sizeof name)
			complete_offer(out, typed, prefix, name, node_text(node_find(map->items[i], "description")));
	}
}

void complete_names(FILE *out, const char *typed, const char *prefix, const char *file, enum complete_names which)
{
	struct node *root = read_document(file);
	if (!root)
		return;
	bool itself = document_is_dictionary(root);
	struct node *named = itself ? NULL : read_dictionary(file, root);
	const struct node *dictionary = itself ? root : named;
	switch (which) {
	case COMPLETE_PARAMS:
		offer_keys(out, typed, prefix, node_find(root, "params"), "=");
		break;
	case COMPLETE_CONNECTIONS:
		offer_keys(out, typed, prefix, node_find(root, "connections"), "");
		break;
	case COMPLETE_STEPS:
		offer_steps(out, typed, prefix, root, dictionary);
		break;
	case COMPLETE_TABLES:
		offer_tables(out, typed, prefix, dictionary);
		break;
	}
	node_free(named);
	node_free(root);
}

bool complete_values(FILE *out, const char *typed, const char *prefix, const char *file, const char *param, size_t length)
{
	struct node *root = read_document(file);
	const struct node *params = node_find(root, "params");
	bool any = false;
	for (size_t i = 0; params && params->kind == NODE_MAP && i < params->count; i++) {
		const char *key = node_text(params->keys[i]);
		if (!key || strlen(key) != length || memcmp(key, param, length) != 0)
			continue;
		const struct node *values = node_find(params->items[i], "enum");
		const char *type = node_text(node_find(params->items[i], "type"));
		for (size_t k = 0; values && values->kind == NODE_SEQUENCE && k < values->count; k++) {
			complete_offer(out, typed, prefix, node_text(values->items[k]), NULL);
			any = true;
		}
		if (!any && type && strcmp(type, "boolean") == 0) {
			complete_offer(out, typed, prefix, "true", NULL);
			complete_offer(out, typed, prefix, "false", NULL);
			any = true;
		}
	}
	node_free(root);
	return any;
}
