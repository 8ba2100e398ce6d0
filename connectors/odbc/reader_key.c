/* reader_key.c - by what a table is read in pages, so that no row is lost and none comes twice.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "connectors/odbc/behind.h"
#include "connectors/odbc/dialect.h"
#include "connectors/odbc/reader.h"

int reader_add_column(struct reader *reader, size_t field, const char *name, const struct catalog_column *column, struct error *error)
{
	struct reader_column *columns = realloc(reader->columns, (reader->count + 1) * sizeof *columns);
	size_t *fields;

	if (!columns)
		return error_memory(error, "a reading");
	reader->columns = columns;
	fields = realloc(reader->fields, (reader->count + 1) * sizeof *fields);
	if (!fields)
		return error_memory(error, "a reading");
	reader->fields = fields;
	columns[reader->count] = (struct reader_column){ .field = field, .name = name, .column = column,
		.floating = column && column->kind == KIND_REAL };
	fields[reader->count++] = field;
	reader->field_count += field != SCHEMA_NO_FIELD;
	return 0;
}

/* SQLite: INTEGER PRIMARY KEY is the number of the row, whatever else is said of it. */
static bool is_rowid(const struct reader *reader, const struct catalog_key *key, const struct catalog_column *column)
{
	return reader->catalog.has_rowid && key->primary && key->count == 1 && !key->name[0] &&
		strcasecmp(column->declared, "integer") == 0;
}

bool reader_key_is_rowid(const struct reader *reader)
{
	return reader->unique && is_rowid(reader, reader->unique, reader->columns[reader->key[0]].column);
}

static bool qualifies_sqlite(const struct reader *reader, const struct catalog_key *key, const struct catalog_column *column)
{
	char schema[NAME_MAX_BYTES];
	const char *name;

	if (is_rowid(reader, key, column))
		return true;
	dialect_split(reader->table, schema, sizeof schema, &name);
	/* A primary key of SQLite may be null unless it says otherwise. That its index compares byte by byte is known of the index alone;
	 * > and ORDER BY go by the column. */
	return column->not_null && capture_is_binary(&reader->snapshot->capture, schema[0] ? schema : "main", name, column->name);
}

/* Whether texts of the column have one order: a collation that tells all different texts apart, and of the version with which its indexes
 * were made. */
static int text_is_ordered(struct reader *reader, const struct catalog_column *column, bool *out, struct error *error)
{
	static const char sql[] =
		"SELECT (t.oid IN ('text'::regtype, 'varchar'::regtype) AND (l.collname IN ('C', 'POSIX', 'ucs_basic') OR"
		" (l.collisdeterministic AND CASE WHEN l.collname = 'default' THEN"
		" coalesce(d.datcollversion, '') = coalesce(pg_catalog.pg_database_collation_actual_version(d.oid), '')"
		" ELSE coalesce(l.collversion, '') = coalesce(pg_catalog.pg_collation_actual_version(l.oid), '') END)))::int"
		" FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid"
		" JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation"
		" JOIN pg_catalog.pg_database d ON d.datname = pg_catalog.current_database()"
		" WHERE a.attrelid = pg_catalog.to_regclass(?) AND a.attname = ? AND NOT a.attisdropped";
	struct session *session = &reader->snapshot->session;
	struct statement statement;
	struct buffer quoted;
	char version[32];
	int64_t ordered = 0;
	int row = -1;

	*out = false;
	/* Before 15 a database did not know the version of its default collation. */
	if (session_query_text(session, "SHOW server_version_num", version, sizeof version, error) < 0)
		return -1;
	if (atoi(version) < 150000)
		return 0;
	buffer_init(&quoted, 4096);
	if (dialect_quote_table(reader->dialect, &quoted, reader->table, error) == 0 &&
	    statement_open(&statement, session, "reading the collation of a column", sql, error) == 0) {
		if (statement_bind_string(&statement, 1, buffer_text(&quoted), error) == 0 &&
		    statement_bind_string(&statement, 2, column->name, error) == 0 &&
		    statement_execute(&statement, NULL, NULL, error) == 0)
			row = statement_fetch(&statement, error);
		if (row == 1)
			row = statement_integer(&statement, 1, &ordered, NULL, error);
		statement_close(&statement);
	}
	buffer_fini(&quoted);
	*out = ordered != 0;
	return row;
}

