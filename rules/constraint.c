/* constraint.c - reads the constraints of a field and refuses those that cannot be meant.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "engine/core/buffer.h"
#include "engine/core/utf8.h"
#include "engine/core/json_text.h"
#include "rules/duration.h"
#include "rules/load.h"
#include "rules/spelling.h"

enum { ENUM_TEXT_MAX = 200 };

static const char *const bound_names[BOUNDS] = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"};

static bool has_length(enum value_type type, const struct field_rules *rules)
{
	return type == VALUE_STRING || type == VALUE_UUID || type == VALUE_BINARY || (type == VALUE_JSON && rules->json);
}

static bool has_order(enum value_type type)
{
	switch (type) {
	case VALUE_INTEGER:
	case VALUE_DOUBLE:
	case VALUE_DECIMAL:
	case VALUE_DATE:
	case VALUE_TIME:
	case VALUE_DATETIME:
	case VALUE_YEAR:
	case VALUE_YEARMONTH:
	case VALUE_DURATION:
		return true;
	default:
		return false;
	}
}

/* True when the constraint is there and the type can have it. */
static bool applies(struct loader *loader, const struct node *node, const char *key, bool right,
		    const struct field *field, const struct field_rules *rules)
{
	if (node && !right)
		diagnostics_error(loader->diagnostics, node, "%s cannot apply to field \"%s\" of type %s", key,
				  field->name, field_type_name(field, rules));
	return node && right;
}

/* A map or list of the dictionary as JSON. A scalar without quotes that is a number or a word of JSON is that, any other one a string. */
static int put_json(const struct node *node, struct buffer *out, struct error *error)
{
	if (node->kind == NODE_SCALAR) {
		size_t length = strlen(node->text);
		enum json_kind kind;
		int read = node->plain ? json_canonical(node->text, length, out, &kind, error) : 0;
		if (read != 0)
			return read < 0 ? -1 : 0;
		return json_put_string(node->text, length, out, error);
	}
	bool map = node->kind == NODE_MAP;
	int result = buffer_puts(out, map ? "{" : "[", error);
	for (size_t i = 0; i < node->count && result == 0; i++) {
		if (i > 0)
			result = buffer_puts(out, ",", error);
		if (result == 0 && map)
			result = json_put_string(node->keys[i]->text, strlen(node->keys[i]->text), out, error);
		if (result == 0 && map)
			result = buffer_puts(out, ":", error);
		if (result == 0)
			result = put_json(node->items[i], out, error);
	}
	return result < 0 ? -1 : buffer_puts(out, map ? "}" : "]", error);
}

static bool load_json(struct loader *loader, const struct node *node, const char *key, const struct field *field,
		      const struct field_rules *rules, struct constant *out)
{
	struct buffer text;
	struct error error = ERROR_INIT;
	buffer_init(&text, 64 << 20);
	int read = put_json(node, &text, &error);
	if (read == 0)
		read = cast_constant(&loader->caster, field, rules, true, buffer_text(&text), out, &error);
	if (read > 0)
		out->written = strdup(buffer_text(&text));
	if (read == 0)
		diagnostics_error(loader->diagnostics, node, "%s has a value that is none of field \"%s\" of type %s", key,
				  field->name, field_type_name(field, rules));
	if (read < 0 || (read > 0 && !out->written))
		diagnostics_memory(loader->diagnostics);
	buffer_fini(&text);
	return read > 0;
}

/* A value of the field written in the dictionary: a bare number or date is spelled as JSON and ISO have it, a quoted
 * one as in the source; whichever fails, the other is tried. */
static bool load_constant(struct loader *loader, const struct node *node, const char *key, const struct field *field,
			  const struct field_rules *rules, struct constant *out)
{
	const char *text = NULL;
	struct error error = ERROR_INIT;
	if (field->type == VALUE_JSON && node->kind != NODE_SCALAR)
		return load_json(loader, node, key, field, rules, out);
	if (spelling_text(node, key, &text, loader->diagnostics) <= 0)
		return false;
	int read = cast_constant(&loader->caster, field, rules, node->plain, text, out, &error);
	if (read == 0)
		read = cast_constant(&loader->caster, field, rules, !node->plain, text, out, &error);
	if (read < 0) {
		diagnostics_memory(loader->diagnostics);
		return false;
	}
	if (read == 0) {
		diagnostics_error(loader->diagnostics, node, "%s \"%s\" is not a value of field \"%s\" of type %s", key,
				  text, field->name, field_type_name(field, rules));
		return false;
	}
	out->written = strdup(text);
	if (!out->written)
		diagnostics_memory(loader->diagnostics);
	return true;
}

