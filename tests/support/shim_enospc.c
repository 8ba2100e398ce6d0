/* shim_enospc.c - LD_PRELOAD: writes to some files fail with ENOSPC, as on a full disk.
 * SPDX-License-Identifier: Apache-2.0
 *
 * SHIM_FULL_PATH=TEXT   files whose path holds TEXT
 * SHIM_FULL_AFTER=N     bytes that still fit (default 0)
 * SHIM_FULL_FLAG=FILE   full only while FILE exists (default: always)
 */
#include "shim.h"

static atomic_long room;
static atomic_int started;

/* How many of size bytes still fit; size itself where the file is none of ours. */
static size_t fits(int fd, size_t size)
{
	const char *part = getenv("SHIM_FULL_PATH"), *flag = getenv("SHIM_FULL_FLAG"), *after = getenv("SHIM_FULL_AFTER");
	char path[1024];
	if (!part)
		return size;
	shim_path(fd, path, sizeof(path));
	if (!strstr(path, part) || (flag && access(flag, F_OK) != 0))
		return size;
	if (!atomic_exchange(&started, 1))
		atomic_store(&room, after ? atol(after) : 0);
	long left = atomic_fetch_sub(&room, (long)size);
	return left >= (long)size ? size : left > 0 ? (size_t)left : 0;
}

#define LIMITED(call) \
	size_t most = size ? fits(fd, size) : 0; \
	if (size && most == 0) { \
		errno = ENOSPC; \
		return -1; \
	} \
	return call

ssize_t write(int fd, const void *data, size_t size)
{
	REAL(write)
	LIMITED(real(fd, data, most));
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
	REAL(pwrite)
	LIMITED(real(fd, data, most, at));
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
	REAL(pwrite64)
	LIMITED(real(fd, data, most, at));
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
	REAL(writev)
	size_t size = 0;
	for (int i = 0; i < count; i++)
		size += parts[i].iov_len;
	if (size && fits(fd, size) < size) {
		errno = ENOSPC;
		return -1;
	}
	return real(fd, parts, count);
}
