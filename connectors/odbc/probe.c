/* probe.c - which of some keys are in a table.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "connectors/odbc/probe.h"

/* WITH v(i, c0, c1) AS (VALUES (0, ?, ?), ...) SELECT v.i FROM v WHERE (SELECT 1 FROM t WHERE t.a = v.c0 AND t.b = v.c1 LIMIT 1) = 1
 * Not EXISTS: PostgreSQL makes a join of that, which reads all of a table that was small when the statement was planned. */
static int put_sql(const struct dialect *dialect, const struct catalog *table, const char *const *columns,
	const struct field *const *fields, size_t count, struct buffer *head, struct buffer *tuple, struct buffer *tail,
	struct error *error)
{
	if (buffer_puts(head, "WITH v(i", error) ||
	    buffer_puts(tail, ") SELECT v.i FROM v WHERE (SELECT 1 FROM ", error) ||
	    dialect_quote_table(dialect, tail, table->table, error) || buffer_puts(tail, " t WHERE ", error))
		return -1;
	for (size_t i = 0; i < count; i++) {
		const struct catalog_column *column = catalog_find(table, dialect, columns[i]);

		if (buffer_printf(head, error, ",c%zu", i) || (i && buffer_puts(tuple, ",", error)) ||
		    dialect->parameter(fields[i], column, tuple, error) || buffer_puts(tail, i ? " AND t." : "t.", error) ||
		    dialect_quote(dialect, tail, column ? column->name : columns[i], error) ||
		    buffer_printf(tail, error, " = v.c%zu", i))
			return -1;
	}
	return buffer_puts(head, ") AS (VALUES ", error) || buffer_puts(tail, " LIMIT 1) = 1", error) ? -1 : 0;
}

int probe_open(struct probe *probe, struct session *session, const struct catalog *table, const char *const *columns,
	const struct field *const *fields, size_t count, struct error *error)
{
	struct buffer head, tuple, tail;
	char what[NAME_MAX_BYTES + 16];
	int result = -1;

	memset(probe, 0, sizeof *probe);
	buffer_init(&head, BULK_SQL_MAX);
	buffer_init(&tuple, BULK_SQL_MAX);
	buffer_init(&tail, BULK_SQL_MAX);
	snprintf(what, sizeof what, "looking for keys in %s", table->table);
	if (put_sql(session->dialect, table, columns, fields, count, &head, &tuple, &tail, error) == 0)
		result = bulk_open(&probe->bulk, session, what, fields, count, true, buffer_text(&head), buffer_text(&tuple),
			buffer_text(&tail), 0, error);
	buffer_fini(&head);
	buffer_fini(&tuple);
	buffer_fini(&tail);
	return result;
}

void probe_close(struct probe *probe)
{
	bulk_close(&probe->bulk);
}

static int read_places(struct probe *probe, SQLHSTMT handle, size_t count, bool *found, struct error *error)
{
	SQLRETURN code;

	while (SQL_SUCCEEDED(code = SQLFetch(handle))) {
		SQLBIGINT place = -1;
		SQLLEN indicator = 0;

		code = SQLGetData(handle, 1, SQL_C_SBIGINT, &place, sizeof place, &indicator);
		if (!SQL_SUCCEEDED(code))
			break;
		assert(place >= 0 && (size_t)place < count);
		found[place] = true;
	}
	if (code != SQL_NO_DATA) {
		session_fail(probe->bulk.session, SQL_HANDLE_STMT, handle, probe->bulk.what, error);
		SQLFreeStmt(handle, SQL_CLOSE);
		return -1;
	}
	SQLFreeStmt(handle, SQL_CLOSE);
	return 0;
}

int probe_rows(struct probe *probe, const struct batch *batch, const size_t *in_columns, const uint32_t *rows, size_t count,
	bool *found, struct error *error)
{
	while (count) {
		size_t take = bulk_take(&probe->bulk, batch, in_columns, rows, count);
		struct diagnosis diagnosis;
		SQLHSTMT handle;
		int result = bulk_execute(&probe->bulk, batch, in_columns, rows, take, &handle, &diagnosis, error);

		if (result > 0) {
			/* A value that the column's type refuses: nobody can say which, so it counts as a failure of the query. */
			diagnosis_error(probe->bulk.session, &diagnosis, probe->bulk.what, error);
			return -1;
		}
		if (result || read_places(probe, handle, take, found, error))
			return -1;
		rows += take;
		count -= take;
		found += take;
	}
	return 0;
}
