/* keep.h - which backups of a folder are kept, and the removal of all others.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   keep: { last: 7, daily: 30, weekly: 8, monthly: 12, yearly: 10 }
 *
 * `last` keeps the newest ones. Each of the others keeps the newest backup of each of the newest days (ISO weeks, months, years; UTC) that have one: days without a
 * backup count for nothing. A backup that any of them keeps stays, and so do in any case the newest of all and the newest that is proven. Those that lack
 * records or a file take the place of none that lacks nothing. Only complete backups of the same pipeline are looked at, each in the folder of its own run;
 * what cannot be read is never removed.
 */
#ifndef PENSTOCK_AVRO_KEEP_H
#define PENSTOCK_AVRO_KEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/core/error.h"
#include "engine/core/option.h"
#include "engine/core/shared.h"

enum keep_rule { KEEP_LAST = 0, KEEP_DAILY, KEEP_WEEKLY, KEEP_MONTHLY, KEEP_YEARLY, KEEP_RULES };

struct keep {
	bool given;                  /* else everything is kept */
	uint64_t counts[KEEP_RULES]; /* 0: that rule keeps nothing */
};

/* Reads the map. ERROR_CONFIG, at place, where it has another key, a value that is no number from 1 to 100,000, or nothing. */
int keep_read(const struct option_map *map, const char *place, struct keep *keep, struct error *error) MUST_CHECK;

/* True when both keep the same. */
bool keep_same(const struct keep *a, const struct keep *b);

/* Removes what is not kept of the backups of a pipeline in folder, in which run_id was just made; that one stays. One of a time that has not come (a
 * clock was wrong) stays, too, and takes the place of no other: it is told. What it did, and what it could not remove, it tells through shared: the backup that
 * was just made is complete whatever becomes of older ones. ERROR_RESOURCE: out of memory. */
int keep_apply(const struct keep *keep, const char *folder, const char *pipeline, const char *run_id, struct shared *shared, struct error *error)
	MUST_CHECK;

#endif
