/* catalog_mariadb.c - tables of MariaDB as SHOW and the information schema tell of them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Columns and indexes come from SHOW, which knows temporary tables too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "connectors/odbc/catalog.h"
#include "connectors/odbc/catalog_dialects.h"
#include "connectors/odbc/dialect.h"
#include "connectors/odbc/statement.h"

enum { YEAR_FIRST = 1901, YEAR_LAST = 2155 };

static const int64_t MICROS = 1000000, TIMESTAMP_FIRST = 1, TIMESTAMP_LAST = INT32_MAX;

static const struct {
	const char *word;
	enum column_kind kind;
	int bits;          /* of integers and floating point */
	uint64_t bytes;    /* that a text or binary type takes */
} types[] = {
	{ "tinyint", KIND_INTEGER, 8, 0 }, { "smallint", KIND_INTEGER, 16, 0 }, { "mediumint", KIND_INTEGER, 24, 0 }, { "int", KIND_INTEGER, 32, 0 },
	{ "bigint", KIND_INTEGER, 64, 0 }, { "bit", KIND_INTEGER, 64, 0 }, { "year", KIND_INTEGER, 16, 0 }, { "decimal", KIND_DECIMAL, 0, 0 },
	{ "float", KIND_REAL, 32, 0 }, { "double", KIND_REAL, 64, 0 }, { "date", KIND_DATE, 0, 0 }, { "time", KIND_TIME, 0, 0 },
	{ "datetime", KIND_DATETIME, 0, 0 }, { "timestamp", KIND_DATETIME, 0, 0 }, { "char", KIND_TEXT, 0, 0 }, { "varchar", KIND_TEXT, 0, 0 },
	{ "tinytext", KIND_TEXT, 0, 255 }, { "text", KIND_TEXT, 0, 65535 }, { "mediumtext", KIND_TEXT, 0, 16777215 },
	{ "longtext", KIND_TEXT, 0, 0 }, { "binary", KIND_BINARY, 0, 0 }, { "varbinary", KIND_BINARY, 0, 0 }, { "tinyblob", KIND_BINARY, 0, 255 },
	{ "blob", KIND_BINARY, 0, 65535 }, { "mediumblob", KIND_BINARY, 0, 16777215 }, { "longblob", KIND_BINARY, 0, 0 },
	{ "uuid", KIND_UUID, 0, 0 },
};

/* What an integer type takes: signed, unsigned up to what an int64 holds, or its own. */
static void set_range(struct catalog_column *column, const char *word, bool is_unsigned, long digits)
{
	int bits = strcmp(word, "bit") == 0 ? (int)(digits > 0 ? digits : 1) : column->bits;

	if (strcmp(word, "year") == 0) {
		/* 1 would become 2001. */
		column->ranged = true;
		column->minimum = YEAR_FIRST;
		column->maximum = YEAR_LAST;
	} else if (is_unsigned) {
		column->ranged = true;
		column->minimum = 0;
		column->maximum = bits < 63 ? ((int64_t)1 << bits) - 1 : INT64_MAX;
	}
}

