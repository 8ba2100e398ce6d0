/* carry.h - the texts by which values travel into databases that take them as text.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_CARRY_H
#define PENSTOCK_ODBC_CARRY_H

#include "engine/core/batch.h"

/* The text of a value (CELL_VALUE) of a field whose storage is no span: booleans are 1 and 0, all others as value.h prints them.
 * Returns its length; a NUL follows. */
size_t carry_text(const struct field *field, const struct column *from, uint32_t row, char out[VALUE_TEXT_MAX]);

#endif
