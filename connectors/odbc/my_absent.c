/* my_absent.c - what stands in for libmariadb in a build without it: nothing is noted, and everybody is told why.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "connectors/odbc/my.h"
#include "connectors/odbc/session.h"

void my_listen(struct my *my)
{
	(void)my;
}

void my_heard(void)
{
}

void my_close(struct my *my)
{
	memset(my, 0, sizeof *my);
}

bool my_usable(struct session *session, char why[MY_WHY_MAX])
{
	(void)session;
	snprintf(why, MY_WHY_MAX, "this build lacks libmariadb (libmariadb-dev, then configure again)");
	return false;
}

/* ---- never reached: whoever calls these has asked my_usable ---- */

struct my_arrays *my_arrays_prepare(struct session *session, const char *what, const char *sql, size_t count, struct error *error)
{
	(void)sql;
	(void)count;
	assert(0 && "arrays without libmariadb");
	error_set(error, ERROR_CONFIG, session->place, "%s: this build lacks libmariadb", what);
	return NULL;
}

void my_arrays_free(struct my_arrays *arrays)
{
	(void)arrays;
}

struct my_rows *my_rows_prepare(struct session *session, const char *what, const char *sql, struct error *error)
{
	(void)sql;
	assert(0 && "rows without libmariadb");
	error_set(error, ERROR_CONFIG, session->place, "%s: this build lacks libmariadb", what);
	return NULL;
}

void my_rows_free(struct my_rows *rows)
{
	(void)rows;
}

void my_rows_bind_integer(struct my_rows *rows, unsigned number, int64_t value)
{
	(void)rows;
	(void)number;
	(void)value;
}

void my_rows_bind_text(struct my_rows *rows, unsigned number, const char *text, size_t length)
{
	(void)rows;
	(void)number;
	(void)text;
	(void)length;
}

static int refuse(struct error *error)
{
	assert(0 && "libmariadb in a build without it");
	return error_set(error, ERROR_CONFIG, NULL, "this build lacks libmariadb");
}

int my_rows_stream(struct my_rows *rows, struct error *error)
{
	(void)rows;
	return refuse(error);
}

int my_rows_execute(struct my_rows *rows, struct error *error)
{
	(void)rows;
	return refuse(error);
}

int my_rows_fetch(struct my_rows *rows, struct error *error)
{
	(void)rows;
	return refuse(error);
}

void my_rows_finish(struct my_rows *rows)
{
	(void)rows;
}

int my_rows_text(struct my_rows *rows, unsigned column, struct text *out, struct error *error)
{
	(void)rows;
	(void)column;
	(void)out;
	return refuse(error);
}

int my_arrays_execute(struct my_arrays *arrays, const struct my_parameter *parameters, size_t elements, struct diagnosis *diagnosis,
	struct error *error)
{
	(void)arrays;
	(void)parameters;
	(void)elements;
	(void)diagnosis;
	assert(0 && "arrays without libmariadb");
	return error_set(error, ERROR_CONFIG, NULL, "this build lacks libmariadb");
}
