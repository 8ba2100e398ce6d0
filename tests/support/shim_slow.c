/* shim_slow.c - LD_PRELOAD: every fsync and fdatasync takes some milliseconds longer, as on a slower disk.
 * SPDX-License-Identifier: Apache-2.0
 *
 * SHIM_SLOW_MS=N        milliseconds (default 5)
 * SHIM_SLOW_SEND_MS=N   the same for each send on a socket (default 0)
 */
#include "shim.h"

static void wait_for(const char *variable, long fallback)
{
	const char *text = getenv(variable);
	long ms = text ? atol(text) : fallback;
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
	while (ms > 0 && nanosleep(&time, &time) != 0 && errno == EINTR) {}
}

int fsync(int fd)
{
	REAL(fsync)
	wait_for("SHIM_SLOW_MS", 5);
	return real(fd);
}

int fdatasync(int fd)
{
	REAL(fdatasync)
	wait_for("SHIM_SLOW_MS", 5);
	return real(fd);
}

ssize_t send(int fd, const void *data, size_t size, int flags)
{
	REAL(send)
	wait_for("SHIM_SLOW_SEND_MS", 0);
	return real(fd, data, size, flags);
}
