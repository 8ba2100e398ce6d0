/* rows.h - rows of a batch as a table that SQLite reads in this process: what virtual tables over a batch have in common.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A module has a xConnect of its own, which declares its columns and calls rows_connect; its other hooks are ROWS_HOOKS. What is shown is set
 * for one statement, and read once, from its first row to its last: a second reading is an error.
 */
#ifndef PENSTOCK_SQLITE_ROWS_H
#define PENSTOCK_SQLITE_ROWS_H

#include <sqlite3.h>

#include "engine/core/batch.h"
#include "engine/core/cancel.h"

/* How a column of the batch is shown where a cell has a value: as an integer, a double, bytes, a text that stands in the arena, or a text made
 * of it. A cell that has no value yet is shown as its text; every other one is null. */
enum shown_kind { SHOWN_INTEGER = 1, SHOWN_DOUBLE, SHOWN_BYTES, SHOWN_TEXT, SHOWN_FORMATTED };

enum {
	ROWS_CANONICAL = 0x70, /* subtype of a text that is the canonical one of a value, where `marked` asks for it */
};

struct rows {
	/* set for one statement; borrowed */
	const struct batch *batch;    /* NULL: nothing is shown, and reading is an error */
	const struct column *columns; /* of the batch, now or as they were given */
	const size_t *of;             /* which of them are shown; NULL: the first column_count */
	size_t column_count;          /* further columns are null */
	const enum shown_kind *kinds; /* one for each that is shown */
	const uint32_t *numbers;      /* of the rows shown, in their order */
	size_t count;
	bool marked;                  /* texts of values have the subtype ROWS_CANONICAL */
	struct cancel *cancel;        /* may be NULL */

	/* what came of it */
	bool begun;                   /* it was read, or is being read */
	bool cancelled;               /* the statement was ended for that */
	size_t at;                    /* the row that is being read, as an index of numbers; count: all were */
};

/* The table of a connection, to be returned by a module's xConnect; declaration: CREATE TABLE ..., whose columns are those shown. rows
 * outlives the connection. No trigger and no view can name it. */
int rows_connect(sqlite3 *db, const char *declaration, struct rows *rows, sqlite3_vtab **out);

/* Hooks of sqlite3_module. */
int rows_disconnect(sqlite3_vtab *table);
int rows_best_index(sqlite3_vtab *table, sqlite3_index_info *info);
int rows_open(sqlite3_vtab *table, sqlite3_vtab_cursor **out);
int rows_close(sqlite3_vtab_cursor *cursor);
int rows_filter(sqlite3_vtab_cursor *cursor, int number, const char *name, int count, sqlite3_value **values);
int rows_next(sqlite3_vtab_cursor *cursor);
int rows_eof(sqlite3_vtab_cursor *cursor);
int rows_column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int number);
int rows_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *out);

#define ROWS_HOOKS                                                                                                             \
	.iVersion = 1, .xBestIndex = rows_best_index, .xDisconnect = rows_disconnect, .xOpen = rows_open, .xClose = rows_close, \
	.xFilter = rows_filter, .xNext = rows_next, .xEof = rows_eof, .xColumn = rows_column, .xRowid = rows_rowid

#endif
