/* catalog_sqlite.c - tables of SQLite as its pragmas tell of them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "connectors/odbc/catalog.h"
#include "connectors/odbc/catalog_dialects.h"
#include "connectors/odbc/dialect.h"
#include "connectors/odbc/statement.h"

/* What hidden of table_xinfo means. */
enum { HIDDEN_VIRTUAL_TABLE = 1, HIDDEN_GENERATED = 2, HIDDEN_STORED = 3 };

static int64_t bounded(long number)
{
	return number > 0 ? number : 0;
}

/* SQLite's own rules of affinity (its documentation, "Datatypes", 3.1), with the declared name telling dates and booleans apart. */
int sqlite_column_type(struct catalog_column *column, struct error *error)
{
	char word[128];
	long numbers[2];

	(void)error;
	catalog_split_type(column->declared, word, sizeof word, numbers);
	column->bits = 64;
	/* Beside those of numbers and dates, which take no texts that look like numbers. */
	column->makes_numbers = strcmp(word, "string") == 0 || strcmp(word, "any") == 0 || strcmp(word, "uuid") == 0 || strncmp(word, "json", 4) == 0;
	if (strstr(word, "int")) {
		column->kind = KIND_INTEGER;
	} else if (strstr(word, "char") || strstr(word, "clob") || strstr(word, "text") || strcmp(word, "string") == 0) {
		column->kind = KIND_TEXT;
		column->length = (uint64_t)bounded(numbers[0]);
	} else if (word[0] == '\0' || strcmp(word, "any") == 0) {
		column->kind = KIND_ANY;
	} else if (strstr(word, "blob") || strstr(word, "binary")) {
		column->kind = KIND_BINARY;
		column->length = (uint64_t)bounded(numbers[0]);
	} else if (strstr(word, "real") || strstr(word, "floa") || strstr(word, "doub")) {
		column->kind = KIND_REAL;
	} else if (strncmp(word, "bool", 4) == 0) {
		column->kind = KIND_BOOLEAN;
	} else if (strncmp(word, "datetime", 8) == 0 || strncmp(word, "timestamp", 9) == 0) {
		column->kind = KIND_DATETIME;
		column->precision = 6;
	} else if (strcmp(word, "date") == 0) {
		column->kind = KIND_DATE;
	} else if (strncmp(word, "time", 4) == 0) {
		column->kind = KIND_TIME;
		column->precision = 6;
	} else if (strcmp(word, "uuid") == 0 || strncmp(word, "json", 4) == 0) {
		/* A name of its own, but NUMERIC affinity: texts that look like numbers would become numbers. */
		column->kind = KIND_OTHER;
	} else {
		column->kind = KIND_DECIMAL;
		column->precision = (int)(numbers[0] > 0 && numbers[0] < 1000 ? numbers[0] : -1);
		column->scale = (int)(numbers[1] > 0 && numbers[1] < 1000 ? numbers[1] : 0);
	}
	return 0;
}

/* Starts a query with the table's name, and the schema's, as its parameters. */
static int ask(struct statement *statement, struct session *session, const char *what, const char *sql, const char *name,
	const char *schema, struct error *error)
{
	if (statement_open(statement, session, what, sql, error))
		return -1;
	if (statement_bind_string(statement, 1, name, error) == 0 &&
	    (!schema || statement_bind_string(statement, 2, schema, error) == 0) &&
	    statement_execute(statement, NULL, NULL, error) == 0)
		return 0;
	statement_close(statement);
	return -1;
}

static const char *or_empty(struct text text)
{
	return text.data ? text.data : "";
}

static int read_columns(struct session *session, const char *schema, const char *name, struct catalog *out,
	struct error *error)
{
	struct statement statement;
	int row;

	if (ask(&statement, session, "reading the columns of a table",
		    "SELECT name, type, \"notnull\", dflt_value IS NOT NULL, hidden FROM pragma_table_xinfo(?, ?) ORDER BY cid", name,
		    schema, error))
		return -1;
	while ((row = statement_fetch(&statement, error)) == 1) {
		struct text text;
		char column_name[1024];
		struct catalog_column *column;
		int64_t not_null, has_default, hidden;

		row = -1;
		if (statement_text(&statement, 1, &text, error))
			break;
		snprintf(column_name, sizeof column_name, "%s", or_empty(text));
		if (statement_integer(&statement, 5, &hidden, NULL, error) || statement_text(&statement, 2, &text, error))
			break;
		/* No column of its rows, but a way to give commands and to ask for ranks. */
		if (hidden == HIDDEN_VIRTUAL_TABLE) {
			row = 0;
			continue;
		}
		column = catalog_add_column(out, column_name, or_empty(text), error);
		if (!column || sqlite_column_type(column, error) ||
		    statement_integer(&statement, 3, &not_null, NULL, error) ||
		    statement_integer(&statement, 4, &has_default, NULL, error))
			break;
		column->not_null = not_null != 0;
		column->has_default = has_default != 0;
		column->generated = hidden == HIDDEN_GENERATED || hidden == HIDDEN_STORED;
	}
	statement_close(&statement);
	return row;
}

