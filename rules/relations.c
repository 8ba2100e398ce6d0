/* relations.c - reads primary, unique and foreign keys, and orders tables so that parents come first.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "engine/core/buffer.h"
#include "engine/core/plural.h"
#include "rules/load.h"
#include "rules/spelling.h"

/* The names a dictionary may give for fields: one text or a list. */
static const struct node *const *names_of(const struct node *const *slot, size_t *count)
{
	const struct node *node = *slot;
	if (node->kind != NODE_SEQUENCE) {
		*count = 1;
		return slot;
	}
	*count = node->count;
	return (const struct node *const *)node->items;
}

static size_t find_field(struct loader *loader, const struct node *node, const struct schema *schema, const char *name)
{
	size_t found = schema_find(schema, name);
	if (found != SCHEMA_NO_FIELD)
		return found;
	const char **names = calloc(schema->field_count + 1, sizeof *names);
	for (size_t i = 0; names && i < schema->field_count; i++)
		names[i] = schema->fields[i].name;
	const char *meant = names ? suggest(name, names) : NULL;
	diagnostics_error(loader->diagnostics, node, "\"%s\" has no field \"%s\"%s%s%s", schema->name, name,
			  meant ? " (did you mean \"" : "", meant ? meant : "", meant ? "\"?)" : "");
	free(names);
	return SCHEMA_NO_FIELD;
}

/* The fields that node names, into out (malloc'd). False when something is wrong with them; a list of none is right. */
static bool load_names(struct loader *loader, const struct node *node, const char *what, const struct schema *schema,
		       struct key *out)
{
	size_t count;
	const struct node *const *names = names_of(&node, &count);
	if (count > KEY_FIELDS_MAX) {
		diagnostics_error(loader->diagnostics, node, "%s has more than %d fields", what, KEY_FIELDS_MAX);
		return false;
	}
	*out = (struct key){.fields = calloc(count ? count : 1, sizeof *out->fields)};
	if (!out->fields) {
		diagnostics_memory(loader->diagnostics);
		return false;
	}
	bool right = true;
	for (size_t i = 0; i < count; i++) {
		const char *name = NULL;
		if (spelling_text(names[i], what, &name, loader->diagnostics) <= 0) {
			right = false;
			continue;
		}
		size_t field = find_field(loader, names[i], schema, name);
		for (size_t j = 0; j < out->count && field != SCHEMA_NO_FIELD; j++)
			if (out->fields[j] == field) {
				diagnostics_error(loader->diagnostics, names[i], "%s names \"%s\" twice", what, name);
				field = SCHEMA_NO_FIELD;
			}
		if (field == SCHEMA_NO_FIELD)
			right = false;
		else
			out->fields[out->count++] = field;
	}
	if (!right) {
		free(out->fields);
		out->fields = NULL;
	}
	return right;
}

static void declare_unique(struct loader *loader, struct table *table, const struct key *key)
{
	struct key *list = realloc(table->declared_unique, (table->declared_unique_count + 1) * sizeof *list);
	size_t *fields = calloc(key->count, sizeof *fields);
	if (list)
		table->declared_unique = list;
	if (!list || !fields) {
		free(fields);
		diagnostics_memory(loader->diagnostics);
		return;
	}
	memcpy(fields, key->fields, key->count * sizeof *fields);
	list[table->declared_unique_count++] = (struct key){.fields = fields, .count = key->count};
}

/* A unique key that says what another one says is checked with that one; the schema, and so the database, gets it once.
 */
static void add_unique(struct loader *loader, struct table *table, const struct key *key)
{
	struct error error = ERROR_INIT;
	struct schema *schema = table->schema;
	for (size_t i = 0; i < schema->unique_count; i++)
		if (key_same(&schema->unique[i], key))
			return;
	for (size_t i = 0; i < table->declared_unique_count; i++)
		if (key_same(&table->declared_unique[i], key))
			return;
	if (schema->primary.count > 0 && key_same(&schema->primary, key))
		declare_unique(loader, table, key);
	else if (schema_add_unique(schema, key->fields, key->count, &error) < 0)
		diagnostics_memory(loader->diagnostics);
}

