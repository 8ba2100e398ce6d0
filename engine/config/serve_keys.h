/* serve_keys.h - the tables that a serve file is read by, for those who describe it.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONFIG_SERVE_KEYS_H
#define PENSTOCK_CONFIG_SERVE_KEYS_H

#include "engine/core/option.h"

/* At the top, beside version and pipelines; of an entry of `keys`; of the maps `limits`, `rates` and `lineage`. */
extern const struct option keys_of_serve[], keys_of_key[], keys_of_service_limits[], keys_of_rates[], keys_of_lineage[];

#endif
