/* descriptor.c - a table as the Table Schema that it was made from: for files and backups that must be readable without its dictionary.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is inherited or implied is written out at the field; what is a default is left out.
 */
#include <stdio.h>
#include <string.h>

#include "engine/core/json_write.h"
#include "rules/dictionary.h"
#include "rules/load.h"

/* --- types and how they are spelled ------------------------------------------------------------- */

/* A pattern that reads like the name of a format, or like one with the old prefix, is written with that prefix. */
static void put_pattern(struct jw *writer, const char *format)
{
	struct buffer text;
	buffer_init(&text, 1 << 20);
	bool prefix = strcmp(format, "default") == 0 || strcmp(format, "any") == 0 || strncmp(format, "fmt:", 4) == 0;
	writer->failed = writer->failed || buffer_puts(&text, prefix ? "fmt:" : "", writer->error) < 0 ||
			 buffer_puts(&text, format, writer->error) < 0;
	jw_text(writer, "format", buffer_text(&text));
	buffer_fini(&text);
}

static void put_format(struct jw *writer, const struct field *field, const struct field_rules *rules)
{
	if (field->type == VALUE_UUID || field->type == VALUE_BINARY)
		jw_text(writer, "format", value_type_name(field->type));
	else if (rules->string_format != STRING_ANY)
		jw_text(writer, "format", rules->string_format == STRING_EMAIL ? "email" : "uri");
	else if (rules->format)
		put_pattern(writer, rules->format);
}

static void put_words(struct jw *writer, const char *key, const struct words *words)
{
	jw_key(writer, key);
	jw_open(writer, "[");
	for (size_t i = 0; i < words->count; i++) {
		jw_item(writer);
		jw_string(writer, words->items[i].data, words->items[i].length);
	}
	jw_close(writer, "]");
}

static void put_mark(struct jw *writer, const char *key, const char *mark, size_t length)
{
	jw_key(writer, key);
	jw_string(writer, mark, length);
}

static void put_spelling(struct jw *writer, const struct field *field, const struct field_rules *rules)
{
	const struct number_style *style = &rules->number;
	if (rules->missing.count != 1 || !rules->missing.has_empty)
		put_words(writer, "missingValues", &rules->missing);
	if (field->type == VALUE_BOOLEAN) {
		put_words(writer, "trueValues", &rules->true_words);
		put_words(writer, "falseValues", &rules->false_words);
	}
	if (style->decimal_length != 1 || style->decimal[0] != '.')
		put_mark(writer, "decimalChar", style->decimal, style->decimal_length);
	if (style->group_length > 0)
		put_mark(writer, "groupChar", style->group, style->group_length);
	if (!style->bare)
		jw_flag(writer, "bareNumber", false);
	if (rules->timezone)
		jw_text(writer, "timezone", rules->timezone);
}

/* --- constraints -------------------------------------------------------------------------------- */

/* A quoted value is read as cells are spelled, which moments with a pattern of their own may not be: what is written as it stood in the
 * dictionary reads as it did there. */
void constant_write(struct jw *writer, const struct field *field, const struct field_rules *rules, const struct constant *constant)
{
	char text[VALUE_TEXT_MAX];
	switch (field->type) {
	case VALUE_INTEGER:
		value_format_integer(constant->integer, text);
		jw_raw(writer, text);
		return;
	case VALUE_DOUBLE:
		value_format_double(constant->number, text);
		jw_raw(writer, text);
		return;
	case VALUE_DECIMAL:
		value_format_decimal(constant->decimal, field->scale, text);
		jw_raw(writer, text);
		return;
	case VALUE_BOOLEAN:
		jw_raw(writer, constant->integer ? "true" : "false");
		return;
	case VALUE_DATE:
		value_format_date(constant->integer, text);
		break;
	case VALUE_TIME:
		value_format_time(constant->integer, text);
		break;
	case VALUE_DATETIME:
		value_format_datetime(constant->integer, text);
		break;
	case VALUE_YEAR:
		snprintf(text, sizeof text, "%04d", (int)constant->integer);
		break;
	case VALUE_JSON:
		jw_string(writer, constant->bytes.data, constant->bytes.length);
		return;
	default:
		jw_string(writer, constant->written, strlen(constant->written));
		return;
	}
	const char *written = rules->timeformat ? constant->written : text;
	jw_string(writer, written, strlen(written));
}

