/* binary_cell.h - rows of PostgreSQL's COPY ... (FORMAT binary) into typed cells of a batch.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The other direction of binary_postgresql.h. What a cell becomes, also where a value is none of the field's type ("infinity", NaN, the year
 * 10000), is exactly what the value's own text makes of it (cell.h). Nothing that a server sends is trusted: what cannot be is ERROR_SOURCE.
 */
#ifndef PENSTOCK_ODBC_BINARY_CELL_H
#define PENSTOCK_ODBC_BINARY_CELL_H

#include "connectors/odbc/binary_postgresql.h"
#include "engine/core/batch.h"

struct binary_reading {
	size_t column;          /* of the batch, or SCHEMA_NO_FIELD: it is looked at by others alone */
	enum binary_form form;
	bool zoned;             /* BINARY_TIMESTAMP: printed with its zone, which is UTC */
	bool floating;          /* BINARY_PRINTED: as cell_printed takes it */
};

/* How values of a type (its OID in pg_type, which for types of the system never changes) are read into a field of this type (0: none); false
 * where that must be from their text. */
bool binary_form_of(enum value_type field, unsigned oid, struct binary_reading *out);

/* OIDs of the types whose binary form is the text itself. */
bool binary_is_text(unsigned oid);

/* A value in a message: its bytes, at[length] being readable and writable. data NULL: null. */
struct binary_value {
	char *data;
	size_t length;
};

/* Where in what the server sends the reading is; zeroed: at its beginning. */
struct binary_stream {
	bool headed, tailed;
	char *at, *end; /* what is left of the message */
};

/* A message of length bytes, whose data[length] is a NUL, as libpq gives it. The one before must be used up. */
void binary_feed(struct binary_stream *stream, char *data, size_t length);

/* The values of the next row: 1 and count of them; 0: the message is used up; -1 and error. */
int binary_row(struct binary_stream *stream, struct binary_value *values, size_t count, struct error *error) MUST_CHECK;

/* Puts a value into its cell of the row. most: limits.field. */
int binary_cell(const struct binary_reading *reading, struct batch *batch, uint32_t row, struct binary_value value, uint64_t most,
	struct error *error) MUST_CHECK;

/* The text of a value of these forms, as a server prints it: integers, uuid, and BINARY_PRINTED. */
int binary_text(enum binary_form form, struct binary_value value, struct buffer *out, struct error *error) MUST_CHECK;
bool binary_has_text(enum binary_form form);

#endif
