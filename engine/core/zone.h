/* zone.h - a time zone of the system's database (TZif files, RFC 8536), for datetimes that are written in local time, and for schedules.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CORE_ZONE_H
#define PENSTOCK_CORE_ZONE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/core/error.h"

struct zone;

/* Reads the zone of that IANA name ("Europe/Berlin"); NULL and error (ERROR_CONFIG: no such zone, or the system has no
 * zone files). Immutable. */
struct zone *zone_open(const char *name, struct error *error) MUST_CHECK;
void zone_close(struct zone *zone);

/* Seconds east of Greenwich at a local time, given as seconds since 1970-01-01T00:00:00 of that local time; false where
 * the local time does not exist (clocks went forward) or exists twice (back). */
bool zone_offset_of_local(const struct zone *zone, int64_t local, int *offset);

/* Seconds east of Greenwich at a moment, given as seconds since 1970, UTC. */
int zone_offset_at(const struct zone *zone, int64_t utc);

#endif