/* "enum('a','b')", "bigint(20) unsigned zerofill", "tinyint(1)", "decimal(10,2)" */
int mariadb_column_type(struct catalog_column *column, struct error *error)
{
	char word[256], *rest;
	long numbers[2];
	bool is_unsigned;
	uint64_t bytes = 0;

	(void)error;
	catalog_split_type(column->declared, word, sizeof word, numbers);
	rest = strchr(word, ' ');
	is_unsigned = rest && strstr(rest, "unsigned");
	if (rest)
		*rest = '\0';
	column->kind = KIND_OTHER;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (strcmp(types[i].word, word) == 0) {
			column->kind = types[i].kind;
			column->bits = types[i].bits;
			bytes = types[i].bytes;
		}
	switch (column->kind) {
	case KIND_INTEGER:
		column->bit_field = strcmp(word, "bit") == 0;
		if (strcmp(word, "tinyint") == 0 && numbers[0] == 1 && !is_unsigned)
			column->kind = KIND_BOOLEAN; /* BOOLEAN is another name for it */
		set_range(column, word, is_unsigned || column->bit_field, numbers[0]);
		break;
	case KIND_DECIMAL:
		column->precision = (int)(numbers[0] >= 0 ? numbers[0] : 10);
		column->scale = (int)(numbers[1] >= 0 ? numbers[1] : 0);
		column->not_negative = is_unsigned;
		break;
	case KIND_REAL:
		column->not_negative = is_unsigned;
		/* double(10,2) rounds. */
		if (numbers[1] >= 0) {
			column->kind = KIND_DECIMAL;
			column->precision = (int)numbers[0];
			column->scale = (int)numbers[1];
		}
		break;
	case KIND_TIME:
	case KIND_DATETIME:
		column->precision = (int)(numbers[0] >= 0 ? numbers[0] : 0);
		if (strcmp(word, "timestamp") == 0) {
			column->ranged = true;
			column->minimum = TIMESTAMP_FIRST * MICROS;
			column->maximum = TIMESTAMP_LAST * MICROS + MICROS - 1;
		}
		break;
	case KIND_TEXT:
	case KIND_BINARY:
		column->length = bytes ? bytes : (uint64_t)(numbers[0] > 0 ? numbers[0] : 0);
		column->counts_bytes = bytes > 0;
		column->cuts_spaces = strcmp(word, "char") == 0;
		column->fills = strcmp(word, "binary") == 0;
		break;
	default:
		break;
	}
	return 0;
}

/* Different values are never equal: numbers and the like, bytes, and texts whose order is that of their bytes, spaces at the end included. */
static bool is_exact(const struct catalog_column *column)
{
	size_t length = column->collation ? strlen(column->collation) : 0;

	return !length || strcmp(column->collation, "binary") == 0 ||
		(length > 10 && strcmp(column->collation + length - 10, "_nopad_bin") == 0);
}

static const char *or_empty(struct text text)
{
	return text.data ? text.data : "";
}

static int copy(struct statement *statement, unsigned column, char *out, size_t size, struct error *error)
{
	struct text text;

	if (statement_text(statement, column, &text, error))
		return -1;
	snprintf(out, size, "%s", or_empty(text));
	return 0;
}

/* Runs SHOW ... FROM the table. */
static int show(struct statement *statement, struct session *session, const char *what, const char *words, const struct catalog *table,
	struct error *error)
{
	struct buffer sql;
	int result = -1;

	buffer_init(&sql, 4096);
	if (buffer_puts(&sql, words, error) == 0 && dialect_quote_table(session->dialect, &sql, table->table, error) == 0 &&
	    statement_open(statement, session, what, buffer_text(&sql), error) == 0) {
		result = statement_execute(statement, NULL, NULL, error);
		if (result)
			statement_close(statement);
	}
	buffer_fini(&sql);
	return result;
}

/* Field, Type, Collation, Null, Key, Default, Extra, ... */
static int read_column(struct statement *statement, struct catalog *out, struct error *error)
{
	char name[NAME_MAX_BYTES], collation[64], null[8];
	struct catalog_column *column;
	struct text text;

	if (copy(statement, 1, name, sizeof name, error) || statement_text(statement, 2, &text, error))
		return -1;
	column = catalog_add_column(out, name, or_empty(text), error);
	if (!column || mariadb_column_type(column, error) || copy(statement, 3, collation, sizeof collation, error) ||
	    copy(statement, 4, null, sizeof null, error) || statement_text(statement, 6, &text, error))
		return -1;
	if (collation[0] && !(column->collation = strdup(collation)))
		return error_memory(error, "the catalog");
	column->not_null = strcmp(null, "NO") == 0;
	column->has_default = text.data != NULL;
	if (statement_text(statement, 7, &text, error))
		return -1;
	column->generated = strcasestr(or_empty(text), "generated") != NULL;
	column->has_default = column->has_default || strcasestr(or_empty(text), "auto_increment") != NULL;
	return 0;
}

static int read_columns(struct session *session, struct catalog *out, struct error *error)
{
	struct statement statement;
	int row;

	if (show(&statement, session, "reading the columns of a table", "SHOW FULL COLUMNS FROM ", out, error))
		return -1;
	while ((row = statement_fetch(&statement, error)) == 1)
		if (read_column(&statement, out, error)) {
			row = -1;
			break;
		}
	statement_close(&statement);
	return row;
}

