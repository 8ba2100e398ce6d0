/* capture.h - rows of SQLite straight into a batch: a function that the database calls in this process with the values of each row.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The driver of SQLite opens its connections with the same library that this program is linked with. What is registered there before
 * connecting (sqlite3_auto_extension) sees each new connection, and registers the functions below on it, each with the capture of the
 * session that is just connecting on this thread. So a capture belongs to one connection, and nothing is shared between connections.
 *
 *   penstock_capture(a, b, ..., key parts)   aggregate: adds each row to the batch; refuses the next row once the batch is full
 *   penstock_row(a, b, ...)                  the same for one row, for results that are taken row by row
 *   penstock_key(i)                          part i of the key behind which the page begins, exactly as the database stores it
 *   penstock_value(n)                        parameter n of the user's SQL (from 1), with its type: for results that are taken row by row,
 *                                            since the driver would keep the whole result of a statement with parameters of its own
 */
#ifndef PENSTOCK_ODBC_CAPTURE_H
#define PENSTOCK_ODBC_CAPTURE_H

#include "engine/core/batch.h"
#include "engine/core/buffer.h"
#include "engine/core/cancel.h"
#include "engine/core/limits.h"
#include "engine/core/option.h"

struct sqlite3;

enum { KEY_PARTS_MAX = 64 };

/* A value of SQLite, kept. */
struct held {
	int type;            /* SQLITE_INTEGER, SQLITE_FLOAT, SQLITE_TEXT, SQLITE_BLOB, or 0: none yet */
	int64_t integer;
	double real;
	char *bytes;
	size_t length, size;
};

struct capture {
	struct sqlite3 *db;            /* NULL: the driver uses another library, and nothing is captured */

	/* of the user's SQL, while its rows are read; borrowed */
	const struct option_parameter *values;
	size_t value_count;

	/* set for each page */
	struct batch *batch;
	const size_t *fields;          /* argument i goes to this column of the batch; SCHEMA_NO_FIELD: it is only a part of the key */
	size_t count;                  /* arguments */
	bool complete;                 /* every field has one */
	const size_t *key;             /* arguments that are the key's parts */
	size_t key_count;
	bool ascending;                /* the key is one integer, and rows out of its order are an error */
	struct held *from, *last;      /* key_count each: behind which the page begins, and of the last row */
	const struct limits *limits;
	struct cancel *cancel;
	uint64_t *records;             /* counted up with each row */
	struct error *error;

	/* what came of it */
	size_t rows;
	bool stopped;                  /* the batch was full, or an error is set: the statement was ended early */
};

/* Between these two a connection of this thread gets the functions. */
void capture_begin_connect(struct capture *capture);
void capture_end_connect(void);

/* Arguments that a function may have. */
size_t capture_arguments_max(const struct capture *capture);

/* The collation of a column is byte by byte. */
bool capture_is_binary(const struct capture *capture, const char *schema, const char *table, const char *column);

/* Before each page: the key of the last row is what the next one begins behind. */
void capture_turn(struct capture *capture);

/* A kept value as a text with a letter before it: i12, r0.5, tabc, b4142 (hexadecimal), x4142 (a text with bytes that are no UTF-8),
 * and back. Appended to a buffer; false where it is no such text. */
int held_print(const struct held *held, struct buffer *out, struct error *error) MUST_CHECK;
bool held_parse(struct held *held, const char *text, size_t length);
void held_fini(struct held *held);

#endif
