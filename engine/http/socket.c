/* socket.c - the descriptors of connections and of the listening socket, found where civetweb does not tell them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/core/clock.h"
#include "engine/http/exchange.h"

void socket_raise_limit(uint64_t connections)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < connections + DESCRIPTORS_SPARE) {
		limit.rlim_cur = connections + DESCRIPTORS_SPARE < limit.rlim_max ? (rlim_t)connections + DESCRIPTORS_SPARE : limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static unsigned port_of(int fd)
{
	struct sockaddr_storage self;
	socklen_t size = sizeof(self);

	if (getsockname(fd, (struct sockaddr *)&self, &size) < 0)
		return 0;
	return self.ss_family == AF_INET ? ntohs(((const struct sockaddr_in *)(const void *)&self)->sin_port) :
		self.ss_family == AF_INET6 ? ntohs(((const struct sockaddr_in6 *)(const void *)&self)->sin6_port) : 0;
}

int socket_listening(unsigned port)
{
	for (int fd = 3; fd < 4096; fd++) {
		int listens = 0;
		socklen_t size = sizeof(listens);

		if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens && port_of(fd) == port)
			return fd;
	}
	return -1;
}

int socket_of(const struct exchange *x)
{
	int most = (int)x->service->limits.connections + 2 * DESCRIPTORS_SPARE;

	for (int fd = 3; fd < most; fd++) {
		struct sockaddr_storage peer, self;
		socklen_t peer_size = sizeof(peer), self_size = sizeof(self);
		char address[INET6_ADDRSTRLEN] = "";
		unsigned port = 0, own = 0;

		if (getpeername(fd, (struct sockaddr *)&peer, &peer_size) < 0 || getsockname(fd, (struct sockaddr *)&self, &self_size) < 0)
			continue;
		if (peer.ss_family == AF_INET && self.ss_family == AF_INET) {
			const struct sockaddr_in *in = (const void *)&peer;

			inet_ntop(AF_INET, &in->sin_addr, address, sizeof(address));
			port = ntohs(in->sin_port);
			own = ntohs(((const struct sockaddr_in *)(const void *)&self)->sin_port);
		} else if (peer.ss_family == AF_INET6 && self.ss_family == AF_INET6) {
			const struct sockaddr_in6 *in = (const void *)&peer;

			inet_ntop(AF_INET6, &in->sin6_addr, address, sizeof(address));
			port = ntohs(in->sin6_port);
			own = ntohs(((const struct sockaddr_in6 *)(const void *)&self)->sin6_port);
		}
		if (port != 0 && own == atomic_load(&x->server->port) && port == x->peer_port && strcmp(address, x->peer) == 0)
			return fd;
	}
	return -1;
}

void socket_linger(const struct exchange *x)
{
	int fd = socket_of(x);
	int64_t deadline = clock_elapsed_ms() + LINGER_MS;
	char waste[4096];
	size_t bytes = 0;

	if (fd < 0)
		return;
	shutdown(fd, SHUT_WR);
	for (int64_t left; bytes < LINGER_BYTES && (left = deadline - clock_elapsed_ms()) > 0;) {
		struct pollfd in = {.fd = fd, .events = POLLIN};
		ssize_t got;

		if (poll(&in, 1, (int)left) <= 0)
			break;
		got = recv(fd, waste, sizeof(waste), MSG_DONTWAIT);
		if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
			break;
		bytes += got > 0 ? (size_t)got : 0;
	}
	shutdown(fd, SHUT_RDWR);
}

/* The socket is closed, and something that is never readable has its place: whoever polls it sleeps. */
void socket_hang_up(int listener)
{
	int stand_in = eventfd(0, EFD_CLOEXEC);

	if (listener >= 0 && stand_in >= 0) {
		shutdown(listener, SHUT_RDWR);
		dup2(stand_in, listener);
	}
	if (stand_in >= 0)
		close(stand_in);
}
