/* sink.h - rows of a step into a CSV file, or as CSV to standard output.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CSV_SINK_H
#define PENSTOCK_CSV_SINK_H

#include "engine/core/sink.h"

extern const struct sink_ops csv_sink_ops;

#endif
