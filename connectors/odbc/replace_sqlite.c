/* replace_sqlite.c - what is SQLite's own in replacing rows.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>

#include "connectors/odbc/dialect.h"
#include "connectors/odbc/replace_parts.h"
#include "connectors/odbc/statement.h"

/* A reference without a column list is to the parent's primary key; the names of constraints are not told. */
static const char references_sql[] =
	"WITH asked AS (SELECT coalesce(nullif(?, ''), 'main') AS s, ? AS n) "
	"SELECT f.id, '', l.schema || '.' || l.name, f.\"from\", coalesce(f.\"to\", (SELECT p.name FROM pragma_table_xinfo(asked.n, "
	"asked.s) p WHERE p.pk = f.seq + 1), ''), f.on_delete, f.on_update, lower(l.name) = lower(asked.n) "
	"FROM asked, pragma_table_list l, pragma_foreign_key_list(l.name, l.schema) f "
	"WHERE l.schema = asked.s COLLATE NOCASE AND l.type = 'table' AND f.\"table\" = asked.n COLLATE NOCASE "
	"ORDER BY l.name, f.id, f.seq";

/* A STRICT table keeps values as they are where another one converts them. */
static int is_strict(struct session *session, const char *table, bool *strict, struct error *error)
{
	struct statement statement;
	char schema[NAME_MAX_BYTES];
	const char *name;
	int row = -1;

	dialect_split(table, schema, sizeof schema, &name);
	if (statement_open(&statement, session, "looking for a table",
		    "SELECT 1 FROM pragma_table_list WHERE name = ? COLLATE NOCASE AND schema = ? COLLATE NOCASE AND strict", error))
		return -1;
	if (statement_bind_string(&statement, 1, name, error) == 0 &&
	    statement_bind_string(&statement, 2, schema[0] ? schema : "main", error) == 0 &&
	    statement_execute(&statement, NULL, NULL, error) == 0)
		row = statement_fetch(&statement, error);
	statement_close(&statement);
	*strict = row == 1;
	return row < 0 ? -1 : 0;
}

static int put_key_column(const struct schema *schema, const struct catalog *target, size_t part, struct buffer *out,
	struct error *error)
{
	const struct catalog_column *column =
		catalog_find(target, &dialect_sqlite, schema->fields[schema->primary.fields[part]].name);

	return (part && buffer_puts(out, ", ", error)) || dialect_quote(&dialect_sqlite, out, column->name, error) ? -1 : 0;
}

static bool in_key(const struct schema *schema, size_t field)
{
	for (size_t i = 0; i < schema->primary.count; i++)
		if (schema->primary.fields[i] == field)
			return true;
	return false;
}

static int put_table(struct session *session, const struct schema *schema, const struct catalog *target, const char *name,
	struct buffer *out, struct error *error)
{
	bool strict;

	if (is_strict(session, target->table, &strict, error) || buffer_puts(out, "CREATE TEMPORARY TABLE ", error) ||
	    dialect_quote_table(session->dialect, out, name, error))
		return -1;
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct catalog_column *column = catalog_find(target, session->dialect, schema->fields[i].name);

		if (buffer_puts(out, i ? ", " : " (", error) || dialect_quote(session->dialect, out, column->name, error) ||
		    buffer_printf(out, error, " %s%s", column->declared, column->not_null || in_key(schema, i) ? " NOT NULL" : ""))
			return -1;
	}
	if (buffer_puts(out, ", PRIMARY KEY (", error))
		return -1;
	for (size_t i = 0; i < schema->primary.count; i++)
		if (put_key_column(schema, target, i, out, error))
			return -1;
	return buffer_puts(out, strict ? ")) STRICT" : "))", error);
}

static int make_index(struct session *session, const struct catalog_key *key, size_t number, const char *name,
	struct error *error)
{
	struct buffer sql;
	int result = -1;

	buffer_init(&sql, REPLACE_SQL_MAX);
	name = strchr(name, '.') + 1;
	if (buffer_printf(&sql, error, "CREATE UNIQUE INDEX temp.\"%s_%zu\" ON \"%s\" (", name, number, name))
		goto out;
	for (size_t i = 0; i < key->count; i++)
		if ((i && buffer_puts(&sql, ", ", error)) || dialect_quote(session->dialect, &sql, key->columns[i], error))
			goto out;
	if (buffer_puts(&sql, ")", error) == 0)
		result = session_execute(session, buffer_text(&sql), error);
out:
	buffer_fini(&sql);
	return result;
}

static int make_stage(struct session *session, const struct schema *schema, const struct catalog *target, const char *name,
	struct error *error)
{
	const struct catalog_key *key;
	struct buffer sql;
	int result = -1;

	buffer_init(&sql, REPLACE_SQL_MAX);
	if (put_table(session, schema, target, name, &sql, error) == 0)
		result = session_execute(session, buffer_text(&sql), error);
	buffer_fini(&sql);
	for (size_t i = 0; result == 0 && (key = replace_other_key(session, schema, target, i)); i++)
		result = make_index(session, key, i, name, error);
	return result;
}

static int differs(const struct catalog_column *column, const char *left, const char *right, struct buffer *out,
	struct error *error)
{
	(void)column;
	return buffer_printf(out, error, "%s COLLATE BINARY IS NOT %s", left, right);
}

const struct replace_traits replace_sqlite = {
	.dialect = &dialect_sqlite,
	.temporary_schema = "temp",
	.until_end = "",
	.references_sql = references_sql,
	.overriding = "",
	.index_changed = "CREATE UNIQUE INDEX temp.{list_key} ON {list} ({key})",
	.make_stage = make_stage,
	.differs = differs,
};
