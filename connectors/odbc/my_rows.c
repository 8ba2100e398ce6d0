/* my_rows.c - the result of a statement as texts, on the driver's connection.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <mysql.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/my.h"
#include "connectors/odbc/session.h"
#include "engine/core/buffer.h"

enum { PARAMETERS_MAX = 64, PLACE = 256, CELL_CEILING = 64 * 1024 * 1024 };

/* Of a result that stays on the server, what comes at once. */
enum { PART_FIRST = 20, PART_ROWS_MAX = 1000, PART_BYTES = 1024 * 1024 };

struct my_rows {
	struct session *session;
	const char *what;
	MYSQL_STMT *statement;
	MYSQL_BIND parameters[PARAMETERS_MAX];
	int64_t integers[PARAMETERS_MAX];
	unsigned long parameter_lengths[PARAMETERS_MAX];
	unsigned columns;
	MYSQL_BIND *results;
	unsigned long *lengths;
	my_bool *nulls;
	char *places;       /* of each column, PLACE bytes */
	struct buffer cell; /* a longer text */
	unsigned long part;   /* rows that come at once; 0: all */
	size_t largest;       /* bytes of a row so far */
};

static int fail(struct my_rows *rows, struct error *error)
{
	unsigned code = mysql_stmt_errno(rows->statement);
	bool lost = code == 2006 || code == 2013 || code == 2055; /* CR_SERVER_GONE_ERROR, CR_SERVER_LOST, CR_SERVER_LOST_EXTENDED */
	struct diagnosis diagnosis;

	session_diagnose_coded(rows->session, mysql_stmt_sqlstate(rows->statement), (int)code, mysql_stmt_error(rows->statement), lost, &diagnosis);
	diagnosis_error(rows->session, &diagnosis, rows->what, error);
	return -1;
}

void my_rows_free(struct my_rows *rows)
{
	if (!rows)
		return;
	if (rows->statement)
		mysql_stmt_close(rows->statement);
	free(rows->results);
	free(rows->lengths);
	free(rows->nulls);
	free(rows->places);
	buffer_fini(&rows->cell);
	free(rows);
}

static int bind_results(struct my_rows *rows, struct error *error)
{
	rows->columns = mysql_stmt_field_count(rows->statement);
	rows->results = calloc(rows->columns + 1, sizeof *rows->results);
	rows->lengths = calloc(rows->columns + 1, sizeof *rows->lengths);
	rows->nulls = calloc(rows->columns + 1, sizeof *rows->nulls);
	rows->places = malloc(PLACE * (rows->columns + 1));
	if (!rows->results || !rows->lengths || !rows->nulls || !rows->places)
		return error_memory(error, "a reading");
	for (unsigned i = 0; i < rows->columns; i++) {
		rows->results[i].buffer_type = MYSQL_TYPE_STRING;
		rows->results[i].buffer = rows->places + PLACE * i;
		rows->results[i].buffer_length = PLACE;
		rows->results[i].length = &rows->lengths[i];
		rows->results[i].is_null = &rows->nulls[i];
	}
	return mysql_stmt_bind_result(rows->statement, rows->results) ? fail(rows, error) : 0;
}

struct my_rows *my_rows_prepare(struct session *session, const char *what, const char *sql, struct error *error)
{
	struct my_rows *rows = NULL;

	if (!session->my.connection || session->lost) {
		session->lost = true;
		error_set(error, ERROR_SINK, session->place, "the connection is lost");
		error->retry = true;
		return NULL;
	}
	rows = calloc(1, sizeof *rows);
	if (rows) {
		rows->session = session;
		rows->what = what;
		buffer_init(&rows->cell, CELL_CEILING);
		rows->statement = mysql_stmt_init(session->my.connection);
	}
	if (!rows || !rows->statement) {
		error_memory(error, "a reading");
		my_rows_free(rows);
		return NULL;
	}
	if (mysql_stmt_prepare(rows->statement, sql, (unsigned long)strlen(sql)) ? fail(rows, error) : bind_results(rows, error)) {
		my_rows_free(rows);
		return NULL;
	}
	assert(mysql_stmt_param_count(rows->statement) <= PARAMETERS_MAX);
	return rows;
}

