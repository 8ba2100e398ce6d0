/* spelling.c - the keys of Data Package, Table Schema and Table Dialect, versions 1 and 2, and our additions.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What frictionless-py writes beside the standard stands at the end of a list: its descriptors are read as they are.
 */
#include "rules/spelling.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

static const char *const package_keys[] = {
	"$schema", "profile", "name",     "id",           "licenses", "title",     "description",   "homepage", "image",
	"version", "created", "keywords", "contributors", "sources",  "resources", "missingValues",
	/* frictionless-py */ "basepath", "catalog", "innerpath", "onerror", "trusted", NULL};
static const char *const resource_keys[] = {
	"$schema",     "profile",  "name",        "path",     "data",   "type",          "title",
	"description", "format",   "mediatype",   "encoding", "bytes",  "hash",          "sources",
	"licenses",    "homepage", "compression", "dialect",  "schema", "missingValues",
	/* frictionless-py */ "scheme", "datatype", "fields", "rows", "stats", "extrapaths", "innerpath", "basepath", "checklist",
	"pipeline", "detector", "layout", "control", "hashing", "onerror", "trusted", NULL};
static const char *const schema_keys[] = {"$schema",     "profile",    "name",        "title",
					  "description", "fields",     "fieldsMatch", "missingValues",
					  "primaryKey",  "uniqueKeys", "foreignKeys", NULL};
static const char *const field_keys[] = {
	"name",        "type",        "format",     "title",         "description",       "example",
	"examples",    "constraints", "rdfType",    "missingValues", "trueValues",        "falseValues",
	"decimalChar", "groupChar",   "bareNumber", "categories",    "categoriesOrdered", "delimiter",
	"itemType",    "precision",   "scale",      "timezone",      "sensitive",
	/* frictionless-py */ "floatNumber", "arrayItem", NULL};
static const char *const constraint_keys[] = {
	"required",         "unique",           "minLength",  "maxLength", "minimum", "maximum",
	"exclusiveMinimum", "exclusiveMaximum", "jsonSchema", "pattern",   "enum",    NULL};
static const char *const foreign_keys[] = {"fields", "reference", NULL};
static const char *const reference_keys[] = {"resource", "fields", "package", NULL};
static const char *const dialect_keys[] = {"$schema",
					   "profile",
					   "name",
					   "title",
					   "description",
					   "type",
					   "csvddfVersion",
					   "caseSensitiveHeader",
					   "header",
					   "headerRows",
					   "headerJoin",
					   "commentRows",
					   "commentChar",
					   "delimiter",
					   "lineTerminator",
					   "quoteChar",
					   "doubleQuote",
					   "escapeChar",
					   "nullSequence",
					   "skipInitialSpace",
					   "property",
					   "itemType",
					   "itemKeys",
					   "sheetNumber",
					   "sheetName",
					   "table",
					   /* frictionless-py */
					   "headerCase",
					   "skipBlankRows",
					   "csv",
					   "excel",
					   "json",
					   "sql",
					   "inline",
					   "ods",
					   "html",
					   "parquet",
					   "multipart",
					   "remote",
					   "local",
					   "zip",
					   NULL};
static const char *const license_keys[] = {"name", "path", "title", NULL};
static const char *const source_keys[] = {"title", "path", "email", "version", NULL};
static const char *const contributor_keys[] = {"title", "givenName", "familyName",   "path", "email",
					       "role",  "roles",     "organization", NULL};
static const char *const category_keys[] = {"value", "label", NULL};

static const struct {
	const char *const *keys;
	const char *where;
} parts[PARTS] = {
	[PART_PACKAGE] = {package_keys, "a data package"},
	[PART_RESOURCE] = {resource_keys, "a resource"},
	[PART_SCHEMA] = {schema_keys, "a table schema"},
	[PART_FIELD] = {field_keys, "a field"},
	[PART_CONSTRAINTS] = {constraint_keys, "constraints"},
	[PART_FOREIGN_KEY] = {foreign_keys, "a foreign key"},
	[PART_REFERENCE] = {reference_keys, "a reference"},
	[PART_DIALECT] = {dialect_keys, "a table dialect"},
	[PART_LICENSE] = {license_keys, "a license"},
	[PART_SOURCE] = {source_keys, "a source"},
	[PART_CONTRIBUTOR] = {contributor_keys, "a contributor"},
	[PART_CATEGORY] = {category_keys, "a category"},
};

void spelling_check(const struct node *map, enum part part, struct diagnostics *diagnostics)
{
	if (!map || map->kind != NODE_MAP)
		return;
	for (size_t i = 0; i < map->count; i++) {
		const char *key = map->keys[i]->text;
		const char *const *known = parts[part].keys;
		while (*known && strcmp(*known, key) != 0)
			known++;
		if (*known)
			continue;
		const char *const *constraint = constraint_keys;
		while (part == PART_FIELD && *constraint && strcmp(*constraint, key) != 0)
			constraint++;
		if (part == PART_FIELD && *constraint) {
			diagnostics_warning(diagnostics, map->keys[i], "\"%s\" in a field is ignored; it belongs into its constraints", key);
			continue;
		}
		const char *meant = suggest(key, parts[part].keys);
		if (meant)
			diagnostics_error(diagnostics, map->keys[i], "unknown key \"%s\" in %s (did you mean \"%s\"?)",
					  key, parts[part].where, meant);
		else
			diagnostics_warning(diagnostics, map->keys[i], "unknown key \"%s\" in %s is ignored", key,
					    parts[part].where);
	}
}

void spelling_check_each(const struct node *sequence, enum part part, struct diagnostics *diagnostics)
{
	for (size_t i = 0; sequence && sequence->kind == NODE_SEQUENCE && i < sequence->count; i++)
		spelling_check(sequence->items[i], part, diagnostics);
}

int spelling_text(const struct node *node, const char *what, const char **out, struct diagnostics *diagnostics)
{
	if (!node)
		return 0;
	if (node->kind != NODE_SCALAR || node_is_null(node)) {
		diagnostics_error(diagnostics, node, "%s must be a text", what);
		return -1;
	}
	*out = node->text;
	return 1;
}

int spelling_flag(const struct node *node, const char *what, bool *out, struct diagnostics *diagnostics)
{
	if (!node)
		return 0;
	const char *text = node_text(node);
	bool yes = text && strcmp(text, "true") == 0;
	if (!yes && !(text && strcmp(text, "false") == 0)) {
		diagnostics_error(diagnostics, node, "%s must be true or false", what);
		return -1;
	}
	*out = yes;
	return 1;
}

int spelling_count(const struct node *node, const char *what, uint64_t most, uint64_t *out,
		   struct diagnostics *diagnostics)
{
	if (!node)
		return 0;
	const char *text = node_text(node);
	uint64_t value = 0;
	bool right = text && text[0] != '\0';
	for (const char *at = text; right && *at; at++) {
		unsigned digit = (unsigned)(unsigned char)*at - '0';
		right = digit <= 9 && digit <= most && value <= (most - digit) / 10;
		value = value * 10 + digit;
	}
	if (!right) {
		diagnostics_error(diagnostics, node, "%s must be a whole number from 0 to %" PRIu64, what, most);
		return -1;
	}
	*out = value;
	return 1;
}
