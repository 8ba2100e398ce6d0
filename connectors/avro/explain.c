/* explain.c - an Avro file and a table, side by side.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/avro/explain.h"

#include <stdio.h>
#include <string.h>

#include "connectors/avro/scalar.h"
#include "engine/core/plural.h"

enum { TYPE_SIZE = 48 };

static void describe_column(const struct field *field, char out[TYPE_SIZE])
{
	if (field->type == VALUE_DECIMAL)
		snprintf(out, TYPE_SIZE, "number(%u,%u)", (unsigned)field->precision, (unsigned)field->scale);
	else
		snprintf(out, TYPE_SIZE, "%s", value_type_name(field->type));
}

static bool same_class(enum scalar_class class, enum value_type type)
{
	switch (type) {
	case VALUE_STRING:
		return class == CLASS_STRING;
	case VALUE_INTEGER:
	case VALUE_YEAR:
		return class == CLASS_INTEGER;
	case VALUE_DOUBLE:
		return class == CLASS_DOUBLE;
	case VALUE_DECIMAL:
		return class == CLASS_DECIMAL;
	case VALUE_BOOLEAN:
		return class == CLASS_BOOLEAN;
	case VALUE_DATE:
		return class == CLASS_DATE;
	case VALUE_TIME:
		return class == CLASS_TIME;
	case VALUE_DATETIME:
		return class == CLASS_DATETIME;
	case VALUE_YEARMONTH:
		return class == CLASS_STRING;
	case VALUE_DURATION:
		return class == CLASS_DURATION || class == CLASS_STRING;
	case VALUE_UUID:
		return class == CLASS_UUID_TEXT || class == CLASS_UUID_BYTES;
	case VALUE_BINARY:
		return class == CLASS_BYTES;
	case VALUE_JSON:
		return class == CLASS_NESTED || class == CLASS_STRING;
	}
	return false;
}

/* What happens to the values on their way, or NULL: nothing. */
static const char *conversion(const struct avro_type *type, const struct field *field)
{
	const struct avro_type *bare = avro_bare(type);
	if (!bare)
		return field->type == VALUE_JSON ? "as JSON" : "by branch; one that does not fit is rejected";
	enum scalar_class class = scalar_class_of(bare);
	if (class == CLASS_NULL)
		return "always null";
	if (class == CLASS_NESTED)
		return "as JSON";
	if (class == CLASS_DECIMAL && field->type == VALUE_DECIMAL && (bare->scale != field->scale || bare->precision > field->precision))
		return "rescaled exactly, else rejected";
	if (field->type == VALUE_DATETIME && bare->logical >= LOGICAL_LOCAL_MILLIS && bare->logical <= LOGICAL_LOCAL_NANOS)
		return "local times of the field's timezone, else UTC";
	if (bare->logical == LOGICAL_TIMESTAMP_NANOS || bare->logical == LOGICAL_LOCAL_NANOS || bare->logical == LOGICAL_TIME_NANOS)
		return "parts of a microsecond are rejected";
	if (same_class(class, field->type))
		return NULL;
	if (field->type == VALUE_STRING)
		return "as text";
	return class == CLASS_STRING || class == CLASS_BYTES ? "read from text, else rejected" : "converted exactly, else rejected";
}

static int explain_columns(const struct avro_reader *reader, const struct schema *schema, struct buffer *out, struct error *error)
{
	const struct match *match = decoder_match(reader->decoder);
	char column_type[TYPE_SIZE];
	for (size_t c = 0; c < schema->field_count; c++) {
		const struct field *column = &schema->fields[c];
		describe_column(column, column_type);
		if (buffer_printf(out, error, "  %-24s %-10s <- ", column->name, column_type) < 0)
			return -1;
		if (match->field_of[c] == SCHEMA_NO_FIELD) {
			if (buffer_puts(out, "nothing: the file has no such field; null\n", error) < 0)
				return -1;
			continue;
		}
		const struct avro_field *field = &reader->schema->fields[match->field_of[c]];
		const char *how = conversion(field->type, column);
		if (buffer_printf(out, error, "%s ", avro_field_label(field)) < 0 || avro_describe(field->type, out, error) < 0 ||
		    buffer_printf(out, error, "%s%s\n", how ? ": " : "", how ? how : "") < 0)
			return -1;
	}
	for (size_t f = 0; f < reader->schema->field_count; f++) {
		const struct avro_field *field = &reader->schema->fields[f];
		if (match->column_of[f] == SCHEMA_NO_FIELD &&
		    (buffer_printf(out, error, "ignored: %s ", avro_field_label(field)) < 0 || avro_describe(field->type, out, error) < 0 ||
			    buffer_puts(out, "\n", error) < 0))
			return -1;
	}
	return 0;
}

static size_t find_column(const struct manifest_table *table, const char *name)
{
	for (size_t i = 0; i < table->prints.count; i++)
		if (strcmp(table->columns[i], name) == 0)
			return i;
	return SCHEMA_NO_FIELD;
}

/* What the dictionary has become since the backup. */
static int explain_changes(const struct manifest_table *table, const struct schema *schema, struct buffer *out, struct error *error)
{
	if (buffer_puts(out, "the dictionary has changed since the backup: rows are counted, their fingerprint is not compared\n", error) < 0)
		return -1;
	for (size_t c = 0; c < schema->field_count; c++) {
		const struct field *field = &schema->fields[c];
		size_t then = find_column(table, field->name);
		int result = 0;
		if (then == SCHEMA_NO_FIELD)
			result = buffer_printf(out, error, "new since the backup: %s\n", field->name);
		else if (strcmp(table->types[then], value_type_name(field->type)) != 0)
			result = buffer_printf(out, error, "changed since the backup: %s was %s, is %s\n", field->name, table->types[then],
				value_type_name(field->type));
		if (result < 0)
			return -1;
	}
	for (size_t i = 0; i < table->prints.count; i++)
		if (schema_find(schema, table->columns[i]) == SCHEMA_NO_FIELD &&
		    buffer_printf(out, error, "gone since the backup: %s\n", table->columns[i]) < 0)
			return -1;
	return 0;
}

int avro_explain(const struct avro_reader *reader, const struct schema *schema, const struct promise *promise, struct buffer *out,
	struct error *error)
{
	const struct manifest_table *table = promise->table;
	if (buffer_printf(out, error, "codec %s", codec_name(container_in_codec(reader->in))) < 0)
		return -1;
	if (table ? buffer_printf(out, error, "; %s, %" PRIu64 " row%s\n", promise->origin, table->rows, plural(table->rows, "", "s")) < 0
		  : buffer_puts(out, "; no manifest\n", error) < 0)
		return -1;
	if (explain_columns(reader, schema, out, error) < 0)
		return -1;
	return table && !promise->same_dictionary ? explain_changes(table, schema, out, error) : 0;
}
