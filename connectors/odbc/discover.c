/* discover.c - a data dictionary made from what a database says of its tables.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "connectors/odbc/catalog.h"
#include "connectors/odbc/dialect.h"
#include "connectors/odbc/discover.h"
#include "connectors/odbc/discover_type.h"
#include "engine/core/diagnostics.h"

enum { NOTE_MAX = 1024, NOTES_MAX = 16 * 1024 };

struct found {
	const char *name;   /* without its schema */
	struct catalog catalog;
	json_t *resource;   /* owned by the package once it is in it */
	json_t *references; /* its foreignKeys; borrowed, NULL: none so far */
	bool visited;
};

struct discovery {
	struct session session;
	struct found *tables;
	size_t count;
	struct buffer notes; /* of the table that is being described */
};

/* Takes value. */
static int set(json_t *object, const char *key, json_t *value, struct error *error)
{
	return json_object_set_new(object, key, value) ? error_memory(error, "a dictionary") : 0;
}

static int set_text(json_t *object, const char *key, const char *text, struct error *error)
{
	json_t *value = json_string(text);

	if (!value)
		return error_set(error, ERROR_SOURCE, NULL, "a name in the catalog is no UTF-8: \"%.100s\"", text);
	return set(object, key, value, error);
}

static int append(json_t *array, json_t *value, struct error *error)
{
	return json_array_append_new(array, value) ? error_memory(error, "a dictionary") : 0;
}

static int note(struct discovery *discovery, struct error *error, const char *text)
{
	return (discovery->notes.length && buffer_puts(&discovery->notes, "; ", error)) || buffer_puts(&discovery->notes, text, error)
		? -1
		: 0;
}

/* Columns of a key that are in the dictionary, as a list; NULL where one is not, or memory. */
static json_t *names_of(const struct catalog *catalog, const struct dialect *dialect, char *const *columns, size_t count)
{
	json_t *names = json_array();

	for (size_t i = 0; i < count && names; i++) {
		const struct catalog_column *column = catalog_find(catalog, dialect, columns[i]);

		if (!column || column->generated || json_array_append_new(names, json_string(column->name))) {
			json_decref(names);
			names = NULL;
		}
	}
	return names;
}

static bool in_primary(const struct catalog *catalog, const struct dialect *dialect, const struct catalog_column *column)
{
	for (size_t i = 0; i < catalog->unique_count; i++)
		for (size_t k = 0; catalog->unique[i].primary && k < catalog->unique[i].count; k++)
			if (catalog_find(catalog, dialect, catalog->unique[i].columns[k]) == column)
				return true;
	return false;
}

static int put_field(const struct discovery *discovery, const struct catalog *catalog, const struct catalog_column *column, json_t *fields,
	struct error *error)
{
	const struct dialect *dialect = discovery->session.dialect;
	struct discovered_type type = discover_type(dialect, column);
	json_t *field = json_object(), *constraints;
	char text[NOTE_MAX];
	bool required = column->not_null && !in_primary(catalog, dialect, column);

	if (append(fields, field, error) || set_text(field, "name", column->name, error) || set_text(field, "type", type.type, error) ||
	    (type.format && set_text(field, "format", type.format, error)) ||
	    (type.precision && (set(field, "precision", json_integer(type.precision), error) ||
				       set(field, "scale", json_integer(type.scale), error))))
		return -1;
	if (type.note) {
		snprintf(text, sizeof text, "%s%s%.200s: %s", dialect->name, column->declared[0] ? " " : "", column->declared, type.note);
		if (set_text(field, "description", text, error))
			return -1;
	}
	if (!required && !type.max_length)
		return 0;
	constraints = json_object();
	if (set(field, "constraints", constraints, error) || (required && set(constraints, "required", json_true(), error)) ||
	    (type.max_length && set(constraints, "maxLength", json_integer(type.max_length), error)))
		return -1;
	return 0;
}

/* The first primary key and the others; those that compare or hold otherwise than a dictionary's keys are left out. */
static int put_keys(const struct discovery *discovery, const struct catalog *catalog, json_t *schema, struct error *error)
{
	json_t *unique = NULL;

	for (size_t i = 0; i < catalog->unique_count; i++) {
		const struct catalog_key *key = &catalog->unique[i];
		json_t *names = (key->primary || !key->partial) && key->count
			? names_of(catalog, discovery->session.dialect, key->columns, key->count)
			: NULL;

		if (!names)
			continue;
		if (key->primary) {
			if (set(schema, "primaryKey", names, error))
				return -1;
			continue;
		}
		if (!unique && set(schema, "uniqueKeys", unique = json_array(), error)) {
			json_decref(names);
			return -1;
		}
		if (append(unique, names, error))
			return -1;
	}
	return 0;
}

static int put_table(struct discovery *discovery, struct found *found, json_t *resources, struct error *error)
{
	json_t *schema = json_object(), *fields = json_array();

	found->resource = json_object();
	if (append(resources, found->resource, error) || set_text(found->resource, "name", found->name, error) ||
	    set(found->resource, "schema", schema, error) || set(schema, "fields", fields, error))
		return -1;
	for (size_t i = 0; i < found->catalog.column_count; i++)
		if (!found->catalog.columns[i].generated &&
		    put_field(discovery, &found->catalog, &found->catalog.columns[i], fields, error))
			return -1;
	return put_keys(discovery, &found->catalog, schema, error);
}

