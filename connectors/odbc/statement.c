/* statement.c - a statement for the many small statements of state, catalog and look-ups.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/inside.h"
#include "connectors/odbc/my.h"
#include "connectors/odbc/statement.h"

enum { CELL_START = 512, CELL_CEILING = 64 * 1024 * 1024 };

static int fail(struct statement *statement, struct error *error)
{
	session_fail(statement->session, SQL_HANDLE_STMT, statement->handle, statement->what, error);
	return -1;
}

static void init(struct statement *statement, struct session *session, const char *what)
{
	memset(statement, 0, sizeof *statement);
	statement->session = session;
	statement->what = what;
	buffer_init(&statement->cell, CELL_CEILING);
}

int statement_open_kept(struct statement *statement, struct session *session, const char *what, const char *sql,
	struct error *error)
{
	if (!inside_usable(session))
		return statement_open(statement, session, what, sql, error);
	init(statement, session, what);
	statement->inside = inside_prepare(session, sql, what, error);
	return statement->inside ? 0 : -1;
}

int statement_open_rows(struct statement *statement, struct session *session, const char *what, const char *sql,
	struct error *error)
{
	char why[MY_WHY_MAX];

	if (!my_usable(session, why))
		return statement_open(statement, session, what, sql, error);
	init(statement, session, what);
	statement->rows = my_rows_prepare(session, what, sql, error);
	return statement->rows ? 0 : -1;
}

int statement_open_stream(struct statement *statement, struct session *session, const char *what, const char *sql, bool *streamed,
	struct error *error)
{
	char why[MY_WHY_MAX];

	*streamed = my_usable(session, why);
	if (!*streamed)
		return 0;
	if (statement_open_rows(statement, session, what, sql, error))
		return -1;
	if (my_rows_stream(statement->rows, error) == 0)
		return 0;
	statement_close(statement);
	return -1;
}

int statement_open(struct statement *statement, struct session *session, const char *what, const char *sql,
	struct error *error)
{
	init(statement, session, what);
	if (session_handle(session, &statement->handle, error))
		return -1;
	statement->sql = strdup(sql);
	if (!statement->sql) {
		statement_close(statement);
		return error_memory(error, "a statement");
	}
	return 0;
}

void statement_close(struct statement *statement)
{
	inside_free(statement->inside);
	statement->inside = NULL;
	my_rows_free(statement->rows);
	statement->rows = NULL;
	if (statement->handle)
		SQLFreeHandle(SQL_HANDLE_STMT, statement->handle);
	statement->handle = SQL_NULL_HSTMT;
	free(statement->sql);
	statement->sql = NULL;
	buffer_fini(&statement->cell);
}

static int refused(struct statement *statement, const struct diagnosis *diagnosis, struct error *error)
{
	diagnosis_error(statement->session, diagnosis, statement->what, error);
	return -1;
}

static int bind(struct statement *statement, unsigned number, SQLSMALLINT c_type, SQLSMALLINT sql_type, size_t length,
	const void *data, SQLLEN indicator, struct error *error)
{
	struct statement_parameter *parameter = &statement->parameters[number - 1];

	statement->bound = true;
	parameter->indicator = indicator;
	if (SQL_SUCCEEDED(SQLBindParameter(statement->handle, (SQLUSMALLINT)number, SQL_PARAM_INPUT, c_type, sql_type,
		    length ? length : 1, 0, session_input(data), (SQLLEN)length, &parameter->indicator)))
		return 0;
	return fail(statement, error);
}

int statement_bind_integer(struct statement *statement, unsigned number, int64_t value, struct error *error)
{
	struct diagnosis diagnosis;

	assert(number >= 1 && number <= STATEMENT_PARAMETERS_MAX);
	if (statement->inside)
		return inside_bind_integer(statement->session, statement->inside, (int)number, value, &diagnosis)
			? 0
			: refused(statement, &diagnosis, error);
	if (statement->rows) {
		my_rows_bind_integer(statement->rows, number, value);
		return 0;
	}
	statement->parameters[number - 1].integer = value;
	return bind(statement, number, SQL_C_SBIGINT, SQL_BIGINT, sizeof value, &statement->parameters[number - 1].integer,
		0, error);
}

int statement_bind_text(struct statement *statement, unsigned number, const char *text, size_t length, struct error *error)
{
	struct diagnosis diagnosis;

	assert(number >= 1 && number <= STATEMENT_PARAMETERS_MAX);
	if (statement->inside)
		return inside_bind_text(statement->session, statement->inside, (int)number, text, length, &diagnosis)
			? 0
			: refused(statement, &diagnosis, error);
	if (statement->rows) {
		my_rows_bind_text(statement->rows, number, text, length);
		return 0;
	}
	return bind(statement, number, SQL_C_CHAR, SQL_VARCHAR, text ? length : 0, text ? text : "",
		text ? (SQLLEN)length : SQL_NULL_DATA, error);
}

int statement_bind_string(struct statement *statement, unsigned number, const char *string, struct error *error)
{
	return statement_bind_text(statement, number, string, string ? strlen(string) : 0, error);
}

int statement_bind_null(struct statement *statement, unsigned number, struct error *error)
{
	return statement_bind_text(statement, number, NULL, 0, error);
}

/* The first row, if there is one, waits for the first fetch. */
static int execute_inside(struct statement *statement, int64_t *affected, enum fault_class *class, struct error *error)
{
	struct diagnosis diagnosis;

	inside_reset(statement->inside);
	statement->waits = inside_step(statement->session, statement->inside, &diagnosis, class);
	if (statement->waits < 0)
		return refused(statement, &diagnosis, error);
	if (affected)
		*affected = inside_changes(statement->session);
	return 0;
}

