/* shim.h - what the LD_PRELOAD shims share: the real functions, and names of files behind descriptors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A shim stands between a program and its C library, from outside: the program knows nothing of it.
 */
#ifndef PENSTOCK_TESTS_SHIM_H
#define PENSTOCK_TESTS_SHIM_H

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* The function of this name that the program would have called without us. */
#define REAL(name) \
	static __typeof__(name) *real; \
	if (!real) { \
		void *found = dlsym(RTLD_NEXT, #name); \
		memcpy(&real, &found, sizeof(real)); \
	}

/* Path (or "socket:[..]") behind a descriptor; "" where there is none. */
static inline void shim_path(int fd, char *out, size_t size)
{
	char link[64];
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, out, size - 1);
	out[length > 0 ? length : 0] = '\0';
}

/* Appends one line to the file named by an environment variable, past every function that a shim replaces. */
__attribute__((format(printf, 2, 3))) static inline void shim_log(const char *variable, const char *format, ...)
{
	const char *path = getenv(variable);
	if (!path)
		return;
	char line[4096];
	va_list list;
	va_start(list, format);
	int length = vsnprintf(line, sizeof(line) - 1, format, list);
	va_end(list);
	if (length < 0)
		return;
	if ((size_t)length > sizeof(line) - 2)
		length = (int)sizeof(line) - 2;
	line[length++] = '\n';
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return;
	long done = syscall(SYS_write, fd, line, (size_t)length);
	(void)done;
	close(fd);
}

#endif
