/* jsonschema.c - fields, their types and constraints in the words of JSON Schema.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rules/jsonschema.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/core/plural.h"
#include "rules/load.h"

enum { NOTE_MAX = 1024, DURATION_CHARACTERS = 64 /* as value_is_duration has it */ };

/* What people read where JSON Schema has no word. */
struct note {
	char text[NOTE_MAX];
};

static void note(struct note *out, const char *format, ...) PRINTF_LIKE(2, 3);
static void note(struct note *out, const char *format, ...)
{
	size_t used = strlen(out->text);
	va_list arguments;

	if (used > 0 && used + 2 < sizeof out->text) {
		memcpy(out->text + used, "; ", 3);
		used += 2;
	}
	va_start(arguments, format);
	vsnprintf(out->text + used, sizeof out->text - used, format, arguments);
	va_end(arguments);
}

/* --- what a type is ------------------------------------------------------------------------------- */

static const char *json_type(const struct field *field, const struct field_rules *rules)
{
	switch (field->type) {
	case VALUE_INTEGER:
	case VALUE_YEAR:
		return "integer";
	case VALUE_DOUBLE:
	case VALUE_DECIMAL:
		return "number";
	case VALUE_BOOLEAN:
		return "boolean";
	case VALUE_JSON:
		return rules->json == JSON_OBJECT ? "object" : rules->json == JSON_ARRAY ? "array" : NULL;
	default:
		return "string";
	}
}

static void put_type(struct jw *writer, const struct field *field, const struct field_rules *rules)
{
	const char *type = json_type(field, rules);

	if (!type)
		return;
	if (field->required) {
		jw_text(writer, "type", type);
		return;
	}
	jw_key(writer, "type");
	jw_open(writer, "[");
	jw_item_text(writer, type);
	jw_item_text(writer, "null");
	jw_close(writer, "]");
}

static void put_format(struct jw *writer, const struct field *field, const struct field_rules *rules, struct note *notes)
{
	if (rules->timeformat) {
		note(notes, "a %s as %s", value_type_name(field->type), rules->format);
		return;
	}
	switch (field->type) {
	case VALUE_STRING:
		if (rules->string_format != STRING_ANY)
			jw_text(writer, "format", rules->string_format == STRING_EMAIL ? "email" : "uri");
		break;
	case VALUE_UUID:
		jw_text(writer, "format", "uuid");
		break;
	case VALUE_BINARY:
		jw_text(writer, "contentEncoding", "base64");
		break;
	case VALUE_INTEGER:
		jw_text(writer, "format", "int64");
		break;
	case VALUE_DOUBLE:
		jw_text(writer, "format", "double");
		break;
	case VALUE_DECIMAL:
		note(notes, "at most %u digit%s, %u of them after the point", field->precision, plural(field->precision, "", "s"), field->scale);
		break;
	case VALUE_DATE:
		jw_text(writer, "format", "date");
		break;
	case VALUE_DATETIME:
		jw_text(writer, "format", "date-time");
		break;
	case VALUE_TIME: /* "time" of JSON Schema demands an offset */
		jw_text(writer, "pattern", "^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?Z?$");
		break;
	case VALUE_YEARMONTH:
		jw_text(writer, "pattern", "^[0-9]{4}-(0[1-9]|1[0-2])$");
		break;
	case VALUE_DURATION:
		jw_text(writer, "format", "duration");
		break;
	default:
		break;
	}
}

/* --- constraints ---------------------------------------------------------------------------------- */

static void put_lengths(struct jw *writer, const struct field *field, const struct field_rules *rules)
{
	const char *least = "minLength", *most = "maxLength";
	uint64_t low = rules->min_length, high = rules->max_length;

	if (field->type == VALUE_JSON) {
		least = rules->json == JSON_OBJECT ? "minProperties" : "minItems";
		most = rules->json == JSON_OBJECT ? "maxProperties" : "maxItems";
	}
	if (field->type == VALUE_BINARY) { /* of the base64, for lengths in bytes */
		low = (low + 2) / 3 * 4;
		high = (high + 2) / 3 * 4;
	}
	if (rules->has_min_length)
		jw_number(writer, least, (int64_t)low);
	if (rules->has_max_length)
		jw_number(writer, most, (int64_t)high);
}

