/* notify.c - tells the service manager how the service is.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/cli/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

void notify_init(struct notify *notify)
{
	static char path[sizeof ((struct sockaddr_un *)0)->sun_path];
	const char *given = getenv("NOTIFY_SOCKET"), *period = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	long long us = period ? strtoll(period, NULL, 10) : 0;

	*notify = (struct notify){.path = NULL};
	if (given && (given[0] == '/' || given[0] == '@') && given[1] && strlen(given) < sizeof path) {
		memcpy(path, given, strlen(given) + 1);
		notify->path = path;
		/* Twice within the time that is allowed. */
		if (us >= 2000 && (!pid || strtoll(pid, NULL, 10) == getpid()))
			notify->watchdog_ms = us / 2000;
	}
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

static void tell(const struct notify *notify, const char *text)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length;
	int fd;

	if (!notify->path)
		return;
	length = strlen(notify->path);
	memcpy(address.sun_path, notify->path, length);
	if (address.sun_path[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	while (sendto(fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)(const void *)&address,
		       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (notify->path[0] == '/'))) < 0 && errno == EINTR)
		;
	close(fd);
}

void notify_ready(const struct notify *notify, const char *status)
{
	char text[512];

	snprintf(text, sizeof text, "READY=1\nSTATUS=%s", status);
	tell(notify, text);
}

void notify_reloading(const struct notify *notify)
{
	struct timespec now;
	char text[64];

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	tell(notify, text);
}

void notify_stopping(const struct notify *notify)
{
	tell(notify, "STOPPING=1");
}

void notify_alive(const struct notify *notify)
{
	tell(notify, "WATCHDOG=1");
}
