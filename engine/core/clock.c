/* clock.c - wall time and elapsed time of the system.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/clock.h"

#include <time.h>

int64_t clock_wall_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_elapsed_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_elapsed_ms(void)
{
	return clock_elapsed_us() / 1000;
}
