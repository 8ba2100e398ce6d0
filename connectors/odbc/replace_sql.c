/* replace_sql.c - the statements that replace rows: their parts in braces, and running them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "connectors/odbc/dialect.h"
#include "connectors/odbc/replace_parts.h"
#include "connectors/odbc/statement.h"

const char replace_insert_sql[] =
	"INSERT INTO {t} ({columns}) {overriding}SELECT {values s} FROM {s} AS s WHERE NOT EXISTS (SELECT 1 FROM {t} AS t WHERE {t=s})";

const struct replace_traits *replace_traits_of(const struct session *session)
{
	static const struct replace_traits *const known[] = { &replace_sqlite, &replace_postgresql, &replace_mariadb };
	size_t at = 0;

	while (known[at]->dialect != session->dialect)
		at++;
	return known[at];
}

size_t replace_field_of(const struct schema *schema, const struct dialect *dialect, const char *column)
{
	size_t exact = schema_find(schema, column);

	for (size_t i = 0; exact == SCHEMA_NO_FIELD && dialect->names_ignore_case && i < schema->field_count; i++)
		if (strcasecmp(schema->fields[i].name, column) == 0)
			exact = i;
	return exact;
}

static bool in_key(const struct schema *schema, size_t field)
{
	for (size_t i = 0; i < schema->primary.count; i++)
		if (schema->primary.fields[i] == field)
			return true;
	return false;
}

const struct catalog_key *replace_other_key(const struct session *session, const struct schema *schema,
	const struct catalog *catalog, size_t number)
{
	for (size_t i = 0; i < catalog->unique_count; i++) {
		const struct catalog_key *key = &catalog->unique[i];
		size_t written = 0, own = 0;

		for (size_t k = 0; k < key->count; k++) {
			size_t field = replace_field_of(schema, session->dialect, key->columns[k]);

			written += field != SCHEMA_NO_FIELD;
			own += field != SCHEMA_NO_FIELD && in_key(schema, field);
		}
		if (key->partial || !key->count || written < key->count ||
		    (own == key->count && own == schema->primary.count))
			continue;
		if (number-- == 0)
			return key;
	}
	return NULL;
}

/* --- parts --- */

static const struct session *session_of(const struct replace *replace)
{
	return replace->target->session;
}

static const char *column_name(const struct replace *replace, size_t field)
{
	const struct catalog_column *column = catalog_find(&replace->target->catalog, session_of(replace)->dialect,
		replace->target->schema->fields[field].name);

	assert(column);
	return column->name;
}

/* a."name" */
static int put_column(const struct replace *replace, char alias, const char *name, struct buffer *out, struct error *error)
{
	return buffer_printf(out, error, "%c.", alias) || dialect_quote(session_of(replace)->dialect, out, name, error) ? -1 : 0;
}

static int put_pair(const struct replace *replace, char a, char b, const char *name, bool first, struct buffer *out,
	struct error *error)
{
	return buffer_puts(out, first ? "" : " AND ", error) || put_column(replace, a, name, out, error) ||
			buffer_puts(out, " = ", error) || put_column(replace, b, name, out, error)
		? -1
		: 0;
}

static int put_match(const struct replace *replace, char a, char b, struct buffer *out, struct error *error)
{
	const struct key *key = &replace->target->schema->primary;

	for (size_t i = 0; i < key->count; i++)
		if (put_pair(replace, a, b, column_name(replace, key->fields[i]), i == 0, out, error))
			return -1;
	return 0;
}

/* alias 0: without one. */
static int put_key(const struct replace *replace, char alias, bool named, struct buffer *out, struct error *error)
{
	const struct key *key = &replace->target->schema->primary;

	for (size_t i = 0; i < key->count; i++) {
		const char *name = column_name(replace, key->fields[i]);

		if ((i && buffer_puts(out, ", ", error)) ||
		    (alias ? put_column(replace, alias, name, out, error)
			   : dialect_quote(session_of(replace)->dialect, out, name, error)) ||
		    (named && (buffer_puts(out, " AS ", error) ||
				      dialect_quote(session_of(replace)->dialect, out, name, error))))
			return -1;
	}
	return 0;
}

const struct catalog_column *replace_loose_column(const struct replace *replace, const struct reference *reference)
{
	const struct schema *schema = replace->target->schema;
	const struct dialect *dialect = session_of(replace)->dialect;

	for (size_t i = 0; i < reference->count; i++) {
		const struct catalog_column *column = catalog_find(&replace->target->catalog, dialect, reference->columns[i]);
		size_t field = replace_field_of(schema, dialect, reference->columns[i]);

		if (column && !column->not_null && !column->generated && (field == SCHEMA_NO_FIELD || !in_key(schema, field)))
			return column;
	}
	return NULL;
}

