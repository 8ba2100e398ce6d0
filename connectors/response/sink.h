/* sink.h - rows of a step as the answer to whoever asked for them: CSV to standard output under `penstock run`.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_RESPONSE_SINK_H
#define PENSTOCK_RESPONSE_SINK_H

#include "engine/core/sink.h"

extern const struct sink_ops response_sink_ops;

#endif
