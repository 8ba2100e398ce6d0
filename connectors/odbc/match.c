/* match.c - which column of a table or a query is which field.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "connectors/odbc/dialect.h"
#include "connectors/odbc/match.h"
#include "engine/core/diagnostics.h"

enum { NAMES_MAX = 700 };

static bool same(const struct match *match, const char *a, const char *b)
{
	return match->snapshot->session.dialect->names_ignore_case ? strcasecmp(a, b) == 0 : strcmp(a, b) == 0;
}

static bool listed(const struct match *match, const struct option_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (same(match, list->items[i], name))
			return true;
	return false;
}

/* What the field is called in the database. */
static const char *name_of(const struct match *match, const struct field *field)
{
	const struct option_map *labels = match->context->labels;

	for (size_t i = 0; labels && i < labels->count; i++)
		if (strcmp(labels->keys[i], field->name) == 0)
			return labels->values[i];
	return field->name;
}

static bool wanted(const struct match *match, const struct field *field)
{
	if (!match->columns->count)
		return true;
	for (size_t i = 0; i < match->columns->count; i++)
		if (strcmp(match->columns->items[i], field->name) == 0)
			return true;
	return false;
}

/* A list of names for a message, cut where it is too long. */
struct names {
	char text[NAMES_MAX];
	size_t used, count;
};

static void add_name(struct names *names, const char *name)
{
	int written = snprintf(names->text + names->used, sizeof names->text - names->used, "%s%s", names->count ? ", " : "", name);

	if (written > 0 && (size_t)written < sizeof names->text - names->used)
		names->used += (size_t)written;
	names->count++;
}

/* `columns` names fields, and no required one is missing from it. */
static int check_wanted(const struct match *match, struct error *error)
{
	const struct schema *schema = match->context->schema;
	struct names missing = { .used = 0 };

	for (size_t i = 0; i < match->columns->count; i++)
		if (schema_find(schema, match->columns->items[i]) == SCHEMA_NO_FIELD)
			return error_set(error, ERROR_CONFIG, match->snapshot->session.place,
				"columns: table %s of the dictionary has no field %s", schema->name, match->columns->items[i]);
	for (size_t i = 0; i < schema->field_count; i++)
		if (schema->fields[i].required && !wanted(match, &schema->fields[i]))
			add_name(&missing, schema->fields[i].name);
	if (missing.count)
		return error_set(error, ERROR_CONFIG, match->snapshot->session.place,
			"columns leaves out what table %s of the dictionary requires: %s", schema->name, missing.text);
	return 0;
}

static int missing_table(const struct match *match, struct error *error)
{
	struct session *session = &match->snapshot->session;
	const char *near;
	char **names, dotted[NAME_MAX_BYTES];

	if (session->absent)
		return error_set(error, ERROR_CONFIG, session->place, "there is no table %s: the database file does not exist",
			match->table);
	if (catalog_dotted(session, match->table, dotted, error) || catalog_table_names(session, match->table, &names, error))
		return -1;
	near = dotted[0] ? dotted : suggest(strchr(match->table, '.') ? strchr(match->table, '.') + 1 : match->table, (const char *const *)names);
	error_set(error, ERROR_CONFIG, session->place, "there is no table %s%s%s%s", match->table, near ? " (did you mean \"" : "",
		near ? near : "", near ? "\"?)" : "");
	catalog_free_names(names);
	return -1;
}

/* Every column of the table is a field, ignored, or computed from others by the database. */
static int check_columns(const struct match *match, const struct catalog *catalog, struct error *error)
{
	const struct schema *schema = match->context->schema;
	struct names unknown = { .used = 0 };

	for (size_t i = 0; i < catalog->column_count; i++) {
		const char *name = catalog->columns[i].name;
		bool known = catalog->columns[i].generated || listed(match, match->ignore, name);

		for (size_t k = 0; k < schema->field_count && !known; k++)
			known = same(match, name_of(match, &schema->fields[k]), name);
		if (!known)
			add_name(&unknown, name);
	}
	if (unknown.count)
		return error_set(error, ERROR_CONFIG, match->snapshot->session.place,
			"table %s has columns that the dictionary lacks: %s; add them to it, or list them in the source's \"ignore\"",
			match->table, unknown.text);
	return 0;
}

/* A table that inherits from this one, and is read by the same for_each, would give its rows twice. */
static int check_heirs(const struct match *match, const struct catalog *catalog, struct error *error)
{
	const struct session *session = &match->snapshot->session;
	const struct option_map *tables = match->context->tables;
	char heir[NAME_MAX_BYTES], schema[NAME_MAX_BYTES], whole[2 * NAME_MAX_BYTES];
	const char *at = NULL, *bare;

	while (tables && catalog_next_heir(catalog, &at, heir))
		for (size_t i = 0; i < tables->count; i++) {
			dialect_split(tables->values[i], schema, sizeof schema, &bare);
			snprintf(whole, sizeof whole, "%s.%s", schema[0] ? schema : session->default_schema, bare);
			if (strcmp(whole, heir) == 0)
				return error_set(error, ERROR_CONFIG, session->place,
					"table %s inherits from table %s, so that its rows would be read twice: give %s a step of its own with "
					"query: select ... from only %s, and leave it out of this one",
					heir, match->table, match->table, match->table);
		}
	return 0;
}

