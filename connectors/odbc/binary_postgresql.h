/* binary_postgresql.h - values of a batch in PostgreSQL's binary form, as COPY ... (FORMAT binary) takes them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The form of each type is what its receive function reads (src/backend/utils/adt of the server, stable since 8.4); of the
 * file, manual, "COPY", "Binary Format". All numbers are big endian. A value becomes exactly what a CAST of its text gives.
 */
#ifndef PENSTOCK_ODBC_BINARY_POSTGRESQL_H
#define PENSTOCK_ODBC_BINARY_POSTGRESQL_H

#include "engine/core/batch.h"
#include "engine/core/buffer.h"

/* What a column's type is sent as. */
enum binary_form {
	BINARY_PRINTED = 0, /* reading alone (binary_cell.h): a text, as the server prints the value */
	BINARY_INT2,
	BINARY_INT4,
	BINARY_INT8,
	BINARY_FLOAT4,
	BINARY_FLOAT8,
	BINARY_NUMERIC,
	BINARY_BOOL,
	BINARY_DATE,
	BINARY_TIME,
	BINARY_TIMESTAMP, /* with or without time zone: microseconds in UTC */
	BINARY_UUID,
	BINARY_BYTES,     /* as they are: text and its kin, bytea, json */
	BINARY_JSONB,
};

/* A field on its way into a column. */
struct binary_column {
	const struct field *field;
	enum binary_form form;
	bool span; /* the value is a span of the batch; its form has no bound */
};

/* False where values of this field cannot be sent to a column of this declared type ("character varying(20)", "timestamptz"). */
bool binary_plan(struct binary_column *column, const struct field *field, const char *declared);

/* The bytes before the first row and behind the last one. */
int binary_put_head(struct buffer *out, struct error *error) MUST_CHECK;
int binary_put_tail(struct buffer *out, struct error *error) MUST_CHECK;

/* One row; column i of the batch is columns[i]. */
int binary_put_row(const struct binary_column *columns, size_t count, const struct batch *batch, uint32_t row, struct buffer *out,
	struct error *error) MUST_CHECK;

#endif
