/* replace_postgresql.c - what is PostgreSQL's own in replacing rows.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>

#include "connectors/odbc/dialect.h"
#include "connectors/odbc/replace_parts.h"
#include "connectors/odbc/statement.h"

enum { INDEXES_MAX = 64 * 1024 };

/* Keys of partitions repeat those of their parents. */
static const char references_sql[] =
	"WITH asked AS (SELECT CAST(? AS text) AS s, CAST(? AS text) AS n) "
	"SELECT f.oid, f.conname, n.nspname || '.' || c.relname, a.attname, b.attname, "
	"CASE f.confdeltype WHEN 'a' THEN 'NO ACTION' WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' "
	"ELSE 'SET DEFAULT' END, "
	"CASE f.confupdtype WHEN 'a' THEN 'NO ACTION' WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' "
	"ELSE 'SET DEFAULT' END, (f.confrelid = f.conrelid)::int "
	"FROM pg_catalog.pg_constraint f JOIN pg_catalog.pg_class c ON c.oid = f.conrelid "
	"JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
	"CROSS JOIN LATERAL unnest(f.conkey, f.confkey) WITH ORDINALITY k(child, parent, ord) "
	"JOIN pg_catalog.pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.child "
	"JOIN pg_catalog.pg_attribute b ON b.attrelid = f.confrelid AND b.attnum = k.parent "
	"WHERE f.contype = 'f' AND f.conparentid = 0 AND f.confrelid = (SELECT pg_catalog.to_regclass(CASE s WHEN '' THEN '' ELSE "
	"pg_catalog.quote_ident(s) || '.' END || pg_catalog.quote_ident(n)) FROM asked) ORDER BY f.oid, k.ord";

static int make_table(struct session *session, const struct catalog *target, const char *name, struct error *error)
{
	struct buffer sql;
	int result = -1;

	buffer_init(&sql, REPLACE_SQL_MAX);
	if (buffer_puts(&sql, "CREATE TEMPORARY TABLE ", error) == 0 &&
	    dialect_quote_table(session->dialect, &sql, name, error) == 0 && buffer_puts(&sql, " (LIKE ", error) == 0 &&
	    dialect_quote_table(session->dialect, &sql, target->table, error) == 0 &&
	    buffer_puts(&sql, " INCLUDING CONSTRAINTS INCLUDING INDEXES) ON COMMIT DROP", error) == 0)
		result = session_execute(session, buffer_text(&sql), error);
	buffer_fini(&sql);
	return result;
}

/* Columns that the rows do not bring go, with the keys and checks over them; those of the key take no nulls. */
static int fit_columns(struct session *session, const struct schema *schema, const struct catalog *target, const char *name,
	struct error *error)
{
	const char *between = " ";
	struct buffer sql;
	int result = -1;

	buffer_init(&sql, REPLACE_SQL_MAX);
	if (buffer_puts(&sql, "ALTER TABLE ", error) || dialect_quote_table(session->dialect, &sql, name, error))
		goto out;
	for (size_t i = 0; i < target->column_count; i++) {
		const char *column = target->columns[i].name;

		if (schema_find(schema, column) != SCHEMA_NO_FIELD)
			continue;
		if (buffer_printf(&sql, error, "%sDROP COLUMN ", between) ||
		    dialect_quote(session->dialect, &sql, column, error))
			goto out;
		between = ", ";
	}
	for (size_t i = 0; i < schema->primary.count; i++, between = ", ")
		if (buffer_printf(&sql, error, "%sALTER COLUMN ", between) ||
		    dialect_quote(session->dialect, &sql, schema->fields[schema->primary.fields[i]].name, error) ||
		    buffer_puts(&sql, " SET NOT NULL", error))
			goto out;
	result = session_execute(session, buffer_text(&sql), error);
out:
	buffer_fini(&sql);
	return result;
}

/* Indexes that prove nothing only cost time. */
static int drop_indexes(struct session *session, const char *name, struct error *error)
{
	static const char sql[] =
		"SELECT 'DROP INDEX ' || string_agg('pg_temp.' || pg_catalog.quote_ident(i.relname), ', ') FROM pg_catalog.pg_index x "
		"JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = pg_catalog.to_regclass(CAST(? AS text)) AND NOT "
		"x.indisunique AND NOT x.indisexclusion";
	struct statement statement;
	struct buffer drop;
	struct text text;
	int row = -1;

	buffer_init(&drop, INDEXES_MAX);
	if (statement_open(&statement, session, "reading the indexes of a table", sql, error))
		return -1;
	if (statement_bind_string(&statement, 1, name, error) == 0 && statement_execute(&statement, NULL, NULL, error) == 0)
		row = statement_fetch(&statement, error);
	if (row == 1) {
		row = statement_text(&statement, 1, &text, error);
		if (row == 0 && text.data)
			row = buffer_puts(&drop, text.data, error);
	}
	statement_close(&statement);
	if (row == 0 && drop.length)
		row = session_execute(session, buffer_text(&drop), error);
	buffer_fini(&drop);
	return row;
}

static int make_stage(struct session *session, const struct schema *schema, const struct catalog *target, const char *name,
	struct error *error)
{
	if (make_table(session, target, name, error) || fit_columns(session, schema, target, name, error))
		return -1;
	return drop_indexes(session, name, error);
}

/* Readers are not kept away, nor are rows that reference it. */
static int lock(struct session *session, const char *table, struct error *error)
{
	struct buffer quoted, sql;
	struct statement statement;
	int row = -1;

	buffer_init(&quoted, REPLACE_SQL_MAX);
	buffer_init(&sql, REPLACE_SQL_MAX);
	if (dialect_quote_table(session->dialect, &quoted, table, error) ||
	    buffer_printf(&sql, error, "LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE", buffer_text(&quoted)) ||
	    statement_open(&statement, session, "looking for a table",
		    "SELECT 1 FROM pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass(CAST(? AS text)) AND relkind IN ('r', 'p')", error))
		goto out;
	if (statement_bind_string(&statement, 1, buffer_text(&quoted), error) == 0 &&
	    statement_execute(&statement, NULL, NULL, error) == 0)
		row = statement_fetch(&statement, error);
	statement_close(&statement);
	if (row == 1) /* a view or a foreign table cannot be locked */
		row = session_execute(session, buffer_text(&sql), error);
out:
	buffer_fini(&sql);
	buffer_fini(&quoted);
	return row;
}

/* By their texts where equality is not identity (citext, collations that are not deterministic), or there is none (json). */
static int differs(const struct catalog_column *column, const char *left, const char *right, struct buffer *out,
	struct error *error)
{
	if (column->kind == KIND_TEXT || column->kind == KIND_JSON || column->kind == KIND_OTHER)
		return buffer_printf(out, error, "CAST(%s AS text) COLLATE \"C\" IS DISTINCT FROM CAST(%s AS text) COLLATE \"C\"", left,
			right);
	return buffer_printf(out, error, "%s IS DISTINCT FROM %s", left, right);
}

const struct replace_traits replace_postgresql = {
	.dialect = &dialect_postgresql,
	.temporary_schema = "pg_temp",
	.until_end = " ON COMMIT DROP",
	.references_sql = references_sql,
	.analyze = "ANALYZE ",
	.overriding = "OVERRIDING SYSTEM VALUE ",
	.index_changed = "CREATE UNIQUE INDEX ON {c} ({key})",
	.make_stage = make_stage,
	.lock = lock,
	.differs = differs,
};
