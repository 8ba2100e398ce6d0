/* source.h - the json source.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONNECTORS_JSON_SOURCE_H
#define PENSTOCK_CONNECTORS_JSON_SOURCE_H

#include "engine/core/source.h"

extern const struct source_ops json_source_ops;

#endif
