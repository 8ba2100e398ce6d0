/* visible.h - whether a session sees all rows of a table: a backup or a replacement of a part would look like one of the whole.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_VISIBLE_H
#define PENSTOCK_ODBC_VISIBLE_H

#include "connectors/odbc/session.h"

/* ERROR_CONFIG naming the table where row level security of PostgreSQL is in force for this user. doing: "read", "replaced". */
int visible_need_all(struct session *session, const char *table, const char *doing, struct error *error) MUST_CHECK;

#endif