static struct found *find_table(const struct discovery *discovery, const char *name)
{
	const struct session *session = &discovery->session;
	char schema[NAME_MAX_BYTES], other[NAME_MAX_BYTES];
	const char *bare, *theirs;

	dialect_split(name, schema, sizeof schema, &bare);
	for (size_t i = 0; i < discovery->count; i++) {
		dialect_split(discovery->tables[i].catalog.table, other, sizeof other, &theirs);
		if ((session->dialect->names_ignore_case ? strcasecmp(theirs, bare) : strcmp(theirs, bare)) == 0 &&
		    strcmp(schema[0] ? schema : session->default_schema, other[0] ? other : session->default_schema) == 0)
			return &discovery->tables[i];
	}
	return NULL;
}

static bool same_list(const json_t *a, const json_t *b)
{
	size_t held = 0;

	if (!json_is_array(a) || json_array_size(a) != json_array_size(b))
		return false;
	for (size_t i = 0; i < json_array_size(a); i++)
		for (size_t k = 0; k < json_array_size(b); k++)
			held += strcmp(json_string_value(json_array_get(a, i)), json_string_value(json_array_get(b, k))) == 0;
	return held == json_array_size(b);
}

/* A dictionary lets foreign keys refer to keys of its own alone. */
static bool is_key(const struct found *parent, const json_t *columns)
{
	const json_t *schema = json_object_get(parent->resource, "schema"), *unique = json_object_get(schema, "uniqueKeys");

	if (same_list(json_object_get(schema, "primaryKey"), columns))
		return true;
	for (size_t i = 0; i < json_array_size(unique); i++)
		if (same_list(json_array_get(unique, i), columns))
			return true;
	return false;
}

/* Whether from refers to to, directly or by others, with what is in the dictionary so far. */
static bool reaches(struct discovery *discovery, struct found *from, const struct found *to)
{
	if (from == to)
		return true;
	if (from->visited)
		return false;
	from->visited = true;
	for (size_t i = 0; i < json_array_size(from->references); i++) {
		const json_t *reference = json_object_get(json_array_get(from->references, i), "reference");
		const char *name = json_string_value(json_object_get(reference, "resource"));

		for (size_t k = 0; k < discovery->count; k++)
			if (strcmp(discovery->tables[k].name, name) == 0 && reaches(discovery, &discovery->tables[k], to))
				return true;
	}
	return false;
}

static bool makes_loop(struct discovery *discovery, const struct found *child, struct found *parent)
{
	for (size_t i = 0; i < discovery->count; i++)
		discovery->tables[i].visited = false;
	return reaches(discovery, parent, child);
}

static bool types_agree(const struct discovery *discovery, const struct found *child, const struct found *parent,
	const struct catalog_key *key)
{
	const struct dialect *dialect = discovery->session.dialect;

	for (size_t i = 0; i < key->count; i++) {
		struct discovered_type from = discover_type(dialect, catalog_find(&child->catalog, dialect, key->columns[i]));
		struct discovered_type to = discover_type(dialect, catalog_find(&parent->catalog, dialect, key->parent_columns[i]));

		if (!discovered_alike(&from, &to))
			return false;
	}
	return true;
}

static int put_reference(struct discovery *discovery, struct found *child, const struct catalog_key *key, struct error *error)
{
	const struct dialect *dialect = discovery->session.dialect;
	struct found *parent = key->parent ? find_table(discovery, key->parent) : NULL;
	json_t *fields = names_of(&child->catalog, dialect, key->columns, key->count);
	json_t *columns = parent && key->parent_columns ? names_of(&parent->catalog, dialect, key->parent_columns, key->count) : NULL;
	const char *why = NULL;
	char text[NOTE_MAX];
	json_t *made;

	if (!parent)
		why = "that table is not in this dictionary";
	else if (!fields || !columns || !is_key(parent, columns))
		why = "what it refers to is no key in this dictionary";
	else if (!types_agree(discovery, child, parent, key))
		why = "the columns are of different types";
	else if (parent != child && makes_loop(discovery, child, parent))
		why = "these tables refer to each other in a loop";
	if (why) {
		json_decref(fields);
		json_decref(columns);
		snprintf(text, sizeof text, "a foreign key to %.300s is left out: %s", key->parent ? key->parent : "another table", why);
		return note(discovery, error, text);
	}
	if (!child->references) {
		child->references = json_array();
		if (set(json_object_get(child->resource, "schema"), "foreignKeys", child->references, error)) {
			child->references = NULL;
			json_decref(fields);
			json_decref(columns);
			return -1;
		}
	}
	made = json_pack("{s:o, s:{s:s, s:o}}", "fields", fields, "reference", "resource", parent->name, "fields", columns);
	return append(child->references, made, error);
}