static int fetch_inside(struct statement *statement, struct error *error)
{
	struct diagnosis diagnosis;
	int more = statement->waits;

	/* Stepping beyond the end would run the statement again. */
	statement->waits = more > 0 ? STATEMENT_READS : 0;
	if (more == STATEMENT_READS)
		more = inside_step(statement->session, statement->inside, &diagnosis, NULL);
	if (more <= 0)
		statement->waits = 0;
	return more < 0 ? refused(statement, &diagnosis, error) : more > 0;
}

/* Most statements are executed once, and a driver needs more round trips for one that is prepared by name (psqlodbc four
 * instead of one). So the first time the text is handed over as it is; one with parameters that comes a second time is prepared. */
static SQLRETURN execute(struct statement *statement)
{
	SQLRETURN code;

	if (!statement->executed || !statement->bound) {
		statement->executed = true;
		return session_run_text(statement->session, statement->handle, statement->sql);
	}
	if (statement->sql) {
		code = SQLPrepare(statement->handle, session_input(statement->sql), SQL_NTS);
		if (!SQL_SUCCEEDED(code))
			return code;
		free(statement->sql);
		statement->sql = NULL;
	}
	return session_run(statement->session, statement->handle);
}

int statement_execute(struct statement *statement, int64_t *affected, enum fault_class *class, struct error *error)
{
	SQLRETURN code;
	SQLLEN rows = 0;

	if (statement->inside)
		return execute_inside(statement, affected, class, error);
	if (statement->rows)
		return my_rows_execute(statement->rows, error);
	SQLFreeStmt(statement->handle, SQL_CLOSE);
	code = execute(statement);
	if (!SQL_SUCCEEDED(code) && code != SQL_NO_DATA) {
		enum fault_class found =
			session_fail(statement->session, SQL_HANDLE_STMT, statement->handle, statement->what, error);

		if (class)
			*class = found;
		return -1;
	}
	if (affected) {
		/* SQL_NO_DATA is ODBC 3's word for an UPDATE or DELETE of no row. */
		if (code != SQL_NO_DATA && !SQL_SUCCEEDED(SQLRowCount(statement->handle, &rows)))
			return fail(statement, error);
		*affected = rows < 0 ? 0 : rows;
	}
	return 0;
}

int statement_fetch(struct statement *statement, struct error *error)
{
	SQLRETURN code;

	if (statement->inside)
		return fetch_inside(statement, error);
	if (statement->rows)
		return my_rows_fetch(statement->rows, error);
	code = SQLFetch(statement->handle);
	if (SQL_SUCCEEDED(code))
		return 1;
	if (code != SQL_NO_DATA)
		return fail(statement, error);
	SQLFreeStmt(statement->handle, SQL_CLOSE);
	return 0;
}

void statement_finish(struct statement *statement)
{
	if (statement->inside)
		inside_reset(statement->inside);
	statement->waits = 0;
	if (statement->rows)
		my_rows_finish(statement->rows);
	if (statement->handle)
		SQLFreeStmt(statement->handle, SQL_CLOSE);
}

int statement_text(struct statement *statement, unsigned column, struct text *out, struct error *error)
{
	struct buffer *cell = &statement->cell;

	buffer_clear(cell);
	*out = (struct text){ NULL, 0 };
	if (statement->inside) {
		*out = inside_text(statement->inside, (int)column - 1);
		return 0;
	}
	if (statement->rows)
		return my_rows_text(statement->rows, column, out, error);
	if (buffer_reserve(cell, CELL_START, error))
		return -1;
	for (;;) {
		SQLLEN length = 0;
		size_t room = cell->size - cell->length;
		SQLRETURN code = SQLGetData(statement->handle, (SQLUSMALLINT)column, SQL_C_CHAR, cell->data + cell->length,
			(SQLLEN)room, &length);

		if (code == SQL_NO_DATA)
			break;
		if (!SQL_SUCCEEDED(code))
			return fail(statement, error);
		if (length == SQL_NULL_DATA)
			return 0;
		if (length != SQL_NO_TOTAL && (size_t)length < room) {
			cell->length += (size_t)length;
			break;
		}
		/* Cut: one byte of the room holds the NUL. length is what was left before this call, where the driver knows it. */
		cell->length += room - 1;
		if (buffer_reserve(cell, length == SQL_NO_TOTAL ? room * 2 : (size_t)length - room + 2, error))
			return -1;
	}
	cell->data[cell->length] = '\0';
	*out = (struct text){ cell->data, cell->length };
	return 0;
}

int statement_integer(struct statement *statement, unsigned column, int64_t *out, bool *null, struct error *error)
{
	struct text text;
	char *end;

	*out = 0;
	if (statement_text(statement, column, &text, error))
		return -1;
	if (null)
		*null = !text.data;
	if (!text.data)
		return 0;
	errno = 0;
	*out = strtoll(text.data, &end, 10);
	if (errno || end == text.data || *end)
		return error_set(error, ERROR_SINK, statement->session->place, "%s: \"%.40s\" is not an integer", statement->what,
			text.data);
	return 0;
}
