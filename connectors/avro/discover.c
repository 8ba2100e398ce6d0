/* discover.c - from the header of an Avro file to a Table Schema.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/avro/discover.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/avro/container.h"
#include "connectors/avro/scalar.h"

/* ---- types ---- */

static enum value_type value_type_of(enum scalar_class class)
{
	switch (class) {
	case CLASS_BOOLEAN:
		return VALUE_BOOLEAN;
	case CLASS_INTEGER:
		return VALUE_INTEGER;
	case CLASS_DOUBLE:
		return VALUE_DOUBLE;
	case CLASS_STRING:
		return VALUE_STRING;
	case CLASS_BYTES:
		return VALUE_BINARY;
	case CLASS_DECIMAL:
		return VALUE_DECIMAL;
	case CLASS_DATE:
		return VALUE_DATE;
	case CLASS_TIME:
		return VALUE_TIME;
	case CLASS_DATETIME:
		return VALUE_DATETIME;
	case CLASS_UUID_TEXT:
	case CLASS_UUID_BYTES:
		return VALUE_UUID;
	case CLASS_DURATION:
		return VALUE_DURATION;
	case CLASS_NULL:
	case CLASS_NESTED:
		break;
	}
	return VALUE_JSON;
}

/* "array", "object", or "any" where it may be anything. */
static const char *json_type_name(const struct avro_type *type)
{
	if (type && type->kind == KIND_ARRAY)
		return "array";
	return type && (type->kind == KIND_RECORD || type->kind == KIND_MAP) ? "object" : "any";
}

/* The type that takes the values of all branches; *type is one of them, or NULL where nothing less than JSON does. */
static enum value_type common_type(const struct avro_type *whole, const struct avro_type **type)
{
	enum value_type common = 0;
	*type = avro_bare(whole);
	if (*type)
		return value_type_of(scalar_class_of(*type));
	for (size_t i = 0; i < whole->count; i++) {
		enum value_type one = value_type_of(scalar_class_of(whole->branches[i]));
		if (whole->branches[i]->kind == KIND_NULL)
			continue;
		if (common == 0 || (common == VALUE_INTEGER && one == VALUE_DOUBLE)) {
			common = one;
			*type = whole->branches[i];
		} else if (one != common && !(common == VALUE_DOUBLE && one == VALUE_INTEGER)) {
			common = VALUE_JSON;
		}
		/* Several records, decimals or texts of one kind are not one type. */
		if (common == VALUE_JSON || (one == common && one == VALUE_DECIMAL && *type != whole->branches[i])) {
			*type = NULL;
			return VALUE_JSON;
		}
	}
	return common ? common : VALUE_JSON;
}

static const char *format_of(enum value_type type)
{
	return type == VALUE_UUID ? "uuid" : type == VALUE_BINARY ? "binary" : NULL;
}

static int set(json_t *object, const char *key, json_t *value)
{
	return object ? json_object_set_new(object, key, value) : (json_decref(value), -1);
}

/* NULL when out of memory. */
static json_t *field_descriptor(const struct avro_field *field)
{
	const struct avro_type *type;
	enum value_type column = common_type(field->type, &type);
	const char *format = format_of(column);
	const char *name = column == VALUE_JSON ? json_type_name(type) : format ? "string" : value_type_name(column);
	bool nullable = field->type->kind == KIND_NULL || avro_null_branch(field->type) >= 0;
	json_t *out = json_object(), *constraints = json_object();
	int failed = set(out, "name", json_string(avro_field_label(field)));
	failed |= set(out, "type", json_string(name));
	if (format)
		failed |= set(out, "format", json_string(format));
	if (column == VALUE_DECIMAL) {
		uint32_t precision = type->precision < DECIMAL_PRECISION_MAX ? type->precision : DECIMAL_PRECISION_MAX;
		failed |= set(out, "precision", json_integer(precision));
		failed |= set(out, "scale", json_integer(type->scale < precision ? type->scale : precision));
	}
	if (field->doc && strcmp(field->doc, avro_field_label(field)) != 0)
		failed |= set(out, "description", json_string(field->doc));
	if (!nullable)
		failed |= set(constraints, "required", json_true());
	if (type && type->kind == KIND_ENUM && column == VALUE_STRING && avro_bare(field->type)) {
		json_t *symbols = json_array();
		for (size_t i = 0; i < type->count; i++)
			failed |= json_array_append_new(symbols, json_string(type->symbols[i]));
		failed |= set(constraints, "enum", symbols);
	}
	if (json_object_size(constraints) > 0)
		failed |= json_object_set(out, "constraints", constraints);
	json_decref(constraints);
	if (!failed)
		return out;
	json_decref(out);
	return NULL;
}

