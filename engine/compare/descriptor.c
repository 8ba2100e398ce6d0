/* descriptor.c - resources of a Data Package, taken apart and put together anew.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/compare/descriptor.h"

#include <stdlib.h>
#include <string.h>

static json_t *fields_of(const json_t *resource)
{
	return json_object_get(json_object_get(resource, "schema"), "fields");
}

static bool good(const json_t *resource)
{
	const json_t *fields = fields_of(resource);
	size_t index;
	json_t *field;

	if (!json_is_string(json_object_get(resource, "name")) || json_array_size(fields) == 0)
		return false;
	json_array_foreach(fields, index, field)
		if (!json_is_string(json_object_get(field, "name")))
			return false;
	return true;
}

json_t *descriptor_parse(const char *text, const char *place, struct error *error)
{
	json_t *root = json_loads(text, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	json_t *list = json_is_object(root) ? json_object_get(root, "resources") : NULL;
	bool fine = root != NULL;

	list = list ? json_incref(list) : json_pack("[O]", root);
	json_decref(root);
	fine = fine && json_is_array(list);
	for (size_t i = 0; fine && i < json_array_size(list); i++)
		fine = good(json_array_get(list, i));
	if (fine)
		return list;
	json_decref(list);
	error_set(error, ERROR_SOURCE, place, "says of its tables what is no Table Schema");
	return NULL;
}

const char *descriptor_name(const json_t *resource)
{
	return json_string_value(json_object_get(resource, "name"));
}

size_t descriptor_fields(const json_t *resource)
{
	return json_array_size(fields_of(resource));
}

const char *descriptor_field(const json_t *resource, size_t index)
{
	return json_string_value(json_object_get(json_array_get(fields_of(resource), index), "name"));
}

bool descriptor_has(const json_t *resource, const char *field)
{
	for (size_t i = 0; i < descriptor_fields(resource); i++)
		if (strcmp(descriptor_field(resource, i), field) == 0)
			return true;
	return false;
}

const json_t *descriptor_key(const json_t *resource)
{
	return json_object_get(json_object_get(resource, "schema"), "primaryKey");
}

/* One name alone, or a list of them. */
size_t descriptor_key_size(const json_t *key)
{
	return json_is_string(key) ? 1 : json_array_size(key);
}

const char *descriptor_key_part(const json_t *key, size_t index)
{
	const char *part = json_string_value(json_is_string(key) ? key : json_array_get(key, index));

	return part ? part : "";
}

static bool key_stays(const json_t *key, bool (*keep)(const void *arg, const char *field), const void *arg)
{
	for (size_t i = 0; i < descriptor_key_size(key); i++)
		if (!keep(arg, descriptor_key_part(key, i)))
			return false;
	return true;
}

static char *dump_package(json_t *resources, struct error *error)
{
	json_t *package = resources ? json_pack("{s:o}", "resources", resources) : NULL;
	char *text = package ? json_dumps(package, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;

	json_decref(package);
	if (!text)
		error_memory(error, "a table to compare");
	return text;
}

char *descriptor_package(const json_t *resource, bool (*keep)(const void *arg, const char *field), const void *arg, struct error *error)
{
	json_t *copy = json_deep_copy(resource);
	json_t *schema = json_object_get(copy, "schema"), *fields = fields_of(copy);

	for (size_t i = json_array_size(fields); i-- > 0;) {
		(void)json_object_del(json_array_get(fields, i), "constraints");
		if (!keep(arg, descriptor_field(copy, i)))
			(void)json_array_remove(fields, i);
	}
	(void)json_object_del(schema, "foreignKeys");
	(void)json_object_del(schema, "uniqueKeys");
	if (!key_stays(json_object_get(schema, "primaryKey"), keep, arg))
		(void)json_object_del(schema, "primaryKey");
	return dump_package(copy ? json_pack("[o]", copy) : NULL, error);
}

static bool among(const json_t *const *resources, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(descriptor_name(resources[i]), name) == 0)
			return true;
	return false;
}

char *descriptor_whole(const json_t *const *resources, size_t count, struct error *error)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < count; i++) {
		json_t *copy = json_deep_copy(resources[i]);
		json_t *keys = json_object_get(json_object_get(copy, "schema"), "foreignKeys");

		for (size_t k = json_array_size(keys); k-- > 0;) {
			const char *parent = json_string_value(
				json_object_get(json_object_get(json_array_get(keys, k), "reference"), "resource"));

			/* An empty name is the table itself. */
			if (!parent || (parent[0] && !among(resources, count, parent)))
				(void)json_array_remove(keys, k);
		}
		if (keys && json_array_size(keys) == 0)
			(void)json_object_del(json_object_get(copy, "schema"), "foreignKeys");
		if (json_array_append_new(list, copy) < 0) {
			json_decref(list);
			list = NULL;
		}
	}
	return dump_package(list, error);
}
