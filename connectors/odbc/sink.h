/* sink.h - rows of a step into a table of a database over ODBC.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_SINK_H
#define PENSTOCK_ODBC_SINK_H

#include "engine/core/sink.h"

extern const struct sink_ops odbc_sink_ops;

#endif
