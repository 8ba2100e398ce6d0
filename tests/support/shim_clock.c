/* shim_clock.c - LD_PRELOAD: the clock on the wall is ahead by so long as the file SHIM_CLOCK_FLAG is there, so that it goes back when that is gone; what
 * sleeps until a time on it sleeps longer meanwhile.
 * SPDX-License-Identifier: Apache-2.0
 *
 * SHIM_CLOCK_FLAG=FILE  while it exists, CLOCK_REALTIME is ahead of that of the system by as many seconds as it says, or an hour where it is empty
 */
#include "shim.h"

int clock_gettime(clockid_t clock, struct timespec *out)
{
	REAL(clock_gettime)
	const char *name = getenv("SHIM_CLOCK_FLAG");
	int result = real(clock, out);
	FILE *flag = result == 0 && clock == CLOCK_REALTIME && name ? fopen(name, "re") : NULL;
	if (flag) {
		long seconds;
		out->tv_sec += fscanf(flag, "%ld", &seconds) == 1 ? seconds : 3600;
		fclose(flag);
	}
	return result;
}
