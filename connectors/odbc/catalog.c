/* catalog.c - what the database says of one table: the parts that all dialects share.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "connectors/odbc/catalog.h"
#include "connectors/odbc/dialect.h"
#include "connectors/odbc/statement.h"

enum { SUGGESTED_TABLES_MAX = 2000, TYPE_TEXT_MAX = 256 };

const char *column_kind_name(enum column_kind kind)
{
	static const char *const names[] = {
		[KIND_TEXT] = "text", [KIND_INTEGER] = "integer", [KIND_DECIMAL] = "decimal", [KIND_REAL] = "floating point",
		[KIND_BOOLEAN] = "boolean", [KIND_DATE] = "date", [KIND_TIME] = "time", [KIND_DATETIME] = "datetime",
		[KIND_UUID] = "uuid", [KIND_BINARY] = "binary", [KIND_JSON] = "json", [KIND_ANY] = "any", [KIND_OTHER] = "other",
	};

	return names[kind];
}

static void free_names(char **names, size_t count)
{
	for (size_t i = 0; names && i < count; i++)
		free(names[i]);
	free(names);
}

static void keys_fini(struct catalog_key *keys, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(keys[i].name);
		free(keys[i].parent);
		free_names(keys[i].columns, keys[i].count);
		free_names(keys[i].parent_columns, keys[i].count);
	}
	free(keys);
}

void catalog_fini(struct catalog *catalog)
{
	for (size_t i = 0; i < catalog->column_count; i++) {
		free(catalog->columns[i].name);
		free(catalog->columns[i].declared);
		free(catalog->columns[i].cast);
		free(catalog->columns[i].collation);
	}
	free(catalog->columns);
	keys_fini(catalog->unique, catalog->unique_count);
	keys_fini(catalog->foreign, catalog->foreign_count);
	free(catalog->table);
	free(catalog->immediate);
	free(catalog->heirs);
	memset(catalog, 0, sizeof *catalog);
}

/* One more zeroed item behind count items; NULL when out of memory (the old ones stay). */
static void *grow(void *items, size_t count, size_t size)
{
	char *grown = realloc(items, (count + 1) * size);

	if (grown)
		memset(grown + count * size, 0, size);
	return grown;
}

struct catalog_column *catalog_add_column(struct catalog *catalog, const char *name, const char *declared,
	struct error *error)
{
	struct catalog_column *columns = grow(catalog->columns, catalog->column_count, sizeof *columns), *column;

	if (!columns) {
		error_memory(error, "the catalog");
		return NULL;
	}
	catalog->columns = columns;
	column = &columns[catalog->column_count++];
	column->name = strdup(name);
	column->declared = strdup(declared);
	column->precision = -1;
	if (!column->name || !column->declared) {
		error_memory(error, "the catalog");
		return NULL;
	}
	return column;
}

struct catalog_key *catalog_add_key(struct catalog *catalog, bool foreign, const char *name, struct error *error)
{
	struct catalog_key **list = foreign ? &catalog->foreign : &catalog->unique;
	size_t *count = foreign ? &catalog->foreign_count : &catalog->unique_count;
	struct catalog_key *keys = grow(*list, *count, sizeof *keys);

	if (!keys) {
		error_memory(error, "the catalog");
		return NULL;
	}
	*list = keys;
	keys[*count].name = strdup(name);
	if (!keys[(*count)++].name) {
		error_memory(error, "the catalog");
		return NULL;
	}
	return &keys[*count - 1];
}

int catalog_key_add(struct catalog_key *key, const char *column, const char *parent_column, struct error *error)
{
	char **columns = grow(key->columns, key->count, sizeof *columns), **parents = NULL;

	if (!columns)
		return error_memory(error, "the catalog");
	key->columns = columns;
	if (parent_column) {
		parents = grow(key->parent_columns, key->count, sizeof *parents);
		if (!parents)
			return error_memory(error, "the catalog");
		key->parent_columns = parents;
		parents[key->count] = strdup(parent_column);
	}
	columns[key->count] = strdup(column);
	if (!columns[key->count] || (parents && !parents[key->count])) {
		key->count++;
		return error_memory(error, "the catalog");
	}
	key->count++;
	return 0;
}