static bool is_loose(const struct replace *replace, const char *name)
{
	for (size_t i = 0; replace->loose && i < replace->references.count; i++)
		if (replace->references.items[i].itself && strcmp(replace_loose_column(replace, &replace->references.items[i])->name, name) == 0)
			return true;
	return false;
}

static int put_loose(const struct replace *replace, struct buffer *out, struct error *error)
{
	const char *before = "";

	for (size_t i = 0; i < replace->target->catalog.column_count; i++) {
		const char *name = replace->target->catalog.columns[i].name;

		if (!is_loose(replace, name))
			continue;
		if (buffer_puts(out, before, error) || put_column(replace, 't', name, out, error) || buffer_puts(out, " = NULL", error))
			return -1;
		before = ", ";
	}
	return 0;
}

static int put_values(const struct replace *replace, char alias, struct buffer *out, struct error *error)
{
	for (size_t i = 0; i < replace->target->schema->field_count; i++) {
		const char *name = column_name(replace, i);

		if ((i && buffer_puts(out, ", ", error)) ||
		    (alias && is_loose(replace, name) ? buffer_puts(out, "NULL", error)
			   : alias ? put_column(replace, alias, name, out, error)
			   : dialect_quote(session_of(replace)->dialect, out, name, error)))
			return -1;
	}
	return 0;
}

static int put_set(const struct replace *replace, struct buffer *out, struct error *error)
{
	const struct schema *schema = replace->target->schema;
	bool first = true;

	for (size_t i = 0; i < schema->field_count; i++) {
		const char *name = column_name(replace, i);

		if (in_key(schema, i))
			continue;
		if ((!first && buffer_puts(out, ", ", error)) ||
		    (replace_traits_of(session_of(replace))->joins_in_update && buffer_puts(out, "t.", error)) ||
		    dialect_quote(session_of(replace)->dialect, out, name, error) || buffer_puts(out, " = ", error) ||
		    (replace->untied && replace_unties(replace, name) ? buffer_puts(out, "NULL", error) : put_column(replace, 's', name, out, error)))
			return -1;
		first = false;
	}
	return 0;
}

static int put_differs(const struct replace *replace, struct buffer *out, struct error *error)
{
	const struct schema *schema = replace->target->schema;
	const struct dialect *dialect = session_of(replace)->dialect;
	struct buffer left, right;
	bool first = true;
	int result = 0;

	buffer_init(&left, REPLACE_SQL_MAX);
	buffer_init(&right, REPLACE_SQL_MAX);
	for (size_t i = 0; result == 0 && i < schema->field_count; i++) {
		const struct catalog_column *column = catalog_find(&replace->target->catalog, dialect, schema->fields[i].name);

		if (in_key(schema, i))
			continue;
		buffer_clear(&left);
		buffer_clear(&right);
		if ((!first && buffer_puts(out, " OR ", error)) || put_column(replace, 't', column->name, &left, error) ||
		    put_column(replace, 's', column->name, &right, error) ||
		    replace_traits_of(session_of(replace))->differs(column, buffer_text(&left), buffer_text(&right), out, error))
			result = -1;
		first = false;
	}
	buffer_fini(&left);
	buffer_fini(&right);
	return result == 0 && first ? buffer_puts(out, "1 = 0", error) : result;
}

/* {held}, {wanted} and {taken}: for each other unique key an EXISTS, the comparison of its columns between both texts. */
static int put_clashes(const struct replace *replace, const char *head, char a, char b, const char *tail, struct buffer *out,
	struct error *error)
{
	const struct catalog_key *key;
	size_t number = 0;

	for (; (key = replace_other_key(session_of(replace), replace->target->schema, &replace->target->catalog, number)); number++) {
		if ((number && buffer_puts(out, " OR ", error)) || replace_expand(replace, head, out, error))
			return -1;
		for (size_t i = 0; i < key->count; i++)
			if (put_pair(replace, a, b, key->columns[i], i == 0, out, error))
				return -1;
		if (replace_expand(replace, tail, out, error))
			return -1;
	}
	return number ? 0 : buffer_puts(out, "1 = 0", error);
}

