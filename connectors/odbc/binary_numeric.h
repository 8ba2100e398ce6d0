/* binary_numeric.h - a numeric of PostgreSQL in its binary form: groups of four decimal digits.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_BINARY_NUMERIC_H
#define PENSTOCK_ODBC_BINARY_NUMERIC_H

#include "connectors/odbc/binary_cell.h"
#include "engine/core/buffer.h"

/* Borrows the bytes of the value. */
struct numeric {
	const char *groups; /* of four digits each, the highest first */
	int count, weight;  /* the first one's power of 10,000 */
	unsigned sign, shown;
};

/* False: the bytes are no numeric. */
bool numeric_read(struct binary_value value, struct numeric *out) MUST_CHECK;

/* The value at the scale of the field, where it has that and fits what is quick to reckon with. False: its text decides. */
bool numeric_decimal(const struct numeric *numeric, const struct field *field, decimal_t *out) MUST_CHECK;

/* As the server prints it. */
int numeric_put(const struct numeric *numeric, struct buffer *out, struct error *error) MUST_CHECK;

#endif
