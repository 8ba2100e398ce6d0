/* option_schema.c - an option table as JSON Schema: what each kind of option takes, as its binding in options.c has it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>

#include "engine/config/file_schema.h"
#include "engine/config/keys.h"
#include "engine/config/scalars.h"
#include "engine/config/sql.h"
#include "engine/core/json_write.h"

/* Scalars, as YAML gives them to who validates: a text may look like a number or a truth value. */
static const char *const definitions[][2] = {
	{"expression", "{\"type\": \"string\", \"pattern\": \"(^|[^$])\\\\$\\\\{\", \"description\": \"Holds a ${...} that is replaced.\"}"},
	{"text", "{\"type\": [\"string\", \"number\", \"boolean\"]}"},
	{"filled", "{\"type\": [\"string\", \"number\", \"boolean\"], \"minLength\": 1}"},
	{"texts", "{\"anyOf\": [{\"$ref\": \"#/definitions/text\"}, {\"type\": \"array\", \"items\": {\"$ref\": \"#/definitions/text\"}}]}"},
	{"map", "{\"type\": \"object\", \"additionalProperties\": {\"$ref\": \"#/definitions/text\"}}"},
	{"cell", "{\"type\": [\"string\", \"number\", \"boolean\", \"null\"]}"},
	{"rows", "{\"type\": \"array\", \"maxItems\": 16384, \"items\": {\"anyOf\": [{\"type\": \"array\", \"items\": {\"$ref\": \"#/definitions/cell\"}}, "
		 "{\"type\": \"object\", \"additionalProperties\": {\"$ref\": \"#/definitions/cell\"}}]}}"},
	{"truth", "{\"enum\": [true, false, \"true\", \"false\"]}"},
	{"integer", "{\"type\": [\"integer\", \"string\"], \"pattern\": \"^-?(0|[1-9][0-9]*)$\"}"},
	{"size", "{\"type\": [\"integer\", \"string\"], \"minimum\": 0, \"pattern\": \"^(0|[1-9][0-9]*)([KMG]iB|kB|MB|GB)?$\"}"},
	{"duration", "{\"type\": \"string\", \"pattern\": \"^(0|[1-9][0-9]*)(ms|s|m|h|d)$\"}"},
	{"byte", "{\"type\": [\"string\", \"integer\"], \"pattern\": \"^([\\\\x01-\\\\x09\\\\x0b\\\\x0c\\\\x0e-\\\\x7f]|\\\\\\\\t)$\","
		 " \"minimum\": 0, \"maximum\": 9}"},
	{"visible", "{\"type\": [\"string\", \"integer\"], \"pattern\": \"^[\\\\x01-\\\\x08\\\\x0b\\\\x0c\\\\x0e-\\\\x1f!-\\\\x7f]$\","
		    " \"minimum\": 0, \"maximum\": 9}"},
	{NULL, NULL},
};

static void reference(struct jw *writer, const char *definition)
{
	char pointer[64];

	snprintf(pointer, sizeof pointer, "#/definitions/%s", definition);
	jw_text(writer, "$ref", pointer);
}

static void item_reference(struct jw *writer, const char *definition)
{
	jw_item(writer);
	jw_open(writer, "{");
	reference(writer, definition);
	jw_close(writer, "}");
}

void schema_definitions(struct jw *writer)
{
	jw_key(writer, "definitions");
	jw_open(writer, "{");
	for (size_t i = 0; definitions[i][0]; i++) {
		jw_key(writer, definitions[i][0]);
		jw_raw(writer, definitions[i][1]);
	}
}

void schema_reference(struct jw *writer, const char *key, const char *definition, const char *description)
{
	jw_key(writer, key);
	jw_open(writer, "{");
	if (description)
		jw_text(writer, "description", description);
	jw_key(writer, "allOf"); /* in draft-07 what stands beside a $ref is ignored */
	jw_open(writer, "[");
	item_reference(writer, definition);
	jw_close(writer, "]");
	jw_close(writer, "}");
}

/* --- values ------------------------------------------------------------------------------------- */

/* Words, and what YAML makes of those that look like something else. */
static void put_words(struct jw *writer, const char *const *values)
{
	jw_key(writer, "enum");
	jw_open(writer, "[");
	for (size_t i = 0; values[i]; i++) {
		bool word = strcmp(values[i], "null") == 0 || strcmp(values[i], "true") == 0 || strcmp(values[i], "false") == 0;
		int64_t number;

		jw_item_text(writer, values[i]);
		if (!word && !scalar_integer(values[i], &number))
			continue;
		jw_item(writer);
		jw_raw(writer, values[i]);
	}
	jw_close(writer, "]");
}

