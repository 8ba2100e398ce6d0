/* catalog_postgresql.c - tables of PostgreSQL as pg_catalog tells of them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/catalog.h"
#include "connectors/odbc/catalog_dialects.h"
#include "connectors/odbc/dialect.h"
#include "connectors/odbc/statement.h"

static const struct {
	const char *word;
	enum column_kind kind;
	int bits;
} types[] = {
	{ "text", KIND_TEXT, 0 }, { "character varying", KIND_TEXT, 0 }, { "varchar", KIND_TEXT, 0 }, { "character", KIND_TEXT, 0 },
	{ "bpchar", KIND_TEXT, 0 }, { "name", KIND_TEXT, 0 }, { "citext", KIND_TEXT, 0 },
	{ "smallint", KIND_INTEGER, 16 }, { "integer", KIND_INTEGER, 32 }, { "bigint", KIND_INTEGER, 64 },
	{ "numeric", KIND_DECIMAL, 0 }, { "real", KIND_REAL, 32 }, { "double precision", KIND_REAL, 64 },
	{ "boolean", KIND_BOOLEAN, 0 }, { "date", KIND_DATE, 0 }, { "time without time zone", KIND_TIME, 0 }, { "time", KIND_TIME, 0 },
	{ "timestamp without time zone", KIND_DATETIME, 0 }, { "timestamp with time zone", KIND_DATETIME, 0 },
	{ "timestamptz", KIND_DATETIME, 0 }, { "uuid", KIND_UUID, 0 }, { "bytea", KIND_BINARY, 0 }, { "json", KIND_JSON, 0 },
	{ "jsonb", KIND_JSON, 0 },
};

int postgresql_column_type(struct catalog_column *column, struct error *error)
{
	char word[256];
	long numbers[2];

	(void)error;
	catalog_split_type(column->declared, word, sizeof word, numbers);
	column->kind = KIND_OTHER;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (strcmp(types[i].word, word) == 0) {
			column->kind = types[i].kind;
			column->bits = types[i].bits;
		}
	switch (column->kind) {
	case KIND_TEXT:
		column->length = numbers[0] > 0 ? (uint64_t)numbers[0] : 0;
		if (strcmp(word, "name") == 0)
			column->length = 63;
		column->padded = strcmp(word, "character") == 0 || strcmp(word, "bpchar") == 0;
		break;
	case KIND_DECIMAL:
		column->precision = (int)numbers[0];
		column->scale = numbers[1] != -1 ? (int)numbers[1] : 0;
		break;
	case KIND_TIME:
	case KIND_DATETIME:
		column->precision = numbers[0] >= 0 ? (int)numbers[0] : 6;
		break;
	default:
		break;
	}
	return 0;
}

/* Starts a query about the relation of this oid. */
static int ask(struct statement *statement, struct session *session, const char *what, const char *sql, int64_t oid,
	struct error *error)
{
	if (statement_open(statement, session, what, sql, error))
		return -1;
	if (statement_bind_integer(statement, 1, oid, error) == 0 && statement_execute(statement, NULL, NULL, error) == 0)
		return 0;
	statement_close(statement);
	return -1;
}

static const char *or_empty(struct text text)
{
	return text.data ? text.data : "";
}

static int text_flag(struct statement *statement, unsigned column, char *out, struct error *error)
{
	struct text text;

	if (statement_text(statement, column, &text, error))
		return -1;
	*out = text.data ? text.data[0] : '\0';
	return 0;
}