void load_keys(struct loader *loader, const struct node *schema_node, struct table *table, const size_t *unique,
	       size_t unique_count)
{
	struct error error = ERROR_INIT;
	struct schema *schema = table->schema;
	const struct node *primary = node_find(schema_node, "primaryKey"), *keys = node_find(schema_node, "uniqueKeys");
	struct key key;
	if (primary && !node_is_null(primary) && load_names(loader, primary, "primaryKey", schema, &key)) {
		if (key.count > 0 && schema_set_primary(schema, key.fields, key.count, &error) < 0)
			diagnostics_memory(loader->diagnostics);
		for (size_t i = 0; i < key.count; i++)
			schema->fields[key.fields[i]].required = true;
		free(key.fields);
	}
	for (size_t i = 0; i < unique_count; i++) {
		size_t field = unique[i];
		add_unique(loader, table, &(struct key){.fields = &field, .count = 1});
	}
	if (keys && keys->kind != NODE_SEQUENCE && !node_is_null(keys))
		diagnostics_error(loader->diagnostics, keys, "uniqueKeys must be a list of lists of field names");
	for (size_t i = 0; keys && keys->kind == NODE_SEQUENCE && i < keys->count; i++)
		if (load_names(loader, keys->items[i], "uniqueKeys", schema, &key)) {
			if (key.count > 0)
				add_unique(loader, table, &key);
			free(key.fields);
		}
}

static struct table *find_table(struct table *const *tables, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(tables[i]->schema->name, name) == 0)
			return tables[i];
	return NULL;
}

static const struct table *find_parent(struct loader *loader, const struct node *node, struct table *const *tables,
				       size_t count, const char *name)
{
	const struct table *parent = find_table(tables, count, name);
	if (parent)
		return parent;
	const char **names = calloc(count + 1, sizeof *names);
	for (size_t i = 0; names && i < count; i++)
		names[i] = tables[i]->schema->name;
	const char *meant = names ? suggest(name, names) : NULL;
	diagnostics_error(loader->diagnostics, node, "there is no resource \"%s\" to refer to%s%s%s", name,
			  meant ? " (did you mean \"" : "", meant ? meant : "", meant ? "\"?)" : "");
	free(names);
	return NULL;
}

/* True when the columns are a key of their table and hold what the fields hold. */
static bool reference_fits(struct loader *loader, const struct node *node, const struct schema *own,
			   const struct key *fields, const struct schema *parent, const struct key *columns)
{
	if (fields->count != columns->count) {
		diagnostics_error(loader->diagnostics, node, "a foreign key of %zu field%s refers to %zu", fields->count,
				  plural(fields->count, "", "s"), columns->count);
		return false;
	}
	bool known = parent->primary.count > 0 && key_same(&parent->primary, columns);
	for (size_t i = 0; i < parent->unique_count && !known; i++)
		known = key_same(&parent->unique[i], columns);
	if (!known) {
		diagnostics_error(loader->diagnostics, node,
				  "what a foreign key refers to must be the primary key or a unique key of \"%s\"",
				  parent->name);
		return false;
	}
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *from = &own->fields[fields->fields[i]], *to = &parent->fields[columns->fields[i]];
		if (from->type != to->type || (from->type == VALUE_DECIMAL && from->scale != to->scale)) {
			diagnostics_error(loader->diagnostics, node, "\"%s\" is %s%s, but \"%s\" of \"%s\" is %s",
					  from->name, value_type_name(from->type),
					  from->type == to->type ? " of another scale" : "", to->name, parent->name,
					  value_type_name(to->type));
			return false;
		}
	}
	return true;
}

static void add_reference(struct loader *loader, struct table *table, const struct schema *parent,
			  const struct key *fields, const struct key *columns)
{
	struct error error = ERROR_INIT;
	size_t count = table->schema->foreign_count;
	struct key_shape *shapes = realloc(table->references, (count + 1) * sizeof *shapes);
	const char **names = calloc(columns->count, sizeof *names);
	if (shapes)
		table->references = shapes;
	for (size_t i = 0; names && i < columns->count; i++)
		names[i] = parent->fields[columns->fields[i]].name;
	if (!shapes || !names)
		diagnostics_memory(loader->diagnostics);
	else if (key_shape_init(&shapes[count], parent, columns->fields, fields->fields, fields->count, &error) < 0)
		diagnostics_memory(loader->diagnostics);
	else if (schema_add_foreign(table->schema, fields->fields, fields->count, parent->name, names, &error) < 0) {
		key_shape_fini(&shapes[count]);
		diagnostics_memory(loader->diagnostics);
	}
	free(names);
}

