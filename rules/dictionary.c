/* dictionary.c - reads a Data Package: its resources as tables, their keys, and the order in which they can be loaded.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rules/dictionary.h"

#include <stdlib.h>
#include <string.h>

#include "rules/load.h"
#include "rules/spelling.h"

struct dictionary {
	struct table **tables;
	size_t count;
	size_t *order; /* parents first */
};

void dictionary_free(struct dictionary *dictionary)
{
	if (!dictionary)
		return;
	for (size_t i = 0; i < dictionary->count; i++)
		table_free(dictionary->tables[i]);
	free(dictionary->tables);
	free(dictionary->order);
	free(dictionary);
}

size_t dictionary_count(const struct dictionary *dictionary)
{
	return dictionary->count;
}

const struct table *dictionary_at(const struct dictionary *dictionary, size_t index)
{
	return dictionary->tables[index];
}

const struct table *dictionary_find(const struct dictionary *dictionary, const char *name)
{
	for (size_t i = 0; i < dictionary->count; i++)
		if (strcmp(dictionary->tables[i]->schema->name, name) == 0)
			return dictionary->tables[i];
	return NULL;
}

const size_t *dictionary_order(const struct dictionary *dictionary)
{
	return dictionary->order;
}

const struct schema *table_schema(const struct table *table)
{
	return table->schema;
}

/* Keys without a meaning here, looked at for typing errors only. */
static void check_meta(const struct node *map, struct diagnostics *diagnostics)
{
	spelling_check_each(node_find(map, "licenses"), PART_LICENSE, diagnostics);
	spelling_check_each(node_find(map, "sources"), PART_SOURCE, diagnostics);
	spelling_check_each(node_find(map, "contributors"), PART_CONTRIBUTOR, diagnostics);
	spelling_check(node_find(map, "dialect"), PART_DIALECT, diagnostics);
}

static void load_fields(struct loader *loader, const struct node *schema_node, const struct inherited *inherited,
			struct table *table)
{
	const struct node *fields = node_find(schema_node, "fields");
	if (!fields || fields->kind != NODE_SEQUENCE || fields->count == 0) {
		diagnostics_error(loader->diagnostics, fields ? fields : schema_node,
				  "the schema of \"%s\" needs fields: a list", table->schema->name);
		return;
	}
	if (fields->count > TABLE_FIELDS_MAX) {
		diagnostics_error(loader->diagnostics, fields, "\"%s\" has more than %d fields", table->schema->name,
				  TABLE_FIELDS_MAX);
		return;
	}
	size_t *unique = calloc(fields->count, sizeof *unique);
	size_t unique_count = 0;
	table->fields = calloc(fields->count, sizeof *table->fields);
	if (!unique || !table->fields) {
		free(unique);
		diagnostics_memory(loader->diagnostics);
		return;
	}
	for (size_t i = 0; i < fields->count; i++) {
		bool is_unique;
		size_t at = table->schema->field_count;
		if (load_field(loader, fields->items[i], inherited, table->schema, &table->fields[at], &is_unique) &&
		    is_unique)
			unique[unique_count++] = at;
	}
	load_keys(loader, schema_node, table, unique, unique_count);
	free(unique);
}

static struct table *load_table(struct loader *loader, const char *name, const struct node *schema_node,
				const struct inherited *inherited)
{
	struct error error = ERROR_INIT;
	struct table *table = calloc(1, sizeof *table);
	if (table)
		table->schema = schema_new(name, &error);
	if (!table || !table->schema) {
		free(table);
		diagnostics_memory(loader->diagnostics);
		return NULL;
	}
	const struct node *missing = node_find(schema_node, "missingValues");
	struct inherited nearest = {.missing = missing ? missing : inherited->missing};
	spelling_check(schema_node, PART_SCHEMA, loader->diagnostics);
	load_fields(loader, schema_node, &nearest, table);
	return table;
}