/* A number as JSON that every reader takes, also those whose integers have 64 bits. */
static void put_number(struct jw *writer, const struct field *field, const struct field_rules *rules,
		       const struct constant *constant)
{
	size_t begin = writer->out->length;
	const char *text;

	if (field->type == VALUE_YEAR) { /* a text in Table Schema */
		char year[VALUE_TEXT_MAX];

		value_format_integer(constant->integer, year);
		jw_raw(writer, year);
		return;
	}
	constant_write(writer, field, rules, constant);
	text = writer->failed ? "" : buffer_text(writer->out) + begin;
	if (strlen(text) > 18 && !strpbrk(text, ".eE") && field->type == VALUE_DECIMAL)
		jw_raw(writer, ".0");
}

/* What a bound does not narrow, the type does. */
static void put_digits(struct jw *writer, const struct field *field, const struct field_rules *rules)
{
	unsigned whole = (unsigned)(field->precision - field->scale);
	char text[32];

	snprintf(text, sizeof text, "1e%u", whole);
	if (!rules->has_bound[BOUND_MAXIMUM] && !rules->has_bound[BOUND_EXCLUSIVE_MAXIMUM]) {
		jw_key(writer, "exclusiveMaximum");
		jw_raw(writer, text);
	}
	snprintf(text, sizeof text, "-1e%u", whole);
	if (!rules->has_bound[BOUND_MINIMUM] && !rules->has_bound[BOUND_EXCLUSIVE_MINIMUM]) {
		jw_key(writer, "exclusiveMinimum");
		jw_raw(writer, text);
	}
}

static void put_bounds(struct jw *writer, const struct field *field, const struct field_rules *rules, struct note *notes)
{
	static const char *const names[BOUNDS] = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"};
	const char *type = json_type(field, rules);
	bool number = type && (strcmp(type, "integer") == 0 || strcmp(type, "number") == 0);

	for (int i = 0; i < BOUNDS; i++) {
		if (!rules->has_bound[i])
			continue;
		if (number) {
			jw_key(writer, names[i]);
			put_number(writer, field, rules, &rules->bounds[i]);
		} else {
			note(notes, "%s %.100s", names[i], rules->bounds[i].written);
		}
	}
	if (field->type == VALUE_DECIMAL)
		put_digits(writer, field, rules);
	if (field->type == VALUE_YEAR && !rules->has_bound[BOUND_MINIMUM])
		jw_number(writer, "minimum", 1000); /* four digits, also as a number */
	if (field->type == VALUE_YEAR && !rules->has_bound[BOUND_MAXIMUM])
		jw_number(writer, "maximum", 9999);
}

/* True for what means the same in PCRE2, in ECMA-262 and in Python: neither classes by name or property, nor options, nor backtracking by hand. */
static bool is_common(const char *text)
{
	bool in_class = false;

	for (const char *at = text; *at; at++) {
		if ((unsigned char)*at >= 0x80)
			continue;
		if (*at == '\\') {
			at++;
			if (*at == '\0' || (!strchr("dDwWsStnrf", *at) && ((*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'z') ||
									  (*at >= 'A' && *at <= 'Z'))))
				return false;
		} else if (in_class) {
			if (*at == '[')
				return false;
			in_class = *at != ']';
		} else if (*at == '[') {
			in_class = true;
			at += at[1] == '^';
			if (at[1] == ']')
				return false; /* a bracket that stands first is no end in PCRE2 */
		} else if (*at == '(' && (at[1] == '*' || (at[1] == '?' && !strchr(":=!", at[2])))) {
			return false;
		} else if (strchr("*+?}", *at) && at[1] == '+') {
			return false;
		} else if (*at == '{' && (at[1] < '0' || at[1] > '9')) {
			return false;
		}
	}
	return true;
}