/* Every table of the schema that this step's own is in is read by some step or ignored. */
static int check_tables(const struct match *match, struct error *error)
{
	struct session *session = &match->snapshot->session;
	const struct option_map *tables = match->context->tables;
	struct names unknown = { .used = 0 };
	char own[NAME_MAX_BYTES], **names;
	const char *table;

	dialect_split(match->table, own, sizeof own, &table);
	if (!own[0])
		snprintf(own, sizeof own, "%s", session->default_schema);
	if (catalog_base_tables(session, own, &names, error))
		return -1;
	for (char **name = names; *name; name++) {
		bool known = listed(match, match->ignore, *name);

		for (size_t i = 0; i < tables->count && !known; i++) {
			char schema[NAME_MAX_BYTES];
			const char *bare;

			dialect_split(tables->values[i], schema, sizeof schema, &bare);
			known = same(match, bare, *name) && same(match, schema[0] ? schema : session->default_schema, own);
		}
		if (!known)
			add_name(&unknown, *name);
	}
	catalog_free_names(names);
	if (unknown.count)
		return error_set(error, ERROR_CONFIG, session->place,
			"schema %s of the database has tables that the dictionary lacks: %s; add them to it, or list them in the source's "
			"\"ignore\"",
			own, unknown.text);
	return 0;
}

/* Whether the state is of the world (connection, locks, room, an end of the server), which no other pipeline would change. */
static bool of_world(const char *state)
{
	static const char *const classes[] = { "08", "40", "53", "55P03", "57", "58", "HYT" };

	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
		if (strncmp(state, classes[i], strlen(classes[i])) == 0)
			return true;
	return false;
}

/* Runs SQL that a user wrote part of, for none of its rows: what is wrong with it is wrong in the pipeline. */
static int try_sql(const struct match *match, const char *what, const struct buffer *sql, const struct option_statement *parameters,
	struct statement *statement, struct error *error)
{
	struct session *session = &match->snapshot->session;
	struct error said = ERROR_INIT;
	bool guarded = session->in_transaction && session->dialect->begin_snapshot;
	unsigned first = 1;
	int result;

	if (guarded && session_savepoint(session, error))
		return -1;
	result = statement_open(statement, session, what, buffer_text(sql), &said);
	if (result) {
		statement->session = NULL;
	} else {
		result = condition_bind(parameters, statement, &first, &said);
		if (result == 0)
			result = statement_execute(statement, NULL, NULL, &said);
	}
	if (result == 0)
		return guarded ? session_release(session, error) : 0;
	if (!said.retry && said.kind == ERROR_SINK && !session->lost && !of_world(said.sqlstate))
		said.kind = ERROR_CONFIG;
	if (guarded && !session->lost && session_rollback_to(session, error))
		return -1;
	if (!error_is_set(error))
		*error = said;
	return -1;
}

/* The columns of a result. */
static int describe_with(const struct match *match, struct reader *reader, struct statement *statement, struct buffer *sql,
	struct error *error)
{
	if (buffer_puts(sql, "SELECT * FROM (\n", error) ||
	    condition_put(reader->query, reader->dialect, VALUES_BOUND, sql, error) ||
	    (reader->query_tail && buffer_puts(sql, reader->query_tail, error)) ||
	    buffer_puts(sql, "\n) AS penstock_query LIMIT 0", error))
		return -1;
	return try_sql(match, "asking what the query gives", sql, reader->query, statement, error);
}

/* A query that ends with a LIMIT of its own takes no other one, and needs none. */
static int describe(const struct match *match, struct reader *reader, struct statement *statement, struct buffer *sql,
	struct error *error)
{
	struct error refused = ERROR_INIT;

	reader->query_tail = reader->dialect->query_tail;
	if (reader->query_tail && describe_with(match, reader, statement, sql, &refused) == 0)
		return 0;
	/* Without its tail it would wait for the same lock as long again. */
	if (reader->query_tail && refused.kind != ERROR_CONFIG) {
		*error = refused;
		return -1;
	}
	if (statement->session)
		statement_close(statement);
	statement->session = NULL;
	reader->query_tail = NULL;
	error_clear(&refused);
	buffer_clear(sql);
	return describe_with(match, reader, statement, sql, error);
}

static int check_where(const struct match *match, struct reader *reader, struct error *error)
{
	struct statement statement = { .session = NULL };
	struct buffer sql;
	int result = -1;

	buffer_init(&sql, 4 * 1024 * 1024);
	if (buffer_puts(&sql, "SELECT 1 FROM ", error) == 0 &&
	    dialect_quote_table(reader->dialect, &sql, reader->catalog.table, error) == 0 && buffer_puts(&sql, " WHERE (\n", error) == 0 &&
	    condition_put(reader->where, reader->dialect, VALUES_BOUND, &sql, error) == 0 && buffer_puts(&sql, "\n) LIMIT 0", error) == 0)
		result = try_sql(match, "trying the source's \"where\"", &sql, reader->where, &statement, error);
	if (statement.session)
		statement_close(&statement);
	buffer_fini(&sql);
	return result;
}

