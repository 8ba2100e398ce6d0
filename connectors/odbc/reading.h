/* reading.h - from a result set back to typed values of a batch.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_READING_H
#define PENSTOCK_ODBC_READING_H

#include "connectors/odbc/catalog.h"
#include "connectors/odbc/dialect.h"
#include "connectors/odbc/statement.h"
#include "engine/core/batch.h"

/* Appends the expression whose text reading_row understands for this field of this column (which may be NULL). */
int reading_put(const struct dialect *dialect, const struct field *field, const struct catalog_column *column,
	const char *name, struct buffer *out, struct error *error) MUST_CHECK;

/* Adds the row that was fetched last: column i of the batch is column first + i of the result (from 1). Returns 1, or 0 where a
 * value is null or none of its type (then nothing was added), or -1 and error. */
int reading_row(struct statement *statement, unsigned first, struct batch *out, struct error *error) MUST_CHECK;

#endif
