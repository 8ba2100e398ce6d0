/* registry.h - every connector of this build, by name.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONNECTORS_REGISTRY_H
#define PENSTOCK_CONNECTORS_REGISTRY_H

#include "connectors/file/format.h"
#include "engine/core/sink.h"
#include "engine/core/source.h"

/* NULL where there is none of that name. */
const struct source_ops *connector_source(const char *name);
const struct sink_ops *connector_sink(const char *name);

/* All, NULL at the end. */
const struct source_ops *const *connector_sources(void);
const struct sink_ops *const *connector_sinks(void);

/* Who reads the records of a file that is open already. NULL where there is none of that name. */
const struct format_ops *connector_format(const char *name);

/* How a connection of this `type:` is opened; NULL where there is none of that name. */
const struct store_ops *connector_store(const char *type);

#endif
