/* replace.h - all rows of a table give way to those of the step, in one transaction and by changing rows alone.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A table that nothing references is emptied (retire) and written to as in append. One that is referenced is loaded into a temporary
 * table (stage.h); then rows whose keys did not come are deleted (retire), changed ones updated and new ones inserted (place);
 * rows that are equal are not touched. Never DROP, TRUNCATE or ALTER of the table, never a constraint that is put off.
 *
 *   replace_open -> [replace_begin] -> (rows into replace_catalog) -> replace_retire -> replace_place
 *
 * Rows that reference rows of their own table may come before those, so they go into it by one statement, which the database judges at its
 * end; such a table is staged even where no other one references it. Where the database judges each row by itself (MariaDB) they come without
 * these references, which they get when all rows are there, and lose them before they go.
 *
 * The staged tables of one transaction know of each other: a row that cannot go while another staged table still references it goes when
 * that one has been placed.
 */
#ifndef PENSTOCK_ODBC_REPLACE_H
#define PENSTOCK_ODBC_REPLACE_H

#include "connectors/odbc/references.h"
#include "connectors/odbc/stage.h"
#include "connectors/odbc/target.h"

struct replace {
	struct target *target;        /* borrowed; read */
	bool cascade;                 /* the option: references may act */
	struct option_list ignore;    /* columns that may keep their defaults */
	struct references references;
	bool staged;
	bool refilled;                /* staged, since its rows reference each other and nothing else does: emptied, and filled by one statement */
	bool late;                    /* staged, and its rows reference each other, too: new rows come first, and rows go last */
	bool loose;                   /* refilled or late, and foreign keys are judged row by row: references among its rows come last, and go first */
	bool knotted;                 /* staged, its rows reference each other, and unique values may move among them: references among its rows go first, and come last */
	bool untied;                  /* knotted: changed rows get their references later */
	bool left;                    /* rows that must go are there still: a staged table that is not yet placed references them */
	uint64_t given;               /* rows that were written */
	struct staging stage;
	struct catalog planned;       /* the target's, under the temporary table's name, while that is not there; owns nothing */
};

/* After target_read. Sets staged. ERROR_CONFIG for what cannot be replaced, before anything is read or changed. The borrowed members are
 * set by the caller. */
int replace_open(struct replace *replace, struct error *error) MUST_CHECK;
void replace_close(struct replace *replace); /* of a zeroed one, or twice, is fine */

/* Staged, the table being there: makes the temporary table. */
int replace_begin(struct replace *replace, struct error *error) MUST_CHECK;

/* Where the rows are written to: the table, or the temporary one. */
const struct catalog *replace_catalog(const struct replace *replace);

int replace_retire(struct replace *replace, struct error *error) MUST_CHECK;

/* ERROR_SINK where the database refuses a row, which is named; ERROR_BOOKS where the table does not hold the rows given in the end. */
int replace_place(struct replace *replace, struct error *error) MUST_CHECK;

/* The transaction is over and its temporary tables are gone. */
void replace_rollback(struct replace *replace);

/* The statements, for a person: those before the rows are written, and those behind. */
int replace_print_retire(const struct replace *replace, struct buffer *out, struct error *error) MUST_CHECK;
int replace_print_place(const struct replace *replace, struct buffer *out, struct error *error) MUST_CHECK;

#endif
