/* probe.c - which of some keys are in a table.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/probe.h"

/* WITH penstock_v(i, c0, c1) AS (VALUES (0, ?, ?), ...) SELECT v.i FROM penstock_v v WHERE (SELECT 1 FROM t WHERE t.a = v.c0 AND t.b = v.c1 LIMIT 1) = 1
 * A table that is called v must not be hidden by that name.
 * Not EXISTS: PostgreSQL makes a join of that, which reads all of a table that was small when the statement was planned. */
static int put_sql(const struct dialect *dialect, const struct catalog *table, const char *const *columns,
	const struct field *const *fields, size_t count, struct buffer *head, struct buffer *tuple, struct buffer *tail,
	struct error *error)
{
	if (buffer_puts(head, "WITH penstock_v(i", error) ||
	    buffer_puts(tail, ") SELECT v.i FROM penstock_v v WHERE (SELECT 1 FROM ", error) ||
	    dialect_quote_table(dialect, tail, table->table, error) || buffer_puts(tail, " t WHERE ", error))
		return -1;
	for (size_t i = 0; i < count; i++) {
		const struct catalog_column *column = catalog_find(table, dialect, columns[i]);

		if (buffer_printf(head, error, ",c%zu", i) || (i && buffer_puts(tuple, ",", error)) ||
		    (dialect->compared && column ? dialect->compared : dialect->parameter)(fields[i], column, tuple, error) ||
		    buffer_puts(tail, i ? " AND t." : "t.", error) ||
		    dialect_quote(dialect, tail, column ? column->name : columns[i], error) ||
		    buffer_printf(tail, error, " = v.c%zu", i))
			return -1;
	}
	return buffer_puts(head, ") AS (VALUES ", error) || buffer_puts(tail, " LIMIT 1) = 1", error) ? -1 : 0;
}

/* SELECT string_agg(CASE WHEN (SELECT 1 FROM t WHERE t.a = v.c0 AND t.b = v.c1 LIMIT 1) = 1 THEN '1' ELSE '0' END, '' ORDER BY v.i)
 * FROM unnest(?, ?) WITH ORDINALITY AS v(c0, c1, i): one row, a digit for each key. */
static int put_arrays_sql(const struct dialect *dialect, const struct catalog *table, const char *const *columns,
	const struct field *const *fields, size_t count, bool unseen, struct buffer *sql, struct buffer *from, struct error *error)
{
	if (buffer_puts(sql, "SELECT string_agg(CASE WHEN (SELECT 1 FROM ", error) ||
	    dialect_quote_table(dialect, sql, table->table, error) || buffer_puts(sql, " t WHERE ", error))
		return -1;
	for (size_t i = 0; i < count; i++) {
		const struct catalog_column *column = catalog_find(table, dialect, columns[i]);
		const char *cast, *type = dialect->element(fields[i], column, &cast);
		bool as_text = cast && unseen;

		if (buffer_printf(sql, error, "%s%st.", i ? " AND " : "", as_text ? "CAST(" : "") ||
		    dialect_quote(dialect, sql, column ? column->name : columns[i], error) ||
		    (as_text && buffer_puts(sql, " AS text)", error)))
			return -1;
		if (as_text)
			cast = NULL;
		if (buffer_printf(sql, error, " = %sv.c%zu%s%s%s", cast ? "CAST(" : "", i, cast ? " AS " : "", cast ? cast : "",
			    cast ? ")" : "") ||
		    buffer_printf(from, error, "%sCAST(? AS %s[])", i ? ", " : " FROM unnest(", type))
			return -1;
	}
	if (buffer_puts(sql, " LIMIT 1) = 1 THEN '1' ELSE '0' END, '' ORDER BY v.i)", error) ||
	    buffer_puts(sql, buffer_text(from), error) || buffer_puts(sql, ") WITH ORDINALITY AS v(", error))
		return -1;
	for (size_t i = 0; i < count; i++)
		if (buffer_printf(sql, error, "c%zu, ", i))
			return -1;
	return buffer_puts(sql, "i)", error);
}

bool probe_may_fail(const struct dialect *dialect, const struct catalog *table, const char *const *columns, size_t count)
{
	for (size_t i = 0; dialect->element && i < count; i++) {
		const struct catalog_column *column = catalog_find(table, dialect, columns[i]);

		if (column && column->kind == KIND_OTHER)
			return true;
	}
	return false;
}

