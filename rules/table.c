/* table.c - freeing tables, and the shapes of keys.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rules/table.h"

#include <stdlib.h>
#include <string.h>

#include "rules/load.h"

void table_free(struct table *table)
{
	if (!table)
		return;
	for (size_t i = 0; table->fields && i < table->schema->field_count; i++)
		field_rules_fini(&table->fields[i], table->schema->fields[i].type);
	free(table->fields);
	for (size_t i = 0; i < table->declared_unique_count; i++)
		free(table->declared_unique[i].fields);
	free(table->declared_unique);
	for (size_t i = 0; table->references && i < table->schema->foreign_count; i++)
		key_shape_fini(&table->references[i]);
	free(table->references);
	schema_free(table->schema);
	free(table);
}

const char *field_type_name(const struct field *field, const struct field_rules *rules)
{
	if (field->type != VALUE_JSON)
		return value_type_name(field->type);
	return rules->json == JSON_OBJECT ? "object" : rules->json == JSON_ARRAY ? "array" : "any";
}

void key_shape_fini(struct key_shape *shape)
{
	schema_free(shape->keys);
	free(shape->fields);
	*shape = (struct key_shape){.count = 0};
}

int key_shape_init(struct key_shape *shape, const struct schema *holder, const size_t *columns, const size_t *fields,
		   size_t count, struct error *error)
{
	size_t *sorted = calloc(count ? count : 1, sizeof *sorted); /* columns in the order of their names */
	*shape = (struct key_shape){.count = count};
	shape->fields = calloc(count ? count : 1, sizeof *shape->fields);
	if (!sorted || !shape->fields) {
		free(sorted);
		key_shape_fini(shape);
		return error_memory(error, "a key");
	}
	for (size_t i = 0; i < count; i++) {
		size_t at = i;
		for (; at > 0 && strcmp(holder->fields[sorted[at - 1]].name, holder->fields[columns[i]].name) > 0;
		     at--) {
			sorted[at] = sorted[at - 1];
			shape->fields[at] = shape->fields[at - 1];
		}
		sorted[at] = columns[i];
		shape->fields[at] = fields[i];
	}
	shape->keys = schema_project(holder, sorted, count, error);
	free(sorted);
	if (shape->keys)
		return 0;
	key_shape_fini(shape);
	return -1;
}

bool key_same(const struct key *left, const struct key *right)
{
	if (left->count != right->count)
		return false;
	for (size_t i = 0; i < left->count; i++) {
		bool found = false;
		for (size_t j = 0; j < right->count && !found; j++)
			found = left->fields[i] == right->fields[j];
		if (!found)
			return false;
	}
	return true;
}
