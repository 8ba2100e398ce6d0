/* compare.c - two sides: which tables belong together, and under which schema they are read.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/compare/compare.h"

#include <stdlib.h>
#include <string.h>

#include "engine/compare/pair.h"
#include "engine/core/buffer.h"
#include "engine/core/diagnostics.h"

enum { DICTIONARY_MAX = 16 << 20, NAMES_MAX = 256 };

struct comparison {
	const struct compare_options *options;
	struct side sides[2];
	json_t *dictionary; /* resources; NULL: none */
	json_t *tables;     /* of the report */
};

/* --- the dictionary ----------------------------------------------------------------------------- */

/* What a package says of missing values holds for its resources, which are going to stand alone. */
static int inherit(json_t *package, const char *key)
{
	json_t *value = json_object_get(package, key), *resource;
	size_t index;

	json_array_foreach(json_object_get(package, "resources"), index, resource)
		if (value && !json_object_get(resource, key) && json_object_set(resource, key, value) < 0)
			return -1;
	return 0;
}

/* Resources without a schema are no tables. */
static json_t *tables_of(const json_t *package)
{
	json_t *out = json_array(), *resource;
	size_t index;

	json_array_foreach(json_object_get(package, "resources"), index, resource)
		if (json_object_get(resource, "schema") && json_array_append(out, resource) < 0) {
			json_decref(out);
			return NULL;
		}
	return out;
}

static int load_dictionary(struct comparison *comparison, const char *file, struct error *error)
{
	struct diagnostics diagnostics;
	struct buffer text;

	diagnostics_init(&diagnostics);
	buffer_init(&text, DICTIONARY_MAX);
	int result = dictionary_to_json(file, &text, &diagnostics);
	if (result) {
		diagnostics_error_of(&diagnostics, error);
	} else {
		json_t *package = json_loads(buffer_text(&text), 0, NULL);
		if (package && inherit(package, "missingValues") == 0)
			comparison->dictionary = tables_of(package);
		json_decref(package);
		result = comparison->dictionary ? 0 : error_memory(error, "the dictionary");
	}
	buffer_fini(&text);
	diagnostics_fini(&diagnostics);
	return result;
}

static const json_t *defined(const struct comparison *comparison, const char *name)
{
	const json_t *resource;
	size_t index;

	json_array_foreach(comparison->dictionary, index, resource)
		if (strcmp(descriptor_name(resource), name) == 0)
			return resource;
	return NULL;
}

