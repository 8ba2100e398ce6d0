/* moment.h - dates, times and datetimes read from text: ISO 8601 as XML Schema narrows it, or a pattern of the
 * dictionary. SPDX-License-Identifier: Apache-2.0
 *
 * Years 0001 to 9999, at most 6 digits of fraction, no second 60, no hour 24. Texts have no spaces around them; each
 * function is false where the text is no such value.
 */
#ifndef PENSTOCK_RULES_MOMENT_H
#define PENSTOCK_RULES_MOMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/value.h"

struct zone;

/* A moment taken apart, as it was written. */
struct moment {
	int year;
	unsigned month, day;
	int64_t micros; /* since midnight */
	bool has_offset;
	int offset; /* seconds east of Greenwich */
};

/* YYYY-MM-DD: days since 1970. */
bool moment_date(const char *text, size_t length, int64_t *days);

/* hh:mm:ss[.f][Z]: microseconds since midnight. */
bool moment_time(const char *text, size_t length, int64_t *micros);

/* YYYY-MM-DDThh:mm:ss[.f][Z|+hh:mm|-hh:mm]: microseconds since 1970 in UTC; without an offset a time of zone, which may
 * be NULL for UTC. False too when the local time does not exist in its zone or exists twice. */
bool moment_datetime(const char *text, size_t length, const struct zone *zone, int64_t *micros);

/* YYYY; YYYY-MM. */
bool moment_year(const char *text, size_t length, int64_t *year);
bool moment_yearmonth(const char *text, size_t length);

/* Microseconds since 1970 in UTC of what was taken apart. */
bool moment_compose(const struct moment *moment, const struct zone *zone, int64_t *micros);

/* Microseconds since 1970 of a local time into those of UTC. False, and *utc is left alone, where it does not exist or exists twice, or its UTC
 * is beyond the years 1 to 9999. */
bool moment_to_utc(int64_t local, const struct zone *zone, int64_t *utc);

/* Exactly count digits at text. */
bool moment_digits(const char *text, size_t count, unsigned *out);

#endif
