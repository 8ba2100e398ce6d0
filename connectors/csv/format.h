/* format.h - CSV with a header, out of files that somebody else has opened.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONNECTORS_CSV_FORMAT_H
#define PENSTOCK_CONNECTORS_CSV_FORMAT_H

#include "connectors/file/format.h"

extern const struct format_ops csv_format_ops;

#endif
