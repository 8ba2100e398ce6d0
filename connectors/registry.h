/* registry.h - every connector of this build, by name.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONNECTORS_REGISTRY_H
#define PENSTOCK_CONNECTORS_REGISTRY_H

#include "engine/core/sink.h"
#include "engine/core/source.h"

/* NULL where there is none of that name. */
const struct source_ops *connector_source(const char *name);
const struct sink_ops *connector_sink(const char *name);

/* All, NULL at the end. */
const struct source_ops *const *connector_sources(void);
const struct sink_ops *const *connector_sinks(void);

/* How a connection of this `type:` is opened; NULL where there is none of that name. */
const struct store_ops *connector_store(const char *type);

#endif