/* Rows of tables that inherit from this one come with it, and its keys know nothing of them. */
static int has_heirs(struct reader *reader, bool *out, struct error *error)
{
	static const char sql[] = "SELECT 1 FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhparent"
				  " WHERE c.oid = pg_catalog.to_regclass(?) AND c.relkind <> 'p'";
	struct statement statement;
	struct buffer quoted;
	int row = -1;

	buffer_init(&quoted, 4096);
	if (dialect_quote_table(reader->dialect, &quoted, reader->table, error) == 0 &&
	    statement_open(&statement, &reader->snapshot->session, "looking for tables that inherit", sql, error) == 0) {
		if (statement_bind_string(&statement, 1, buffer_text(&quoted), error) == 0 &&
		    statement_execute(&statement, NULL, NULL, error) == 0)
			row = statement_fetch(&statement, error);
		statement_close(&statement);
	}
	buffer_fini(&quoted);
	*out = row == 1;
	return row < 0 ? -1 : 0;
}

static int qualifies_server(struct reader *reader, const struct catalog_column *column, bool *out, struct error *error)
{
	*out = false;
	if (!column->not_null || column->bit_field)
		return 0;
	/* As the database compares them, they are unique and in order. */
	if (reader->dialect->ordered && (column->kind == KIND_TEXT || column->kind == KIND_BOOLEAN)) {
		*out = true;
		return 0;
	}
	switch (column->kind) {
	case KIND_INTEGER:
	case KIND_DECIMAL:
	case KIND_DATE:
	case KIND_TIME:
	case KIND_DATETIME:
	case KIND_UUID:
	case KIND_BINARY:
		*out = true;
		return 0;
	case KIND_TEXT:
		return column->padded ? 0 : text_is_ordered(reader, column, out, error);
	default:
		return 0;
	}
}

static int qualifies(struct reader *reader, const struct catalog_key *key, bool *out, struct error *error)
{
	size_t most = reader->dialect->ordered ? BEHIND_PARTS_MAX : KEY_PARTS_MAX;

	*out = (!key->partial || key->ordered) && key->count && key->count <= most;
	for (size_t i = 0; *out && i < key->count; i++) {
		const struct catalog_column *column = catalog_find(&reader->catalog, reader->dialect, key->columns[i]);

		if (!column)
			*out = false;
		else if (reader->dialect->tagged_values)
			*out = qualifies_sqlite(reader, key, column);
		else if (qualifies_server(reader, column, out, error))
			return -1;
	}
	return 0;
}

static int use_key(struct reader *reader, const struct catalog_key *key, struct error *error)
{
	for (size_t i = 0; i < key->count; i++) {
		const struct catalog_column *column = catalog_find(&reader->catalog, reader->dialect, key->columns[i]);
		size_t at = 0;

		while (at < reader->count && reader->columns[at].column != column)
			at++;
		if (at == reader->count && reader_add_column(reader, SCHEMA_NO_FIELD, column->name, column, error))
			return -1;
		reader->key[reader->key_count++] = at;
	}
	reader->way = WAY_KEY;
	reader->unique = key;
	return 0;
}

static int use_rowid(struct reader *reader, struct error *error)
{
	static const char *const aliases[] = { "rowid", "_rowid_", "oid" };

	for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++) {
		if (catalog_find(&reader->catalog, reader->dialect, aliases[i]))
			continue;
		if (reader_add_column(reader, SCHEMA_NO_FIELD, aliases[i], NULL, error))
			return -1;
		reader->key[reader->key_count++] = reader->count - 1;
		reader->way = WAY_ROWID;
		return 0;
	}
	return 0;
}

int reader_choose(struct reader *reader, struct error *error)
{
	bool heirs = false;

	reader->way = reader->dialect->has_cursors ? WAY_CURSOR : WAY_STREAM;
	if (!reader->table)
		return 0;
	if (reader->dialect->has_cursors && has_heirs(reader, &heirs, error))
		return -1;
	if (heirs)
		return 0;
	for (size_t i = 0; i < reader->catalog.unique_count; i++) {
		bool good;

		if (qualifies(reader, &reader->catalog.unique[i], &good, error))
			return -1;
		if (good)
			return use_key(reader, &reader->catalog.unique[i], error);
	}
	return reader->catalog.has_rowid ? use_rowid(reader, error) : 0;
}