int match_table(const struct match *match, struct reader *reader, struct error *error)
{
	const struct schema *schema = match->context->schema;
	struct session *session = &match->snapshot->session;
	struct names missing = { .used = 0 };

	if (check_wanted(match, error) || catalog_read(session, match->table, &reader->catalog, error))
		return -1;
	if (!reader->catalog.exists)
		return missing_table(match, error);
	if (reader->catalog.column_count > match->context->limits->columns)
		return error_set(error, ERROR_CONFIG, session->place, "table %s has more columns than limits.columns", match->table);
	for (size_t i = 0; i < schema->field_count; i++) {
		const char *name = name_of(match, &schema->fields[i]);
		const struct catalog_column *column = catalog_find(&reader->catalog, session->dialect, name);

		if (!wanted(match, &schema->fields[i]))
			continue;
		if (!column)
			add_name(&missing, name);
		else if (reader_add_column(reader, i, column->name, column, error))
			return -1;
	}
	if (missing.count)
		return error_set(error, ERROR_CONFIG, session->place,
			"table %s lacks columns of the dictionary: %s; add them, or say which fields to read in the source's \"columns\"",
			match->table, missing.text);
	if (check_columns(match, &reader->catalog, error) || check_heirs(match, &reader->catalog, error) || (reader->where && check_where(match, reader, error)))
		return -1;
	return match->context->every_table && match->context->tables ? check_tables(match, error) : 0;
}

static int add_result(const struct match *match, struct reader *reader, const char *name, SQLSMALLINT type, bool *seen,
	struct error *error)
{
	const struct schema *schema = match->context->schema;

	for (size_t i = 0; i < schema->field_count; i++) {
		if (!same(match, name_of(match, &schema->fields[i]), name))
			continue;
		if (seen[i])
			return error_set(error, ERROR_CONFIG, match->snapshot->session.place, "the query gives two columns %s", name);
		seen[i] = true;
		if (reader_add_column(reader, i, name_of(match, &schema->fields[i]), NULL, error))
			return -1;
		reader->columns[reader->count - 1].floating = type == SQL_REAL || type == SQL_FLOAT || type == SQL_DOUBLE;
		return 0;
	}
	if (listed(match, match->ignore, name))
		return 0;
	return error_set(error, ERROR_CONFIG, match->snapshot->session.place,
		"the query gives a column %s that table %s of the dictionary lacks; leave it out, or list it in \"ignore\"", name, schema->name);
}

static int read_results(const struct match *match, struct reader *reader, struct statement *statement, struct error *error)
{
	const struct schema *schema = match->context->schema;
	bool *seen = calloc(schema->field_count ? schema->field_count : 1, sizeof *seen);
	struct names missing = { .used = 0 };
	SQLSMALLINT count = 0;
	int result = 0;

	if (!seen)
		return error_memory(error, "a query");
	if (!SQL_SUCCEEDED(SQLNumResultCols(statement->handle, &count)))
		result = error_set(error, ERROR_SINK, match->snapshot->session.place, "the driver does not say what the query gives");
	for (SQLSMALLINT i = 1; i <= count && result == 0; i++) {
		SQLCHAR name[1024];
		SQLSMALLINT length, type, digits, nullable;
		SQLULEN size;

		if (!SQL_SUCCEEDED(SQLDescribeCol(statement->handle, (SQLUSMALLINT)i, name, sizeof name, &length, &type, &size, &digits,
			    &nullable)))
			result = error_set(error, ERROR_SINK, match->snapshot->session.place, "the driver does not say what the query gives");
		else
			result = add_result(match, reader, (const char *)name, type, seen, error);
	}
	for (size_t i = 0; i < schema->field_count; i++)
		if (!seen[i])
			add_name(&missing, name_of(match, &schema->fields[i]));
	if (result == 0 && missing.count)
		result = error_set(error, ERROR_CONFIG, match->snapshot->session.place,
			"the query gives no column for these fields of the dictionary: %s", missing.text);
	free(seen);
	return result;
}

int match_query(const struct match *match, struct reader *reader, struct error *error)
{
	struct statement statement = { .session = NULL };
	struct buffer sql;
	int result;

	if (match->snapshot->session.absent)
		return error_set(error, ERROR_CONFIG, match->snapshot->session.place, "the database file does not exist");
	buffer_init(&sql, 4 * 1024 * 1024);
	result = describe(match, reader, &statement, &sql, error);
	if (result == 0)
		result = read_results(match, reader, &statement, error);
	if (statement.session)
		statement_close(&statement);
	buffer_fini(&sql);
	return result;
}
