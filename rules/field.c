/* field.c - reads a field of a Table Schema: its type, its format, and how its values are spelled.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/load.h"
#include "rules/spelling.h"

static const struct {
	const char *name;
	enum value_type type; /* 0: not in this version */
	enum json_kind json;
} types[] = {
	{"string", VALUE_STRING, 0},
	{"integer", VALUE_INTEGER, 0},
	{"number", VALUE_DOUBLE, 0},
	{"boolean", VALUE_BOOLEAN, 0},
	{"date", VALUE_DATE, 0},
	{"time", VALUE_TIME, 0},
	{"datetime", VALUE_DATETIME, 0},
	{"year", VALUE_YEAR, 0},
	{"yearmonth", VALUE_YEARMONTH, 0},
	{"duration", VALUE_DURATION, 0},
	{"object", VALUE_JSON, JSON_OBJECT},
	{"array", VALUE_JSON, JSON_ARRAY},
	{"any", VALUE_JSON, 0},
	{"geopoint", 0, 0},
	{"geojson", 0, 0},
	{"list", 0, 0},
};

enum { TYPES = sizeof types / sizeof types[0] };

static char *copy_text(struct loader *loader, const char *text)
{
	char *copy = strdup(text);
	if (!copy)
		diagnostics_memory(loader->diagnostics);
	return copy;
}

/* What other systems call them. */
static const char *type_elsewhere(const char *text)
{
	static const struct {
		const char *names, *type;
	} others[] = {
		{" int int4 int8 int16 int32 int64 bigint smallint serial long ", "integer"},
		{" bool bit ", "boolean"},
		{" str text varchar char clob ", "string"},
		{" float double real decimal numeric money float64 ", "number"},
		{" timestamp timestamptz date-time ", "datetime"},
		{" json jsonb dict map struct ", "object"},
	};
	char word[24];
	snprintf(word, sizeof word, " %.20s ", text);
	for (size_t i = 0; !strchr(text, ' ') && i < sizeof others / sizeof others[0]; i++)
		if (strstr(others[i].names, word))
			return others[i].type;
	return NULL;
}

static bool load_type(struct loader *loader, const struct node *node, const char *name, enum value_type *out,
		      enum json_kind *json)
{
	const char *names[TYPES + 1];
	const char *text = "string";
	if (spelling_text(node, "type", &text, loader->diagnostics) < 0)
		return false;
	for (size_t i = 0; i < TYPES; i++) {
		names[i] = types[i].name;
		if (strcmp(text, types[i].name) != 0)
			continue;
		*out = types[i].type;
		*json = types[i].json;
		if (!types[i].type)
			diagnostics_error(loader->diagnostics, node,
					  "type \"%s\" of field \"%s\" is not supported by this version", text, name);
		return types[i].type != 0;
	}
	names[TYPES] = NULL;
	const char *meant = type_elsewhere(text);
	if (!meant)
		meant = suggest(text, names);
	diagnostics_error(loader->diagnostics, node, "unknown type \"%s\" of field \"%s\"%s%s%s", text, name,
			  meant ? " (did you mean \"" : "", meant ? meant : "", meant ? "\"?)" : "");
	return false;
}

static void load_string_format(struct loader *loader, const struct node *node, const char *format, struct field *field,
			       struct field_rules *rules)
{
	static const char *const known[] = {"default", "email", "uri", "uuid", "binary", NULL};
	if (strcmp(format, "email") == 0)
		rules->string_format = STRING_EMAIL;
	else if (strcmp(format, "uri") == 0)
		rules->string_format = STRING_URI;
	else if (strcmp(format, "uuid") == 0)
		field->type = VALUE_UUID;
	else if (strcmp(format, "binary") == 0)
		field->type = VALUE_BINARY;
	else if (strcmp(format, "default") != 0) {
		const char *meant = suggest(format, known);
		diagnostics_error(
			loader->diagnostics, node,
			"unknown format \"%s\" of a string; known are default, email, uri, uuid, binary%s%s%s", format,
			meant ? " (did you mean \"" : "", meant ? meant : "", meant ? "\"?)" : "");
	}
}

