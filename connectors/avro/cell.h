/* cell.h - one value of a block into one cell of a batch.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_AVRO_CELL_H
#define PENSTOCK_AVRO_CELL_H

#include "connectors/avro/nested.h"
#include "engine/core/batch.h"
#include "engine/core/limits.h"
#include "engine/core/typed.h"

struct cell_writer {
	struct wire wire;
	struct batch *batch;
	struct nested nested;
	struct buffer scratch; /* a text with its end */
	uint64_t field_limit, record_limit;
	uint64_t stored;       /* bytes of the row in the arena; beyond record_limit nothing more is stored */
	size_t long_column;    /* the first one with a value beyond field_limit, or SCHEMA_NO_FIELD */
	size_t long_bytes;     /* of that value; field_limit where it is not known how much longer its text is */
};

void cell_writer_init(struct cell_writer *writer, const struct limits *limits);
void cell_writer_fini(struct cell_writer *writer);

/* Reads a value of the type (no nullable union: its null was seen to) into the cell. A value that is none of the column's type makes it
 * CELL_BAD with a fault. 0, or -1 and error: ERROR_SOURCE without a place, ERROR_RESOURCE. */
typedef int cell_taker(struct cell_writer *writer, const struct avro_type *type, size_t column, uint32_t row, struct error *error);

/* How values of the type become those of a column of that type. */
cell_taker *cell_taker_for(const struct avro_type *type, enum value_type column);

#endif