void catalog_split_type(const char *declared, char *word, size_t size, long numbers[2])
{
	size_t used = 0;
	const char *p = declared;

	numbers[0] = numbers[1] = -1;
	while (*p && used + 1 < size) {
		if (*p == '(') {
			const char *close = strchr(p, ')');

			if (sscanf(p, "(%ld ,%ld", &numbers[0], &numbers[1]) < 1)
				numbers[0] = -1;
			if (!close)
				break;
			p = close + 1;
			continue;
		}
		/* "timestamp(3) with" must not become "timestamp  with" */
		if (*p == ' ' && used && word[used - 1] == ' ') {
			p++;
			continue;
		}
		word[used++] = (char)tolower((unsigned char)*p++);
	}
	while (used && word[used - 1] == ' ')
		used--;
	word[used] = '\0';
}

bool catalog_next_heir(const struct catalog *catalog, const char **at, char out[NAME_MAX_BYTES])
{
	size_t length;

	if (!*at)
		*at = catalog->heirs ? catalog->heirs : "";
	length = strcspn(*at, "\n");
	if (!length)
		return false;
	snprintf(out, NAME_MAX_BYTES, "%.*s", (int)length, *at);
	*at += length + ((*at)[length] != '\0');
	return true;
}

static int read_parts(struct session *session, const char *table, enum catalog_parts parts, struct catalog *out, struct error *error)
{
	char schema[NAME_MAX_BYTES];
	const char *name;

	memset(out, 0, sizeof *out);
	out->table = strdup(table);
	if (!out->table)
		return error_memory(error, "the catalog");
	if (session->absent)
		return 0;
	dialect_split(table, schema, sizeof schema, &name);
	if (session->dialect->catalog(session, schema, name, parts, out, error)) {
		catalog_fini(out);
		return -1;
	}
	return 0;
}

int catalog_has_schema(struct session *session, const char *schema, struct error *error)
{
	struct statement statement;
	int there = -1;

	if (session->absent)
		return 1;
	if (statement_open(&statement, session, "looking for a schema", session->dialect->schema_sql, error))
		return -1;
	if (statement_bind_string(&statement, 1, schema, error) == 0 && statement_execute(&statement, NULL, NULL, error) == 0)
		there = statement_fetch(&statement, error);
	statement_close(&statement);
	return there;
}

int catalog_read(struct session *session, const char *table, struct catalog *out, struct error *error)
{
	return read_parts(session, table, CATALOG_WHOLE, out, error);
}

int catalog_read_keys(struct session *session, const char *table, struct catalog *out, struct error *error)
{
	return read_parts(session, table, CATALOG_KEYS, out, error);
}

static int plan_key(const struct schema *schema, const struct key *key, bool primary, struct catalog *out,
	struct error *error)
{
	struct catalog_key *made = catalog_add_key(out, false, "", error);

	if (!made)
		return -1;
	made->primary = primary;
	for (size_t i = 0; i < key->count; i++)
		if (catalog_key_add(made, schema->fields[key->fields[i]].name, NULL, error))
			return -1;
	return 0;
}

static int plan_columns(const struct dialect *dialect, const struct schema *schema, struct catalog *out, struct error *error)
{
	struct buffer type;
	int result = -1;

	buffer_init(&type, TYPE_TEXT_MAX);
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];
		struct catalog_column *column;

		buffer_clear(&type);
		if (dialect->type(field, false, &type, error))
			goto out;
		column = catalog_add_column(out, field->name, buffer_text(&type), error);
		if (!column || dialect->column_type(column, error))
			goto out;
		column->not_null = field->required;
	}
	result = 0;
out:
	buffer_fini(&type);
	return result;
}

int catalog_plan(const struct dialect *dialect, const struct schema *schema, const char *table, struct catalog *out,
	struct error *error)
{
	int result;

	memset(out, 0, sizeof *out);
	out->table = strdup(table);
	result = out->table ? plan_columns(dialect, schema, out, error) : error_memory(error, "the catalog");
	if (result == 0 && schema->primary.count)
		result = plan_key(schema, &schema->primary, true, out, error);
	for (size_t i = 0; result == 0 && i < schema->unique_count; i++)
		result = plan_key(schema, &schema->unique[i], false, out, error);
	if (result)
		catalog_fini(out);
	return result;
}

static bool same_name(const struct dialect *dialect, const char *a, const char *b)
{
	return dialect->names_ignore_case ? strcasecmp(a, b) == 0 : strcmp(a, b) == 0;
}