/* The primary key where no index stands for it: INTEGER PRIMARY KEY is the row's own number. */
static int read_rowid_key(struct session *session, const char *schema, const char *name, struct catalog *out,
	struct error *error)
{
	struct statement statement;
	struct catalog_key *key = NULL;
	int row;

	for (size_t i = 0; i < out->unique_count; i++)
		if (out->unique[i].primary)
			return 0;
	if (ask(&statement, session, "reading the primary key of a table",
		    "SELECT name FROM pragma_table_xinfo(?, ?) WHERE pk > 0 ORDER BY pk", name, schema, error))
		return -1;
	while ((row = statement_fetch(&statement, error)) == 1) {
		struct text text;

		row = -1;
		if (statement_text(&statement, 1, &text, error))
			break;
		if (!key && !(key = catalog_add_key(out, false, "", error)))
			break;
		key->primary = true;
		if (catalog_key_add(key, or_empty(text), NULL, error))
			break;
		/* The row number is given out where the column is not written. */
		for (size_t i = 0; i < out->column_count; i++)
			if (strcasecmp(out->columns[i].name, or_empty(text)) == 0)
				out->columns[i].has_default = true;
	}
	statement_close(&statement);
	return row;
}

static int read_unique(struct session *session, const char *schema, const char *name, struct catalog *out,
	struct error *error)
{
	struct statement statement;
	struct catalog_key *key = NULL;
	int row;

	if (ask(&statement, session, "reading the indexes of a table",
		    "SELECT l.name, l.origin, l.partial, x.name, x.coll FROM pragma_index_list(?, ?) l, pragma_index_xinfo(l.name) x "
		    "WHERE l.\"unique\" AND x.key ORDER BY l.origin <> 'pk', l.seq, x.seqno",
		    name, schema, error))
		return -1;
	while ((row = statement_fetch(&statement, error)) == 1) {
		struct text text;
		char index[1024];
		int64_t partial;
		bool primary;

		row = -1;
		if (statement_text(&statement, 1, &text, error))
			break;
		snprintf(index, sizeof index, "%s", or_empty(text));
		if (statement_text(&statement, 2, &text, error))
			break;
		primary = strcmp(or_empty(text), "pk") == 0;
		if (statement_integer(&statement, 3, &partial, NULL, error) || statement_text(&statement, 4, &text, error))
			break;
		if (!key || strcmp(key->name, index) != 0) {
			key = catalog_add_key(out, false, index, error);
			if (!key)
				break;
			key->primary = primary;
			key->partial = partial != 0;
		}
		if (!text.data)
			key->partial = true; /* an expression */
		else if (catalog_key_add(key, text.data, NULL, error))
			break;
		if (statement_text(&statement, 5, &text, error))
			break;
		if (strcasecmp(or_empty(text), "BINARY") != 0)
			key->partial = true;
	}
	statement_close(&statement);
	return row;
}

/* As it is addressed. */
static char *parent_name(const char *schema, const char *table)
{
	char *name;

	if (!strchr(table, '.'))
		return strdup(table);
	return asprintf(&name, "%s.%s", schema, table) < 0 ? NULL : name;
}

static int read_foreign(struct session *session, const char *schema, const char *name, bool deferred, struct catalog *out,
	struct error *error)
{
	struct statement statement;
	struct catalog_key *key = NULL;
	char current[32] = "";
	int row;