/* Table, Non_unique, Key_name, Seq_in_index, Column_name, Collation, Cardinality, Sub_part, Packed, Null, Index_type, ... ; unique indexes first, the primary key
 * before all. */
static int read_unique(struct session *session, const char *row_end, struct catalog *out, struct error *error)
{
	struct statement statement;
	struct catalog_key *key = NULL;
	int row;

	if (show(&statement, session, "reading the indexes of a table", "SHOW INDEX FROM ", out, error))
		return -1;
	while ((row = statement_fetch(&statement, error)) == 1) {
		char index[NAME_MAX_BYTES], name[NAME_MAX_BYTES], prefix[24], kind[16];
		const struct catalog_column *column;
		int64_t many;

		row = -1;
		if (statement_integer(&statement, 2, &many, NULL, error))
			break;
		if (many)
			continue;
		if (copy(&statement, 3, index, sizeof index, error) || copy(&statement, 5, name, sizeof name, error) ||
		    copy(&statement, 8, prefix, sizeof prefix, error) || copy(&statement, 11, kind, sizeof kind, error))
			break;
		if (row_end[0] && strcmp(name, row_end) == 0) {
			row = 0;
			continue;
		}
		if (!key || strcmp(key->name, index) != 0) {
			key = catalog_add_key(out, false, index, error);
			if (!key)
				break;
			key->primary = strcmp(index, "PRIMARY") == 0;
			key->ordered = true;
		}
		column = catalog_find(out, session->dialect, name);
		if (strcmp(kind, "HASH") == 0)
			out->no_upsert = "has a unique key over a text or blob without a length, with which the upserts of this server go wrong";
		key->ordered = key->ordered && !prefix[0] && column;
		key->partial = key->partial || prefix[0] || !column || !is_exact(column);
		if (catalog_key_add(key, name, NULL, error))
			break;
	}
	statement_close(&statement);
	return row;
}

static int ask(struct statement *statement, struct session *session, const char *what, const char *sql, const char *schema,
	const char *name, struct error *error)
{
	if (statement_open(statement, session, what, sql, error))
		return -1;
	if (statement_bind_string(statement, 1, schema, error) == 0 && statement_bind_string(statement, 2, name, error) == 0 &&
	    statement_execute(statement, NULL, NULL, error) == 0)
		return 0;
	statement_close(statement);
	return -1;
}

static int read_foreign(struct session *session, const char *schema, const char *name, struct catalog *out, struct error *error)
{
	static const char sql[] =
		"SELECT k.constraint_name, CONCAT(IF(k.referenced_table_schema = DATABASE() AND k.referenced_table_name NOT LIKE '%.%', '', CONCAT(k.referenced_table_schema, '.')),"
		" k.referenced_table_name), k.column_name,"
		" k.referenced_column_name, IF(k.referenced_table_schema = k.table_schema AND k.referenced_table_name = k.table_name, 1, 0)"
		" FROM information_schema.key_column_usage k WHERE k.table_schema = ? AND k.table_name = ?"
		" AND k.referenced_table_name IS NOT NULL ORDER BY k.constraint_name, k.ordinal_position";
	struct statement statement;
	struct catalog_key *key = NULL;
	int row;

	if (ask(&statement, session, "reading the foreign keys of a table", sql, schema, name, error))
		return -1;
	while ((row = statement_fetch(&statement, error)) == 1) {
		char constraint[NAME_MAX_BYTES], parent[2 * NAME_MAX_BYTES], from[NAME_MAX_BYTES], to[NAME_MAX_BYTES];
		int64_t itself;

		row = -1;
		if (copy(&statement, 1, constraint, sizeof constraint, error) || copy(&statement, 2, parent, sizeof parent, error) ||
		    copy(&statement, 3, from, sizeof from, error) || copy(&statement, 4, to, sizeof to, error) ||
		    statement_integer(&statement, 5, &itself, NULL, error))
			break;
		if (!key || strcmp(key->name, constraint) != 0) {
			key = catalog_add_key(out, true, constraint, error);
			if (!key)
				break;
			key->parent = strdup(parent);
			if (!key->parent) {
				error_memory(error, "the catalog");
				break;
			}
			key->itself = itself != 0;
		}
		if (catalog_key_add(key, from, to, error))
			break;
	}
	statement_close(&statement);
	return row;
}