/* A resource that is a table becomes one; *schema_node is what it was read from. NULL when it is none, or wrong. */
static struct table *load_resource(struct loader *loader, const struct node *node, const struct inherited *inherited,
				   const struct dictionary *dictionary, const struct node **schema_node)
{
	const char *name = NULL;
	if (node->kind != NODE_MAP) {
		diagnostics_error(loader->diagnostics, node, "a resource must be a map with name and schema");
		return NULL;
	}
	spelling_check(node, PART_RESOURCE, loader->diagnostics);
	check_meta(node, loader->diagnostics);
	const struct node *name_node = node_find(node, "name");
	if (spelling_text(name_node, "name", &name, loader->diagnostics) < 0)
		return NULL;
	if (!name || name[0] == '\0') {
		diagnostics_error(loader->diagnostics, name_node ? name_node : node, "a resource has no name");
		return NULL;
	}
	if (dictionary_find(dictionary, name)) {
		diagnostics_error(loader->diagnostics, name_node, "resource \"%s\" stands there twice", name);
		return NULL;
	}
	*schema_node = node_find(node, "schema");
	if (!*schema_node) {
		diagnostics_warning(loader->diagnostics, node,
				    "resource \"%s\" has no schema: it is no table and is left out", name);
		return NULL;
	}
	if ((*schema_node)->kind != NODE_MAP) {
		diagnostics_error(
			loader->diagnostics, *schema_node,
			"the schema of \"%s\" must be a map, or in a dictionary file the path of one",
			name);
		return NULL;
	}
	const struct node *missing = node_find(node, "missingValues");
	struct inherited nearest = {.missing = missing ? missing : inherited->missing};
	struct table *table = load_table(loader, name, *schema_node, &nearest);
	if (table)
		load_description(loader, node, table->schema, NULL);
	return table;
}

static void load_resources(struct loader *loader, const struct node *root, struct dictionary *dictionary)
{
	const struct node *resources = node_find(root, "resources");
	struct inherited inherited = {.missing = node_find(root, "missingValues")};
	if (!resources || resources->kind != NODE_SEQUENCE || resources->count == 0) {
		const char *instead = resources                  ? ""
				      : node_find(root, "schema") ? " (this is one alone: put it into resources: [...])"
				      : node_find(root, "fields") ? " (this is the schema of one: resources: [{ name: NAME, schema: THIS FILE }])"
								  : "";
		diagnostics_error(loader->diagnostics, resources ? resources : root,
				  "a data dictionary needs resources: a list of tables%s", instead);
		return;
	}
	if (resources->count > DICTIONARY_TABLES_MAX) {
		diagnostics_error(loader->diagnostics, resources, "there are more than %d resources",
				  DICTIONARY_TABLES_MAX);
		return;
	}
	const struct node **nodes = calloc(resources->count, sizeof *nodes);
	dictionary->tables = calloc(resources->count, sizeof *dictionary->tables);
	dictionary->order = calloc(resources->count, sizeof *dictionary->order);
	if (!nodes || !dictionary->tables || !dictionary->order) {
		diagnostics_memory(loader->diagnostics);
	} else {
		for (size_t i = 0; i < resources->count; i++) {
			size_t at = dictionary->count;
			dictionary->tables[at] =
				load_resource(loader, resources->items[i], &inherited, dictionary, &nodes[at]);
			dictionary->count += dictionary->tables[at] != NULL;
		}
		if (dictionary->count == 0 && loader->diagnostics->errors == loader->errors)
			diagnostics_error(loader->diagnostics, resources,
					  "no resource has a schema: there is no table");
		/* Keys that refer to a table or field which could not be read would only repeat what was said. */
		if (loader->diagnostics->errors == loader->errors)
			load_references(loader, nodes, dictionary->tables, dictionary->count);
		if (loader->diagnostics->errors == loader->errors)
			(void)load_order(loader, nodes, dictionary->tables, dictionary->count, dictionary->order);
		struct error error = ERROR_INIT;
		for (size_t i = 0; i < dictionary->count && loader->diagnostics->errors == loader->errors; i++)
			if (load_hash(dictionary->tables[i], &error) < 0)
				diagnostics_memory(loader->diagnostics);
	}
	free(nodes);
}

struct dictionary *dictionary_load(const struct node *root, struct diagnostics *diagnostics)
{
	struct loader loader = {.diagnostics = diagnostics, .errors = diagnostics->errors};
	struct error error = ERROR_INIT;
	struct dictionary *dictionary = calloc(1, sizeof *dictionary);
	if (!dictionary || caster_init(&loader.caster, &error) < 0) {
		free(dictionary);
		diagnostics_memory(diagnostics);
		return NULL;
	}
	if (!root || root->kind != NODE_MAP) {
		diagnostics_error(diagnostics, root, "a data dictionary must be a map (a Frictionless Data Package)");
	} else {
		spelling_check(root, PART_PACKAGE, diagnostics);
		check_meta(root, diagnostics);
		load_resources(&loader, root, dictionary);
	}
	caster_fini(&loader.caster);
	if (diagnostics->errors == loader.errors)
		return dictionary;
	dictionary_free(dictionary);
	return NULL;
}
