/* source.h - the http source.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONNECTORS_HTTP_SOURCE_H
#define PENSTOCK_CONNECTORS_HTTP_SOURCE_H

#include "engine/core/source.h"

extern const struct source_ops http_source_ops;

#endif
