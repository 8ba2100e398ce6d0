/* position.h - reading back the numbers of which sources make the tokens of their positions ("1234:17:20").
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CORE_POSITION_H
#define PENSTOCK_CORE_POSITION_H

#include <stdbool.h>
#include <stdint.h>

/* Takes a number of digits alone, without zeros in front, that ends with end ('\0': the text's end), and moves *text behind that; false, and
 * nothing is changed, where there is none: what was written is what is read. */
bool position_take(const char **text, char end, uint64_t *out);

#endif