static int put_reference(const struct replace *replace, size_t number, struct buffer *out, struct error *error)
{
	const struct reference *reference = &replace->references.items[number];
	const struct dialect *dialect = session_of(replace)->dialect;

	if (buffer_puts(out, "EXISTS (SELECT 1 FROM ", error) || dialect_quote_table(dialect, out, reference->table, error) ||
	    buffer_puts(out, " AS q WHERE ", error))
		return -1;
	for (size_t i = 0; i < reference->count; i++)
		if (buffer_puts(out, i ? " AND " : "", error) || put_column(replace, 'q', reference->columns[i], out, error) ||
		    buffer_puts(out, " = ", error) || put_column(replace, 't', reference->parent_columns[i], out, error))
			return -1;
	return buffer_puts(out, ")", error);
}

static int put_free(const struct replace *replace, struct buffer *out, struct error *error)
{
	if (buffer_puts(out, "NOT (", error))
		return -1;
	for (size_t i = 0; i < replace->references.count; i++)
		if ((i && buffer_puts(out, " OR ", error)) || put_reference(replace, i, out, error))
			return -1;
	return buffer_puts(out, replace->references.count ? ")" : "1 = 0)", error);
}

/* The name of c without its schema, and with an end. */
static int put_list_name(const struct replace *replace, const char *end, struct buffer *out, struct error *error)
{
	char name[sizeof replace->stage.changed + 32];

	const char *dot = strchr(replace->stage.changed, '.');

	snprintf(name, sizeof name, "%s%s", dot ? dot + 1 : replace->stage.changed, end);
	return dialect_quote(session_of(replace)->dialect, out, name, error);
}

static int put_part(const struct replace *replace, const char *part, struct buffer *out, struct error *error)
{
	const struct dialect *dialect = session_of(replace)->dialect;

	if (strlen(part) == 1) {
		const char *table = part[0] == 's' ? replace->stage.name
			: part[0] == 'c'	   ? replace->stage.changed
			: part[0] == 'r'	   ? replace->stage.refused
						   : replace->target->catalog.table;

		return dialect_quote_table(dialect, out, table, error);
	}
	if (part[1] == '=')
		return put_match(replace, part[0], part[2], out, error);
	if (strncmp(part, "keys ", 5) == 0)
		return put_key(replace, part[5], true, out, error);
	if (strncmp(part, "order ", 6) == 0)
		return put_key(replace, part[6], false, out, error);
	if (strcmp(part, "key") == 0)
		return put_key(replace, '\0', false, out, error);
	if (strncmp(part, "list", 4) == 0)
		return put_list_name(replace, part + 4, out, error);
	if (strncmp(part, "values ", 7) == 0)
		return put_values(replace, part[7], out, error);
	if (strcmp(part, "columns") == 0)
		return put_values(replace, '\0', out, error);
	if (strcmp(part, "set") == 0)
		return put_set(replace, out, error);
	if (strcmp(part, "loose") == 0)
		return put_loose(replace, out, error);
	if (strcmp(part, "differs") == 0)
		return put_differs(replace, out, error);
	if (strcmp(part, "held") == 0)
		return put_clashes(replace, "EXISTS (SELECT 1 FROM {t} AS x WHERE ", 'x', 's', " AND NOT ({x=s}))", out, error);
	if (strcmp(part, "wanted") == 0)
		return put_clashes(replace, "EXISTS (SELECT 1 FROM {s} AS s JOIN {c} AS w ON {w=s} WHERE ", 's', 't',
			" AND NOT ({s=t}) AND w.penstock_round = 0)", out, error);
	if (strcmp(part, "taken") == 0)
		return put_clashes(replace, "EXISTS (SELECT 1 FROM {s} AS s WHERE ", 's', 't', ")", out, error);
	if (strcmp(part, "free") == 0)
		return put_free(replace, out, error);
	if (strncmp(part, "by ", 3) == 0)
		return put_reference(replace, strtoul(part + 3, NULL, 10), out, error);
	if (strcmp(part, "temporary") == 0)
		return buffer_puts(out, replace_traits_of(session_of(replace))->until_end, error);
	assert(strcmp(part, "overriding") == 0);
	for (size_t i = 0; i < replace->target->schema->field_count; i++)
		if (catalog_find(&replace->target->catalog, dialect, column_name(replace, i))->identity_always)
			return buffer_puts(out, replace_traits_of(session_of(replace))->overriding, error);
	return 0;
}

int replace_expand(const struct replace *replace, const char *text, struct buffer *out, struct error *error)
{
	const char *open;
	char part[32];

	while ((open = strchr(text, '{'))) {
		size_t length = strcspn(open + 1, "}");

		assert(open[1 + length] == '}' && length < sizeof part);
		memcpy(part, open + 1, length);
		part[length] = '\0';
		if (buffer_append(out, text, (size_t)(open - text), error) || put_part(replace, part, out, error))
			return -1;
		text = open + length + 2;
	}
	return buffer_puts(out, text, error);
}