static void put_constraints(struct jw *writer, const struct field *field, const struct field_rules *rules, bool in_primary)
{
	static const char *const bounds[BOUNDS] = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"};
	size_t begin = writer->out->length;
	jw_key(writer, "constraints");
	jw_open(writer, "{");
	if (field->required && !in_primary)
		jw_flag(writer, "required", true);
	if (rules->has_min_length)
		jw_number(writer, "minLength", (int64_t)rules->min_length);
	if (rules->has_max_length)
		jw_number(writer, "maxLength", (int64_t)rules->max_length);
	for (int i = 0; i < BOUNDS; i++) {
		if (!rules->has_bound[i])
			continue;
		jw_key(writer, bounds[i]);
		constant_write(writer, field, rules, &rules->bounds[i]);
	}
	if (rules->pattern_text)
		jw_text(writer, "pattern", rules->pattern_text);
	if (rules->enumeration_count > 0) {
		jw_key(writer, "enum");
		jw_open(writer, "[");
		for (size_t i = 0; i < rules->enumeration_count; i++) {
			jw_item(writer);
			constant_write(writer, field, rules, &rules->enumeration[i]);
		}
		jw_close(writer, "]");
	}
	bool none = writer->empty;
	jw_close(writer, "}");
	if (none && !writer->failed) {
		writer->out->length = begin;
		writer->out->data[begin] = '\0';
	}
}

static bool holds(const struct key *key, size_t field)
{
	for (size_t i = 0; i < key->count; i++)
		if (key->fields[i] == field)
			return true;
	return false;
}

static void put_field(struct jw *writer, const struct table *table, size_t index)
{
	const struct field *field = &table->schema->fields[index];
	const struct field_rules *rules = &table->fields[index];
	bool text = field->type == VALUE_UUID || field->type == VALUE_BINARY;
	jw_item(writer);
	jw_open(writer, "{");
	jw_text(writer, "name", field->name);
	jw_text(writer, "type", text ? "string" : field_type_name(field, rules));
	put_format(writer, field, rules);
	if (field->type == VALUE_DECIMAL) {
		jw_number(writer, "precision", (int64_t)field->precision);
		jw_number(writer, "scale", (int64_t)field->scale);
	}
	put_spelling(writer, field, rules);
	if (field->sensitive)
		jw_flag(writer, "sensitive", true);
	put_constraints(writer, field, rules, holds(&table->schema->primary, index));
	jw_close(writer, "}");
}

/* --- keys --------------------------------------------------------------------------------------- */

static void put_names(struct jw *writer, const struct schema *schema, const struct key *key)
{
	jw_open(writer, "[");
	for (size_t i = 0; i < key->count; i++) {
		jw_item(writer);
		jw_string(writer, schema->fields[key->fields[i]].name, strlen(schema->fields[key->fields[i]].name));
	}
	jw_close(writer, "]");
}

static void put_unique(struct jw *writer, const struct table *table)
{
	const struct schema *schema = table->schema;
	if (schema->unique_count + table->declared_unique_count == 0)
		return;
	jw_key(writer, "uniqueKeys");
	jw_open(writer, "[");
	for (size_t i = 0; i < schema->unique_count; i++) {
		jw_item(writer);
		put_names(writer, schema, &schema->unique[i]);
	}
	for (size_t i = 0; i < table->declared_unique_count; i++) {
		jw_item(writer);
		put_names(writer, schema, &table->declared_unique[i]);
	}
	jw_close(writer, "]");
}

static void put_foreign(struct jw *writer, const struct schema *schema)
{
	if (schema->foreign_count == 0)
		return;
	jw_key(writer, "foreignKeys");
	jw_open(writer, "[");
	for (size_t i = 0; i < schema->foreign_count; i++) {
		const struct foreign_key *foreign = &schema->foreign[i];
		jw_item(writer);
		jw_open(writer, "{");
		jw_key(writer, "fields");
		put_names(writer, schema, &foreign->key);
		jw_key(writer, "reference");
		jw_open(writer, "{");
		jw_text(writer, "resource", foreign->resource);
		jw_key(writer, "fields");
		jw_open(writer, "[");
		for (size_t j = 0; j < foreign->key.count; j++) {
			jw_item(writer);
			jw_string(writer, foreign->columns[j], strlen(foreign->columns[j]));
		}
		jw_close(writer, "]");
		jw_close(writer, "}");
		jw_close(writer, "}");
	}
	jw_close(writer, "]");
}

int table_json(const struct table *table, struct buffer *out, struct error *error)
{
	const struct schema *schema = table->schema;
	struct jw writer = {.out = out, .error = error};
	jw_open(&writer, "{");
	jw_text(&writer, "name", schema->name);
	jw_key(&writer, "schema");
	jw_open(&writer, "{");
	jw_key(&writer, "fields");
	jw_open(&writer, "[");
	for (size_t i = 0; i < schema->field_count && !writer.failed; i++)
		put_field(&writer, table, i);
	jw_close(&writer, "]");
	if (schema->primary.count > 0) {
		jw_key(&writer, "primaryKey");
		put_names(&writer, schema, &schema->primary);
	}
	put_unique(&writer, table);
	put_foreign(&writer, schema);
	jw_close(&writer, "}");
	jw_close(&writer, "}");
	return writer.failed ? -1 : 0;
}
