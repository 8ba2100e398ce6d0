/* lanes.c - requests that wait for a database, and the threads that carry them into it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/http/lanes.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/core/clock.h"
#include "engine/core/sessions.h"

enum { STACK_BYTES = 8 << 20, REOPEN_MS = 1000 };

enum waiting_state { WAITS = 0, TAKEN, DONE };

/* A request on the stack of who submitted it. */
struct waiting {
	struct waiting *next;
	size_t set;
	struct ingest_request *request;
	int64_t since_ms;
	enum waiting_state state;
	enum ingest_taken taken;
	int result;
	struct error error;
	pthread_cond_t done;
};

struct carrier {
	struct lanes *lanes;
	pthread_t thread;
	bool started;
	struct ingest_lane **open; /* one a set; NULL: not yet, or lost */
};

struct lanes {
	const struct ingest_steps *const *sets;
	size_t count;
	struct cancel *cancel;
	int64_t patience_ms;       /* lock_timeout */
	pthread_mutex_t mutex;
	pthread_cond_t arrived;
	struct waiting *first, **last;
	bool stopping, single, known; /* known: single is, since a lane was open */
	bool ready;
	char why[ERROR_MESSAGE_MAX];
	struct carrier *carriers;
	size_t carrier_count;
};

/* --- the queue, with the mutex held --- */

static void unlink_waiting(struct lanes *lanes, struct waiting *gone)
{
	struct waiting **at = &lanes->first;
	while (*at != gone)
		at = &(*at)->next;
	*at = gone->next;
	if (!*at)
		lanes->last = at;
	gone->next = NULL;
}

/* Up to most that wait for this set, in the order in which they came, since before (0: whenever). */
static size_t take(struct lanes *lanes, size_t set, size_t most, int64_t before, struct waiting **out)
{
	size_t count = 0;
	for (struct waiting *at = lanes->first, *next; at && count < most; at = next) {
		next = at->next;
		if (at->set != set || (before && at->since_ms > before))
			continue;
		unlink_waiting(lanes, at);
		at->state = TAKEN;
		out[count++] = at;
	}
	return count;
}

static void finish(struct lanes *lanes, struct waiting *const *group, size_t count)
{
	pthread_mutex_lock(&lanes->mutex);
	for (size_t i = 0; i < count; i++) {
		group[i]->state = DONE;
		pthread_cond_signal(&group[i]->done);
	}
	pthread_mutex_unlock(&lanes->mutex);
}

static void fail(struct waiting *const *group, size_t count, const struct error *error)
{
	for (size_t i = 0; i < count; i++) {
		group[i]->result = -1;
		group[i]->error = *error;
	}
}

/* --- lanes --- */

static void set_ready(struct lanes *lanes, const struct error *error)
{
	char text[ERROR_PLACE_MAX + ERROR_MESSAGE_MAX];
	pthread_mutex_lock(&lanes->mutex);
	if (lanes->ready && error)
		pthread_cond_broadcast(&lanes->arrived); /* the thread that looks again may be asleep until then */
	lanes->ready = error == NULL;
	if (error)
		snprintf(lanes->why, sizeof lanes->why, "%.*s", (int)sizeof lanes->why - 1, error_text(error, text, sizeof text));
	pthread_mutex_unlock(&lanes->mutex);
}

static void start_rest(struct lanes *lanes);

static struct ingest_lane *get_lane(struct carrier *carrier, size_t set, struct error *error)
{
	struct lanes *lanes = carrier->lanes;
	struct ingest_lane **lane = &carrier->open[set];
	if (*lane)
		return *lane;
	*lane = ingest_lane_open(lanes->sets[set], lanes->cancel, error);
	set_ready(lanes, *lane ? NULL : error);
	if (!*lane)
		return NULL;
	pthread_mutex_lock(&lanes->mutex);
	if (!lanes->known) {
		lanes->single = ingest_lane_single_writer(*lane);
		lanes->known = true;
		if (carrier->started)
			start_rest(lanes);
	}
	pthread_mutex_unlock(&lanes->mutex);
	return *lane;
}

