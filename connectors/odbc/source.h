/* source.h - the ODBC source: rows of a table or of a query.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_SOURCE_H
#define PENSTOCK_ODBC_SOURCE_H

#include "engine/core/source.h"

/* `type: odbc`. Its positions are {"key": [...], "records": N}: the texts of the last row's key, and how many rows came before it. */
extern const struct source_ops odbc_source_ops;

#endif
