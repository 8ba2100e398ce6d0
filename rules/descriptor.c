/* descriptor.c - a table as the Table Schema that it was made from: for files and backups that must be readable without its dictionary.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is inherited or implied is written out at the field; what is a default is left out.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/core/json_text.h"
#include "rules/dictionary.h"
#include "rules/load.h"

/* The object that is being written. */
struct writer {
	struct buffer *out;
	struct error *error;
	bool failed;
	bool empty; /* nothing was written into the innermost object or list yet */
};

static void raw(struct writer *writer, const char *text)
{
	writer->failed = writer->failed || buffer_puts(writer->out, text, writer->error) < 0;
}

static void string(struct writer *writer, const char *text, size_t length)
{
	writer->failed = writer->failed || json_put_string(text, length, writer->out, writer->error) < 0;
}

/* Before each member of an object (key) or element of a list (NULL). */
static void next(struct writer *writer, const char *key)
{
	if (!writer->empty)
		raw(writer, ",");
	writer->empty = false;
	if (!key)
		return;
	string(writer, key, strlen(key));
	raw(writer, ":");
}

static void open(struct writer *writer, const char *bracket)
{
	raw(writer, bracket);
	writer->empty = true;
}

static void close(struct writer *writer, const char *bracket)
{
	raw(writer, bracket);
	writer->empty = false;
}

static void text_member(struct writer *writer, const char *key, const char *text)
{
	next(writer, key);
	string(writer, text, strlen(text));
}

static void number_member(struct writer *writer, const char *key, uint64_t number)
{
	char digits[32];
	snprintf(digits, sizeof digits, "%" PRIu64, number);
	next(writer, key);
	raw(writer, digits);
}

static void flag_member(struct writer *writer, const char *key, bool flag)
{
	next(writer, key);
	raw(writer, flag ? "true" : "false");
}

/* --- types and how they are spelled ------------------------------------------------------------- */

/* A pattern that reads like the name of a format, or like one with the old prefix, is written with that prefix. */
static void put_pattern(struct writer *writer, const char *format)
{
	struct buffer text;
	buffer_init(&text, 1 << 20);
	bool prefix = strcmp(format, "default") == 0 || strcmp(format, "any") == 0 || strncmp(format, "fmt:", 4) == 0;
	writer->failed = writer->failed || buffer_puts(&text, prefix ? "fmt:" : "", writer->error) < 0 ||
			 buffer_puts(&text, format, writer->error) < 0;
	text_member(writer, "format", buffer_text(&text));
	buffer_fini(&text);
}

static void put_format(struct writer *writer, const struct field *field, const struct field_rules *rules)
{
	if (field->type == VALUE_UUID || field->type == VALUE_BINARY)
		text_member(writer, "format", value_type_name(field->type));
	else if (rules->string_format != STRING_ANY)
		text_member(writer, "format", rules->string_format == STRING_EMAIL ? "email" : "uri");
	else if (rules->format)
		put_pattern(writer, rules->format);
}

static void put_words(struct writer *writer, const char *key, const struct words *words)
{
	next(writer, key);
	open(writer, "[");
	for (size_t i = 0; i < words->count; i++) {
		next(writer, NULL);
		string(writer, words->items[i].data, words->items[i].length);
	}
	close(writer, "]");
}

static void put_mark(struct writer *writer, const char *key, const char *mark, size_t length)
{
	next(writer, key);
	string(writer, mark, length);
}

static void put_spelling(struct writer *writer, const struct field *field, const struct field_rules *rules)
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
		flag_member(writer, "bareNumber", false);
	if (rules->timezone)
		text_member(writer, "timezone", rules->timezone);
}

/* --- constraints -------------------------------------------------------------------------------- */

/* A quoted value is read as cells are spelled, which moments with a pattern of their own may not be: what is written as it stood in the
 * dictionary reads as it did there. */
static void put_constant(struct writer *writer, const struct field *field, const struct field_rules *rules,
			 const struct constant *constant)
{
	char text[VALUE_TEXT_MAX];
	switch (field->type) {
	case VALUE_INTEGER:
		value_format_integer(constant->integer, text);
		raw(writer, text);
		return;
	case VALUE_DOUBLE:
		value_format_double(constant->number, text);
		raw(writer, text);
		return;
	case VALUE_DECIMAL:
		value_format_decimal(constant->decimal, field->scale, text);
		raw(writer, text);
		return;
	case VALUE_BOOLEAN:
		raw(writer, constant->integer ? "true" : "false");
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
		string(writer, constant->bytes.data, constant->bytes.length);
		return;
	default:
		string(writer, constant->written, strlen(constant->written));
		return;
	}
	const char *written = rules->timeformat ? constant->written : text;
	string(writer, written, strlen(written));
}

