/* shim_clock.c - LD_PRELOAD: the clock on the wall is ahead by so long as the file SHIM_CLOCK_FLAG is there, so that it goes back when that is gone; what
 * sleeps until a time on it sleeps longer meanwhile.
 * SPDX-License-Identifier: Apache-2.0
 *
 * SHIM_CLOCK_FLAG=FILE  while it exists, CLOCK_REALTIME is an hour ahead of that of the system
 */
#include "shim.h"

int clock_gettime(clockid_t clock, struct timespec *out)
{
	REAL(clock_gettime)
	const char *flag = getenv("SHIM_CLOCK_FLAG");
	int result = real(clock, out);
	if (result == 0 && clock == CLOCK_REALTIME && flag && access(flag, F_OK) == 0)
		out->tv_sec += 3600;
	return result;
}
