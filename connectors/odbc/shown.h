/* shown.h - the batch that is being written, as a table that SQLite reads in this process.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The driver of SQLite opens its connections with the same library that this program is linked with (see capture.h). Each
 * connection that is opened between the two calls below gets modules of its own, with what its session shows as their data: nothing is
 * shared between connections.
 *
 *   SELECT c0, c1, ... FROM penstock_batch_16     the rows shown, in their order, columns as the fields of the batch
 *
 * One such name is for tables of up to 16 columns, one for up to 128, and one for as many as the library takes. What is shown can be read
 * once, by one statement: any other one, also of a trigger or a view, is an error.
 */
#ifndef PENSTOCK_ODBC_SHOWN_H
#define PENSTOCK_ODBC_SHOWN_H

#include "connectors/odbc/dialect.h"
#include "engine/sqlite/rows.h"

enum { SHOWN_NAMES = 3, SHOWN_FIXED = 6 };

struct shown {
	struct sqlite3 *db;                /* NULL: the driver uses another library, and nothing can be shown */
	struct shown_name {
		struct shown *shown;
		int columns;
	} names[SHOWN_NAMES];              /* ascending by columns */

	struct sqlite3_stmt *fixed[SHOWN_FIXED]; /* of inside.h */

	struct rows view;                  /* what is shown, and how far it was read */

	/* set for one statement; borrowed */
	const char *counted;               /* optional: the bare name of a table whose rows are counted as they are written */
	bool updates;                      /* changed ones too */

	/* what came of it */
	size_t changes;                    /* rows that were counted, those of triggers too */
};

/* Between these two a connection of this thread gets the modules; shown is zeroed, and outlives the connection. */
void shown_begin_connect(struct shown *shown);
void shown_end_connect(void);

enum shown_kind shown_kind_of(const struct field *field, enum carrier carrier);

/* The name under which so many columns are shown, whether the connection can show them or not. */
const char *shown_name_for(size_t columns);

/* Columns that this connection can show at most; 0: it can show nothing. */
size_t shown_columns_max(const struct shown *shown);

/* From here to shown_end one statement of this connection may read the rows. */
void shown_begin(struct shown *shown, const struct batch *batch, const enum shown_kind *kinds, const uint32_t *rows, size_t count,
	struct cancel *cancel);
void shown_end(struct shown *shown);

/* The same of some columns of the batch, in this order; kinds are one for each of them. */
void shown_begin_columns(struct shown *shown, const struct batch *batch, const size_t *columns, size_t column_count,
	const enum shown_kind *kinds, const uint32_t *rows, size_t count, struct cancel *cancel);

/* Rows that the last INSERT or UPDATE of the connection wrote and kept, those of triggers left out. */
size_t shown_kept(const struct shown *shown);

#endif
