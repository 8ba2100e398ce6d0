/* ddl.c - CREATE TABLE from a dictionary's schema.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>

#include "connectors/odbc/ddl.h"
#include "connectors/odbc/dialect.h"
#include "connectors/odbc/names.h"
#include "connectors/odbc/state.h"

enum { TABLE_NAME_MAX = 4096 };

int ddl_target(const struct option_map *tables, const char *default_table, const char *resource, struct buffer *out,
	struct error *error)
{
	const char *dot = default_table ? strchr(default_table, '.') : NULL;

	for (size_t i = 0; tables && i < tables->count; i++)
		if (strcmp(tables->keys[i], resource) == 0)
			return buffer_puts(out, tables->values[i], error);
	if (dot && buffer_append(out, default_table, (size_t)(dot - default_table) + 1, error))
		return -1;
	return buffer_puts(out, resource, error);
}

static int quote_fields(const struct dialect *dialect, const struct schema *schema, const struct key *key,
	struct buffer *out, struct error *error)
{
	if (buffer_puts(out, "(", error))
		return -1;
	for (size_t i = 0; i < key->count; i++)
		if ((i && buffer_puts(out, ", ", error)) ||
		    dialect_quote(dialect, out, schema->fields[key->fields[i]].name, error))
			return -1;
	return buffer_puts(out, ")", error);
}

static bool in_any_key(const struct schema *schema, size_t field)
{
	for (size_t i = 0; i < schema->primary.count; i++)
		if (schema->primary.fields[i] == field)
			return true;
	for (size_t u = 0; u < schema->unique_count; u++)
		for (size_t i = 0; i < schema->unique[u].count; i++)
			if (schema->unique[u].fields[i] == field)
				return true;
	for (size_t f = 0; f < schema->foreign_count; f++)
		for (size_t i = 0; i < schema->foreign[f].key.count; i++)
			if (schema->foreign[f].key.fields[i] == field)
				return true;
	return false;
}

static int put_columns(const struct dialect *dialect, const struct schema *schema, struct buffer *out, struct error *error)
{
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];

		if (buffer_puts(out, i ? ",\n    " : "\n    ", error) || dialect_quote(dialect, out, field->name, error) ||
		    buffer_puts(out, " ", error) || dialect->type(field, in_any_key(schema, i), out, error) ||
		    (field->required && buffer_puts(out, " NOT NULL", error)))
			return -1;
	}
	return 0;
}

static int put_foreign(const struct dialect *dialect, const struct schema *schema, const struct foreign_key *foreign,
	const char *table, const struct option_map *tables, const char *before, struct buffer *out, struct error *error)
{
	struct buffer parent;
	const char *name;
	int result = -1;

	buffer_init(&parent, TABLE_NAME_MAX);
	if (strcmp(foreign->resource, schema->name) == 0) {
		if (buffer_puts(&parent, table, error))
			goto out;
	} else if (ddl_target(tables, table, foreign->resource, &parent, error)) {
		goto out;
	}
	if (buffer_printf(out, error, "%sFOREIGN KEY ", before) ||
	    quote_fields(dialect, schema, &foreign->key, out, error) || buffer_puts(out, " REFERENCES ", error))
		goto out;
	name = buffer_text(&parent);
	if (dialect->reference_without_schema && strchr(name, '.'))
		name = strchr(name, '.') + 1;
	if (dialect_quote_table(dialect, out, name, error))
		goto out;
	if (buffer_puts(out, " (", error))
		goto out;
	for (size_t i = 0; i < foreign->key.count; i++)
		if ((i && buffer_puts(out, ", ", error)) || dialect_quote(dialect, out, foreign->columns[i], error))
			goto out;
	result = buffer_puts(out, ")", error);
out:
	buffer_fini(&parent);
	return result;
}

/* first and next stand before each key. */
static int put_keys(const struct dialect *dialect, const struct schema *schema, const char *table, const struct option_map *tables,
	const char *first, const char *next, struct buffer *out, struct error *error)
{
	const char *before = first;

	if (schema->primary.count) {
		if (buffer_printf(out, error, "%sPRIMARY KEY ", before) || quote_fields(dialect, schema, &schema->primary, out, error))
			return -1;
		before = next;
	}
	for (size_t i = 0; i < schema->unique_count; i++, before = next)
		if (buffer_printf(out, error, "%sUNIQUE ", before) || quote_fields(dialect, schema, &schema->unique[i], out, error))
			return -1;
	for (size_t i = 0; i < schema->foreign_count; i++, before = next)
		if (put_foreign(dialect, schema, &schema->foreign[i], table, tables, before, out, error))
			return -1;
	return 0;
}