static void load_time_format(struct loader *loader, const struct node *node, const char *format,
			     const struct field *field, struct field_rules *rules)
{
	char reason[TIMEFORMAT_REASON_MAX];
	if (strcmp(format, "default") == 0 || strcmp(format, "any") == 0)
		return;
	if (strncmp(format, "fmt:", 4) == 0) /* as before version 1 */
		format += 4;
	rules->timeformat = timeformat_new(format, field->type, reason);
	if (rules->timeformat)
		rules->format = copy_text(loader, format);
	else if (reason[0])
		diagnostics_error(loader->diagnostics, node, "format \"%s\" is no pattern of a %s: %s", format,
				  value_type_name(field->type), reason);
	else
		diagnostics_memory(loader->diagnostics);
}

static void load_format(struct loader *loader, const struct node *node, struct field *field, struct field_rules *rules)
{
	const char *format = NULL;
	if (spelling_text(node, "format", &format, loader->diagnostics) <= 0)
		return;
	if (field->type == VALUE_STRING)
		load_string_format(loader, node, format, field, rules);
	else if (field->type == VALUE_DATE || field->type == VALUE_TIME || field->type == VALUE_DATETIME)
		load_time_format(loader, node, format, field, rules);
	else if (strcmp(format, "default") != 0)
		diagnostics_error(loader->diagnostics, node, "type %s has no format \"%s\", only \"default\"",
				  field_type_name(field, rules), format);
}

/* An addition that only one type has; true when it may be read. */
static bool belongs(struct loader *loader, const struct node *node, const char *key, bool right, const char *type)
{
	if (node && !right)
		diagnostics_error(loader->diagnostics, node, "%s belongs to fields of type %s", key, type);
	return node && right;
}

static void load_precision(struct loader *loader, const struct node *map, struct field *field)
{
	const struct node *precision = node_find(map, "precision"), *scale = node_find(map, "scale");
	uint64_t digits = 0, fraction = 0;
	bool number = field->type == VALUE_DOUBLE;
	bool has_precision = belongs(loader, precision, "precision", number, "number");
	bool has_scale = belongs(loader, scale, "scale", number, "number");
	if (has_scale && !precision)
		diagnostics_error(loader->diagnostics, scale,
				  "scale needs precision beside it: all digits, and those of them after the point");
	if (!has_precision ||
	    spelling_count(precision, "precision", DECIMAL_PRECISION_MAX, &digits, loader->diagnostics) < 0)
		return;
	if (digits == 0) {
		diagnostics_error(loader->diagnostics, precision, "precision must be 1 to %d", DECIMAL_PRECISION_MAX);
		return;
	}
	if (has_scale && spelling_count(scale, "scale (up to precision)", digits, &fraction, loader->diagnostics) < 0)
		return;
	field->type = VALUE_DECIMAL;
	field->precision = (uint8_t)digits;
	field->scale = (uint8_t)fraction;
}

static void load_timezone(struct loader *loader, const struct node *node, const struct field *field,
			  struct field_rules *rules)
{
	const char *name = NULL;
	struct error error = ERROR_INIT;
	if (!belongs(loader, node, "timezone", field->type == VALUE_DATETIME, "datetime") ||
	    spelling_text(node, "timezone", &name, loader->diagnostics) < 0 || strcmp(name, "UTC") == 0)
		return;
	rules->zone = zone_open(name, &error);
	if (rules->zone)
		rules->timezone = copy_text(loader, name);
	else if (error.kind == ERROR_RESOURCE)
		diagnostics_memory(loader->diagnostics);
	else
		diagnostics_error(loader->diagnostics, node, "%s", error.message);
}

static bool add_word(struct loader *loader, struct words *words, const char *text)
{
	struct text *items = realloc(words->items, (words->count + 1) * sizeof *items);
	char *copy = strdup(text);
	if (items)
		words->items = items;
	if (!items || !copy) {
		free(copy);
		diagnostics_memory(loader->diagnostics);
		return false;
	}
	size_t length = strlen(text);
	items[words->count++] = (struct text){copy, length};
	words->longest = length > words->longest ? length : words->longest;
	words->has_empty = words->has_empty || length == 0;
	return true;
}

