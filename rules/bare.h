/* bare.h - what stands around a number where bareNumber is false: dropped, unless it says more than a unit.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_RULES_BARE_H
#define PENSTOCK_RULES_BARE_H

#include <stdbool.h>
#include <stddef.h>

#include "rules/number.h"

/* Narrows text, which is valid UTF-8, down to the number in it: from its first sign or digit (or decimal mark with a digit
 * behind it) to its last digit. False where what would be dropped makes another number of it: a minus sign that is no "-"
 * in front or stands behind, brackets around it, digits and fractions that are not 0 to 9, an exponent written small.
 * With whole, there is no decimal mark. */
bool bare_number_find(const struct number_style *style, bool whole, const char **text, size_t *length);

#endif