/* ---- the table ---- */

/* "data/people.2021.avro" -> "people_2021" */
static char *table_name(const char *path)
{
	const char *slash = strrchr(path, '/'), *last = slash ? slash + 1 : path;
	size_t length = strlen(last);
	if (length > 5 && strcmp(last + length - 5, ".avro") == 0)
		length -= 5;
	char *name = strndup(last, length);
	for (char *at = name; at && *at; at++)
		if (!((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') || *at == '-' || (*at & 0x80)))
			*at = '_';
	return name;
}

static json_t *table_of_schema(const struct avro_schema *schema, const char *path)
{
	json_t *fields = json_array();
	char *name = table_name(path);
	int failed = !fields || !name;
	for (size_t i = 0; !failed && i < schema->field_count; i++)
		failed = json_array_append_new(fields, field_descriptor(&schema->fields[i]));
	json_t *table = failed ? NULL : json_pack("{s:s, s:{s:O}}", "name", name, "schema", "fields", fields);
	free(name);
	json_decref(fields);
	return table;
}

/* Without the keys that speak of tables which are not here. */
static void drop_foreign(json_t *schema, const char *name)
{
	json_t *list = json_object_get(schema, "foreignKeys");
	for (size_t i = json_array_size(list); i-- > 0;) {
		const char *resource = json_string_value(json_object_get(json_object_get(json_array_get(list, i), "reference"), "resource"));
		if (resource && resource[0] && strcmp(resource, name) != 0)
			(void)json_array_remove(list, i);
	}
	if (list && json_array_size(list) == 0)
		(void)json_object_del(schema, "foreignKeys");
}

/* What penstock wrote: a resource, or its schema alone. NULL where there is nothing of use. */
static json_t *table_of_penstock(const struct container_in *in, const char *path)
{
	const struct container_entry *entry = container_in_find(in, "penstock.table_schema");
	const struct container_entry *called = container_in_find(in, "penstock.table");
	json_t *table = entry ? json_loadb(entry->value, entry->length, JSON_REJECT_DUPLICATES, NULL) : NULL;
	if (table && json_is_array(json_object_get(table, "fields"))) {
		json_t *schema = table;
		table = json_pack("{s:o}", "schema", schema);
	}
	if (!json_is_array(json_object_get(json_object_get(table, "schema"), "fields"))) {
		json_decref(table);
		return NULL;
	}
	if (!json_string_value(json_object_get(table, "name"))) {
		char *name = called ? strdup(called->value) : table_name(path);
		int failed = set(table, "name", name ? json_string(name) : NULL);
		free(name);
		if (failed) {
			json_decref(table);
			return NULL;
		}
	}
	drop_foreign(json_object_get(table, "schema"), json_string_value(json_object_get(table, "name")));
	return table;
}

static json_t *discover(const struct container_in *in, const char *path, struct error *error)
{
	json_t *table = table_of_penstock(in, path);
	if (table)
		return table;
	const struct container_entry *entry = container_in_find(in, "avro.schema");
	if (!entry) {
		error_set(error, ERROR_SOURCE, path, "has no avro.schema in its header");
		return NULL;
	}
	struct avro_schema *schema = avro_schema_parse(entry->value, entry->length, path, error);
	if (!schema)
		return NULL;
	if (schema->field_count > 0)
		table = table_of_schema(schema, path);
	else
		error_set(error, ERROR_SOURCE, path, "holds records without fields");
	avro_schema_close(schema);
	return table;
}

int avro_discover(const char *path, struct buffer *out, struct error *error)
{
	struct container_in *in = container_in_open(path, NULL, error);
	if (!in)
		return -1;
	json_t *table = discover(in, path, error);
	container_in_close(in);
	json_t *package = table ? json_pack("{s:[o]}", "resources", table) : NULL;
	char *text = package ? json_dumps(package, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) : NULL;
	json_decref(package);
	int result = text ? buffer_printf(out, error, "%s\n", text) : error_memory(error, "a dictionary");
	free(text);
	return result;
}
