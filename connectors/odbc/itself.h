/* itself.h - rows that are their own parents.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_ITSELF_H
#define PENSTOCK_ODBC_ITSELF_H

#include "engine/core/batch.h"

/* Whether the row's cells of the fields own[0..count] hold the values of those of theirs[0..count], value for value; null is no value. */
bool itself_refers(const struct batch *batch, const size_t *own, const size_t *theirs, size_t count, uint32_t row);

#endif
