/* replace_mariadb.c - what is MariaDB's own in replacing rows.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>

#include "connectors/odbc/dialect.h"
#include "connectors/odbc/replace_parts.h"

static const char references_sql[] =
	"SELECT k.constraint_name, k.constraint_name, CONCAT(k.table_schema, '.', k.table_name), k.column_name, k.referenced_column_name,"
	" r.delete_rule, r.update_rule, IF(k.table_schema = k.referenced_table_schema AND k.table_name = k.referenced_table_name, 1, 0)"
	" FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r"
	" ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name AND r.table_name = k.table_name"
	" WHERE k.referenced_table_schema = IFNULL(NULLIF(?, ''), DATABASE()) AND k.referenced_table_name = ?"
	" ORDER BY k.table_schema, k.table_name, k.constraint_name, k.ordinal_position";

static bool in_key(const struct schema *schema, size_t field)
{
	for (size_t i = 0; i < schema->primary.count; i++)
		if (schema->primary.fields[i] == field)
			return true;
	return false;
}

static int put_names(const struct session *session, const struct schema *schema, const struct catalog *target, const struct catalog_key *key,
	struct buffer *out, struct error *error)
{
	size_t count = key ? key->count : schema->primary.count;

	for (size_t i = 0; i < count; i++) {
		const char *name = key ? key->columns[i] : schema->fields[schema->primary.fields[i]].name;

		if (buffer_puts(out, i ? ", " : "(", error) ||
		    dialect_quote(session->dialect, out, catalog_find(target, session->dialect, name)->name, error))
			return -1;
	}
	return buffer_puts(out, ")", error);
}

static int put_column(const struct session *session, const struct catalog_column *column, bool not_null, struct buffer *out,
	struct error *error)
{
	const char *collation = column->collation;

	if (dialect_quote(session->dialect, out, column->name, error) || buffer_printf(out, error, " %s", column->declared) ||
	    (collation && buffer_printf(out, error, " CHARACTER SET %.*s COLLATE %s", (int)strcspn(collation, "_"), collation, collation)))
		return -1;
	/* A timestamp that is not said to take nulls may get a default of its own. */
	return buffer_puts(out, not_null ? " NOT NULL" : " NULL", error);
}

/* Temporary tables are made and dropped without ending the transaction, but with all their indexes at once. */
static int make_stage(struct session *session, const struct schema *schema, const struct catalog *target, const char *name,
	struct error *error)
{
	const struct catalog_key *key;
	struct buffer sql;
	int result = -1;

	buffer_init(&sql, REPLACE_SQL_MAX);
	if (buffer_puts(&sql, "CREATE TEMPORARY TABLE ", error) || dialect_quote_table(session->dialect, &sql, name, error))
		goto out;
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct catalog_column *column = catalog_find(target, session->dialect, schema->fields[i].name);

		if (buffer_puts(&sql, i ? ", " : " (", error) ||
		    put_column(session, column, column->not_null || in_key(schema, i), &sql, error))
			goto out;
	}
	if (buffer_puts(&sql, ", PRIMARY KEY ", error) || put_names(session, schema, target, NULL, &sql, error))
		goto out;
	for (size_t i = 0; (key = replace_other_key(session, schema, target, i)); i++)
		if (buffer_puts(&sql, ", UNIQUE ", error) || put_names(session, schema, target, key, &sql, error))
			goto out;
	if (buffer_puts(&sql, ") ENGINE=InnoDB", error) == 0)
		result = session_execute(session, buffer_text(&sql), error);
out:
	buffer_fini(&sql);
	return result;
}

/* By their bytes: a collation may take different texts for the same, and 0 and -0 are. */
static int differs(const struct catalog_column *column, const char *left, const char *right, struct buffer *out,
	struct error *error)
{
	if (column->kind == KIND_TEXT || column->kind == KIND_OTHER)
		return buffer_printf(out, error, "NOT (CAST(%s AS BINARY) <=> CAST(%s AS BINARY))", left, right);
	return buffer_printf(out, error, "NOT (%s <=> %s)", left, right);
}

const struct replace_traits replace_mariadb = {
	.dialect = &dialect_mariadb,
	.temporary_schema = "",
	.until_end = "",
	.references_sql = references_sql,
	.overriding = "",
	.delete_from = "DELETE t FROM ",
	.drop = "DROP TEMPORARY TABLE IF EXISTS ",
	.joins_in_update = true,
	.row_by_row = true,
	.make_stage = make_stage,
	.differs = differs,
};
