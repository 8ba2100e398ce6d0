/* reader.h - rows of one table or query, page by page, into batches.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Pages by a key (its columns are never null, and compare the same way in > and in ORDER BY) or by SQLite's number of the row; what has
 * neither comes from one statement: a cursor of the server, or SQLite's own stepping. Memory is flat in all of them; where a driver keeps a result
 * as a whole (MariaDB's), one that limits.memory has no room for is refused. On SQLite the values
 * come through capture.h, from PostgreSQL by COPY, all rows from one statement in the order of the key (copied.c), or by fetching as from any
 * driver; all give the same batches and positions.
 *
 * Column i of the statement ("argument" i) goes to column fields[i] of the batch; those behind the fields are parts of the key alone.
 */
#ifndef PENSTOCK_ODBC_READER_H
#define PENSTOCK_ODBC_READER_H

#include "connectors/odbc/binary_cell.h"
#include "connectors/odbc/catalog.h"
#include "connectors/odbc/condition.h"
#include "connectors/odbc/snapshot.h"
#include "connectors/odbc/statement.h"
#include "engine/core/source.h"

enum reading_way { WAY_KEY = 1, WAY_ROWID, WAY_CURSOR, WAY_STREAM };

struct reader_column {
	size_t field;                       /* of the schema, or SCHEMA_NO_FIELD */
	const char *name;                   /* as it is addressed; borrowed from the catalog or the schema's labels */
	const struct catalog_column *column; /* NULL: the number of the row, or a column of a query */
	bool floating;                      /* its values are doubles, or half as long */
};

/* Rows as a driver gives them (fetch.c). */
struct fetch {
	struct statement statement;
	bool open;                          /* a page is under way */
	size_t page;                        /* rows asked for */
	size_t rows;                        /* rows of it so far */
	size_t bytes, largest;              /* of it so far */
	size_t size;                        /* rows to ask for next */
	size_t most;                        /* WAY_STREAM: rows to ask for at most; 0: all */
	char cursor[48];                    /* WAY_CURSOR: its name once declared */
	struct buffer last[KEY_PARTS_MAX];  /* texts of the last row's key */
	struct buffer from[KEY_PARTS_MAX];  /* of the row behind which the page begins */
};

/* Rows as COPY gives them (copied.c). */
struct copied {
	bool chosen;
	char why[PQ_WHY_MAX];               /* why not */
	bool under_way;                     /* nothing else may use the session */
	struct binary_reading *columns;     /* count of the reader, as values */
	struct binary_value *values;        /* of the row */
	struct binary_stream stream;
	char *message;                      /* what the values lie in */
	struct buffer key[KEY_PARTS_MAX];   /* of the last row, as it came */
	bool has_key;
};

struct reader {
	struct snapshot *snapshot;
	const struct dialect *dialect;
	const struct source_context *context;
	const char *table;                  /* as written; NULL: a query */
	const struct option_statement *query, *where; /* NULL: none */
	const char *query_tail;             /* behind the query (dialect.h); NULL: nothing */
	struct catalog catalog;             /* of the table */

	enum reading_way way;
	const struct catalog_key *unique;   /* WAY_KEY: of the catalog */
	bool capture;
	bool called;                        /* SQLite, WAY_STREAM: the parameters of query and where come by penstock_value */
	struct reader_column *columns;
	size_t *fields;
	size_t count;                       /* of both */
	size_t field_count;                 /* of them fields */
	size_t key[KEY_PARTS_MAX];          /* columns that are the key's parts */
	size_t key_count;

	struct buffer sql;
	struct fetch fetch;
	struct copied copied;
	struct held from[KEY_PARTS_MAX], last[KEY_PARTS_MAX]; /* capture: of keys */
	uint64_t records;                   /* so far */
	bool direct;                        /* capture: the table is gone through in the order of its rows, without ORDER BY and LIMIT */
	bool behind;                        /* a key to go on behind is known */
	bool bounded;                       /* replay: up to the key in until, and no further */
	struct buffer until[KEY_PARTS_MAX];
	bool begun, ended;
};

/* What the caller sets before: snapshot, dialect, context, table or query, where, columns with fields and count, catalog. Chooses the way.
 * fast: by capture or COPY where that can be; else by fetching. */
int table_reader_open(struct reader *reader, bool fast, struct error *error) MUST_CHECK;
void table_reader_close(struct reader *reader); /* of a zeroed one, or twice, is fine */

/* Adds rows to a batch that is not full, until it is or there are none (ended). */
int table_reader_read(struct reader *reader, struct batch *batch, struct error *error) MUST_CHECK;

/* The last row's key as texts, for a position: part i into out. */
int reader_key_text(const struct reader *reader, size_t part, struct buffer *out, struct error *error) MUST_CHECK;
/* Goes on behind such a key; or, with until, reads what comes before and at it. False where a text is no key. */
bool reader_set_key(struct reader *reader, size_t part, const char *text, bool until);

/* The statement of a page, for a person. */
int reader_print(struct reader *reader, struct buffer *out, struct error *error) MUST_CHECK;

/* reader_sql.c: the SELECT of a page of so many rows into reader->sql. */
int reader_put_page(struct reader *reader, size_t rows, struct error *error) MUST_CHECK;
/* Binds what is in it. */
int reader_bind_page(struct reader *reader, struct statement *statement, struct error *error) MUST_CHECK;

/* reader_key.c: the way and the key; may add columns for parts of the key that are no fields. */
int reader_choose(struct reader *reader, struct error *error) MUST_CHECK;
bool reader_key_is_rowid(const struct reader *reader); /* SQLite: the key is the number of the row */
int reader_add_column(struct reader *reader, size_t field, const char *name, const struct catalog_column *column, struct error *error)
	MUST_CHECK;

/* copied.c: open says in copied.chosen whether rows can come so. */
int copied_open(struct reader *reader, struct error *error) MUST_CHECK;
int copied_read(struct reader *reader, struct batch *batch, struct error *error) MUST_CHECK;
int copied_key_text(const struct reader *reader, size_t part, struct buffer *out, struct error *error) MUST_CHECK;
void copied_close(struct reader *reader); /* what is under way is given up */
void copied_fini(struct reader *reader);

/* fetch.c */
int fetch_read(struct reader *reader, struct batch *batch, struct error *error) MUST_CHECK;
void fetch_close(struct reader *reader);

#endif
