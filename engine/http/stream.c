/* stream.c - answers that go on: events, one behind the other, for as long as there are any.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each holds the thread of its connection, so there are only so many of them. What the next event is, a worker finds out; this thread waits between two
 * of them for the client to go.
 */
#include <poll.h>

#include "engine/core/clock.h"
#include "engine/http/exchange.h"

enum { EVENT_EVERY_MS = 250, COMMENT_EVERY_MS = 15000, EVENT_MAX = 64 << 20 };

struct turn {
	struct exchange *x;
	struct buffer out;
	struct error error;
	int result;
};

static void take_turn(void *arg)
{
	struct turn *turn = arg;
	struct http_stream *stream = turn->x->answer.stream;

	turn->result = stream->next(turn->x->service, stream, turn->x->request.cancel, &turn->out, &turn->error);
}

/* True once the client has gone, or within EVENT_EVERY_MS. A descriptor that is not known is waited for as well, in vain. */
static bool gone(const struct exchange *x)
{
	struct pollfd waiting = {.fd = socket_of(x), .events = POLLRDHUP};

	return poll(&waiting, 1, EVENT_EVERY_MS) > 0;
}

/* Also where a reload has put another service in the place of this one, which goes once nobody needs it: the client asks again, and that one
 * looks at its key. */
static bool leaving(const struct exchange *x)
{
	bool retired;

	pthread_mutex_lock(&x->server->lock);
	retired = x->server->service != x->service;
	pthread_mutex_unlock(&x->server->lock);
	return retired || atomic_load(&x->service->stopping) || cancel_requested(&x->service->cancel);
}

/* A client that takes too long for one event is given up. */
static int put(struct exchange *x, const char *data, size_t length)
{
	int result;

	deadline_enter(x, PHASE_WRITE, clock_elapsed_ms() + x->service->limits.answer_ms);
	result = exchange_write(x, data, length);
	deadline_enter(x, PHASE_WORK, 0);
	return result;
}

void stream_send(struct exchange *x)
{
	static const char comment[] = ": it goes on\n\n";
	struct turn turn = {.x = x};
	int64_t sent_ms = clock_elapsed_ms();

	deadline_enter(x, PHASE_WORK, 0);
	buffer_init(&turn.out, EVENT_MAX);
	for (;;) {
		buffer_clear(&turn.out);
		turn.result = 0;
		/* Where all are busy and many wait, the next look has to do. */
		if (workers_do(x->service->workers, take_turn, &turn) == 0 && turn.result < 0) {
			x->error = turn.error;
			break;
		}
		if (turn.out.length > 0 || clock_elapsed_ms() - sent_ms >= COMMENT_EVERY_MS) {
			bool event = turn.out.length > 0;

			if (put(x, event ? turn.out.data : comment, event ? turn.out.length : sizeof comment - 1) < 0)
				break;
			sent_ms = clock_elapsed_ms();
		}
		if (x->answer.stream->ended || leaving(x) || gone(x) || leaving(x))
			break;
	}
	buffer_fini(&turn.out);
}

bool stream_begin(struct exchange *x)
{
	if (!x->answer.stream)
		return false;
	if (atomic_fetch_add(&x->server->streams, 1) >= (int)x->service->limits.streams)
		(void)exchange_busy(x, "as many follow runs as may (limits.streams); ask for the run itself instead");
	return true;
}

void stream_end(struct exchange *x)
{
	atomic_fetch_sub(&x->server->streams, 1);
}