static int put_head(const struct dialect *dialect, const struct schema *schema, const char *table, struct buffer *out,
	struct error *error)
{
	if (names_check(dialect, schema, table, NULL, NULL, error))
		return -1;
	if (schema->field_count > dialect->columns_max)
		return error_set(error, ERROR_CONFIG, NULL, "table %s has %zu fields, and %s takes at most %u columns", table, schema->field_count,
			dialect->dbms_name, dialect->columns_max);
	return buffer_puts(out, "CREATE TABLE ", error) || dialect_quote_table(dialect, out, table, error) ||
			       buffer_puts(out, " (", error) || put_columns(dialect, schema, out, error)
		? -1
		: 0;
}

static int put_end(const struct dialect *dialect, struct buffer *out, struct error *error)
{
	return buffer_printf(out, error, "\n)%s", dialect->table_tail ? dialect->table_tail : "");
}

int ddl_table(const struct dialect *dialect, const struct schema *schema, const char *table,
	const struct option_map *tables, struct buffer *out, struct error *error)
{
	if (put_head(dialect, schema, table, out, error) ||
	    put_keys(dialect, schema, table, tables, ",\n    ", ",\n    ", out, error))
		return -1;
	return put_end(dialect, out, error);
}

int ddl_table_without_keys(const struct dialect *dialect, const struct schema *schema, const char *table, struct buffer *out,
	struct error *error)
{
	return put_head(dialect, schema, table, out, error) ? -1 : put_end(dialect, out, error);
}

int ddl_keys(const struct dialect *dialect, const struct schema *schema, const char *table, const struct option_map *tables,
	struct buffer *out, struct error *error)
{
	if (!schema->primary.count && !schema->unique_count && !schema->foreign_count)
		return buffer_puts(out, "", error);
	if (buffer_puts(out, "ALTER TABLE ", error) || dialect_quote_table(dialect, out, table, error))
		return -1;
	return put_keys(dialect, schema, table, tables, "\n    ADD ", ",\n    ADD ", out, error);
}

static const struct dialect *known_dialect(const char *name, struct error *error)
{
	const struct dialect *dialect = dialect_find(name);

	if (!dialect)
		error_set(error, ERROR_CONFIG, NULL, "no dialect \"%s\" (there are: %s)", name, dialect_ddl_names());
	return dialect;
}

int odbc_ddl(const char *dialect_name, const struct schema *const *schemas, size_t count, struct buffer *out,
	struct error *error)
{
	const struct dialect *dialect = known_dialect(dialect_name, error);

	if (!dialect || (dialect->script_head && buffer_puts(out, dialect->script_head, error)))
		return -1;
	if (dialect->ddl)
		return dialect->ddl(schemas, count, out, error);
	for (size_t i = 0; i < count; i++)
		if ((i && buffer_puts(out, "\n", error)) ||
		    ddl_table(dialect, schemas[i], schemas[i]->name, NULL, out, error) || buffer_puts(out, ";\n", error))
			return -1;
	return 0;
}

int odbc_state_ddl(const char *dialect_name, const char *schema, struct buffer *out, struct error *error)
{
	const struct dialect *dialect = known_dialect(dialect_name, error);

	if (!dialect || (dialect->script_head && buffer_puts(out, dialect->script_head, error)))
		return -1;
	return state_ddl(dialect, schema, out, error);
}
