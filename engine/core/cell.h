/* cell.h - a value as a database stores it, into a typed cell of a batch; what is none of the field's type becomes a fault.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Nothing is cut, rounded or converted in silence: a backup must stop rather than lie. most: limits.field, in bytes.
 */
#ifndef PENSTOCK_CORE_CELL_H
#define PENSTOCK_CORE_CELL_H

#include "engine/core/batch.h"

/* Values by their storage class, as SQLite has them. Text is UTF-8 as far as the database knows; data[length] is a NUL. */
int cell_integer(struct batch *batch, size_t column, uint32_t row, int64_t value, struct error *error) MUST_CHECK;
int cell_real(struct batch *batch, size_t column, uint32_t row, double value, struct error *error) MUST_CHECK;
int cell_text(struct batch *batch, size_t column, uint32_t row, struct text text, uint64_t most, struct error *error) MUST_CHECK;
int cell_blob(struct batch *batch, size_t column, uint32_t row, struct text bytes, uint64_t most, struct error *error) MUST_CHECK;

/* A value of any type as a server prints it; binary in hexadecimal digits, with or without "\x" before them. floating: the column has
 * doubles, which that text names; else a number must be one exactly to become one. data[length] is a NUL. */
int cell_printed(struct batch *batch, size_t column, uint32_t row, struct text text, bool floating, uint64_t most, struct error *error)
	MUST_CHECK;

#endif
