/* probe.h - which of some keys are in a table: one query for many keys, answered with their places.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_PROBE_H
#define PENSTOCK_ODBC_PROBE_H

#include "connectors/odbc/arrays.h"
#include "connectors/odbc/bulk.h"
#include "connectors/odbc/catalog.h"
#include "connectors/odbc/probe_inside.h"

struct probe {
	struct bulk bulk;     /* where the database takes no arrays */
	struct arrays arrays; /* where it does: the same statement for any number of keys */
	char *answer;         /* of arrays: 0 or 1 for each key; ARRAYS_ROWS_MAX + 1 bytes */
	struct probe_inside *inside; /* where the database is in this process: asked first; NULL: there is none */
};

/* Whether asking for values that the database has not seen may be an error there: of a column of the database's own type (enum, inet, ...)
 * they have to be of that type. */
bool probe_may_fail(const struct dialect *dialect, const struct catalog *table, const char *const *columns, size_t count);

/* Field i of the key is compared with column columns[i] of table, whose catalog this is. unseen: also values that the database has not
 * seen may be asked for; where that may fail, the columns' texts are compared, for which no index helps. */
int probe_open(struct probe *probe, struct session *session, const struct catalog *table, const char *const *columns,
	const struct field *const *fields, size_t count, bool unseen, struct error *error) MUST_CHECK;
void probe_close(struct probe *probe); /* of a zeroed one, or twice, is fine */

/* found[i] becomes true where the key of rows[i] is there; the others stay as they are. Part k of the key is column in_columns[k] of
 * the batch and never null. */
int probe_rows(struct probe *probe, const struct batch *batch, const size_t *in_columns, const uint32_t *rows, size_t count,
	bool *found, struct error *error) MUST_CHECK;

#endif
