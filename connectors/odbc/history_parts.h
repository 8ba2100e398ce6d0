/* history_parts.h - what the readers of history share: queries that grow condition by condition, rows as texts, pages.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_HISTORY_PARTS_H
#define PENSTOCK_ODBC_HISTORY_PARTS_H

#include "connectors/odbc/history.h"
#include "connectors/odbc/session.h"
#include "connectors/odbc/state.h"
#include "connectors/odbc/statement.h"

enum { HISTORY_PAGE = 64, ROW_COLUMNS = 20, CONDITIONS_MAX = 8 };

/* One row, copied, since a statement lends one column at a time. */
struct row {
	struct buffer bytes; /* each text with a NUL */
	size_t offsets[ROW_COLUMNS], lengths[ROW_COLUMNS];
};

struct history {
	struct session session;
	struct state state;
	char schema[NAME_MAX_BYTES];
	unsigned present; /* bit n for enum state_table n */
	struct row row;
};

/* A query and what is bound to it. */
struct query {
	struct buffer sql; /* with parts in braces, see state.h */
	struct {
		const char *text; /* NULL: integer */
		int64_t integer;
	} values[CONDITIONS_MAX];
	unsigned count;
};

/* text: SELECT ... FROM ...; the conditions are added behind it. Also after a failure: query_fini. */
int query_begin(struct query *query, const char *text, struct error *error) MUST_CHECK;
void query_fini(struct query *query);

/* AND condition, which has one ?. Texts are borrowed until query_run has returned. */
int condition_text(struct query *query, const char *condition, const char *value, struct error *error) MUST_CHECK;
int condition_integer(struct query *query, const char *condition, int64_t value, struct error *error) MUST_CHECK;

/* Prepares, binds and executes; what: for messages. The statement is to be closed, also after a failure. */
int query_run(struct query *query, struct history *history, struct statement *statement, const char *what,
	struct error *error) MUST_CHECK;

/* Copies columns 1 to count; SQL NULL becomes the empty text. */
int row_read(struct row *row, struct statement *statement, unsigned count, struct error *error) MUST_CHECK;

/* Columns from 0. */
const char *row_text(const struct row *row, unsigned column);
int64_t row_integer(const struct row *row, unsigned column);
uint64_t row_count(const struct row *row, unsigned column);
int64_t row_time(const struct row *row, unsigned column); /* 0 for none, or for one that somebody else wrote in another form */

/* How many rows the next page may have after given ones of limit (0: none); 0: that was all. */
uint64_t page_size(uint64_t limit, uint64_t given);

/* Gives the one id that run (an id, its beginning, "latest": of loads alone where that is asked for) means. *found is false where there is none; ERROR_CONFIG where there are
 * several. */
int history_resolve(struct history *history, const char *run, bool loads, char id[RUN_ID_SIZE], bool *found, struct error *error)
	MUST_CHECK;

#endif