static void put_constraints(struct writer *writer, const struct field *field, const struct field_rules *rules, bool in_primary)
{
	static const char *const bounds[BOUNDS] = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"};
	size_t begin = writer->out->length;
	next(writer, "constraints");
	open(writer, "{");
	if (field->required && !in_primary)
		flag_member(writer, "required", true);
	if (rules->has_min_length)
		number_member(writer, "minLength", rules->min_length);
	if (rules->has_max_length)
		number_member(writer, "maxLength", rules->max_length);
	for (int i = 0; i < BOUNDS; i++) {
		if (!rules->has_bound[i])
			continue;
		next(writer, bounds[i]);
		put_constant(writer, field, rules, &rules->bounds[i]);
	}
	if (rules->pattern_text)
		text_member(writer, "pattern", rules->pattern_text);
	if (rules->enumeration_count > 0) {
		next(writer, "enum");
		open(writer, "[");
		for (size_t i = 0; i < rules->enumeration_count; i++) {
			next(writer, NULL);
			put_constant(writer, field, rules, &rules->enumeration[i]);
		}
		close(writer, "]");
	}
	bool none = writer->empty;
	close(writer, "}");
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

static void put_field(struct writer *writer, const struct table *table, size_t index)
{
	const struct field *field = &table->schema->fields[index];
	const struct field_rules *rules = &table->fields[index];
	bool text = field->type == VALUE_UUID || field->type == VALUE_BINARY;
	next(writer, NULL);
	open(writer, "{");
	text_member(writer, "name", field->name);
	text_member(writer, "type", text ? "string" : field_type_name(field, rules));
	put_format(writer, field, rules);
	if (field->type == VALUE_DECIMAL) {
		number_member(writer, "precision", field->precision);
		number_member(writer, "scale", field->scale);
	}
	put_spelling(writer, field, rules);
	if (field->sensitive)
		flag_member(writer, "sensitive", true);
	put_constraints(writer, field, rules, holds(&table->schema->primary, index));
	close(writer, "}");
}

/* --- keys --------------------------------------------------------------------------------------- */

static void put_names(struct writer *writer, const struct schema *schema, const struct key *key)
{
	open(writer, "[");
	for (size_t i = 0; i < key->count; i++) {
		next(writer, NULL);
		string(writer, schema->fields[key->fields[i]].name, strlen(schema->fields[key->fields[i]].name));
	}
	close(writer, "]");
}

static void put_unique(struct writer *writer, const struct table *table)
{
	const struct schema *schema = table->schema;
	if (schema->unique_count + table->declared_unique_count == 0)
		return;
	next(writer, "uniqueKeys");
	open(writer, "[");
	for (size_t i = 0; i < schema->unique_count; i++) {
		next(writer, NULL);
		put_names(writer, schema, &schema->unique[i]);
	}
	for (size_t i = 0; i < table->declared_unique_count; i++) {
		next(writer, NULL);
		put_names(writer, schema, &table->declared_unique[i]);
	}
	close(writer, "]");
}

static void put_foreign(struct writer *writer, const struct schema *schema)
{
	if (schema->foreign_count == 0)
		return;
	next(writer, "foreignKeys");
	open(writer, "[");
	for (size_t i = 0; i < schema->foreign_count; i++) {
		const struct foreign_key *foreign = &schema->foreign[i];
		next(writer, NULL);
		open(writer, "{");
		next(writer, "fields");
		put_names(writer, schema, &foreign->key);
		next(writer, "reference");
		open(writer, "{");
		text_member(writer, "resource", foreign->resource);
		next(writer, "fields");
		open(writer, "[");
		for (size_t j = 0; j < foreign->key.count; j++) {
			next(writer, NULL);
			string(writer, foreign->columns[j], strlen(foreign->columns[j]));
		}
		close(writer, "]");
		close(writer, "}");
		close(writer, "}");
	}
	close(writer, "]");
}

int table_json(const struct table *table, struct buffer *out, struct error *error)
{
	const struct schema *schema = table->schema;
	struct writer writer = {.out = out, .error = error};
	open(&writer, "{");
	text_member(&writer, "name", schema->name);
	next(&writer, "schema");
	open(&writer, "{");
	next(&writer, "fields");
	open(&writer, "[");
	for (size_t i = 0; i < schema->field_count && !writer.failed; i++)
		put_field(&writer, table, i);
	close(&writer, "]");
	if (schema->primary.count > 0) {
		next(&writer, "primaryKey");
		put_names(&writer, schema, &schema->primary);
	}
	put_unique(&writer, table);
	put_foreign(&writer, schema);
	close(&writer, "}");
	close(&writer, "}");
	return writer.failed ? -1 : 0;
}
