/* my.h - libmariadb below Connector/ODBC: the driver's own connection, for what ODBC makes dear.
 * SPDX-License-Identifier: Apache-2.0
 *
 * As pq.h for PostgreSQL: while a session connects, the connection that the driver makes is noted; between two statements of the driver it is idle and may be
 * used here, in the session's own transaction (docs/decisions/0014-arrays-on-the-drivers-connection.md). The driver closes it when the session disconnects, and not before.
 * Only my*.c include <mysql.h>; my_absent.c stands in for them where a build lacks libmariadb.
 */
#ifndef PENSTOCK_ODBC_MY_H
#define PENSTOCK_ODBC_MY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/error.h"
#include "engine/core/value.h"

struct session;
struct diagnosis;
struct st_mysql; /* libmariadb's MYSQL */
struct my_arrays;

enum { MY_WHY_MAX = 256 };

/* Of a session; zeroed: nothing is known. Stays where it is until my_close. */
struct my {
	struct st_mysql *connection; /* the driver's; NULL: there is none */
	bool asked;                  /* why holds the answer of my_usable: empty for yes */
	char why[MY_WHY_MAX];
};

/* What this thread's driver opens between the two is noted in my. */
void my_listen(struct my *my);
void my_heard(void);

/* Forgets the connection. To be called once the driver has let go of it. */
void my_close(struct my *my);

/* Whether the noted connection is the one behind this session. Else why not, for a person. May be asked inside a transaction. */
bool my_usable(struct session *session, char why[MY_WHY_MAX]);

/* ---- a statement over arrays of parameters, as one request ---- */

/* The values of one parameter, an element each. Borrowed until the statement has run. */
struct my_parameter {
	enum my_form { MY_INTEGER = 1, MY_DOUBLE, MY_DATETIME /* microseconds since 1970 */, MY_TEXT, MY_BYTES } form;
	union {
		int64_t *integers; /* and datetimes */
		double *doubles;
		const char **texts;
	};
	unsigned long *lengths; /* of texts and bytes */
	char *nulls;            /* not 0: null */
};

/* Prepares sql, with count parameters. NULL and error. Freed before the session is closed. */
struct my_arrays *my_arrays_prepare(struct session *session, const char *what, const char *sql, size_t count, struct error *error) MUST_CHECK;
void my_arrays_free(struct my_arrays *arrays); /* NULL is fine */

/* Executes it, in the session's open transaction, over so many elements. 0; 1 where the database refused it for a row's sake: diagnosis says how; or -1
 * and error. */
int my_arrays_execute(struct my_arrays *arrays, const struct my_parameter *parameters, size_t elements, struct diagnosis *diagnosis,
	struct error *error) MUST_CHECK;

/* ---- a statement whose result is read as texts ---- */

struct my_rows;

/* NULL and error. what is borrowed. Freed before the session is closed. */
struct my_rows *my_rows_prepare(struct session *session, const char *what, const char *sql, struct error *error) MUST_CHECK;
void my_rows_free(struct my_rows *rows); /* NULL is fine */

/* Parameters from 1. A text (NULL: null) is borrowed until the statement was executed. */
void my_rows_bind_integer(struct my_rows *rows, unsigned number, int64_t value);
void my_rows_bind_text(struct my_rows *rows, unsigned number, const char *text, size_t length);

/* Before it is run: the result stays on the server, and comes in parts as it is fetched. The session is free for others all the same. */
int my_rows_stream(struct my_rows *rows, struct error *error) MUST_CHECK;

/* Runs it (again) and receives the whole result, so that the session is free for others. */
int my_rows_execute(struct my_rows *rows, struct error *error) MUST_CHECK;

/* The next row: 1; or 0 at the end; or -1 and error. */
int my_rows_fetch(struct my_rows *rows, struct error *error) MUST_CHECK;
void my_rows_finish(struct my_rows *rows); /* lets go of the rest of the result */

/* Columns from 1; borrowed until the next call, data NULL for null. */
int my_rows_text(struct my_rows *rows, unsigned column, struct text *out, struct error *error) MUST_CHECK;

#endif