static void words_fini(struct words *words)
{
	for (size_t i = 0; i < words->count; i++)
		free((char *)words->items[i].data);
	free(words->items);
}

/* A list of texts; of missing values also {value, label}. Without a node, the defaults. */
static void load_words(struct loader *loader, const struct node *node, const char *key, const char *const *defaults,
		       struct words *words)
{
	if (!node) {
		for (; *defaults; defaults++)
			if (!add_word(loader, words, *defaults))
				return;
		return;
	}
	if (node->kind != NODE_SEQUENCE) {
		diagnostics_error(loader->diagnostics, node, "%s must be a list of texts", key);
		return;
	}
	for (size_t i = 0; i < node->count; i++) {
		const struct node *item = node->items[i];
		const char *text = NULL;
		if (item->kind == NODE_MAP && node_find(item, "value")) {
			spelling_check(item, PART_CATEGORY, loader->diagnostics);
			item = node_find(item, "value");
		}
		if (item->kind != NODE_SCALAR || node_is_null(item))
			diagnostics_error(loader->diagnostics, item,
					  "%s must be a list of texts; write \"\" for an empty one, and null in quotes",
					  key);
		else if (spelling_text(item, key, &text, loader->diagnostics) > 0 && !add_word(loader, words, text))
			return;
	}
}

/* A key of Table Schema that says how another type is spelled. */
static bool spells(struct loader *loader, const struct node *node, const char *key, bool right,
		   const struct field *field, const struct field_rules *rules)
{
	if (node && !right)
		diagnostics_warning(loader->diagnostics, node, "%s has no meaning for type %s and is ignored", key,
				    field_type_name(field, rules));
	return node && right;
}

static void load_mark(struct loader *loader, const struct node *node, const char *key, char *mark, size_t *length)
{
	const char *text = NULL;
	if (spelling_text(node, key, &text, loader->diagnostics) <= 0)
		return;
	size_t bytes = strlen(text);
	if (bytes == 0 || bytes > NUMBER_MARK_MAX || strpbrk(text, "0123456789+-eE")) {
		diagnostics_error(loader->diagnostics, node, "%s must be a character other than a digit, a sign or e",
				  key);
		return;
	}
	memcpy(mark, text, bytes);
	*length = bytes;
}

static void load_spelling(struct loader *loader, const struct node *map, const struct inherited *inherited,
			  const struct field *field, struct field_rules *rules)
{
	static const char *const no_text[] = {"", NULL};
	static const char *const yes[] = {"true", "True", "TRUE", "1", NULL};
	static const char *const no[] = {"false", "False", "FALSE", "0", NULL};
	const struct node *missing = node_find(map, "missingValues");
	const struct node *trues = node_find(map, "trueValues"), *falses = node_find(map, "falseValues");
	const struct node *decimal = node_find(map, "decimalChar"), *group = node_find(map, "groupChar");
	const struct node *bare = node_find(map, "bareNumber");
	bool number = field->type == VALUE_DOUBLE || field->type == VALUE_DECIMAL;
	bool boolean = field->type == VALUE_BOOLEAN;

	load_words(loader, missing ? missing : inherited->missing, "missingValues", no_text, &rules->missing);
	trues = spells(loader, trues, "trueValues", boolean, field, rules) ? trues : NULL;
	falses = spells(loader, falses, "falseValues", boolean, field, rules) ? falses : NULL;
	if (boolean) {
		load_words(loader, trues, "trueValues", yes, &rules->true_words);
		load_words(loader, falses, "falseValues", no, &rules->false_words);
		for (size_t i = 0; i < rules->true_words.count; i++)
			if (words_have(&rules->false_words, rules->true_words.items[i].data,
				       rules->true_words.items[i].length))
				diagnostics_error(loader->diagnostics, trues ? trues : falses,
						  "\"%s\" is both true and false", rules->true_words.items[i].data);
	}
	rules->number = (struct number_style)NUMBER_STYLE_PLAIN;
	if (spells(loader, decimal, "decimalChar", number, field, rules))
		load_mark(loader, decimal, "decimalChar", rules->number.decimal, &rules->number.decimal_length);
	if (spells(loader, group, "groupChar", number || field->type == VALUE_INTEGER, field, rules))
		load_mark(loader, group, "groupChar", rules->number.group, &rules->number.group_length);
	if (spells(loader, bare, "bareNumber", number || field->type == VALUE_INTEGER, field, rules))
		(void)spelling_flag(bare, "bareNumber", &rules->number.bare, loader->diagnostics);
	if (number && rules->number.group_length == rules->number.decimal_length &&
	    memcmp(rules->number.group, rules->number.decimal, rules->number.group_length) == 0)
		diagnostics_error(loader->diagnostics, group, "groupChar and decimalChar are the same");
}