/* Asked for by itself, and of views alone: in a query about the table, the server would open each view that any database of it has. */
static int read_updatable(struct session *session, const char *schema, const char *name, struct catalog *out, struct error *error)
{
	struct statement statement;
	char updatable[8] = "";
	int row;

	if (ask(&statement, session, "looking at a view",
		    "SELECT v.is_updatable FROM information_schema.views v WHERE v.table_schema = ? AND v.table_name = ?", schema, name, error))
		return -1;
	row = statement_fetch(&statement, error);
	if (row == 1)
		row = copy(&statement, 1, updatable, sizeof updatable, error);
	statement_close(&statement);
	if (row == 0 && strcmp(updatable, "YES") != 0)
		out->refusal = "is a view that takes no rows";
	return row;
}

/* The column that says until when a row of a system-versioned table was there, if it is one that can be seen. The server puts it behind the
 * columns of each unique key; of the rows that are there it is always the same. */
static int read_row_end(struct session *session, const char *schema, const char *name, char row_end[NAME_MAX_BYTES], struct error *error)
{
	struct statement statement;
	int row;

	if (ask(&statement, session, "reading the columns of a table",
		    "SELECT c.column_name FROM information_schema.columns c WHERE c.table_schema = ? AND c.table_name = ? AND "
		    "c.generation_expression = 'ROW END'", schema, name, error))
		return -1;
	row = statement_fetch(&statement, error);
	if (row == 1)
		row = copy(&statement, 1, row_end, NAME_MAX_BYTES, error);
	statement_close(&statement);
	return row;
}

/* Whether it is there, and takes rows. */
static int read_relation(struct session *session, const char *schema, const char *name, bool *versioned, struct catalog *out,
	struct error *error)
{
	static const char sql[] =
		"SELECT t.table_type, IFNULL(t.table_rows, 0), IFNULL(t.engine, '')"
		" FROM information_schema.tables t WHERE t.table_schema = ? AND t.table_name = ?";
	struct statement statement;
	char type[32], engine[64];
	bool view = false;
	int64_t rows;
	int row;

	if (ask(&statement, session, "looking for a table", sql, schema, name, error))
		return -1;
	row = statement_fetch(&statement, error);
	if (row == 1) {
		row = copy(&statement, 1, type, sizeof type, error) || statement_integer(&statement, 2, &rows, NULL, error) ||
				copy(&statement, 3, engine, sizeof engine, error)
			? -1
			: 0;
		if (row == 0) {
			out->exists = true;
			out->rows_hint = (uint64_t)rows;
			*versioned = strcmp(type, "SYSTEM VERSIONED") == 0;
			view = strcmp(type, "BASE TABLE") != 0 && !*versioned;
			if (!view && strcasecmp(engine, "InnoDB") != 0)
				out->refusal = "is of a storage engine without transactions: ALTER TABLE ... ENGINE=InnoDB";
		}
	}
	statement_close(&statement);
	return row == 0 && view ? read_updatable(session, schema, name, out, error) : row;
}

int mariadb_catalog(struct session *session, const char *schema, const char *name, enum catalog_parts parts, struct catalog *out,
	struct error *error)
{
	char row_end[NAME_MAX_BYTES] = "";
	bool versioned = false;

	if (!schema[0])
		schema = session->default_schema;
	/* The information schema knows nothing of temporary tables. */
	if (strncmp(name, STAGE_PREFIX, sizeof STAGE_PREFIX - 1) == 0 && session->stage_count)
		out->exists = true;
	else if (read_relation(session, schema, name, &versioned, out, error))
		return -1;
	if (!out->exists)
		return 0;
	if (read_columns(session, out, error) || (versioned && read_row_end(session, schema, name, row_end, error)) ||
	    read_unique(session, row_end, out, error))
		return -1;
	return parts == CATALOG_KEYS ? 0 : read_foreign(session, schema, name, out, error);
}