static void drop_lane(struct carrier *carrier, size_t set)
{
	ingest_lane_close(carrier->open[set]);
	carrier->open[set] = NULL;
}

/* A lane in a transaction. A connection that was lost while nobody used it is opened again once. */
static struct ingest_lane *begin(struct carrier *carrier, size_t set, struct error *error)
{
	struct ingest_lane *lane = get_lane(carrier, set, error);
	struct error failed = ERROR_INIT;
	if (!lane)
		return NULL;
	if (ingest_begin(lane, &failed) == 0)
		return lane;
	if (failed.retry) {
		drop_lane(carrier, set);
		lane = get_lane(carrier, set, error);
		return lane && ingest_begin(lane, error) == 0 ? lane : NULL;
	}
	*error = failed;
	return NULL;
}

/* --- carrying --- */

/* All requests of the group that have not failed by themselves, in the open transaction of the lane. */
static int carry_once(struct ingest_lane *lane, struct waiting *const *group, size_t count, bool *committing, struct error *error)
{
	*committing = false;
	for (size_t i = 0; i < count; i++) {
		struct waiting *one = group[i];
		if (one->taken == INGEST_FAILED)
			continue;
		one->error = (struct error)ERROR_INIT;
		one->taken = ingest_take(lane, one->request, &one->error);
		one->result = one->taken == INGEST_TAKEN ? 0 : -1;
		if (one->taken == INGEST_BROKEN) {
			*error = one->error;
			ingest_roll_back(lane);
			return -1;
		}
	}
	*committing = true;
	return ingest_commit(lane, error);
}

/* Until the group is in, or hopeless; the lane is in a transaction. */
static void carry(struct carrier *carrier, size_t set, struct ingest_lane *lane, struct waiting *const *group, size_t count)
{
	struct lanes *lanes = carrier->lanes;
	bool committing = false;
	for (unsigned tries = 1;; tries++) {
		struct error error = ERROR_INIT;
		if (carry_once(lane, group, count, &committing, &error) == 0) {
			/* A table may have changed, or be gone: a new lane looks at them all again. */
			for (size_t i = 0; i < count; i++)
				if (group[i]->taken == INGEST_FAILED) {
					drop_lane(carrier, set);
					break;
				}
			return;
		}
		for (size_t i = 0; i < count && committing; i++)
			group[i]->request->tried = true; /* what became of that COMMIT, the database knows */
		/* One of many may be to blame: each alone then. */
		if (!error.retry && !committing && count > 1) {
			drop_lane(carrier, set);
			for (size_t i = 0; i < count; i++) {
				struct error alone = ERROR_INIT;
				if (group[i]->taken == INGEST_FAILED)
					continue;
				lane = begin(carrier, set, &alone);
				if (lane)
					carry(carrier, set, lane, &group[i], 1);
				else
					fail(&group[i], 1, &alone);
			}
			return;
		}
		if (!error.retry || !retry_wait(tries, lanes->cancel)) {
			fail(group, count, &error);
			drop_lane(carrier, set);
			return;
		}
		struct error again = ERROR_INIT;
		lane = begin(carrier, set, &again);
		if (!lane) {
			again.retry = committing || again.retry;
			fail(group, count, &again);
			drop_lane(carrier, set);
			return;
		}
	}
}

/* One writer: the transaction first, which may take a while, then all who are waiting by then. */
static void serve_together(struct carrier *carrier, size_t set)
{
	struct lanes *lanes = carrier->lanes;
	struct waiting *group[LANES_GROUP_MAX];
	struct error error = ERROR_INIT;
	int64_t asked = clock_elapsed_ms();
	struct ingest_lane *lane = begin(carrier, set, &error);
	pthread_mutex_lock(&lanes->mutex);
	size_t count = take(lanes, set, LANES_GROUP_MAX, lane ? 0 : asked, group);
	pthread_mutex_unlock(&lanes->mutex);
	if (!lane)
		fail(group, count, &error);
	else if (count == 0)
		ingest_roll_back(lane); /* they have lost their patience */
	else
		carry(carrier, set, lane, group, count);
	finish(lanes, group, count);
}

