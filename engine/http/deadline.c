/* deadline.c - the thread that looks at the deadlines of all requests under way.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <sys/socket.h>
#include <time.h>

#include "engine/core/clock.h"
#include "engine/http/exchange.h"

void deadline_enter(struct exchange *x, enum phase phase, int64_t deadline_ms)
{
	pthread_mutex_lock(&x->server->lock);
	x->phase = phase;
	x->deadline_ms = deadline_ms;
	pthread_mutex_unlock(&x->server->lock);
}

bool deadline_cut(struct exchange *x)
{
	bool cut;

	pthread_mutex_lock(&x->server->lock);
	cut = x->cut;
	pthread_mutex_unlock(&x->server->lock);
	return cut;
}

/* The thread of the exchange is waiting on this very socket, so it is still open; and leaves with what it has. */
static void cut_off(struct exchange *x)
{
	int fd = socket_of(x);

	x->cut = true;
	if (fd >= 0)
		shutdown(fd, x->phase == PHASE_READ ? SHUT_RD : SHUT_RDWR);
}

static void *watch(void *arg)
{
	struct server *server = arg;

	pthread_mutex_lock(&server->lock);
	while (!server->ending) {
		struct timespec until;
		int64_t now = clock_elapsed_ms();
		bool all = cancel_requested(&server->service->cancel);

		for (struct exchange *x = server->exchanges; x; x = x->next)
			if (x->phase != PHASE_WORK && !x->cut && (all || now > x->deadline_ms))
				cut_off(x);
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += WATCH_MS * 1000000;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		pthread_cond_timedwait(&server->changed, &server->lock, &until);
	}
	pthread_mutex_unlock(&server->lock);
	return NULL;
}

void deadline_enlist(struct exchange *x)
{
	pthread_mutex_lock(&x->server->lock);
	x->next = x->server->exchanges;
	x->link = &x->server->exchanges;
	if (x->next)
		x->next->link = &x->next;
	x->server->exchanges = x;
	x->enlisted = true;
	pthread_mutex_unlock(&x->server->lock);
}

void deadline_strike(struct exchange *x)
{
	if (!x->enlisted)
		return;
	pthread_mutex_lock(&x->server->lock);
	*x->link = x->next;
	if (x->next)
		x->next->link = x->link;
	pthread_mutex_unlock(&x->server->lock);
}

int deadlines_start(struct server *server, struct error *error)
{
	pthread_condattr_t monotonic; /* deadlines hold whatever is done to the clock on the wall */
	int failed;

	pthread_mutex_init(&server->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&server->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	failed = pthread_create(&server->watcher, NULL, watch, server);
	return failed ? error_errno(error, ERROR_RESOURCE, NULL, failed, "cannot start a thread") : 0;
}

void deadlines_end(struct server *server)
{
	pthread_mutex_lock(&server->lock);
	server->ending = true;
	pthread_cond_signal(&server->changed);
	pthread_mutex_unlock(&server->lock);
	pthread_join(server->watcher, NULL);
	pthread_cond_destroy(&server->changed);
	pthread_mutex_destroy(&server->lock);
}