static int put_references(struct discovery *discovery, struct found *found, struct error *error)
{
	buffer_clear(&discovery->notes);
	for (size_t i = 0; i < found->catalog.column_count; i++) {
		char text[NOTE_MAX];

		if (!found->catalog.columns[i].generated)
			continue;
		snprintf(text, sizeof text, "column %.300s is computed by the database and left out", found->catalog.columns[i].name);
		if (note(discovery, error, text))
			return -1;
	}
	for (size_t i = 0; i < found->catalog.foreign_count; i++)
		if (put_reference(discovery, found, &found->catalog.foreign[i], error))
			return -1;
	return discovery->notes.length ? set_text(found->resource, "description", buffer_text(&discovery->notes), error) : 0;
}

static int put_package(struct discovery *discovery, json_t *package, struct error *error)
{
	json_t *resources = json_array();

	if (set(package, "name", json_string("discovered"), error) || set(package, "resources", resources, error))
		return -1;
	for (size_t i = 0; i < discovery->count; i++)
		if (put_table(discovery, &discovery->tables[i], resources, error))
			return -1;
	for (size_t i = 0; i < discovery->count; i++)
		if (put_references(discovery, &discovery->tables[i], error))
			return -1;
	return 0;
}

static int print(const json_t *package, struct buffer *out, struct error *error)
{
	char *text = json_dumps(package, JSON_INDENT(2));
	int result;

	if (!text)
		return error_memory(error, "a dictionary");
	result = buffer_puts(out, text, error) || buffer_puts(out, "\n", error) ? -1 : 0;
	free(text);
	return result;
}

static int no_table(struct discovery *discovery, const char *table, struct error *error)
{
	const char *bare = strchr(table, '.') ? strchr(table, '.') + 1 : table, *near;
	char **names;

	if (catalog_table_names(&discovery->session, table, &names, error))
		return -1;
	near = suggest(bare, (const char *const *)names);
	error_set(error, ERROR_CONFIG, discovery->session.place, "there is no table %s%s%s%s", table, near ? " (did you mean \"" : "",
		near ? near : "", near ? "\"?)" : "");
	catalog_free_names(names);
	return -1;
}

/* A dot in a name would be taken for the end of a schema's. */
static int read_catalog(struct discovery *discovery, const char *table, bool bare, struct catalog *out, struct error *error)
{
	char name[2 * NAME_MAX_BYTES];

	if (!bare || !strchr(table, '.'))
		return catalog_read(&discovery->session, table, out, error);
	snprintf(name, sizeof name, "%s.%s", discovery->session.default_schema, table);
	return catalog_read(&discovery->session, name, out, error);
}

/* bare: names without a schema. */
static int read_tables(struct discovery *discovery, const char *const *tables, size_t count, bool bare, struct error *error)
{
	discovery->tables = calloc(count ? count : 1, sizeof *discovery->tables);
	if (!discovery->tables)
		return error_memory(error, "the catalog");
	for (size_t i = 0; i < count; i++) {
		struct found *found = &discovery->tables[i];

		if (cancel_requested(discovery->session.cancel))
			return error_set(error, ERROR_CANCELLED, NULL, "cancelled");
		if (read_catalog(discovery, tables[i], bare, &found->catalog, error))
			return -1;
		discovery->count++;
		if (!found->catalog.exists)
			return no_table(discovery, tables[i], error);
		found->name = strchr(found->catalog.table, '.') ? strchr(found->catalog.table, '.') + 1 : found->catalog.table;
	}
	return 0;
}

static int read_all(struct discovery *discovery, const char *const *tables, size_t count, struct error *error)
{
	char **names;
	int result;

	if (count)
		return read_tables(discovery, tables, count, false, error);
	if (catalog_base_tables(&discovery->session, discovery->session.default_schema, &names, error))
		return -1;
	while (names[count])
		count++;
	if (count)
		result = read_tables(discovery, (const char *const *)names, count, true, error);
	else
		result = error_set(error, ERROR_CONFIG, discovery->session.place, "there is no table in %s%s",
			discovery->session.absent ? "a database that does not exist" : "schema ",
			discovery->session.absent ? "" : discovery->session.default_schema);
	catalog_free_names(names);
	return result;
}

int odbc_discover(const struct store_target *target, const char *const *tables, size_t count, char dialect[DISCOVER_DIALECT_SIZE],
	struct buffer *out, struct error *error)
{
	struct store_target reading = *target;
	struct discovery discovery = { .count = 0 };
	json_t *package = NULL;
	int result = -1;

	reading.read_only = true;
	buffer_init(&discovery.notes, NOTES_MAX);
	if (session_open(&discovery.session, &reading, error) == 0) {
		if (dialect)
			snprintf(dialect, DISCOVER_DIALECT_SIZE, "%s", discovery.session.dialect->name);
		package = json_object();
		result = read_all(&discovery, tables, count, error);
		if (result == 0)
			result = put_package(&discovery, package, error);
		if (result == 0)
			result = print(package, out, error);
	}
	json_decref(package);
	for (size_t i = 0; i < discovery.count; i++)
		catalog_fini(&discovery.tables[i].catalog);
	free(discovery.tables);
	buffer_fini(&discovery.notes);
	session_close(&discovery.session);
	return result;
}
