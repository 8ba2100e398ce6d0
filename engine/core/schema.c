/* schema.c - building and searching the shape of a table.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/schema.h"

#include <stdlib.h>
#include <string.h>

struct schema *schema_new(const char *name, struct error *error)
{
	struct schema *schema = calloc(1, sizeof *schema);
	if (schema)
		schema->name = strdup(name);
	if (!schema || !schema->name) {
		free(schema);
		error_memory(error, "a schema");
		return NULL;
	}
	return schema;
}

static void foreign_fini(struct foreign_key *foreign)
{
	for (size_t i = 0; foreign->columns && i < foreign->key.count; i++)
		free(foreign->columns[i]);
	free(foreign->columns);
	free(foreign->resource);
	free(foreign->key.fields);
}

void schema_free(struct schema *schema)
{
	if (!schema)
		return;
	for (size_t i = 0; i < schema->field_count; i++) {
		free(schema->fields[i].name);
		free(schema->fields[i].description);
	}
	free(schema->fields);
	free(schema->primary.fields);
	for (size_t i = 0; i < schema->unique_count; i++)
		free(schema->unique[i].fields);
	free(schema->unique);
	for (size_t i = 0; i < schema->foreign_count; i++)
		foreign_fini(&schema->foreign[i]);
	free(schema->foreign);
	free(schema->name);
	free(schema->description);
	free(schema);
}

struct field *schema_add_field(struct schema *schema, const char *name, enum value_type type, struct error *error)
{
	struct field *fields = realloc(schema->fields, (schema->field_count + 1) * sizeof *fields);
	if (fields)
		schema->fields = fields;
	char *copy = strdup(name);
	if (!fields || !copy) {
		free(copy);
		error_memory(error, "a field");
		return NULL;
	}
	struct field *field = &schema->fields[schema->field_count++];
	*field = (struct field){ .name = copy, .type = type };
	return field;
}

static int key_fill(struct key *key, const size_t *fields, size_t count, struct error *error)
{
	size_t *copy = malloc((count ? count : 1) * sizeof *copy);
	if (!copy)
		return error_memory(error, "a key");
	if (count > 0)
		memcpy(copy, fields, count * sizeof *copy);
	free(key->fields);
	*key = (struct key){ .fields = copy, .count = count };
	return 0;
}

int schema_set_primary(struct schema *schema, const size_t *fields, size_t count, struct error *error)
{
	return key_fill(&schema->primary, fields, count, error);
}

int schema_add_unique(struct schema *schema, const size_t *fields, size_t count, struct error *error)
{
	struct key *unique = realloc(schema->unique, (schema->unique_count + 1) * sizeof *unique);
	if (!unique)
		return error_memory(error, "a unique key");
	schema->unique = unique;
	unique[schema->unique_count] = (struct key){ 0 };
	if (key_fill(&unique[schema->unique_count], fields, count, error) < 0)
		return -1;
	schema->unique_count++;
	return 0;
}

int schema_add_foreign(struct schema *schema, const size_t *fields, size_t count, const char *resource,
	const char *const *columns, struct error *error)
{
	struct foreign_key *all = realloc(schema->foreign, (schema->foreign_count + 1) * sizeof *all);
	if (!all)
		return error_memory(error, "a foreign key");
	schema->foreign = all;
	struct foreign_key *foreign = &all[schema->foreign_count];
	*foreign = (struct foreign_key){ 0 };
	if (key_fill(&foreign->key, fields, count, error) < 0)
		return -1;
	foreign->resource = strdup(resource);
	foreign->columns = calloc(count ? count : 1, sizeof *foreign->columns);
	bool complete = foreign->resource && foreign->columns;
	for (size_t i = 0; complete && i < count; i++) {
		foreign->columns[i] = strdup(columns[i]);
		complete = foreign->columns[i] != NULL;
	}
	if (!complete) {
		foreign_fini(foreign);
		return error_memory(error, "a foreign key");
	}
	schema->foreign_count++;
	return 0;
}

int schema_describe(struct schema *schema, struct field *field, const char *text, struct error *error)
{
	char **slot = field ? &field->description : &schema->description;
	char *copy = strdup(text);
	if (!copy)
		return error_memory(error, "a description");
	free(*slot);
	*slot = copy;
	return 0;
}

size_t schema_find(const struct schema *schema, const char *name)
{
	for (size_t i = 0; i < schema->field_count; i++)
		if (strcmp(schema->fields[i].name, name) == 0)
			return i;
	return SCHEMA_NO_FIELD;
}

struct schema *schema_project(const struct schema *schema, const size_t *fields, size_t count, struct error *error)
{
	struct schema *part = schema_new(schema->name, error);
	if (!part)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		const struct field *from = &schema->fields[fields[i]];
		struct field *to = schema_add_field(part, from->name, from->type, error);
		if (!to) {
			schema_free(part);
			return NULL;
		}
		char *name = to->name;
		*to = *from;
		to->name = name;
		to->description = NULL;
	}
	return part;
}
