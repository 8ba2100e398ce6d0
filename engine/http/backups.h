/* backups.h - the backups that a pipeline of the service has written: which there are, and whether one holds.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The folder is the one that the pipeline names; of a request there is nothing in a path but the id of a run, which is a UUID or refused.
 */
#ifndef PENSTOCK_HTTP_BACKUPS_H
#define PENSTOCK_HTTP_BACKUPS_H

#include "engine/http/service.h"

/* True where a step of it writes a table of a backup. */
bool backups_of(const struct plan *plan);

extern const struct route routes_of_backups[];

#endif
