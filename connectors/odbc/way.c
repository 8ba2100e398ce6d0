/* way.c - what the ways share: the SQL before and behind the rows.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>

#include "connectors/odbc/dialect.h"
#include "connectors/odbc/way.h"

const struct catalog_column *way_column(const struct way_task *task, size_t field)
{
	const struct catalog_column *column = catalog_find(task->catalog, task->session->dialect, task->schema->fields[field].name);

	assert(column);
	return column;
}

int way_put_insert(const struct way_task *task, struct buffer *out, bool *overriding, struct error *error)
{
	const struct dialect *dialect = task->session->dialect;
	bool identity = false;

	if (buffer_puts(out, "INSERT INTO ", error) || dialect_quote_table(dialect, out, task->catalog->table, error))
		return -1;
	/* Of a table that is called excluded, put_change would mean that one. */
	if (task->upsert && !dialect->upsert && buffer_puts(out, " AS penstock_target", error))
		return -1;
	for (size_t i = 0; i < task->schema->field_count; i++) {
		const struct catalog_column *column = way_column(task, i);

		identity = identity || column->identity_always;
		if (buffer_puts(out, i ? ", " : " (", error) || dialect_quote(dialect, out, column->name, error))
			return -1;
	}
	if (overriding)
		*overriding = identity;
	return buffer_puts(out, ")", error);
}

bool way_in_key(const struct key *key, size_t field)
{
	for (size_t i = 0; i < key->count; i++)
		if (key->fields[i] == field)
			return true;
	return false;
}

bool way_has_other_key(const struct way_task *task)
{
	const struct dialect *dialect = task->session->dialect;

	for (size_t i = 0; i < task->catalog->unique_count; i++) {
		const struct catalog_key *key = &task->catalog->unique[i];
		size_t held = 0;

		for (size_t k = 0; k < key->count; k++)
			for (size_t f = 0; f < task->upsert->count; f++)
				held += catalog_find(task->catalog, dialect, key->columns[k]) == way_column(task, task->upsert->fields[f]);
		if (held < key->count || held < task->upsert->count)
			return true;
	}
	return false;
}

static int put_change(const struct dialect *dialect, const char *name, bool first, struct buffer *out, struct error *error)
{
	if (buffer_puts(out, first ? " DO UPDATE SET " : ", ", error) || dialect_quote(dialect, out, name, error) ||
	    buffer_puts(out, " = excluded.", error))
		return -1;
	return dialect_quote(dialect, out, name, error);
}

int way_put_upsert(const struct way_task *task, struct buffer *out, struct error *error)
{
	const struct dialect *dialect = task->session->dialect;
	const struct key *key = task->upsert;
	bool first = true;

	if (!key)
		return buffer_puts(out, "", error);
	if (dialect->upsert)
		return dialect->upsert(task, out, error);
	for (size_t i = 0; i < key->count; i++)
		if (buffer_puts(out, i ? ", " : " ON CONFLICT (", error) ||
		    dialect_quote(dialect, out, way_column(task, key->fields[i])->name, error))
			return -1;
	if (buffer_puts(out, ")", error))
		return -1;
	for (size_t i = 0; i < task->schema->field_count; i++) {
		if (way_in_key(key, i))
			continue;
		if (put_change(dialect, way_column(task, i)->name, first, out, error))
			return -1;
		first = false;
	}
	/* Nothing but the key: the row that is there stays as it is. */
	return first ? buffer_puts(out, " DO NOTHING", error) : 0;
}