static int read_columns(struct session *session, int64_t oid, struct catalog *out, struct error *error)
{
	/* Domains are followed down to the type they stand for. */
	static const char sql[] =
		"WITH RECURSIVE c AS (SELECT a.attnum, a.attname, a.atttypid AS typ, a.atttypmod AS mod, a.attnotnull AS nn,"
		" a.atthasdef AS def, a.attgenerated AS gen, a.attidentity AS ident FROM pg_catalog.pg_attribute a"
		" WHERE a.attrelid = ?::bigint::oid AND a.attnum > 0 AND NOT a.attisdropped"
		" UNION ALL SELECT c.attnum, c.attname, t.typbasetype, t.typtypmod, c.nn OR t.typnotnull,"
		" c.def OR t.typdefault IS NOT NULL, c.gen, c.ident FROM c JOIN pg_catalog.pg_type t ON t.oid = c.typ AND t.typtype = 'd')"
		" SELECT c.attname, pg_catalog.format_type(c.typ, c.mod), pg_catalog.format_type(c.typ, -1), c.nn::int, c.def::int,"
		" c.gen::text, c.ident::text FROM c JOIN pg_catalog.pg_type t ON t.oid = c.typ AND t.typtype <> 'd' ORDER BY c.attnum";
	struct statement statement;
	int row;

	if (ask(&statement, session, "reading the columns of a table", sql, oid, error))
		return -1;
	while ((row = statement_fetch(&statement, error)) == 1) {
		struct text text;
		char name[NAME_MAX_BYTES], generated, identity;
		struct catalog_column *column;
		int64_t not_null, has_default;

		row = -1;
		if (statement_text(&statement, 1, &text, error))
			break;
		snprintf(name, sizeof name, "%s", or_empty(text));
		if (statement_text(&statement, 2, &text, error))
			break;
		column = catalog_add_column(out, name, or_empty(text), error);
		if (!column || postgresql_column_type(column, error) || statement_text(&statement, 3, &text, error))
			break;
		column->cast = column->kind == KIND_TEXT || column->kind == KIND_INTEGER ? NULL : strdup(or_empty(text));
		if (statement_integer(&statement, 4, &not_null, NULL, error) ||
		    statement_integer(&statement, 5, &has_default, NULL, error) || text_flag(&statement, 6, &generated, error) ||
		    text_flag(&statement, 7, &identity, error))
			break;
		column->not_null = not_null != 0;
		column->generated = generated != '\0';
		column->has_default = has_default != 0 || identity != '\0';
		column->identity_always = identity == 'a';
	}
	statement_close(&statement);
	return row;
}

static int read_unique(struct session *session, int64_t oid, struct catalog *out, struct error *error)
{
	static const char sql[] =
		"SELECT i.relname, x.indisprimary::int,"
		" (x.indpred IS NOT NULL OR x.indexprs IS NOT NULL OR NOT x.indimmediate OR NOT x.indisvalid)::int, a.attname,"
		/* Collations are not deterministic since 12, nulls not distinct since 15: as JSON, older servers are asked the same. */
		" (coalesce(NOT (to_jsonb(l) ->> 'collisdeterministic')::boolean, false) OR o.opcname LIKE 'citext%'"
		" OR (coalesce((to_jsonb(x) ->> 'indnullsnotdistinct')::boolean, false) AND NOT coalesce(a.attnotnull, false)))::int"
		" FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid"
		" CROSS JOIN LATERAL unnest(x.indkey::int2[]) WITH ORDINALITY k(attnum, ord)"
		" LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.attnum AND k.attnum > 0"
		" LEFT JOIN pg_catalog.pg_collation l ON l.oid = (x.indcollation::oid[])[k.ord - 1]"
		" LEFT JOIN pg_catalog.pg_opclass o ON o.oid = (x.indclass::oid[])[k.ord - 1]"
		" WHERE x.indrelid = ?::bigint::oid AND x.indisunique AND x.indislive AND k.ord <= x.indnkeyatts"
		" ORDER BY x.indisprimary DESC, i.relname, k.ord";
	struct statement statement;
	struct catalog_key *key = NULL;
	int row;

	if (ask(&statement, session, "reading the indexes of a table", sql, oid, error))
		return -1;
	while ((row = statement_fetch(&statement, error)) == 1) {
		struct text text;
		char index[NAME_MAX_BYTES];
		int64_t primary, partial, inexact;

		row = -1;
		if (statement_text(&statement, 1, &text, error))
			break;
		snprintf(index, sizeof index, "%s", or_empty(text));
		if (statement_integer(&statement, 2, &primary, NULL, error) ||
		    statement_integer(&statement, 3, &partial, NULL, error) ||
		    statement_integer(&statement, 5, &inexact, NULL, error) || statement_text(&statement, 4, &text, error))
			break;
		if (!key || strcmp(key->name, index) != 0) {
			key = catalog_add_key(out, false, index, error);
			if (!key)
				break;
			key->primary = primary != 0;
			key->partial = partial != 0;
		}
		key->inexact = key->inexact || inexact != 0;
		if (text.data && catalog_key_add(key, text.data, NULL, error))
			break;
	}
	statement_close(&statement);
	return row;
}