static int open_arrays(struct probe *probe, struct session *session, const char *what, const struct catalog *table,
	const char *const *columns, const struct field *const *fields, size_t count, bool unseen, struct error *error)
{
	struct buffer sql, from;
	int result = -1;

	buffer_init(&sql, BULK_SQL_MAX);
	buffer_init(&from, BULK_SQL_MAX);
	probe->answer = malloc(ARRAYS_ROWS_MAX + 1);
	if (!probe->answer)
		error_memory(error, "a look-up");
	else if (put_arrays_sql(session->dialect, table, columns, fields, count, unseen, &sql, &from, error) == 0)
		result = arrays_open(&probe->arrays, session, what, fields, count, buffer_text(&sql), error);
	buffer_fini(&sql);
	buffer_fini(&from);
	if (result)
		probe_close(probe);
	return result;
}

int probe_open(struct probe *probe, struct session *session, const struct catalog *table, const char *const *columns,
	const struct field *const *fields, size_t count, bool unseen, struct error *error)
{
	struct buffer head, tuple, tail;
	char what[NAME_MAX_BYTES + 16];
	int result = -1;

	memset(probe, 0, sizeof *probe);
	snprintf(what, sizeof what, "looking for keys in %s", table->table);
	if (session->dialect->element)
		return open_arrays(probe, session, what, table, columns, fields, count, unseen, error);
	buffer_init(&head, BULK_SQL_MAX);
	buffer_init(&tuple, BULK_SQL_MAX);
	buffer_init(&tail, BULK_SQL_MAX);
	if (put_sql(session->dialect, table, columns, fields, count, &head, &tuple, &tail, error) == 0)
		result = bulk_open(&probe->bulk, session, what, fields, count, true, buffer_text(&head), buffer_text(&tuple),
			buffer_text(&tail), 0, error);
	if (result == 0)
		result = probe_inside_open(&probe->inside, session, probe->bulk.what, table, columns, fields, count, error);
	if (result)
		probe_close(probe);
	buffer_fini(&head);
	buffer_fini(&tuple);
	buffer_fini(&tail);
	return result;
}

void probe_close(struct probe *probe)
{
	probe_inside_close(probe->inside);
	probe->inside = NULL;
	bulk_close(&probe->bulk);
	arrays_close(&probe->arrays);
	free(probe->answer);
	probe->answer = NULL;
}

static int fail(const struct probe *probe, SQLHSTMT handle, struct error *error)
{
	session_fail(probe->arrays.session, SQL_HANDLE_STMT, handle, probe->arrays.what, error);
	SQLFreeStmt(handle, SQL_CLOSE);
	return -1;
}

static int read_answer(struct probe *probe, SQLHSTMT handle, size_t count, bool *found, struct error *error)
{
	SQLLEN length = 0;

	if (!SQL_SUCCEEDED(SQLFetch(handle)) ||
	    !SQL_SUCCEEDED(SQLGetData(handle, 1, SQL_C_CHAR, probe->answer, ARRAYS_ROWS_MAX + 1, &length)))
		return fail(probe, handle, error);
	SQLFreeStmt(handle, SQL_CLOSE);
	assert(length == (SQLLEN)count);
	for (size_t i = 0; i < count; i++)
		if (probe->answer[i] == '1')
			found[i] = true;
	return 0;
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

/* One statement's worth of keys. */
static int ask(struct probe *probe, const struct batch *batch, const size_t *in_columns, const uint32_t *rows, size_t take, bool *found,
	struct error *error)
{
	bool arrays = probe->arrays.sql;
	struct diagnosis diagnosis;
	SQLHSTMT handle;
	int result = arrays ? arrays_execute(&probe->arrays, batch, in_columns, rows, take, &handle, &diagnosis, error)
			    : bulk_execute(&probe->bulk, batch, in_columns, rows, take, &handle, &diagnosis, error);

	if (result > 0) {
		/* A value that the column's type refuses: nobody can say which, so it counts as a failure of the query. */
		if (arrays)
			diagnosis_error(probe->arrays.session, &diagnosis, probe->arrays.what, error);
		else
			diagnosis_error(probe->bulk.session, &diagnosis, probe->bulk.what, error);
		return -1;
	}
	if (result)
		return -1;
	return arrays ? read_answer(probe, handle, take, found, error) : read_places(probe, handle, take, found, error);
}

int probe_rows(struct probe *probe, const struct batch *batch, const size_t *in_columns, const uint32_t *rows, size_t count,
	bool *found, struct error *error)
{
	if (probe->inside) {
		int result = probe_inside_rows(probe->inside, batch, in_columns, rows, count, found, error);

		if (result <= 0)
			return result;
		probe_inside_close(probe->inside);
		probe->inside = NULL;
	}
	while (count) {
		size_t take = probe->arrays.sql ? arrays_take(&probe->arrays, batch, in_columns, rows, count)
						: bulk_take(&probe->bulk, batch, in_columns, rows, count);

		if (ask(probe, batch, in_columns, rows, take, found, error))
			return -1;
		rows += take;
		count -= take;
		found += take;
	}
	return 0;
}
