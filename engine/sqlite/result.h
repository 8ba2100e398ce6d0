/* result.h - a row that SQLite gives, as a row of a batch.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_SQLITE_RESULT_H
#define PENSTOCK_SQLITE_RESULT_H

#include <sqlite3.h>

#include "engine/core/batch.h"

struct result {
	sqlite3_stmt *statement;
	const size_t *fields; /* the column of the batch that each column of the result goes to */
	uint64_t limit;       /* limits.field */
};

/* Makes room in the arena for the row that the statement just gave. *moved: the arena has other addresses now, and SQLite may hold old ones: the
 * statement must be run again from this row on. */
int result_room(const struct result *result, struct batch *batch, bool *moved, struct error *error) MUST_CHECK;

/* With room for it, fills the row's cells with what the statement just gave; what is no value of the field becomes a fault. Texts that stand in the arena of the batch
 * are not copied. */
int result_take(const struct result *result, struct batch *batch, uint32_t row, struct error *error) MUST_CHECK;

#endif
