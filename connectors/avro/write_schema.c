/* write_schema.c - the Avro schema that a table is written with.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/avro/write_schema.h"

#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/utf8.h"

/* Of each type: what it is stored as, and what that means. */
struct avro_type {
	const char *type;
	const char *logical; /* NULL: nothing beyond its type */
};

static struct avro_type type_of(enum value_type type)
{
	switch (type) {
	case VALUE_STRING:
	case VALUE_YEARMONTH:
	case VALUE_DURATION:
	case VALUE_JSON:
		return (struct avro_type){ "string", NULL };
	case VALUE_INTEGER:
		return (struct avro_type){ "long", NULL };
	case VALUE_DOUBLE:
		return (struct avro_type){ "double", NULL };
	case VALUE_DECIMAL:
		return (struct avro_type){ "bytes", "decimal" };
	case VALUE_BOOLEAN:
		return (struct avro_type){ "boolean", NULL };
	case VALUE_DATE:
		return (struct avro_type){ "int", "date" };
	case VALUE_TIME:
		return (struct avro_type){ "long", "time-micros" };
	case VALUE_DATETIME:
		return (struct avro_type){ "long", "timestamp-micros" };
	case VALUE_YEAR:
		return (struct avro_type){ "int", NULL };
	case VALUE_UUID:
		return (struct avro_type){ "string", "uuid" };
	case VALUE_BINARY:
		return (struct avro_type){ "bytes", NULL };
	}
	assert(!"a type of values without an Avro type");
	return (struct avro_type){ "string", NULL };
}

void avro_type_describe(const struct field *field, char out[AVRO_TYPE_SIZE])
{
	struct avro_type type = type_of(field->type);

	if (field->type == VALUE_DECIMAL)
		snprintf(out, AVRO_TYPE_SIZE, "bytes decimal(%u,%u)", field->precision, field->scale);
	else
		snprintf(out, AVRO_TYPE_SIZE, "%s%s%s", type.type, type.logical ? " " : "", type.logical ? type.logical : "");
}

/* ---- names ---- */

static bool is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Avro 1.11, "Names": [A-Za-z_][A-Za-z0-9_]* */
static bool is_name(const char *name)
{
	if (!is_letter(name[0]))
		return false;
	for (const char *c = name + 1; *c; c++)
		if (!is_letter(*c) && !is_digit(*c))
			return false;
	return true;
}

/* Names that a record may not have: of primitive types by the specification, the others since implementations refuse them. */
static bool is_reserved(const char *name)
{
	static const char *const words[] = { "null", "boolean", "int", "long", "float", "double", "bytes", "string", "record", "enum",
		"array", "map", "fixed", "union", "error", "error_union", "request" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(name, words[i]) == 0)
			return true;
	return false;
}

static bool is_record_name(const char *name)
{
	return is_name(name) && !is_reserved(name);
}

/* name with "_" for each character that an Avro name may not have, followed by number unless that is 0. */
static char *mangle(const char *name, unsigned number)
{
	enum { MORE = 16 };
	size_t length = strlen(name), at = 0;
	char *out = malloc(length + MORE);

	if (!out)
		return NULL;
	if (length == 0 || is_digit(name[0]))
		out[at++] = '_';
	for (size_t i = 0; i < length;) {
		size_t bytes = utf8_character(name + i, length - i);
		bool kept = is_letter(name[i]) || is_digit(name[i]);

		out[at++] = kept ? name[i] : '_';
		i += bytes ? bytes : 1;
	}
	out[at] = '\0';
	if (is_reserved(out))
		memcpy(out + at++, "_", 2);
	if (number)
		snprintf(out + at, MORE - 2, "_%u", number);
	return out;
}

/* An Avro name for name that is not in used yet, which gets it. NULL when out of memory. */
static char *take_name(json_t *used, const char *name, bool proper)
{
	unsigned number = 0;
	char *out = proper ? strdup(name) : mangle(name, number);

	/* Numbers begin at 2: the first of those that look alike has none. */
	while (out && json_object_get(used, out)) {
		free(out);
		number = number ? number + 1 : 2;
		out = mangle(name, number);
	}
	if (out && json_object_set_new(used, out, json_true()) < 0) {
		free(out);
		out = NULL;
	}
	return out;
}

static void free_names(char **names, size_t count)
{
	for (size_t i = 0; names && i < count; i++)
		free(names[i]);
	free(names);
}

/* Avro names of all, distinct. Those that are Avro names come first, so that no mangled one takes theirs. NULL when out of memory. */
static char **take_names(const char *const *originals, size_t count, bool (*is_proper)(const char *name))
{
	char **names = calloc(count + 1, sizeof *names);
	json_t *used = json_object();
	bool good = names && used;

	for (int proper = 1; proper >= 0; proper--)
		for (size_t i = 0; good && i < count; i++) {
			if (is_proper(originals[i]) != (proper == 1))
				continue;
			names[i] = take_name(used, originals[i], proper == 1);
			good = names[i] != NULL;
		}
	json_decref(used);
	if (good)
		return names;
	free_names(names, count);
	return NULL;
}

