/* alive.c - has the kernel notice that a server is gone without a word, for drivers that keep their sockets to themselves.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "connectors/odbc/alive.h"

/* As for PostgreSQL: silence of five seconds is asked about, twice, two seconds apart; what was sent waits ten seconds for its receipt. */
enum { IDLE_S = 5, INTERVAL_S = 2, PROBES = 2, UNACKNOWLEDGED_MS = 10000 };

static bool leads_to(int socket, unsigned port)
{
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
		struct sockaddr_storage room;
	} peer;
	socklen_t length = sizeof peer;

	if (getpeername(socket, &peer.any, &length))
		return false;
	if (peer.any.sa_family == AF_INET)
		return ntohs(peer.four.sin_port) == port;
	return peer.any.sa_family == AF_INET6 && ntohs(peer.six.sin6_port) == port;
}

static void set(int socket, int level, int option, int value)
{
	/* What the system refuses stays as it was. */
	(void)setsockopt(socket, level, option, &value, sizeof value);
}

void alive_watch(unsigned port)
{
	DIR *open = opendir("/proc/self/fd");

	if (!open)
		return;
	for (const struct dirent *entry; (entry = readdir(open));) {
		char *end;
		long number = strtol(entry->d_name, &end, 10);

		if (*end || !*entry->d_name || *entry->d_name == '.' || !leads_to((int)number, port))
			continue;
		set((int)number, SOL_SOCKET, SO_KEEPALIVE, 1);
		set((int)number, IPPROTO_TCP, TCP_KEEPIDLE, IDLE_S);
		set((int)number, IPPROTO_TCP, TCP_KEEPINTVL, INTERVAL_S);
		set((int)number, IPPROTO_TCP, TCP_KEEPCNT, PROBES);
		set((int)number, IPPROTO_TCP, TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS);
	}
	closedir(open);
}
