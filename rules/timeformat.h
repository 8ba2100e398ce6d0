/* timeformat.h - date and time patterns of a dictionary (`format: "%d/%m/%Y %H:%M"`), as strptime of Python reads them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Directives: %Y %y %m %b %B %d %j %H %I %p %M %S %f %z %a %A %%. Numbers may lack leading zeros (%Y has four digits),
 * names are English, in any case, a space stands for one or more. Nothing may be left over.
 */
#ifndef PENSTOCK_RULES_TIMEFORMAT_H
#define PENSTOCK_RULES_TIMEFORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/value.h"

struct timeformat;
struct zone;

enum { TIMEFORMAT_REASON_MAX = 128 };

/* type: VALUE_DATE, VALUE_TIME or VALUE_DATETIME. NULL when the pattern is no pattern for it, with the reason; an empty
 * reason: out of memory. */
struct timeformat *timeformat_new(const char *pattern, enum value_type type, char reason[TIMEFORMAT_REASON_MAX]);
void timeformat_free(struct timeformat *format);

/* Days, microseconds since midnight or microseconds since 1970 (see value.h); zone as for moment_datetime. */
bool timeformat_read(const struct timeformat *format, const char *text, size_t length, const struct zone *zone,
		     int64_t *out);

#endif
