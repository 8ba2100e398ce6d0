/* names.h - whether the names of a dictionary's table are names in a database, each of a thing of its own.
 * Databases cut names that are too long, or take two that differ in case for one: then rows of one table, or values of one field, would
 * end where those of another are.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_NAMES_H
#define PENSTOCK_ODBC_NAMES_H

#include "engine/core/error.h"
#include "engine/core/option.h"
#include "engine/core/schema.h"

struct dialect;

/* Of a table ("schema.name") and the fields of its schema. tables (resource -> table, may be NULL): the other tables of the run. ERROR_CONFIG
 * at place (may be NULL). */
int names_check(const struct dialect *dialect, const struct schema *schema, const char *table, const struct option_map *tables,
	const char *place, struct error *error) MUST_CHECK;

#endif