static void serve_one(struct carrier *carrier, struct waiting *one)
{
	struct error error = ERROR_INIT;
	struct ingest_lane *lane = begin(carrier, one->set, &error);
	if (lane)
		carry(carrier, one->set, lane, &one, 1);
	else
		fail(&one, 1, &error);
	finish(carrier->lanes, &one, 1);
}

/* The mutex is held, and somebody waits. */
static void serve(struct carrier *carrier)
{
	struct lanes *lanes = carrier->lanes;
	size_t set = lanes->first->set;
	struct waiting *one = NULL;
	if (lanes->known && !lanes->single && take(lanes, set, 1, 0, &one) == 1) {
		pthread_mutex_unlock(&lanes->mutex);
		serve_one(carrier, one);
	} else {
		pthread_mutex_unlock(&lanes->mutex);
		serve_together(carrier, set);
	}
	pthread_mutex_lock(&lanes->mutex);
}

static void deadline_in(struct timespec *out, int64_t ms)
{
	clock_gettime(CLOCK_MONOTONIC, out);
	out->tv_sec += ms / 1000;
	out->tv_nsec += ms % 1000 * 1000000;
	if (out->tv_nsec >= 1000000000) {
		out->tv_sec++;
		out->tv_nsec -= 1000000000;
	}
}

/* Nobody asks: the first thread looks whether a database that was away has come back. What failed may have been a session of another thread: its own,
 * which is open, proves nothing until it is used. */
static void look_again(struct carrier *carrier)
{
	for (size_t i = 0; i < carrier->lanes->count; i++) {
		struct error ignored = ERROR_INIT;
		struct ingest_lane *lane = begin(carrier, i, &ignored);
		if (!lane)
			return;
		ingest_roll_back(lane);
	}
	set_ready(carrier->lanes, NULL);
}

static void *carrier_main(void *arg)
{
	struct carrier *carrier = arg;
	struct lanes *lanes = carrier->lanes;
	pthread_mutex_lock(&lanes->mutex);
	for (;;) {
		struct timespec until;
		if (lanes->first) {
			serve(carrier);
			continue;
		}
		if (lanes->stopping)
			break;
		if (lanes->ready || carrier != lanes->carriers) {
			pthread_cond_wait(&lanes->arrived, &lanes->mutex);
			continue;
		}
		deadline_in(&until, REOPEN_MS);
		if (pthread_cond_timedwait(&lanes->arrived, &lanes->mutex, &until) != 0 && !lanes->stopping) {
			pthread_mutex_unlock(&lanes->mutex);
			look_again(carrier);
			pthread_mutex_lock(&lanes->mutex);
		}
	}
	pthread_mutex_unlock(&lanes->mutex);
	return NULL;
}

/* --- threads --- */

static bool start(struct carrier *carrier)
{
	pthread_attr_t attributes;
	if (carrier->started)
		return true;
	if (pthread_attr_init(&attributes) != 0)
		return false;
	carrier->started = pthread_attr_setstacksize(&attributes, STACK_BYTES) == 0 &&
		pthread_create(&carrier->thread, &attributes, carrier_main, carrier) == 0;
	pthread_attr_destroy(&attributes);
	return carrier->started;
}

/* A database with many writers has as many threads; fewer than wanted is slower, but no failure. */
static void start_rest(struct lanes *lanes)
{
	for (size_t i = 1; i < lanes->carrier_count && !lanes->single; i++)
		if (!start(&lanes->carriers[i]))
			return;
}

static int init(struct lanes *lanes, size_t threads, struct error *error)
{
	pthread_condattr_t monotonic;
	pthread_mutex_init(&lanes->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&lanes->arrived, &monotonic);
	pthread_condattr_destroy(&monotonic);
	lanes->last = &lanes->first;
	lanes->ready = true;
	lanes->carriers = calloc(threads, sizeof *lanes->carriers);
	if (!lanes->carriers)
		return error_memory(error, "the lanes of a database");
	lanes->carrier_count = threads;
	for (size_t i = 0; i < threads; i++) {
		lanes->carriers[i].lanes = lanes;
		lanes->carriers[i].open = calloc(lanes->count, sizeof *lanes->carriers[i].open);
		if (!lanes->carriers[i].open)
			return error_memory(error, "the lanes of a database");
	}
	return 0;
}