	/* Without a column list the reference is to the parent's primary key. */
	if (ask(&statement, session, "reading the foreign keys of a table",
		    "SELECT f.id, f.\"table\", f.\"from\", coalesce(f.\"to\", (SELECT p.name FROM pragma_table_xinfo(f.\"table\") p "
		    "WHERE p.pk = f.seq + 1)) FROM pragma_foreign_key_list(?, ?) f ORDER BY f.id, f.seq",
		    name, schema, error))
		return -1;
	while ((row = statement_fetch(&statement, error)) == 1) {
		struct text text;
		char from[1024];

		row = -1;
		if (statement_text(&statement, 1, &text, error))
			break;
		if (!key || strcmp(current, or_empty(text)) != 0) {
			snprintf(current, sizeof current, "%s", or_empty(text));
			key = catalog_add_key(out, true, "", error);
			if (!key || statement_text(&statement, 2, &text, error))
				break;
			key->parent = parent_name(schema, or_empty(text));
			key->itself = strcasecmp(or_empty(text), name) == 0;
			/* The pragma does not tell which of them. */
			key->deferred = deferred;
			if (!key->parent) {
				error_memory(error, "the catalog");
				break;
			}
		}
		if (statement_text(&statement, 3, &text, error))
			break;
		snprintf(from, sizeof from, "%s", or_empty(text));
		if (statement_text(&statement, 4, &text, error) || catalog_key_add(key, from, or_empty(text), error))
			break;
	}
	statement_close(&statement);
	return row;
}

/* Views, virtual tables and WITHOUT ROWID tables have no row numbers; of STRICT tables columns of type ANY keep what comes. */
static int read_options(struct session *session, const char *schema, const char *name, struct catalog *out,
	struct error *error)
{
	struct statement statement;
	int64_t numbered = 0, strict = 0;
	int row;

	if (ask(&statement, session, "looking for a table",
		    "SELECT NOT wr, strict FROM pragma_table_list WHERE name = ? COLLATE NOCASE AND schema = ? AND type = 'table'", name,
		    schema, error))
		return -1;
	row = statement_fetch(&statement, error);
	if (row == 1) {
		row = statement_integer(&statement, 1, &numbered, NULL, error) || statement_integer(&statement, 2, &strict, NULL, error) ? -1 : 0;
		out->has_rowid = numbered != 0;
		for (size_t i = 0; i < out->column_count; i++)
			out->columns[i].makes_numbers = out->columns[i].makes_numbers && !strict;
	}
	statement_close(&statement);
	return row;
}