static void load_reference(struct loader *loader, const struct node *node, struct table *table,
			   struct table *const *tables, size_t count)
{
	const struct node *reference = node_find(node, "reference"), *fields_node = node_find(node, "fields");
	const struct node *columns_node = node_find(reference, "fields"), *resource = node_find(reference, "resource");
	const char *name = "";
	struct key fields, columns;
	spelling_check(node, PART_FOREIGN_KEY, loader->diagnostics);
	size_t errors = loader->diagnostics->errors;
	spelling_check(reference, PART_REFERENCE, loader->diagnostics);
	/* Without the misspelled resource it would be a reference to the table itself. */
	if (loader->diagnostics->errors > errors && !resource)
		return;
	if (!fields_node || !reference || !columns_node) {
		diagnostics_error(loader->diagnostics, node,
				  "a foreign key needs fields and reference: { resource, fields }");
		return;
	}
	if (node_find(reference, "package")) {
		diagnostics_error(loader->diagnostics, node_find(reference, "package"),
				  "references to other packages are not supported by this version");
		return;
	}
	if (spelling_text(resource, "resource", &name, loader->diagnostics) < 0)
		return;
	const struct table *parent = name[0] ? find_parent(loader, resource, tables, count, name) : table;
	if (!parent || !load_names(loader, fields_node, "fields", table->schema, &fields))
		return;
	if (load_names(loader, columns_node, "fields", parent->schema, &columns)) {
		if (fields.count == 0)
			diagnostics_error(loader->diagnostics, fields_node, "a foreign key needs at least one field");
		else if (reference_fits(loader, columns_node, table->schema, &fields, parent->schema, &columns))
			add_reference(loader, table, parent->schema, &fields, &columns);
		free(columns.fields);
	}
	free(fields.fields);
}

void load_references(struct loader *loader, const struct node *const *nodes, struct table *const *tables, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct node *keys = node_find(nodes[i], "foreignKeys");
		if (!keys || node_is_null(keys))
			continue;
		if (keys->kind != NODE_SEQUENCE)
			diagnostics_error(loader->diagnostics, keys, "foreignKeys must be a list");
		for (size_t j = 0; keys->kind == NODE_SEQUENCE && j < keys->count; j++)
			load_reference(loader, keys->items[j], tables[i], tables, count);
	}
}

/* --- order -------------------------------------------------------------------------------------- */

struct visit {
	size_t table;
	size_t next; /* foreign key to follow */
};

static size_t index_of(struct table *const *tables, size_t count, const char *name)
{
	size_t i = 0;
	while (i < count && strcmp(tables[i]->schema->name, name) != 0)
		i++;
	return i;
}

static void report_loop(struct loader *loader, const struct node *node, struct table *const *tables,
			const struct visit *path, size_t from, size_t to)
{
	struct buffer text;
	struct error error = ERROR_INIT;
	buffer_init(&text, 1024);
	int result = 0;
	for (size_t i = from; i < to && result == 0; i++)
		result = buffer_printf(&text, &error, "%s -> ", tables[path[i].table]->schema->name);
	diagnostics_error(loader->diagnostics, node_find(node, "foreignKeys"),
			  "these tables refer to each other in a loop, so none of them can be loaded first: %s%s",
			  buffer_text(&text), result == 0 ? tables[path[from].table]->schema->name : "...");
	buffer_fini(&text);
}

int load_order(struct loader *loader, const struct node *const *nodes, struct table *const *tables, size_t count,
	       size_t *order)
{
	enum { NEW, OPEN, DONE };
	unsigned char *state = calloc(count ? count : 1, 1);
	struct visit *path = calloc(count ? count : 1, sizeof *path);
	size_t placed = 0;
	int result = 0;
	if (!state || !path) {
		diagnostics_memory(loader->diagnostics);
		result = -1;
	}
	for (size_t first = 0; first < count && result == 0; first++) {
		size_t depth = 0;
		if (state[first] == NEW) {
			path[depth++] = (struct visit){.table = first};
			state[first] = OPEN;
		}
		while (depth > 0 && result == 0) {
			struct visit *top = &path[depth - 1];
			const struct schema *schema = tables[top->table]->schema;
			if (top->next == schema->foreign_count) {
				state[top->table] = DONE;
				order[placed++] = top->table;
				depth--;
				continue;
			}
			size_t parent = index_of(tables, count, schema->foreign[top->next++].resource);
			if (parent == top->table || state[parent] == DONE)
				continue;
			if (state[parent] == OPEN) {
				size_t from = 0;
				while (path[from].table != parent)
					from++;
				report_loop(loader, nodes[top->table], tables, path, from, depth);
				result = -1;
			} else {
				state[parent] = OPEN;
				path[depth++] = (struct visit){.table = parent};
			}
		}
	}
	free(state);
	free(path);
	return result;
}