/* Adds the name, and the original where that is another. */
static int add_name(json_t *object, const char *avro_name, const char *original)
{
	if (json_object_set_new(object, "name", json_string(avro_name)) < 0)
		return -1;
	if (strcmp(avro_name, original) == 0)
		return 0;
	return json_object_set_new(object, "doc", json_string(original)) < 0 ||
		       json_object_set_new(object, "penstock.name", json_string(original)) < 0
		? -1 : 0;
}

/* A description for people takes the place of the original name in "doc". */
static int add_doc(json_t *object, const char *description)
{
	return description ? json_object_set_new(object, "doc", json_string(description)) : 0;
}

/* ---- the schema ---- */

/* What is written of a table. */
struct wording {
	bool all_nullable;
	bool docs; /* descriptions, too: for people; in a file they would change with every word */
};

static json_t *json_of_type(const struct field *field)
{
	struct avro_type type = type_of(field->type);

	if (!type.logical)
		return json_string(type.type);
	if (field->type == VALUE_DECIMAL)
		return json_pack("{s:s, s:s, s:i, s:i}", "type", type.type, "logicalType", type.logical, "precision",
			(int)field->precision, "scale", (int)field->scale);
	return json_pack("{s:s, s:s}", "type", type.type, "logicalType", type.logical);
}

static int add_field(json_t *fields, const struct field *field, const char *name, const struct wording *wording)
{
	json_t *type = json_of_type(field), *object = json_object();
	bool nullable = wording->all_nullable || !field->required;
	int result = -1;

	if (type && nullable)
		type = json_pack("[s, o]", "null", type);
	if (type && object && add_name(object, name, field->name) == 0 &&
	    add_doc(object, wording->docs ? field->description : NULL) == 0 && json_object_set(object, "type", type) == 0 &&
	    (!nullable || json_object_set_new(object, "default", json_null()) == 0))
		result = json_array_append(fields, object);
	json_decref(type);
	json_decref(object);
	return result;
}

static json_t *fields_of(const struct schema *schema, const struct wording *wording)
{
	const char **originals = calloc(schema->field_count + 1, sizeof *originals);
	char **names = NULL;
	json_t *fields = json_array();

	for (size_t i = 0; originals && i < schema->field_count; i++)
		originals[i] = schema->fields[i].name;
	if (originals)
		names = take_names(originals, schema->field_count, is_name);
	bool good = names && fields;
	for (size_t i = 0; good && i < schema->field_count; i++)
		good = add_field(fields, &schema->fields[i], names[i], wording) == 0;
	free_names(names, schema->field_count);
	free(originals);
	if (good)
		return fields;
	json_decref(fields);
	return NULL;
}

static json_t *record_of(const struct schema *schema, const char *name, const struct wording *wording)
{
	json_t *record = json_pack("{s:s}", "type", "record"), *fields = fields_of(schema, wording);

	if (record && fields && add_name(record, name, schema->name) == 0 &&
	    add_doc(record, wording->docs ? schema->description : NULL) == 0 && json_object_set(record, "fields", fields) == 0) {
		json_decref(fields);
		return record;
	}
	json_decref(record);
	json_decref(fields);
	return NULL;
}

/* Records of all, in an array. */
static json_t *records_of(const struct schema *const *schemas, size_t count, const struct wording *wording)
{
	const char **originals = calloc(count + 1, sizeof *originals);
	char **names = NULL;
	json_t *records = json_array();

	for (size_t i = 0; originals && i < count; i++)
		originals[i] = schemas[i]->name;
	if (originals)
		names = take_names(originals, count, is_record_name);
	bool good = names && records;
	for (size_t i = 0; good && i < count; i++)
		good = json_array_append_new(records, record_of(schemas[i], names[i], wording)) == 0;
	free_names(names, count);
	free(originals);
	if (good)
		return records;
	json_decref(records);
	return NULL;
}

char *avro_schema_text(const struct schema *schema, bool all_nullable, struct error *error)
{
	json_t *records = records_of(&schema, 1, &(struct wording){ .all_nullable = all_nullable });
	char *text = records ? json_dumps(json_array_get(records, 0), JSON_COMPACT) : NULL;

	json_decref(records);
	if (!text)
		error_memory(error, "an Avro schema");
	return text;
}

int avro_schema_print(const struct schema *const *schemas, size_t count, struct buffer *out, struct error *error)
{
	json_t *records = records_of(schemas, count, &(struct wording){ .docs = true });
	char *text = records ? json_dumps(count == 1 ? json_array_get(records, 0) : records, JSON_INDENT(2)) : NULL;
	int result = -1;

	json_decref(records);
	if (!text)
		error_memory(error, "an Avro schema");
	else if (buffer_puts(out, text, error) == 0)
		result = buffer_puts(out, "\n", error);
	free(text);
	return result;
}