static void load_lengths(struct loader *loader, const struct node *map, struct field *field, struct field_rules *rules)
{
	const struct node *least = node_find(map, "minLength"), *most = node_find(map, "maxLength");
	bool right = has_length(field->type, rules);
	if (applies(loader, least, "minLength", right, field, rules))
		rules->has_min_length =
			spelling_count(least, "minLength", INT32_MAX, &rules->min_length, loader->diagnostics) > 0;
	if (applies(loader, most, "maxLength", right, field, rules))
		rules->has_max_length =
			spelling_count(most, "maxLength", INT32_MAX, &rules->max_length, loader->diagnostics) > 0;
	if (rules->has_min_length && rules->has_max_length && rules->min_length > rules->max_length)
		diagnostics_error(loader->diagnostics, least,
				  "minLength is above maxLength: no value of field \"%s\" could be right", field->name);
	if (rules->has_max_length && field->type == VALUE_STRING)
		field->max_length = rules->max_length;
}

/* Durations whose order depends on the month are taken for right: some value may lie between them. */
static int order_of_bounds(enum value_type type, const struct constant *low, const struct constant *high)
{
	if (type != VALUE_DURATION)
		return constant_compare(type, low, high);
	unsigned orders = duration_compare(low->bytes, high->bytes);
	return orders == DURATION_MORE ? 1 : orders == DURATION_SAME ? 0 : -1;
}

/* Whole numbers and days that stand side by side have nothing between them. */
static bool are_neighbours(enum value_type type, const struct constant *low, const struct constant *high)
{
	bool whole = type == VALUE_INTEGER || type == VALUE_YEAR || type == VALUE_DATE;
	return whole && low->integer < high->integer && low->integer == high->integer - 1;
}

static void load_bounds(struct loader *loader, const struct node *map, const struct field *field,
			struct field_rules *rules)
{
	for (int i = 0; i < BOUNDS; i++) {
		const struct node *node = node_find(map, bound_names[i]);
		if (applies(loader, node, bound_names[i], has_order(field->type), field, rules))
			rules->has_bound[i] =
				load_constant(loader, node, bound_names[i], field, rules, &rules->bounds[i]);
	}
	static const enum bound_kind lower[] = {BOUND_MINIMUM, BOUND_EXCLUSIVE_MINIMUM};
	static const enum bound_kind upper[] = {BOUND_MAXIMUM, BOUND_EXCLUSIVE_MAXIMUM};
	for (int i = 0; i < 4; i++) {
		enum bound_kind low = lower[i / 2], high = upper[i % 2];
		if (!rules->has_bound[low] || !rules->has_bound[high])
			continue;
		int order = order_of_bounds(field->type, &rules->bounds[low], &rules->bounds[high]);
		bool both_inclusive = low == BOUND_MINIMUM && high == BOUND_MAXIMUM;
		bool both_exclusive = low == BOUND_EXCLUSIVE_MINIMUM && high == BOUND_EXCLUSIVE_MAXIMUM;
		if (order > 0 || (order == 0 && !both_inclusive) ||
		    (both_exclusive && are_neighbours(field->type, &rules->bounds[low], &rules->bounds[high])))
			diagnostics_error(loader->diagnostics, node_find(map, bound_names[low]),
					  "%s is not %sbelow %s: no value of field \"%s\" could be right",
					  bound_names[low], order < 0 ? "far enough " : "", bound_names[high], field->name);
	}
}

static void load_pattern(struct loader *loader, const struct node *node, const struct field *field,
			 struct field_rules *rules)
{
	const char *text = NULL;
	char reason[PATTERN_REASON_MAX];
	size_t at;
	if (!applies(loader, node, "pattern", field->type == VALUE_STRING || field->type == VALUE_UUID, field, rules) ||
	    spelling_text(node, "pattern", &text, loader->diagnostics) <= 0)
		return;
	rules->pattern = pattern_new(text, reason, &at);
	rules->pattern_text = strdup(text);
	if ((!rules->pattern && reason[0] == '\0') || !rules->pattern_text)
		diagnostics_memory(loader->diagnostics);
	else if (!rules->pattern)
		diagnostics_error(loader->diagnostics, node,
				  "pattern \"%s\" is no regular expression: %s at character %zu", text, reason,
				  utf8_count(text, at) + 1);
}

