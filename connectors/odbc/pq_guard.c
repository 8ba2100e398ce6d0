/* pq_guard.c - telling the server that nobody waits for its statement any more.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "connectors/odbc/pq.h"
#include "connectors/odbc/pq_guard.h"
#include "engine/core/thread.h"

enum { LOOK_MS = 100, LOOKS_AFTER = 30, ERROR_SIZE = 256 };

struct pq_guard {
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t stopped;
	bool stop;
	struct cancel *cancel;
	atomic_uint *calls;
	PGcancel *server; /* a copy of what cancelling needs: the connection itself belongs to the other thread */
};

/* True when it is time to end. */
static bool pause_once(struct pq_guard *guard)
{
	struct timespec until;
	bool stop;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += LOOK_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&guard->mutex);
	while (!guard->stop && pthread_cond_timedwait(&guard->stopped, &guard->mutex, &until) != ETIMEDOUT) {
	}
	stop = guard->stop;
	pthread_mutex_unlock(&guard->mutex);
	return stop;
}

/* Whoever cleans up after the run runs statements, too, but short ones: only one that is found twice is given up, and no second one. */
static void *watch(void *arg)
{
	struct pq_guard *guard = arg;
	unsigned before = 0;
	char ignored[ERROR_SIZE];

	for (int looks = 0; looks < LOOKS_AFTER && !pause_once(guard);) {
		unsigned now = atomic_load(guard->calls);

		if (!cancel_requested(guard->cancel))
			continue;
		looks++;
		if (now % 2 && now == before) {
			PQcancel(guard->server, ignored, sizeof ignored);
			break;
		}
		before = now;
	}
	return NULL;
}

static bool start_thread(struct pq_guard *guard)
{
	pthread_condattr_t attributes;
	bool started;

	pthread_mutex_init(&guard->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&guard->stopped, &attributes);
	pthread_condattr_destroy(&attributes);
	started = thread_start(&guard->thread, 0, watch, guard) == 0;
	if (!started) {
		pthread_cond_destroy(&guard->stopped);
		pthread_mutex_destroy(&guard->mutex);
	}
	return started;
}

struct pq_guard *pq_guard_start(const struct pq *pq, struct cancel *cancel, atomic_uint *calls)
{
	struct pq_guard *guard;

	if (!pq->connection || !cancel)
		return NULL;
	guard = calloc(1, sizeof *guard);
	if (!guard)
		return NULL;
	guard->cancel = cancel;
	guard->calls = calls;
	guard->server = PQgetCancel(pq->connection);
	if (guard->server && start_thread(guard))
		return guard;
	PQfreeCancel(guard->server);
	free(guard);
	return NULL;
}

void pq_guard_stop(struct pq_guard *guard)
{
	if (!guard)
		return;
	pthread_mutex_lock(&guard->mutex);
	guard->stop = true;
	pthread_cond_signal(&guard->stopped);
	pthread_mutex_unlock(&guard->mutex);
	pthread_join(guard->thread, NULL);
	pthread_cond_destroy(&guard->stopped);
	pthread_mutex_destroy(&guard->mutex);
	PQfreeCancel(guard->server);
	free(guard);
}
