/* lookup.h - which keys the target's tables hold, asked on the session that writes them (engine/core/lookup.h).
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_LOOKUP_H
#define PENSTOCK_ODBC_LOOKUP_H

#include "connectors/odbc/session.h"
#include "engine/core/lookup.h"
#include "engine/core/option.h"

/* Borrows all three until odbc_lookup_free: the session, tables (resource -> target table) and default_table, beside which the resources
 * stand that are not in tables. NULL and error when out of memory. */
struct lookup *odbc_lookup_new(struct session *session, const struct option_map *tables, const char *default_table,
	struct error *error) MUST_CHECK;
void odbc_lookup_free(struct lookup *lookup);

#endif
