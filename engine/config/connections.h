/* connections.h - the `connections:` of a pipeline file, and which of them are used.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONFIG_CONNECTIONS_H
#define PENSTOCK_CONFIG_CONNECTIONS_H

#include "engine/config/options.h"
#include "engine/core/plan.h"

struct connections {
	struct plan_connection *items;
	const struct node *const *places; /* the key of each; valid while the document is */
	bool *used;
	size_t count;
};

struct scope;

/* Reads the map under `connections` (map NULL: none) and interpolates in it. Returns 0, or -1 after mistakes were reported;
 * a connection with a mistake is there all the same, so that who uses it is not blamed for that. */
int connections_load(struct connections *connections, struct node *map, const struct scope *scope,
	struct stash *stash, struct diagnostics *diagnostics);

/* The connection that a scalar names, which is then used; NULL after reporting that there is none. */
const struct plan_connection *connections_use(struct connections *connections, const struct node *name,
	struct diagnostics *diagnostics);

/* NULL where there is none of that name. */
const struct plan_connection *connections_find(const struct connections *connections, const char *name);

/* A warning for each that nothing uses. */
void connections_report_unused(const struct connections *connections, struct diagnostics *diagnostics);

#endif
