/* writer.c - rows of a batch into one table by INSERT of many rows.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/writer.h"

static const struct catalog_column *column_of(const struct catalog *catalog, const struct dialect *dialect,
	const struct field *field)
{
	const struct catalog_column *column = catalog_find(catalog, dialect, field->name);

	assert(column);
	return column;
}

static int put_head(const struct dialect *dialect, const struct schema *schema, const struct catalog *catalog,
	struct buffer *out, struct error *error)
{
	bool overriding = false;

	if (buffer_puts(out, "INSERT INTO ", error) || dialect_quote_table(dialect, out, catalog->table, error))
		return -1;
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct catalog_column *column = column_of(catalog, dialect, &schema->fields[i]);

		overriding = overriding || column->identity_always;
		if (buffer_puts(out, i ? ", " : " (", error) || dialect_quote(dialect, out, column->name, error))
			return -1;
	}
	return buffer_puts(out, overriding ? ") OVERRIDING SYSTEM VALUE VALUES " : ") VALUES ", error);
}

static int put_tuple(const struct dialect *dialect, const struct schema *schema, const struct catalog *catalog,
	struct buffer *out, struct error *error)
{
	for (size_t i = 0; i < schema->field_count; i++)
		if ((i && buffer_puts(out, ",", error)) ||
		    dialect->parameter(&schema->fields[i], column_of(catalog, dialect, &schema->fields[i]), out, error))
			return -1;
	return buffer_puts(out, "", error);
}

static bool in_key(const struct key *key, size_t field)
{
	for (size_t i = 0; i < key->count; i++)
		if (key->fields[i] == field)
			return true;
	return false;
}

static int put_change(const struct dialect *dialect, const char *name, bool first, struct buffer *out, struct error *error)
{
	if (buffer_puts(out, first ? " DO UPDATE SET " : ", ", error) || dialect_quote(dialect, out, name, error) ||
	    buffer_puts(out, " = excluded.", error))
		return -1;
	return dialect_quote(dialect, out, name, error);
}

static int put_upsert(const struct dialect *dialect, const struct schema *schema, const struct catalog *catalog,
	const struct key *key, struct buffer *out, struct error *error)
{
	bool first = true;

	for (size_t i = 0; i < key->count; i++)
		if (buffer_puts(out, i ? ", " : " ON CONFLICT (", error) ||
		    dialect_quote(dialect, out, column_of(catalog, dialect, &schema->fields[key->fields[i]])->name, error))
			return -1;
	if (buffer_puts(out, ")", error))
		return -1;
	for (size_t i = 0; i < schema->field_count; i++) {
		if (in_key(key, i))
			continue;
		if (put_change(dialect, column_of(catalog, dialect, &schema->fields[i])->name, first, out, error))
			return -1;
		first = false;
	}
	/* Nothing but the key: the row that is there stays as it is. */
	return first ? buffer_puts(out, " DO NOTHING", error) : 0;
}

int writer_open(struct writer *writer, struct session *session, const struct schema *schema, const struct catalog *catalog,
	const struct key *upsert, size_t most, struct error *error)
{
	const struct dialect *dialect = session->dialect;
	const struct field **fields = calloc(schema->field_count ? schema->field_count : 1, sizeof *fields);
	struct buffer head, tuple, tail;
	char what[NAME_MAX_BYTES + 16];
	int result = -1;

	memset(writer, 0, sizeof *writer);
	buffer_init(&head, BULK_SQL_MAX);
	buffer_init(&tuple, BULK_SQL_MAX);
	buffer_init(&tail, BULK_SQL_MAX);
	if (!fields) {
		error_memory(error, "a writer");
		goto out;
	}
	for (size_t i = 0; i < schema->field_count; i++)
		fields[i] = &schema->fields[i];
	snprintf(what, sizeof what, "inserting into %s", catalog->table);
	if (put_head(dialect, schema, catalog, &head, error) == 0 && put_tuple(dialect, schema, catalog, &tuple, error) == 0 &&
	    (!upsert || put_upsert(dialect, schema, catalog, upsert, &tail, error) == 0))
		result = bulk_open(&writer->bulk, session, what, fields, schema->field_count, false, buffer_text(&head),
			buffer_text(&tuple), buffer_text(&tail), most, error);
	/* An upsert of nothing but its key leaves the row that is there. */
	writer->bulk.may_skip = upsert && upsert->count == schema->field_count;
out:
	buffer_fini(&head);
	buffer_fini(&tuple);
	buffer_fini(&tail);
	free(fields);
	return result;
}

void writer_close(struct writer *writer)
{
	bulk_close(&writer->bulk);
}

int writer_print(const struct writer *writer, struct buffer *out, struct error *error)
{
	return buffer_printf(out, error, "%s(%s)%s", writer->bulk.head, writer->bulk.tuple, writer->bulk.tail);
}

int writer_insert(struct writer *writer, const struct batch *batch, const uint32_t *rows, size_t count,
	struct diagnosis *diagnosis, struct error *error)
{
	while (count) {
		size_t take = bulk_take(&writer->bulk, batch, NULL, rows, count);
		int result = bulk_execute(&writer->bulk, batch, NULL, rows, take, NULL, diagnosis, error);

		if (result)
			return result;
		rows += take;
		count -= take;
	}
	return 0;
}