/* --- running --- */

int replace_run(const struct replace *replace, const char *what, int64_t *affected, enum fault_class *class,
	struct error *error, const char *text, ...)
{
	struct session *session = replace->target->session;
	char numbered[REPLACE_TEXT_MAX], doing[NAME_MAX_BYTES + 64];
	struct statement statement;
	struct buffer sql;
	va_list arguments;
	int result;

	va_start(arguments, text);
	result = vsnprintf(numbered, sizeof numbered, text, arguments);
	va_end(arguments);
	if (result < 0 || result >= (int)sizeof numbered)
		return error_set(error, ERROR_CONFIG, session->place, "table %s is referenced by more keys than one statement can name",
			replace->target->table);
	if (cancel_requested(session->cancel))
		return error_set(error, ERROR_CANCELLED, NULL, "cancelled");
	snprintf(doing, sizeof doing, "%s %s", what, replace->target->table);
	buffer_init(&sql, REPLACE_SQL_MAX);
	result = -1;
	if (replace_expand(replace, numbered, &sql, error) == 0 &&
	    statement_open(&statement, session, doing, buffer_text(&sql), error) == 0) {
		result = statement_execute(&statement, affected, class, error);
		statement_close(&statement);
	}
	buffer_fini(&sql);
	return result;
}

int replace_count(const struct replace *replace, const char *what, const char *text, int64_t *out, struct error *error)
{
	struct statement statement;
	struct buffer sql;
	int row = -1;

	buffer_init(&sql, REPLACE_SQL_MAX);
	if (replace_expand(replace, text, &sql, error) == 0 &&
	    statement_open(&statement, replace->target->session, what, buffer_text(&sql), error) == 0) {
		if (statement_execute(&statement, NULL, NULL, error) == 0 && statement_fetch(&statement, error) == 1)
			row = statement_integer(&statement, 1, out, NULL, error);
		statement_close(&statement);
	}
	buffer_fini(&sql);
	return row;
}

static int put_reads(const struct replace *replace, struct buffer *out, struct error *error)
{
	const struct schema *schema = replace->target->schema;
	const struct dialect *dialect = session_of(replace)->dialect;
	struct buffer quoted;
	int result = 0;

	buffer_init(&quoted, REPLACE_TEXT_MAX);
	for (size_t i = 0; result == 0 && i < schema->primary.count; i++) {
		const struct field *field = &schema->fields[schema->primary.fields[i]];
		const struct catalog_column *column = catalog_find(&replace->target->catalog, dialect, field->name);

		buffer_clear(&quoted);
		if ((i && buffer_puts(out, ", ", error)) || put_column(replace, 't', column->name, &quoted, error) ||
		    dialect->read(field, column, buffer_text(&quoted), out, error))
			result = -1;
	}
	buffer_fini(&quoted);
	return result;
}

/* "id = 3, day = 2021-11-07"; values that must not show are stars. */
static int print_key(const struct replace *replace, struct statement *statement, char out[REPLACE_KEY_MAX], struct error *error)
{
	const struct schema *schema = replace->target->schema;
	size_t used = 0;

	for (size_t i = 0; i < schema->primary.count && used < REPLACE_KEY_MAX; i++) {
		const struct field *field = &schema->fields[schema->primary.fields[i]];
		struct text text;

		if (statement_text(statement, (unsigned)i + 1, &text, error))
			return -1;
		used += (size_t)snprintf(out + used, REPLACE_KEY_MAX - used, "%s%s = %.100s", i ? ", " : "", field->name,
			field->sensitive ? "***" : text.data ? text.data : "null");
	}
	return 1;
}

int replace_key_text(const struct replace *replace, const char *from, char out[REPLACE_KEY_MAX], struct error *error)
{
	struct statement statement;
	struct buffer sql;
	int row = -1;

	out[0] = '\0';
	buffer_init(&sql, REPLACE_SQL_MAX);
	if (buffer_puts(&sql, "SELECT ", error) == 0 && put_reads(replace, &sql, error) == 0 &&
	    buffer_puts(&sql, " FROM ", error) == 0 && replace_expand(replace, from, &sql, error) == 0 &&
	    buffer_puts(&sql, " LIMIT 1", error) == 0 &&
	    statement_open(&statement, replace->target->session, "looking for a row", buffer_text(&sql), error) == 0) {
		row = statement_execute(&statement, NULL, NULL, error);
		if (row == 0)
			row = statement_fetch(&statement, error);
		if (row == 1)
			row = print_key(replace, &statement, out, error);
		statement_close(&statement);
	}
	buffer_fini(&sql);
	return row;
}
