/* cron.h - the times of a cron expression: five fields, read once, and the next moment after another one.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   minute 0-59   hour 0-23   day of month 1-31   month 1-12 or jan-dec   day of week 0-7 or sun-sat (0 and 7: Sunday)
 *
 * A field is a list of `*`, a value or a range, the last two with a step if wanted: `1-5,30`, `8-18/2`, `*` `/15`. Names in any case; Sunday ends a
 * range, too (`fri-sun`). As in crontab(5) a day comes when both day fields allow it, and where neither begins with a star, when one of them does.
 * @hourly, @daily, @midnight, @weekly, @monthly, @yearly and @annually stand for what they do there.
 *
 * Clocks that change: an expression whose hour begins with a star goes on as time goes on, so every quarter of an hour is that on each day.
 * Any other means times of day, each once a day: one that the clock jumps over comes at the moment of the jump, one that it shows twice comes the
 * first time only.
 */
#ifndef PENSTOCK_CORE_CRON_H
#define PENSTOCK_CORE_CRON_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/core/error.h"
#include "engine/core/zone.h"

/* A bit for each value that the field allows. */
struct cron {
	uint64_t minutes;
	uint32_t hours, days, months, weekdays; /* days and months from bit 1; weekdays from bit 0, Sunday, to bit 6 */
	bool every_hour;                        /* the hour begins with a star */
	bool every_day, every_weekday;          /* so does that field */
};

/* Reads an expression. -1 and error (ERROR_CONFIG, without a place): the message names the field and what stands in it. An expression whose day never
 * comes (30 February) is refused. */
int cron_parse(struct cron *cron, const char *text, struct error *error) MUST_CHECK;

/* The first moment later than `after` (both in seconds since 1970, UTC) in a zone's clock; NULL is UTC. False where none is before the year 9999. */
bool cron_next(const struct cron *cron, const struct zone *zone, int64_t after, int64_t *next);

#endif