/* A value must match as a whole; JSON Schema searches. */
static void put_pattern(struct jw *writer, const struct field_rules *rules, struct note *notes)
{
	const char *text = rules->pattern_text;

	if (!text)
		return;
	if (!is_common(text)) {
		note(notes, "matches %s", text);
		return;
	}
	jw_key(writer, "pattern");
	struct buffer whole;
	buffer_init(&whole, 1 << 20);
	writer->failed = writer->failed || buffer_printf(&whole, writer->error, "^(?:%s)$", text) < 0;
	jw_string(writer, buffer_text(&whole), whole.length);
	buffer_fini(&whole);
}

static void put_enumeration(struct jw *writer, const struct field *field, const struct field_rules *rules)
{
	if (rules->enumeration_count == 0)
		return;
	jw_key(writer, "enum");
	jw_open(writer, "[");
	for (size_t i = 0; i < rules->enumeration_count; i++) {
		const struct constant *constant = &rules->enumeration[i];

		jw_item(writer);
		if (field->type == VALUE_JSON)
			jw_raw(writer, constant->bytes.data);
		else
			put_number(writer, field, rules, constant);
	}
	if (!field->required) {
		jw_item(writer);
		jw_raw(writer, "null");
	}
	jw_close(writer, "]");
}

/* Texts that are null, where null is no value. */
static void put_missing(struct jw *writer, const struct field *field, const struct field_rules *rules)
{
	const char *type = json_type(field, rules);

	if (!field->required || rules->missing.count == 0 || (type && strcmp(type, "string") != 0))
		return;
	jw_key(writer, "not");
	jw_open(writer, "{");
	jw_key(writer, "enum");
	jw_open(writer, "[");
	for (size_t i = 0; i < rules->missing.count; i++)
		jw_item_text(writer, rules->missing.items[i].data);
	if (!type) {
		jw_item(writer);
		jw_raw(writer, "null");
	}
	jw_close(writer, "]");
	jw_close(writer, "}");
}

static void put_field(struct jw *writer, const struct field *field, const struct field_rules *rules)
{
	struct note notes = {.text = ""};

	if (field->description)
		note(&notes, "%s", field->description);
	jw_key(writer, field->name);
	jw_open(writer, "{");
	put_type(writer, field, rules);
	put_format(writer, field, rules, &notes);
	put_lengths(writer, field, rules);
	if (field->type == VALUE_DURATION && !rules->has_max_length)
		jw_number(writer, "maxLength", DURATION_CHARACTERS);
	put_bounds(writer, field, rules, &notes);
	put_pattern(writer, rules, &notes);
	put_enumeration(writer, field, rules);
	put_missing(writer, field, rules);
	if (notes.text[0])
		jw_text(writer, "description", notes.text);
	jw_close(writer, "}");
}

void table_json_schema(const struct table *table, struct jw *writer)
{
	const struct schema *schema = table->schema;
	bool any = false;

	jw_text(writer, "title", schema->name);
	if (schema->description)
		jw_text(writer, "description", schema->description);
	jw_text(writer, "type", "object");
	jw_key(writer, "properties");
	jw_open(writer, "{");
	for (size_t i = 0; i < schema->field_count && !writer->failed; i++)
		put_field(writer, &schema->fields[i], &table->fields[i]);
	jw_close(writer, "}");
	for (size_t i = 0; i < schema->field_count; i++) {
		if (!schema->fields[i].required)
			continue;
		if (!any) {
			jw_key(writer, "required");
			jw_open(writer, "[");
		}
		any = true;
		jw_item_text(writer, schema->fields[i].name);
	}
	if (any)
		jw_close(writer, "]");
	jw_flag(writer, "additionalProperties", false);
}
