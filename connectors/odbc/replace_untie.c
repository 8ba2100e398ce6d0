/* replace_untie.c - references among the rows of a table that are null for a while, so that rows can go and change in any order.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "connectors/odbc/dialect.h"
#include "connectors/odbc/replace_parts.h"

/* A column that the rows bring gets its value back with them. */
static const struct catalog_column *column_of(const struct replace *replace, const struct reference *reference)
{
	const struct catalog_column *column = replace_loose_column(replace, reference);

	if (!column || replace_field_of(replace->target->schema, replace->target->session->dialect, column->name) == SCHEMA_NO_FIELD)
		return NULL;
	return column;
}

bool replace_can_untie(const struct replace *replace)
{
	for (size_t i = 0; i < replace->references.count; i++)
		if (replace->references.items[i].itself && !column_of(replace, &replace->references.items[i]))
			return false;
	return true;
}

bool replace_unties(const struct replace *replace, const char *column)
{
	for (size_t i = 0; i < replace->references.count; i++)
		if (replace->references.items[i].itself && strcmp(column_of(replace, &replace->references.items[i])->name, column) == 0)
			return true;
	return false;
}

/* Of one reference: the rows t whose parent, x, did not come. */
static int put_statement(const struct replace *replace, const struct reference *reference, struct buffer *out, struct error *error)
{
	const struct dialect *dialect = replace->target->session->dialect;

	if (replace_expand(replace, "UPDATE {t} AS t SET ", out, error) || dialect_quote(dialect, out, column_of(replace, reference)->name, error) ||
	    replace_expand(replace, " = NULL WHERE EXISTS (SELECT 1 FROM {t} AS x WHERE NOT EXISTS (SELECT 1 FROM {s} AS s WHERE {s=x})", out, error))
		return -1;
	for (size_t i = 0; i < reference->count; i++)
		if (buffer_puts(out, " AND x.", error) || dialect_quote(dialect, out, reference->parent_columns[i], error) ||
		    buffer_puts(out, " = t.", error) || dialect_quote(dialect, out, reference->columns[i], error))
			return -1;
	return buffer_puts(out, ")", error);
}

int replace_untie(const struct replace *replace, struct error *error)
{
	struct buffer sql;
	int result = 0;

	buffer_init(&sql, REPLACE_SQL_MAX);
	for (size_t i = 0; i < replace->references.count && result == 0; i++) {
		if (!replace->references.items[i].itself)
			continue;
		buffer_clear(&sql);
		result = put_statement(replace, &replace->references.items[i], &sql, error);
		if (result == 0)
			result = session_execute(replace->target->session, buffer_text(&sql), error);
	}
	buffer_fini(&sql);
	return result;
}
