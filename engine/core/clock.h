/* clock.h - wall time and elapsed time.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CORE_CLOCK_H
#define PENSTOCK_CORE_CLOCK_H

#include <stdint.h>

int64_t clock_wall_us(void);    /* microseconds since 1970, UTC */
int64_t clock_elapsed_ms(void); /* milliseconds of a clock that never goes back */
int64_t clock_elapsed_us(void); /* microseconds of the same */

#endif