static int read_foreign(struct session *session, int64_t oid, struct catalog *out, struct error *error)
{
	static const char sql[] =
		"SELECT f.conname, n.nspname || '.' || p.relname, a.attname, b.attname, (f.confrelid = f.conrelid)::int,"
		" f.condeferred::int FROM pg_catalog.pg_constraint f"
		" JOIN pg_catalog.pg_class p ON p.oid = f.confrelid JOIN pg_catalog.pg_namespace n ON n.oid = p.relnamespace"
		" CROSS JOIN LATERAL unnest(f.conkey, f.confkey) WITH ORDINALITY k(child, parent, ord)"
		" JOIN pg_catalog.pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.child"
		" JOIN pg_catalog.pg_attribute b ON b.attrelid = f.confrelid AND b.attnum = k.parent"
		" WHERE f.contype = 'f' AND f.conrelid = ?::bigint::oid ORDER BY f.conname, k.ord";
	struct statement statement;
	struct catalog_key *key = NULL;
	int row;

	if (ask(&statement, session, "reading the foreign keys of a table", sql, oid, error))
		return -1;
	while ((row = statement_fetch(&statement, error)) == 1) {
		struct text text;
		char name[NAME_MAX_BYTES], from[NAME_MAX_BYTES];
		int64_t itself, deferred;

		row = -1;
		if (statement_text(&statement, 1, &text, error))
			break;
		snprintf(name, sizeof name, "%s", or_empty(text));
		if (!key || strcmp(key->name, name) != 0) {
			key = catalog_add_key(out, true, name, error);
			if (!key || statement_text(&statement, 2, &text, error))
				break;
			key->parent = strdup(or_empty(text));
			if (!key->parent) {
				error_memory(error, "the catalog");
				break;
			}
		}
		if (statement_text(&statement, 3, &text, error))
			break;
		snprintf(from, sizeof from, "%s", or_empty(text));
		if (statement_text(&statement, 4, &text, error) || catalog_key_add(key, from, or_empty(text), error) ||
		    statement_integer(&statement, 5, &itself, NULL, error) ||
		    statement_integer(&statement, 6, &deferred, NULL, error))
			break;
		key->itself = itself != 0;
		key->partial = deferred != 0;
	}
	statement_close(&statement);
	return row;
}

/* Fills out->immediate. Partitions may have constraints of their own. A key by which the table references itself stays as it is: it is
 * deferred so that a row may come before its parent. */
static int read_deferred(struct session *session, int64_t oid, struct catalog *out, struct error *error)
{
	static const char sql[] =
		"SELECT 'SET CONSTRAINTS ' || string_agg(DISTINCT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(d.conname),"
		" ', ') || ' IMMEDIATE' FROM pg_catalog.pg_constraint d"
		" JOIN pg_catalog.pg_namespace n ON n.oid = d.connamespace CROSS JOIN (SELECT ?::bigint::oid AS oid) o"
		" WHERE d.condeferred AND d.conrelid <> d.confrelid AND (d.conrelid = o.oid"
		" OR d.conrelid IN (SELECT t.relid FROM pg_catalog.pg_partition_tree(o.oid) t))";
	struct statement statement;
	struct text text;
	int row;

	if (ask(&statement, session, "reading the constraints of a table", sql, oid, error))
		return -1;
	row = statement_fetch(&statement, error);
	if (row == 1)
		row = statement_text(&statement, 1, &text, error);
	if (row == 0 && text.data) {
		out->immediate = strdup(text.data);
		row = out->immediate ? 0 : error_memory(error, "the catalog");
	}
	statement_close(&statement);
	return row;
}

