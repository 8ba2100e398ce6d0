/* shim_die.c - LD_PRELOAD: dies by SIGKILL at the n-th call that writes something.
 * SPDX-License-Identifier: Apache-2.0
 *
 * SHIM_DIE_AT=N      the call that is the last one, from 1; without it calls are only counted
 * SHIM_DIE_TORN=1    of a write or send, the first half is done before dying (else nothing of it)
 * SHIM_DIE_LOG=FILE  gets "died N CALL PATH", or at a normal end "survived N"
 * Standard output and standard error are not counted: what a program says is not what it does.
 */
#include "shim.h"

static atomic_ulong calls;

static unsigned long wanted(void)
{
	static unsigned long at = (unsigned long)-1;
	if (at == (unsigned long)-1) {
		const char *text = getenv("SHIM_DIE_AT");
		at = text ? strtoul(text, NULL, 10) : 0;
	}
	return at;
}

/* Counts a call; true when it is the one. */
static int is_the_one(int fd)
{
	if (fd == STDOUT_FILENO || fd == STDERR_FILENO)
		return 0;
	unsigned long now = atomic_fetch_add(&calls, 1) + 1;
	return wanted() && now == wanted();
}

static int torn(void)
{
	return getenv("SHIM_DIE_TORN") != NULL;
}

__attribute__((noreturn)) static void die(const char *call, int fd, const char *path)
{
	char name[1024] = "";
	if (fd >= 0)
		shim_path(fd, name, sizeof(name));
	shim_log("SHIM_DIE_LOG", "died %lu %s %s", wanted(), call, path ? path : name);
	for (;;)
		kill(getpid(), SIGKILL);
}

__attribute__((destructor)) static void survived(void)
{
	shim_log("SHIM_DIE_LOG", "survived %lu", atomic_load(&calls));
}

ssize_t write(int fd, const void *data, size_t size)
{
	REAL(write)
	if (is_the_one(fd)) {
		if (torn() && size > 1 && real(fd, data, size / 2) < 0) {}
		die("write", fd, NULL);
	}
	return real(fd, data, size);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
	REAL(pwrite)
	if (is_the_one(fd)) {
		if (torn() && size > 1 && real(fd, data, size / 2, at) < 0) {}
		die("pwrite", fd, NULL);
	}
	return real(fd, data, size, at);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
	REAL(pwrite64)
	if (is_the_one(fd)) {
		if (torn() && size > 1 && real(fd, data, size / 2, at) < 0) {}
		die("pwrite64", fd, NULL);
	}
	return real(fd, data, size, at);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
	REAL(writev)
	if (is_the_one(fd)) {
		if (torn() && count > 1 && real(fd, parts, count / 2) < 0) {}
		die("writev", fd, NULL);
	}
	return real(fd, parts, count);
}

ssize_t send(int fd, const void *data, size_t size, int flags)
{
	REAL(send)
	if (is_the_one(fd)) {
		if (torn() && size > 1 && real(fd, data, size / 2, flags) < 0) {}
		die("send", fd, NULL);
	}
	return real(fd, data, size, flags);
}

ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *to, socklen_t length)
{
	REAL(sendto)
	if (is_the_one(fd))
		die("sendto", fd, NULL);
	return real(fd, data, size, flags, to, length);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	REAL(sendmsg)
	if (is_the_one(fd))
		die("sendmsg", fd, NULL);
	return real(fd, message, flags);
}

int fsync(int fd)
{
	REAL(fsync)
	if (is_the_one(fd))
		die("fsync", fd, NULL);
	return real(fd);
}

int fdatasync(int fd)
{
	REAL(fdatasync)
	if (is_the_one(fd))
		die("fdatasync", fd, NULL);
	return real(fd);
}

int ftruncate(int fd, off_t size)
{
	REAL(ftruncate)
	if (is_the_one(fd))
		die("ftruncate", fd, NULL);
	return real(fd, size);
}

int ftruncate64(int fd, off64_t size)
{
	REAL(ftruncate64)
	if (is_the_one(fd))
		die("ftruncate64", fd, NULL);
	return real(fd, size);
}

int unlink(const char *path)
{
	REAL(unlink)
	if (is_the_one(-1))
		die("unlink", -1, path);
	return real(path);
}

int rename(const char *from, const char *to)
{
	REAL(rename)
	if (is_the_one(-1))
		die("rename", -1, from);
	return real(from, to);
}