/* Behind a string, a quoted name or a comment that begins at p; p itself where none does. */
static const char *skip_quoted(const char *p)
{
	const char *end;

	if (p[0] == '-' && p[1] == '-')
		return p + strcspn(p, "\n");
	if (p[0] == '/' && p[1] == '*') {
		end = strstr(p + 2, "*/");
		return end ? end + 2 : p + strlen(p);
	}
	if (*p != '\'' && *p != '"' && *p != '`' && *p != '[')
		return p;
	/* A quote that is doubled ends one and begins another. */
	end = strchr(p + 1, *p == '[' ? ']' : *p);
	return end ? end + 1 : p + strlen(p);
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* The next word or sign, comments left out; a string or a quoted name is one sign. NULL at the end. */
static const char *next_token(const char **sql, size_t *length)
{
	for (;;) {
		const char *token = *sql + strspn(*sql, " \t\r\n\f"), *behind = skip_quoted(token);
		bool quoted = behind != token;

		if (!*token)
			return NULL;
		while (!quoted && is_word(*behind))
			behind++;
		if (behind == token)
			behind++;
		*sql = behind;
		*length = (size_t)(behind - token);
		if (strncmp(token, "--", 2) != 0 && strncmp(token, "/*", 2) != 0)
			return token;
	}
}

static bool token_is(const char *token, size_t length, const char *word)
{
	return strlen(word) == length && strncasecmp(token, word, length) == 0;
}

/* These three stand behind each other in a statement. */
static bool has_words(const char *sql, const char *first, const char *second, const char *third)
{
	const char *tokens[3] = { "", "", "" }; /* the last three */
	size_t lengths[3] = { 0 };

	while ((tokens[2] = next_token(&sql, &lengths[2]))) {
		if (token_is(tokens[0], lengths[0], first) && token_is(tokens[1], lengths[1], second) && token_is(tokens[2], lengths[2], third))
			return true;
		memmove(tokens, tokens + 1, 2 * sizeof *tokens);
		memmove(lengths, lengths + 1, 2 * sizeof *lengths);
	}
	return false;
}

/* A clause of a CREATE TABLE by which a constraint is met otherwise than by refusing the statement (SQLite's "ON CONFLICT
 * clause"): a row would replace another one, or vanish, or take the transaction with it, and nobody be told. NULL: none. */
static const char *conflict_refusal(const char *sql)
{
	static const struct {
		const char *word, *refusal;
	} clauses[] = {
		{ "replace", "has a constraint with ON CONFLICT REPLACE, by which rows replace others without a word: make the table "
			     "anew without that clause" },
		{ "ignore", "has a constraint with ON CONFLICT IGNORE, by which rows vanish without a word: make the table anew without "
			    "that clause" },
		{ "rollback", "has a constraint with ON CONFLICT ROLLBACK, by which one bad row undoes all others: make the table anew "
			      "without that clause" },
		{ "fail", "has a constraint with ON CONFLICT FAIL, by which a refused statement keeps some of its rows: make the table "
			  "anew without that clause" },
	};

	for (size_t i = 0; i < sizeof clauses / sizeof *clauses; i++)
		if (has_words(sql, "on", "conflict", clauses[i].word))
			return clauses[i].refusal;
	return NULL;
}

/* A foreign key of this CREATE TABLE may be checked at the commit only. */
static bool has_deferred(const char *sql)
{
	const char *token;
	size_t length;
	bool initially = false;

	while ((token = next_token(&sql, &length))) {
		if (initially && token_is(token, length, "deferred"))
			return true;
		initially = token_is(token, length, "initially");
	}
	return false;
}

static int read_kind(struct session *session, const char *schema, const char *name, struct catalog *out, bool *deferred,
	struct error *error)
{
	struct statement statement;
	struct buffer sql;
	struct text text;
	int row = -1;

	buffer_init(&sql, 4096);
	if (buffer_puts(&sql, "SELECT m.type, m.sql FROM ", error) == 0 && dialect_quote(session->dialect, &sql, schema, error) == 0 &&
	    buffer_puts(&sql, ".sqlite_master m WHERE m.name = ? COLLATE NOCASE AND m.type IN ('table', 'view')", error) == 0 &&
	    ask(&statement, session, "looking for a table", buffer_text(&sql), name, NULL, error) == 0) {
		row = statement_fetch(&statement, error);
		if (row == 1) {
			bool view = false;

			row = statement_text(&statement, 1, &text, error);
			if (row == 0) {
				view = strcmp(or_empty(text), "view") == 0;
				row = statement_text(&statement, 2, &text, error);
			}
			out->exists = row == 0;
			*deferred = row == 0 && has_deferred(or_empty(text));
			if (row == 0 && !view)
				out->refusal = conflict_refusal(or_empty(text));
			/* Rows that INSTEAD OF triggers took are not counted, so nobody could say which were written. */
			if (view)
				out->refusal = "is a view, of which SQLite does not tell what becomes of its rows: write to the tables behind it";
		}
		statement_close(&statement);
	}
	buffer_fini(&sql);
	return row;
}

/* A trigger that ends the transaction takes with it what was written before, and the savepoint that a refused row is undone by. */
static int read_triggers(struct session *session, const char *schema, const char *name, struct catalog *out, struct error *error)
{
	struct statement statement;
	struct buffer sql;
	struct text text;
	int row = -1;

	buffer_init(&sql, 4096);
	if (buffer_puts(&sql, "SELECT sql FROM ", error) == 0 && dialect_quote(session->dialect, &sql, schema, error) == 0 &&
	    buffer_puts(&sql, ".sqlite_master WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE", error) == 0 &&
	    ask(&statement, session, "looking for triggers", buffer_text(&sql), name, NULL, error) == 0) {
		while ((row = statement_fetch(&statement, error)) == 1) {
			if ((row = statement_text(&statement, 1, &text, error)) < 0)
				break;
			if (has_words(or_empty(text), "raise", "(", "rollback"))
				out->refusal = "has a trigger with RAISE(ROLLBACK), by which one bad row undoes all others: make it RAISE(ABORT)";
		}
		statement_close(&statement);
	}
	buffer_fini(&sql);
	return row < 0 ? -1 : 0;
}

int sqlite_catalog(struct session *session, const char *schema, const char *name, enum catalog_parts parts, struct catalog *out,
	struct error *error)
{
	bool deferred = false;
	int there = schema[0] ? catalog_has_schema(session, schema, error) : 1;

	if (there <= 0)
		return there;
	if (!schema[0])
		schema = "main";
	if (read_kind(session, schema, name, out, &deferred, error))
		return -1;
	if (!out->exists)
		return 0;
	if (read_columns(session, schema, name, out, error) || read_unique(session, schema, name, out, error) ||
	    read_rowid_key(session, schema, name, out, error))
		return -1;
	if (read_options(session, schema, name, out, error))
		return -1;
	if (parts == CATALOG_KEYS)
		return 0;
	if (!out->refusal && read_triggers(session, schema, name, out, error))
		return -1;
	return read_foreign(session, schema, name, deferred, out, error);
}
