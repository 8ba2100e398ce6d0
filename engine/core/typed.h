/* typed.h - canonical texts, as databases and files give them, into typed cells of a batch.
 * SPDX-License-Identifier: Apache-2.0
 *
 * For sources whose values have types already. Nothing of the dictionary's spellings (missing values, formats, time zones) applies here:
 * an empty text is an empty text. (Of local times a source says so by column->local.)
 */
#ifndef PENSTOCK_CORE_TYPED_H
#define PENSTOCK_CORE_TYPED_H

#include "engine/core/batch.h"

/* Reads text as a value of the column's type into the cell, which becomes CELL_VALUE. *valid false: it is none, and the cell is left as
 * it was. Understands what value_format_* writes, datetimes with a space or T and with Z, +00 or nothing at the end (UTC), t/f and
 * true/false for booleans, hexadecimal digits for binary, any JSON (RFC 8259), which is stored in its canonical form. text.data must be terminated by a NUL at text.data[text.length].
 * Returns 0, or -1 and error (the arena's ceiling). */
int typed_read(struct batch *batch, size_t column, uint32_t row, struct text text, bool *valid, struct error *error) MUST_CHECK;

/* Bytes of a string, binary, uuid, ... as they are. */
int typed_bytes(struct batch *batch, size_t column, uint32_t row, struct text bytes, struct error *error) MUST_CHECK;

static inline void typed_integer(struct batch *batch, size_t column, uint32_t row, int64_t value)
{
	batch->columns[column].integers[row] = value;
	batch->columns[column].cells[row] = CELL_VALUE;
}

static inline void typed_null(struct batch *batch, size_t column, uint32_t row)
{
	batch->columns[column].cells[row] = CELL_NULL;
}

/* A value that is none of the field's type: the cell becomes CELL_BAD with the shown text, and a FAULT_TYPE makes the row a type-error. */
int typed_bad(struct batch *batch, size_t column, uint32_t row, struct text shown, struct error *error) MUST_CHECK;

#endif