struct lanes *lanes_open(const struct ingest_steps *const *sets, size_t count, size_t threads, struct cancel *cancel, struct error *error)
{
	assert(count > 0 && threads > 0);
	struct lanes *lanes = calloc(1, sizeof *lanes);
	if (!lanes) {
		error_memory(error, "the lanes of a database");
		return NULL;
	}
	lanes->sets = sets;
	lanes->count = count;
	lanes->cancel = cancel;
	lanes->patience_ms = sets[0]->connection->lock_timeout_ms;
	int result = init(lanes, threads, error);
	for (size_t i = 0; i < count && result == 0; i++) {
		struct error failed = ERROR_INIT;
		if (get_lane(&lanes->carriers[0], i, &failed) || failed.kind == ERROR_SINK)
			continue;
		*error = failed;
		result = -1;
	}
	if (result == 0 && !start(&lanes->carriers[0]))
		result = error_set(error, ERROR_RESOURCE, NULL, "cannot start a thread for requests");
	if (result == 0) {
		pthread_mutex_lock(&lanes->mutex);
		if (lanes->known)
			start_rest(lanes);
		pthread_mutex_unlock(&lanes->mutex);
		return lanes;
	}
	lanes_close(lanes);
	return NULL;
}

void lanes_close(struct lanes *lanes)
{
	if (!lanes)
		return;
	pthread_mutex_lock(&lanes->mutex);
	lanes->stopping = true;
	pthread_cond_broadcast(&lanes->arrived);
	pthread_mutex_unlock(&lanes->mutex);
	for (size_t i = 0; i < lanes->carrier_count; i++)
		if (lanes->carriers[i].started)
			pthread_join(lanes->carriers[i].thread, NULL);
	for (size_t i = 0; i < lanes->carrier_count; i++) {
		for (size_t k = 0; lanes->carriers[i].open && k < lanes->count; k++)
			ingest_lane_close(lanes->carriers[i].open[k]);
		free(lanes->carriers[i].open);
	}
	free(lanes->carriers);
	pthread_cond_destroy(&lanes->arrived);
	pthread_mutex_destroy(&lanes->mutex);
	free(lanes);
}

/* --- asking --- */

static void submit(struct lanes *lanes, struct waiting *waiting)
{
	struct timespec until;
	deadline_in(&until, lanes->patience_ms);
	pthread_mutex_lock(&lanes->mutex);
	*lanes->last = waiting;
	lanes->last = &waiting->next;
	pthread_cond_signal(&lanes->arrived);
	while (waiting->state != DONE) {
		if (waiting->state == TAKEN)
			pthread_cond_wait(&waiting->done, &lanes->mutex);
		else if (pthread_cond_timedwait(&waiting->done, &lanes->mutex, &until) != 0 && waiting->state == WAITS) {
			unlink_waiting(lanes, waiting);
			waiting->result = error_set(&waiting->error, ERROR_SINK, lanes->sets[waiting->set]->connection->name,
				"the database was locked, or all sessions with it were busy, for longer than lock_timeout");
			break;
		}
	}
	pthread_mutex_unlock(&lanes->mutex);
}

int lanes_run(struct lanes *lanes, size_t set, struct ingest_request *request, struct error *error)
{
	struct waiting waiting = { .set = set, .request = request, .since_ms = clock_elapsed_ms() };
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&waiting.done, &monotonic);
	pthread_condattr_destroy(&monotonic);
	submit(lanes, &waiting);
	pthread_cond_destroy(&waiting.done);
	if (waiting.result < 0)
		*error = waiting.error;
	return waiting.result;
}

bool lanes_ready(struct lanes *lanes, char *why, size_t size)
{
	pthread_mutex_lock(&lanes->mutex);
	bool ready = lanes->ready;
	snprintf(why, size, "%s", ready ? "" : lanes->why);
	pthread_mutex_unlock(&lanes->mutex);
	return ready;
}
