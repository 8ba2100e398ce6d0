/* discover.h - a data dictionary made from what a database says of its tables.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_DISCOVER_H
#define PENSTOCK_ODBC_DISCOVER_H

#include "engine/core/buffer.h"
#include "engine/core/store.h"

enum { DISCOVER_DIALECT_SIZE = 32 };

/* Adds a Data Package descriptor (JSON, indented, with a line end) of these tables ("name" or "schema.name"; count 0: all of the default
 * schema, those of the system and of penstock aside, in the order of their names): fields with types, required, maxLength, precision and
 * scale, primary, unique and foreign keys. It is a dictionary that validates: a type without a counterpart becomes string, and that, and
 * what else of a table cannot be said, stands in a description. Columns that the database computes are left out. dialect (may be NULL)
 * gets the name of the database's dialect. Writes nothing into the database. 0, or -1 and error: ERROR_CONFIG for a table that does not
 * exist or when there is none at all, ERROR_SINK for a database that cannot be reached. */
int odbc_discover(const struct store_target *target, const char *const *tables, size_t count, char dialect[DISCOVER_DIALECT_SIZE],
	struct buffer *out, struct error *error) MUST_CHECK;

#endif