static void put_commit(struct jw *writer)
{
	static const char *const words[] = {"auto", "step", NULL};

	jw_item(writer);
	jw_open(writer, "{");
	put_words(writer, words);
	jw_close(writer, "}");
	jw_item(writer);
	jw_open(writer, "{");
	jw_number(writer, "minProperties", 1);
	schema_options(writer, keys_of_commit, NULL, false);
	jw_close(writer, "}");
}

static void put_sql(struct jw *writer)
{
	item_reference(writer, "filled");
	jw_item(writer);
	jw_open(writer, "{");
	jw_text(writer, "type", "object");
	jw_number(writer, "minProperties", 1);
	jw_flag(writer, "additionalProperties", false);
	jw_key(writer, "properties");
	jw_open(writer, "{");
	for (size_t i = 0; sql_dialects[i]; i++)
		schema_reference(writer, sql_dialects[i], "filled", NULL);
	jw_close(writer, "}");
	jw_close(writer, "}");
}

/* Bounds hold for numbers; a text with digits or a unit is read when the file is. */
static void put_bounded(struct jw *writer, const struct option *option, const char *definition)
{
	bool bounded = option->minimum != 0 || option->maximum != 0;

	if (!bounded || option->kind == OPTION_DURATION) {
		item_reference(writer, definition);
		return;
	}
	jw_item(writer);
	jw_open(writer, "{");
	jw_key(writer, "allOf");
	jw_open(writer, "[");
	item_reference(writer, definition);
	jw_close(writer, "]");
	jw_number(writer, "minimum", option->minimum);
	jw_number(writer, "maximum", option->maximum);
	jw_close(writer, "}");
}

/* The alternatives of a value as elements of a list. */
static void put_alternatives(struct jw *writer, const struct option *option)
{
	switch (option->kind) {
	case OPTION_STRING:
		item_reference(writer, option->minimum ? "filled" : "text");
		break;
	case OPTION_BOOLEAN:
		item_reference(writer, "truth");
		break;
	case OPTION_INTEGER:
		put_bounded(writer, option, "integer");
		break;
	case OPTION_SIZE:
		put_bounded(writer, option, "size");
		break;
	case OPTION_DURATION:
		put_bounded(writer, option, "duration");
		break;
	case OPTION_BYTE:
		item_reference(writer, option->minimum ? "visible" : "byte");
		break;
	case OPTION_ENUM:
		jw_item(writer);
		jw_open(writer, "{");
		put_words(writer, option->values);
		jw_close(writer, "}");
		break;
	case OPTION_LIST:
		item_reference(writer, "texts");
		break;
	case OPTION_MAP:
		item_reference(writer, "map");
		break;
	case OPTION_COMMIT:
		put_commit(writer);
		break;
	case OPTION_SQL:
		put_sql(writer);
		break;
	}
}

void schema_option(struct jw *writer, const struct option *option, bool whole)
{
	bool any_text = option->kind == OPTION_STRING || option->kind == OPTION_LIST || option->kind == OPTION_MAP || option->kind == OPTION_SQL;

	jw_key(writer, option->name);
	jw_open(writer, "{");
	if (option->help)
		jw_text(writer, "description", option->help);
	if (option->fallback && (option->kind == OPTION_BOOLEAN || option->kind == OPTION_INTEGER)) {
		jw_key(writer, "default");
		jw_raw(writer, option->fallback);
	} else if (option->fallback) {
		jw_text(writer, "default", option->fallback);
	}
	jw_key(writer, "anyOf");
	jw_open(writer, "[");
	put_alternatives(writer, option);
	if (!whole && !any_text)
		item_reference(writer, "expression");
	jw_close(writer, "]");
	jw_close(writer, "}");
}

void schema_required(struct jw *writer, const struct option *table, const char *also)
{
	bool any = false;

	for (const struct option *option = table; also || (option && option->name);) {
		const char *name = also ? also : (option->flags & OPTION_REQUIRED) ? option->name : NULL;

		if (also)
			also = NULL;
		else
			option++;
		if (!name)
			continue;
		if (!any) {
			jw_key(writer, "required");
			jw_open(writer, "[");
		}
		any = true;
		jw_item_text(writer, name);
	}
	if (any)
		jw_close(writer, "]");
	jw_flag(writer, "additionalProperties", false);
}

void schema_options(struct jw *writer, const struct option *table, const char *type, bool whole)
{
	jw_text(writer, "type", "object");
	jw_key(writer, "properties");
	jw_open(writer, "{");
	if (type) {
		jw_key(writer, "type");
		jw_open(writer, "{");
		jw_text(writer, "const", type);
		jw_close(writer, "}");
	}
	for (const struct option *option = table; option->name; option++)
		schema_option(writer, option, whole);
	jw_close(writer, "}");
	schema_required(writer, table, type ? "type" : NULL);
}
