/* scan.h - reads all keys of a table with flat memory: drivers keep whole results, so they are asked for page by page.
 * SPDX-License-Identifier: Apache-2.0
 *
 * With a cursor of the server inside a transaction where the database has them, else by the number of the row.
 */
#ifndef PENSTOCK_ODBC_SCAN_H
#define PENSTOCK_ODBC_SCAN_H

#include "connectors/odbc/catalog.h"
#include "connectors/odbc/statement.h"
#include "connectors/odbc/behind.h"
#include "engine/core/batch.h"

struct scan {
	struct session *session;  /* NULL: closed */
	struct catalog catalog;
	struct statement page;
	struct buffer sql;        /* of a page */
	bool own_transaction;     /* begun for the cursor */
	bool cursor;
	bool page_open, ended;
	int64_t from;             /* without a cursor: the row number at which the next page begins, or how many rows were read (by_key: of the page) */
	unsigned first;           /* column of the result where the key begins */
	bool by_key;              /* pages by the key itself */
	bool behind;              /* ... of which last is known */
	const struct schema *keys; /* by_key: borrowed */
	struct buffer last[BEHIND_PARTS_MAX];
};

/* Keys without a null part, distinct where a unique index or a cursor makes them so. The fields of keys are columns by name and
 * type. A table that does not exist has no keys. Takes what is in the catalog, also when it fails. */
int scan_open(struct scan *scan, struct session *session, struct catalog *table, const struct schema *keys,
	struct error *error) MUST_CHECK;
void scan_close(struct scan *scan); /* of a zeroed one, or twice, is fine */

/* Fills an empty batch of that schema; 0 rows: the end. */
int scan_read(struct scan *scan, struct batch *out, struct error *error) MUST_CHECK;

#endif