const struct catalog_column *catalog_find(const struct catalog *catalog, const struct dialect *dialect, const char *name)
{
	for (size_t i = 0; i < catalog->column_count; i++)
		if (same_name(dialect, catalog->columns[i].name, name))
			return &catalog->columns[i];
	return NULL;
}

static bool holds(const struct catalog_key *key, const struct dialect *dialect, const char *name)
{
	for (size_t i = 0; i < key->count; i++)
		if (same_name(dialect, key->columns[i], name))
			return true;
	return false;
}

static bool is_over(const struct catalog_key *key, const struct dialect *dialect, const char *const *columns, size_t count)
{
	size_t held = 0;

	for (size_t k = 0; key->count == count && k < count; k++)
		held += holds(key, dialect, columns[k]);
	return count && held == count;
}

const struct catalog_key *catalog_find_unique(const struct catalog *catalog, const struct dialect *dialect,
	const char *const *columns, size_t count)
{
	for (size_t i = 0; i < catalog->unique_count; i++)
		if (!catalog->unique[i].partial && is_over(&catalog->unique[i], dialect, columns, count))
			return &catalog->unique[i];
	return NULL;
}

const struct catalog_key *catalog_find_exact(const struct catalog *catalog, const struct dialect *dialect,
	const char *const *columns, size_t count)
{
	for (size_t i = 0; i < catalog->unique_count; i++)
		if (!catalog->unique[i].partial && !catalog->unique[i].inexact && is_over(&catalog->unique[i], dialect, columns, count))
			return &catalog->unique[i];
	return NULL;
}

bool catalog_has_unique(const struct catalog *catalog, const struct dialect *dialect, const char *const *columns, size_t count)
{
	for (size_t i = 0; i < catalog->unique_count; i++)
		if (is_over(&catalog->unique[i], dialect, columns, count))
			return true;
	return false;
}

/* What sql gives for this schema, at most most names. */
static int read_names(struct session *session, const char *sql, const char *schema, size_t most, char ***out, struct error *error)
{
	struct statement statement;
	char **names = calloc(1, sizeof *names);
	size_t count = 0;
	int row = 0;

	*out = NULL;
	if (!names)
		return error_memory(error, "the catalog");
	if (!session->absent) {
		if (statement_open(&statement, session, "listing the tables", sql, error)) {
			free(names);
			return -1;
		}
		row = statement_bind_string(&statement, 1, schema, error);
		if (row == 0)
			row = statement_execute(&statement, NULL, NULL, error);
		while (row == 0 && count < most && (row = statement_fetch(&statement, error)) == 1) {
			struct text text;
			char **grown = NULL;

			row = statement_text(&statement, 1, &text, error);
			if (row == 0)
				grown = grow(names, count + 1, sizeof *names);
			if (!grown) {
				row = row ? row : error_memory(error, "the catalog");
				break;
			}
			names = grown;
			names[count] = strdup(text.data ? text.data : "");
			if (!names[count]) {
				row = error_memory(error, "the catalog");
				break;
			}
			count++;
		}
		statement_close(&statement);
	}
	if (row < 0) {
		catalog_free_names(names);
		return -1;
	}
	*out = names;
	return 0;
}

int catalog_table_names(struct session *session, const char *table, char ***out, struct error *error)
{
	char schema[NAME_MAX_BYTES];
	const char *name;

	dialect_split(table, schema, sizeof schema, &name);
	return read_names(session, session->dialect->tables_sql, schema[0] ? schema : session->default_schema, SUGGESTED_TABLES_MAX, out,
		error);
}

int catalog_dotted(struct session *session, const char *table, char out[NAME_MAX_BYTES], struct error *error)
{
	struct catalog catalog;

	out[0] = '\0';
	if (!strchr(table, '.') || session->absent ||
	    (size_t)snprintf(out, NAME_MAX_BYTES, "%s.%s", session->default_schema, table) >= NAME_MAX_BYTES) {
		out[0] = '\0';
		return 0;
	}
	if (catalog_read_keys(session, out, &catalog, error))
		return -1;
	if (!catalog.exists)
		out[0] = '\0';
	catalog_fini(&catalog);
	return 0;
}

int catalog_base_tables(struct session *session, const char *schema, char ***out, struct error *error)
{
	return read_names(session, session->dialect->base_tables_sql, schema, SIZE_MAX, out, error);
}

void catalog_free_names(char **names)
{
	for (size_t i = 0; names && names[i]; i++)
		free(names[i]);
	free(names);
}
