/* duration.h - the order of durations, as far as they have one.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A month has 28 to 31 days, so that P1M and P30D cannot be compared. One duration is longer than another where it is so from each of
 * the four moments that XML Schema 1.1 names (part 2, 3.3.6.2); whatever holds for these holds for all.
 */
#ifndef PENSTOCK_RULES_DURATION_H
#define PENSTOCK_RULES_DURATION_H

#include "engine/core/value.h"

/* How the left one compares with the right one from those moments; more than one of them where it depends on the moment. */
enum duration_order { DURATION_LESS = 1, DURATION_SAME = 2, DURATION_MORE = 4 };

/* Both are texts for which value_is_duration is true. */
unsigned duration_compare(struct text left, struct text right);

#endif