static int not_defined(const struct comparison *comparison, const char *name, struct error *error)
{
	const char *names[NAMES_MAX + 1];
	size_t count = 0;

	for (; count < json_array_size(comparison->dictionary) && count < NAMES_MAX; count++)
		names[count] = descriptor_name(json_array_get(comparison->dictionary, count));
	names[count] = NULL;
	const char *near = suggest(name, names);
	return error_set(error, ERROR_CONFIG, comparison->options->dictionary, "has no table \"%s\"%s%s%s; --table says which one is meant", name,
		near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
}

/* --- tables ------------------------------------------------------------------------------------- */

static bool ignored(const struct comparison *comparison, const char *name)
{
	for (size_t i = 0; i < comparison->options->ignore_count; i++)
		if (strcmp(comparison->options->ignore[i], name) == 0)
			return true;
	return false;
}

static int add_report(struct comparison *comparison, const char *name, const char *verdict, struct error *error)
{
	json_t *report = json_pack("{s:s, s:s}", "name", name, "result", verdict);

	return json_array_append_new(comparison->tables, report) ? error_memory(error, "the report") : 0;
}

static int compare_pair(struct comparison *comparison, const char *name, const struct side_table *a, const struct side_table *b,
	struct error *error)
{
	const struct side_table *tables[2] = {a, b};
	const struct compare_options *options = comparison->options;
	struct pair pair = {.name = name, .rows = options->rows, .ignore = options->ignore, .ignore_count = options->ignore_count};

	for (int i = 0; i < 2; i++) {
		pair.sides[i] = &comparison->sides[i];
		pair.tables[i] = tables[i];
	}
	if (comparison->dictionary) {
		pair.resource = defined(comparison, name);
		if (!pair.resource && !comparison->sides[0].one && !comparison->sides[1].one)
			return add_report(comparison, name, "not_in_dictionary", error);
		if (!pair.resource)
			return not_defined(comparison, name, error);
	} else {
		pair.resource = comparison->sides[1].rank > comparison->sides[0].rank ? b->resource : a->resource;
		if (!pair.resource)
			return error_set(error, ERROR_CONFIG, NULL, "neither side knows types: two CSV files are compared under --dictionary");
	}
	json_t *report = pair_compare(&pair, error);
	return report ? json_array_append_new(comparison->tables, report) ? error_memory(error, "the report") : 0 : -1;
}

/* Two tables that stand alone belong together, whatever they are called. */
static int compare_single(struct comparison *comparison, struct error *error)
{
	const struct side_table *a = &comparison->sides[0].tables[0], *b = &comparison->sides[1].tables[0];
	const char *name = a->name;

	if (comparison->dictionary && !comparison->options->table && !defined(comparison, name) && defined(comparison, b->name))
		name = b->name;
	return compare_pair(comparison, name, a, b, error);
}

static bool is_reported(const struct comparison *comparison, const char *name)
{
	const json_t *table;
	size_t index;

	json_array_foreach(comparison->tables, index, table)
		if (strcmp(json_string_value(json_object_get(table, "name")), name) == 0)
			return true;
	return false;
}

/* All of both sides; where one is a single table, that one. */
static int compare_all(struct comparison *comparison, struct error *error)
{
	const struct side *a = &comparison->sides[0], *b = &comparison->sides[1];

	for (size_t i = 0; i < a->count; i++) {
		const char *name = a->tables[i].name;
		const struct side_table *other = side_find(b, name);
		if (ignored(comparison, name) || (!other && b->one))
			continue;
		if (other ? compare_pair(comparison, name, &a->tables[i], other, error) : add_report(comparison, name, "only_in_a", error))
			return -1;
	}
	for (size_t i = 0; i < b->count; i++) {
		const char *name = b->tables[i].name;
		if (ignored(comparison, name) || side_find(a, name) || a->one)
			continue;
		if (add_report(comparison, name, "only_in_b", error))
			return -1;
	}
	/* A single table that the other side does not have. */
	for (int i = 0; i < 2; i++) {
		const struct side *one = &comparison->sides[i], *other = &comparison->sides[1 - i];
		if (one->one && !side_find(other, one->tables[0].name) && !is_reported(comparison, one->tables[0].name) &&
			add_report(comparison, one->tables[0].name, i == 0 ? "only_in_a" : "only_in_b", error))
			return -1;
	}
	if (!comparison->options->table && json_array_size(comparison->tables) == 0)
		return error_set(error, ERROR_CONFIG, NULL, "neither side has a table, so that there is nothing to compare");
	if (comparison->options->table && json_array_size(comparison->tables) == 0)
		return error_set(error, ERROR_CONFIG, NULL, "neither side has a table \"%s\"", comparison->options->table);
	return 0;
}

/* --- the whole ---------------------------------------------------------------------------------- */

static json_t *finish(struct comparison *comparison, struct error *error)
{
	json_t *table;
	size_t index;
	bool equal = true;

	json_array_foreach(comparison->tables, index, table)
		equal = equal && strcmp(json_string_value(json_object_get(table, "result")), "equal") == 0;
	json_t *report = json_pack("{s:b, s:s, s:s, s:O}", "equal", equal, "a", comparison->sides[0].title, "b", comparison->sides[1].title,
		"tables", comparison->tables);
	if (!report)
		error_memory(error, "the report");
	return report;
}

static int compare_them(struct comparison *comparison, const char *const arguments[2], struct error *error)
{
	const struct compare_options *options = comparison->options;
	const struct side_options side_options = {.table = options->table, .header = options->header, .cancel = options->cancel};

	if (options->dictionary && load_dictionary(comparison, options->dictionary, error))
		return -1;
	for (int i = 0; i < 2; i++)
		if (side_open(&comparison->sides[i], arguments[i], &side_options, error))
			return -1;
	if (comparison->sides[0].one && comparison->sides[1].one)
		return compare_single(comparison, error);
	return compare_all(comparison, error);
}

int compare_sides(const char *a, const char *b, const struct compare_options *options, json_t **report, struct error *error)
{
	struct comparison comparison = {.options = options, .tables = json_array()};
	int result = comparison.tables ? compare_them(&comparison, (const char *const[]){a, b}, error) : error_memory(error, "the report");

	*report = result ? NULL : finish(&comparison, error);
	for (int i = 0; i < 2; i++)
		side_close(&comparison.sides[i]);
	json_decref(comparison.dictionary);
	json_decref(comparison.tables);
	return *report ? 0 : -1;
}