void load_description(struct loader *loader, const struct node *node, struct schema *schema, struct field *field)
{
	const struct node *written = node_find(node, "description");
	struct error error = ERROR_INIT;
	if (!node_text(written) || node_is_null(written))
		written = node_find(node, "title");
	if (node_text(written) && !node_is_null(written) && written->text[0] &&
	    schema_describe(schema, field, written->text, &error) < 0)
		diagnostics_memory(loader->diagnostics);
}

bool load_field(struct loader *loader, const struct node *node, const struct inherited *inherited,
		struct schema *schema, struct field_rules *rules, bool *unique)
{
	const char *name = NULL;
	enum value_type type = VALUE_STRING;
	struct error error = ERROR_INIT;
	*unique = false;
	if (node->kind != NODE_MAP) {
		diagnostics_error(loader->diagnostics, node, "a field must be a map with name and type");
		return false;
	}
	spelling_check(node, PART_FIELD, loader->diagnostics);
	spelling_check_each(node_find(node, "categories"), PART_CATEGORY, loader->diagnostics);
	if (spelling_text(node_find(node, "name"), "name", &name, loader->diagnostics) <= 0 || name[0] == '\0') {
		if (!node_find(node, "name") || (name && name[0] == '\0'))
			diagnostics_error(loader->diagnostics, node, "a field has no name");
		return false;
	}
	if (schema_find(schema, name) != SCHEMA_NO_FIELD) {
		diagnostics_error(loader->diagnostics, node_find(node, "name"), "field \"%s\" stands there twice",
				  name);
		return false;
	}
	bool typed = load_type(loader, node_find(node, "type"), name, &type, &rules->json);
	struct field *field = schema_add_field(schema, name, typed ? type : VALUE_STRING, &error);
	if (!field) {
		diagnostics_memory(loader->diagnostics);
		return false;
	}
	load_description(loader, node, schema, field);
	if (!typed)
		return true; /* what follows depends on the type */
	load_format(loader, node_find(node, "format"), field, rules);
	load_precision(loader, node, field);
	load_timezone(loader, node_find(node, "timezone"), field, rules);
	load_spelling(loader, node, inherited, field, rules);
	(void)spelling_flag(node_find(node, "sensitive"), "sensitive", &field->sensitive, loader->diagnostics);
	load_constraints(loader, node_find(node, "constraints"), field, rules, unique);
	return true;
}

static void constant_fini(struct constant *constant, enum value_type type)
{
	if (value_storage(type) == STORAGE_SPAN)
		free((char *)constant->bytes.data);
	free(constant->written);
}

void field_rules_fini(struct field_rules *rules, enum value_type type)
{
	words_fini(&rules->missing);
	words_fini(&rules->true_words);
	words_fini(&rules->false_words);
	timeformat_free(rules->timeformat);
	free(rules->format);
	zone_close(rules->zone);
	free(rules->timezone);
	for (int i = 0; i < BOUNDS; i++)
		if (rules->has_bound[i])
			constant_fini(&rules->bounds[i], type);
	pattern_free(rules->pattern);
	free(rules->pattern_text);
	for (size_t i = 0; i < rules->enumeration_count; i++)
		constant_fini(&rules->enumeration[i], type);
	free(rules->enumeration);
	free(rules->enumeration_text);
}
