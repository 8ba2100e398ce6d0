/* sink.h - rows of a step into a JSON file, or as JSON to standard output.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_JSON_SINK_H
#define PENSTOCK_JSON_SINK_H

#include "engine/core/sink.h"

extern const struct sink_ops json_sink_ops;

#endif
