/* stage.h - the temporary table that the rows of a referenced table are written to before they replace it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * It lives in the session's open transaction. While it is there, look-ups of keys of its table read it instead
 * (stage_find): it holds what the table is going to hold.
 */
#ifndef PENSTOCK_ODBC_STAGE_H
#define PENSTOCK_ODBC_STAGE_H

#include "connectors/odbc/catalog.h"
#include "engine/core/schema.h"

struct staging {
	struct staging *next;      /* of the session, in the order in which they were opened: parents first */
	struct session *session;
	const char *table;       /* that will be replaced; borrowed */
	char name[64];           /* of the temporary table, as it is addressed: "temp.penstock_stage_1" */
	char changed[64];        /* of another one: keys of rows that change */
	char refused[64];        /* of a third: keys of rows, to find the one that the database refuses */
	struct catalog catalog;  /* of the temporary table */
	void *owner;             /* whoever opened it */
	bool open;
	bool placed;             /* its rows have been put into their places */
};

/* Gives the names that stage_open would give the number-th stage of a session. */
void stage_name(struct staging *stage, const struct session *session, unsigned number);

/* Makes the empty temporary table with the columns of the schema's fields, typed as in target, with its NOT NULLs, its unique keys
 * and, where the database can copy them, its checks. In the session's open transaction. */
int stage_open(struct staging *stage, struct session *session, const struct schema *schema, const struct catalog *target,
	struct error *error) MUST_CHECK;

/* Drops what there is of the two beside the temporary table. */
int stage_drop_lists(struct staging *stage, struct error *error) MUST_CHECK;
/* Drops what there is of the three tables. */
int stage_drop(struct staging *stage, struct error *error) MUST_CHECK;

/* Forgets it: it was dropped, or its transaction is over. Of a zeroed one, or twice, is fine. */
void stage_close(struct staging *stage);

/* The stage that is open for table ("name" or "schema.name", as written anywhere), or NULL. */
struct staging *stage_find(const struct session *session, const char *table);

#endif