/* Finds the relation as an INSERT would (search_path included) and whether it takes rows. *oid 0: there is none. */
static int read_relation(struct session *session, const char *schema, const char *name, struct catalog *out, int64_t *oid,
	struct error *error)
{
	/* pg_relation_is_updatable gives a set of commands as bits; INSERT is the third. */
	static const char sql[] =
		"SELECT c.oid::bigint, c.relkind::text, greatest(c.reltuples, 0)::bigint,"
		" (pg_catalog.pg_relation_is_updatable(c.oid, true) & 8)::int,"
		" pg_catalog.has_any_column_privilege(c.oid, 'INSERT')::int,"
		" pg_catalog.has_any_column_privilege(c.oid, 'SELECT')::int,"
		" (SELECT string_agg(n.nspname || '.' || h.relname || chr(10), '' ORDER BY n.nspname, h.relname) FROM pg_catalog.pg_inherits i"
		" JOIN pg_catalog.pg_class h ON h.oid = i.inhrelid JOIN pg_catalog.pg_namespace n ON n.oid = h.relnamespace"
		" WHERE i.inhparent = c.oid AND NOT h.relispartition)"
		" FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass(?) AND c.relkind IN ('r','p','v','m','f')";
	struct statement statement;
	struct buffer quoted;
	struct text text = { NULL, 0 };
	int64_t rows = 0, insertable = 0, privilege = 0, readable = 0;
	char kind = '\0';
	int row = -1;

	*oid = 0;
	buffer_init(&quoted, 4096);
	if (schema[0] && (dialect_quote(session->dialect, &quoted, schema, error) || buffer_puts(&quoted, ".", error)))
		goto out;
	if (dialect_quote(session->dialect, &quoted, name, error) ||
	    statement_open(&statement, session, "looking for a table", sql, error))
		goto out;
	row = statement_bind_string(&statement, 1, buffer_text(&quoted), error);
	if (row == 0)
		row = statement_execute(&statement, NULL, NULL, error);
	if (row == 0)
		row = statement_fetch(&statement, error);
	if (row == 1) {
		row = -1;
		if (statement_integer(&statement, 1, oid, NULL, error) == 0 && text_flag(&statement, 2, &kind, error) == 0 &&
		    statement_integer(&statement, 3, &rows, NULL, error) == 0 &&
		    statement_integer(&statement, 4, &insertable, NULL, error) == 0 &&
		    statement_integer(&statement, 5, &privilege, NULL, error) == 0 &&
		    statement_integer(&statement, 6, &readable, NULL, error) == 0 && statement_text(&statement, 7, &text, error) == 0)
			row = 0;
		if (row == 0 && text.data && !(out->heirs = strdup(text.data)))
			row = error_memory(error, "the catalog");
		out->exists = true;
		out->unreadable = !readable;
		out->rows_hint = (uint64_t)rows;
		if (kind == 'm')
			out->refusal = "is a materialized view, which takes no rows";
		else if (kind != 'r' && kind != 'p' && !insertable)
			out->refusal = kind == 'v' ? "is a view that takes no rows" : "is a foreign table that takes no rows";
		else if (!privilege)
			out->refusal = "may not be written to by this user: GRANT INSERT on it";
	}
	statement_close(&statement);
out:
	buffer_fini(&quoted);
	return row;
}

int postgresql_catalog(struct session *session, const char *schema, const char *name, enum catalog_parts parts, struct catalog *out,
	struct error *error)
{
	int64_t oid;

	if (read_relation(session, schema, name, out, &oid, error))
		return -1;
	if (!out->exists)
		return 0;
	if (read_columns(session, oid, out, error) || read_unique(session, oid, out, error))
		return -1;
	if (parts == CATALOG_KEYS)
		return 0;
	return read_deferred(session, oid, out, error) ? -1 : read_foreign(session, oid, out, error);
}