void my_rows_bind_integer(struct my_rows *rows, unsigned number, int64_t value)
{
	assert(number >= 1 && number <= PARAMETERS_MAX);
	rows->integers[number - 1] = value;
	rows->parameters[number - 1] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &rows->integers[number - 1] };
}

void my_rows_bind_text(struct my_rows *rows, unsigned number, const char *text, size_t length)
{
	assert(number >= 1 && number <= PARAMETERS_MAX);
	rows->parameter_lengths[number - 1] = length;
	rows->parameters[number - 1] = (MYSQL_BIND){ .buffer_type = text ? MYSQL_TYPE_STRING : MYSQL_TYPE_NULL, .buffer = session_input(text),
		.buffer_length = length, .length = &rows->parameter_lengths[number - 1] };
}

int my_rows_execute(struct my_rows *rows, struct error *error)
{
	my_rows_finish(rows);
	if (mysql_stmt_bind_param(rows->statement, rows->parameters) || mysql_stmt_execute(rows->statement) ||
	    (!rows->part && mysql_stmt_store_result(rows->statement)))
		return fail(rows, error);
	return 0;
}

static int set_part(struct my_rows *rows, unsigned long part, struct error *error)
{
	rows->part = part;
	return mysql_stmt_attr_set(rows->statement, STMT_ATTR_PREFETCH_ROWS, &part) ? fail(rows, error) : 0;
}

int my_rows_stream(struct my_rows *rows, struct error *error)
{
	/* A cursor reads what the SELECT alone would (the snapshot), into a temporary table of the server. */
	unsigned long kind = CURSOR_TYPE_READ_ONLY;

	if (mysql_stmt_attr_set(rows->statement, STMT_ATTR_CURSOR_TYPE, &kind))
		return fail(rows, error);
	return set_part(rows, PART_FIRST, error);
}

/* As many as fit PART_BYTES if they are like the largest so far. */
static int weigh(struct my_rows *rows, struct error *error)
{
	unsigned long part;
	size_t bytes = 1;

	for (unsigned i = 0; i < rows->columns; i++)
		bytes += rows->nulls[i] ? 0 : rows->lengths[i];
	if (bytes <= rows->largest)
		return 0;
	rows->largest = bytes;
	part = PART_BYTES / bytes;
	part = part < 1 ? 1 : part > PART_ROWS_MAX ? PART_ROWS_MAX : part;
	return part == rows->part ? 0 : set_part(rows, part, error);
}

int my_rows_fetch(struct my_rows *rows, struct error *error)
{
	int result = mysql_stmt_fetch(rows->statement);

	if (result == 0 || result == MYSQL_DATA_TRUNCATED)
		return rows->part && weigh(rows, error) ? -1 : 1;
	return result == MYSQL_NO_DATA ? 0 : fail(rows, error);
}

void my_rows_finish(struct my_rows *rows)
{
	mysql_stmt_free_result(rows->statement);
}

int my_rows_text(struct my_rows *rows, unsigned column, struct text *out, struct error *error)
{
	unsigned at = column - 1;
	unsigned long length = rows->lengths[at];
	MYSQL_BIND whole;

	*out = (struct text){ NULL, 0 };
	if (rows->nulls[at])
		return 0;
	*out = (struct text){ rows->places + PLACE * at, length };
	if (length < PLACE) {
		rows->places[PLACE * at + length] = '\0';
		return 0;
	}
	buffer_clear(&rows->cell);
	if (buffer_reserve(&rows->cell, length + 1, error))
		return -1;
	whole = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_STRING, .buffer = rows->cell.data, .buffer_length = length, .length = &length };
	if (mysql_stmt_fetch_column(rows->statement, &whole, at, 0))
		return fail(rows, error);
	rows->cell.data[length] = '\0';
	*out = (struct text){ rows->cell.data, length };
	return 0;
}