static int order_integers(const void *left, const void *right)
{
	return constant_compare(VALUE_INTEGER, left, right);
}

static int order_doubles(const void *left, const void *right)
{
	return constant_compare(VALUE_DOUBLE, left, right);
}

static int order_decimals(const void *left, const void *right)
{
	return constant_compare(VALUE_DECIMAL, left, right);
}

static int order_bytes(const void *left, const void *right)
{
	return constant_compare(VALUE_STRING, left, right);
}

static void sort_constants(enum value_type type, struct constant *items, size_t count)
{
	int (*order)(const void *, const void *) = order_bytes;
	switch (value_storage(type)) {
	case STORAGE_INTEGER:
		order = order_integers;
		break;
	case STORAGE_DOUBLE:
		order = order_doubles;
		break;
	case STORAGE_DECIMAL:
		order = order_decimals;
		break;
	case STORAGE_SPAN:
		break;
	}
	qsort(items, count, sizeof *items, order);
}

/* "a, b, c", or as many as a message has room for. */
static char *list_text(const struct constant *items, size_t count)
{
	struct buffer text;
	struct error error = ERROR_INIT;
	buffer_init(&text, 64 * 1024);
	int result = buffer_puts(&text, "", &error);
	for (size_t i = 0; i < count && result == 0; i++) {
		const char *item = items[i].written ? items[i].written : "";
		size_t length = strlen(item);
		if (text.length + length > ENUM_TEXT_MAX) {
			result = buffer_printf(&text, &error, "%s... (%zu values)", i > 0 ? ", " : "", count);
			break;
		}
		result = buffer_printf(&text, &error, "%s%s", i > 0 ? ", " : "", item);
	}
	if (result < 0)
		buffer_fini(&text);
	return text.data; /* malloc'd; NULL when out of memory */
}

static void load_enumeration(struct loader *loader, const struct node *node, const struct field *field,
			     struct field_rules *rules)
{
	if (!node)
		return;
	if (node->kind != NODE_SEQUENCE || node->count == 0) {
		diagnostics_error(loader->diagnostics, node, "enum must be a list of values");
		return;
	}
	rules->enumeration = calloc(node->count, sizeof *rules->enumeration);
	if (!rules->enumeration) {
		diagnostics_memory(loader->diagnostics);
		return;
	}
	/* A null says nothing: a missing value is held against no constraint but required. */
	for (size_t i = 0; i < node->count; i++)
		if (!node_is_null(node->items[i]) && load_constant(loader, node->items[i], "enum", field, rules,
								   &rules->enumeration[rules->enumeration_count]))
			rules->enumeration_count++;
	rules->enumeration_text = list_text(rules->enumeration, rules->enumeration_count);
	if (!rules->enumeration_text)
		diagnostics_memory(loader->diagnostics);
	sort_constants(field->type, rules->enumeration, rules->enumeration_count);
}

void load_constraints(struct loader *loader, const struct node *node, struct field *field, struct field_rules *rules,
		      bool *unique)
{
	if (!node)
		return;
	if (node->kind != NODE_MAP) {
		if (!node_is_null(node))
			diagnostics_error(loader->diagnostics, node, "constraints must be a map");
		return;
	}
	spelling_check(node, PART_CONSTRAINTS, loader->diagnostics);
	(void)spelling_flag(node_find(node, "required"), "required", &field->required, loader->diagnostics);
	(void)spelling_flag(node_find(node, "unique"), "unique", unique, loader->diagnostics);
	load_lengths(loader, node, field, rules);
	load_bounds(loader, node, field, rules);
	load_pattern(loader, node_find(node, "pattern"), field, rules);
	load_enumeration(loader, node_find(node, "enum"), field, rules);
	(void)applies(loader, node_find(node, "jsonSchema"), "jsonSchema", false, field, rules);
}
