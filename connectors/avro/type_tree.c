/* type_tree.c - trees of types that are there: freed, looked into, described.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>

#include "connectors/avro/type.h"

static void free_texts(char **texts, size_t count)
{
	for (size_t i = 0; texts && i < count; i++)
		free(texts[i]);
	free(texts);
}

void avro_schema_close(struct avro_schema *schema)
{
	if (!schema)
		return;
	for (size_t i = 0; i < schema->count; i++) {
		struct avro_type *type = schema->types[i];
		for (size_t f = 0; type->fields && f < type->count; f++) {
			free(type->fields[f].name);
			free(type->fields[f].original);
			free(type->fields[f].doc);
			free_texts(type->fields[f].aliases, type->fields[f].alias_count);
		}
		free(type->fields);
		free_texts(type->symbols, type->count);
		free(type->branches);
		free(type->name);
		free(type);
	}
	free(schema->types);
	free(schema);
}

int avro_null_branch(const struct avro_type *type)
{
	if (type->kind == KIND_UNION)
		for (size_t i = 0; i < type->count; i++)
			if (type->branches[i]->kind == KIND_NULL)
				return (int)i;
	return -1;
}

const struct avro_type *avro_bare(const struct avro_type *type)
{
	if (type->kind != KIND_UNION)
		return type;
	int null = avro_null_branch(type);
	if (type->count == 1)
		return null < 0 ? type->branches[0] : NULL;
	return type->count == 2 && null >= 0 ? type->branches[1 - null] : NULL;
}

static int describe(const struct avro_type *type, struct buffer *out, unsigned depth, struct error *error)
{
	static const char *const kinds[] = {
		[KIND_NULL] = "null", [KIND_BOOLEAN] = "boolean", [KIND_INT] = "int", [KIND_LONG] = "long", [KIND_FLOAT] = "float",
		[KIND_DOUBLE] = "double", [KIND_BYTES] = "bytes", [KIND_STRING] = "string", [KIND_FIXED] = "fixed", [KIND_ENUM] = "enum",
		[KIND_ARRAY] = "array", [KIND_MAP] = "map", [KIND_RECORD] = "record", [KIND_UNION] = "union",
	};
	static const char *const logicals[] = {
		[LOGICAL_DATE] = "date", [LOGICAL_TIME_MILLIS] = "time-millis", [LOGICAL_TIME_MICROS] = "time-micros",
		[LOGICAL_TIME_NANOS] = "time-nanos", [LOGICAL_TIMESTAMP_MILLIS] = "timestamp-millis",
		[LOGICAL_TIMESTAMP_MICROS] = "timestamp-micros", [LOGICAL_TIMESTAMP_NANOS] = "timestamp-nanos",
		[LOGICAL_LOCAL_MILLIS] = "local-timestamp-millis", [LOGICAL_LOCAL_MICROS] = "local-timestamp-micros",
		[LOGICAL_LOCAL_NANOS] = "local-timestamp-nanos", [LOGICAL_UUID] = "uuid", [LOGICAL_DURATION] = "duration",
	};
	enum { DEPTH_SHOWN = 3, BRANCHES_SHOWN = 8 };
	if (type->logical == LOGICAL_DECIMAL)
		return buffer_printf(out, error, "decimal(%u,%u)", type->precision, type->scale);
	if (type->logical != LOGICAL_NONE)
		return buffer_puts(out, logicals[type->logical], error);
	if (type->kind == KIND_FIXED)
		return buffer_printf(out, error, "fixed(%u)", type->size);
	if (type->kind != KIND_UNION) {
		if (buffer_puts(out, kinds[type->kind], error) < 0)
			return -1;
		if (!type->items || depth >= DEPTH_SHOWN)
			return 0;
		return buffer_puts(out, " of ", error) < 0 ? -1 : describe(type->items, out, depth + 1, error);
	}
	const struct avro_type *bare = avro_bare(type);
	if (bare)
		return buffer_puts(out, type->count > 1 ? "nullable " : "", error) < 0 ? -1 : describe(bare, out, depth, error);
	for (size_t i = 0; i < type->count && i < BRANCHES_SHOWN; i++)
		if (buffer_puts(out, i > 0 ? " or " : "", error) < 0 || describe(type->branches[i], out, depth + 1, error) < 0)
			return -1;
	return type->count > BRANCHES_SHOWN ? buffer_puts(out, " or more", error) : 0;
}

int avro_describe(const struct avro_type *type, struct buffer *out, struct error *error)
{
	return describe(type, out, 0, error);
}
