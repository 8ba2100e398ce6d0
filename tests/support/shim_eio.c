/* shim_eio.c - LD_PRELOAD: reads of some files fail with EIO, as on a bad disk.
 * SPDX-License-Identifier: Apache-2.0
 *
 * SHIM_EIO_PATH=TEXT   files whose path holds TEXT
 * SHIM_EIO_AT=N        their N-th read or pread, from 1, and all after it; without it reads are only counted
 * SHIM_EIO_LOG=FILE    gets "failed N CALL OFFSET" for the first that fails, or at a normal end without one "reads N"
 */
#include "shim.h"

static atomic_ulong calls;
static atomic_int failed;

/* Counts a call on one of the files; true when it fails. offset: where it would have read, -1 at the file's own place. */
static int fails(int fd, const char *call, off_t offset)
{
	const char *part = getenv("SHIM_EIO_PATH"), *at = getenv("SHIM_EIO_AT");
	char path[1024];
	if (!part)
		return 0;
	shim_path(fd, path, sizeof(path));
	if (!strstr(path, part))
		return 0;
	unsigned long now = atomic_fetch_add(&calls, 1) + 1;
	if (!at || now < strtoul(at, NULL, 10))
		return 0;
	if (!atomic_exchange(&failed, 1))
		shim_log("SHIM_EIO_LOG", "failed %lu %s %lld", now, call, (long long)(offset < 0 ? lseek(fd, 0, SEEK_CUR) : offset));
	errno = EIO;
	return 1;
}

__attribute__((destructor)) static void ended(void)
{
	if (!atomic_load(&failed))
		shim_log("SHIM_EIO_LOG", "reads %lu", atomic_load(&calls));
}

ssize_t read(int fd, void *data, size_t size)
{
	REAL(read)
	return fails(fd, "read", -1) ? -1 : real(fd, data, size);
}

ssize_t pread(int fd, void *data, size_t size, off_t at)
{
	REAL(pread)
	return fails(fd, "pread", at) ? -1 : real(fd, data, size, at);
}

ssize_t pread64(int fd, void *data, size_t size, off64_t at)
{
	REAL(pread64)
	return fails(fd, "pread", at) ? -1 : real(fd, data, size, at);
}
