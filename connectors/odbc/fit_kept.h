/* fit_kept.h - values that a column would keep as other ones, without a word: what lengths and digits do not tell.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_FIT_KEPT_H
#define PENSTOCK_ODBC_FIT_KEPT_H

#include "connectors/odbc/fit.h"

/* Whether there is anything to ask of values of this field in this column. */
bool fit_kept_asks(const struct field *field, const struct catalog_column *column);

/* True where the column keeps the value (CELL_VALUE) of a row as it is, or refuses it aloud; else why. */
bool fit_kept(const struct fit *fit, const struct batch *batch, size_t field, uint32_t row, char why[FIT_TEXT_MAX]);

#endif
