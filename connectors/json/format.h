/* format.h - JSON documents and lines of JSON, out of files that somebody else has opened.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONNECTORS_JSON_FORMAT_H
#define PENSTOCK_CONNECTORS_JSON_FORMAT_H

#include "connectors/file/format.h"

extern const struct format_ops json_format_ops;
extern const struct format_ops ndjson_format_ops;

#endif
