/* json_depth.h - how deep a JSON text nests, before any parser that recurses sees it.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CORE_JSON_DEPTH_H
#define PENSTOCK_CORE_JSON_DEPTH_H

#include <stdbool.h>
#include <stddef.h>

/* True when nothing in a text nests beyond JSON_DEPTH_MAX; looks at brackets outside of strings alone. */
bool depth_fits(const char *text, size_t length);

#endif
