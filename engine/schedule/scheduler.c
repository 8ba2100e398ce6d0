/* scheduler.c - starts pipelines when their times come.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/schedule/scheduler.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/core/clock.h"
#include "engine/core/thread.h"
#include "engine/core/value.h"

enum { LOOK_MS = 1000, SET_BACK_S = 3600, TEXT_MAX = NAME_MAX_BYTES + ERROR_PLACE_MAX + ERROR_MESSAGE_MAX };

struct item {
	struct scheduled what;
	int64_t next;  /* INT64_MAX: never again */
	int64_t came;  /* when it was looked at and one came; later than the clock where that was set back a little; 0: forgotten */
	bool waiting;  /* a run stands behind the one that goes on */
	bool fresh;    /* what it missed before was not looked for yet */
};

struct scheduler {
	struct scheduler_hooks hooks;
	struct item *items;
	size_t count;
	int64_t seen; /* the clock when it was looked at last */
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	bool stop;
};

const char *schedule_event_name(enum schedule_event event)
{
	static const char *const names[SCHEDULE_EVENTS] = {"schedule_started", "schedule_skipped", "schedule_queued", "schedule_missed", "schedule_failed"};

	return names[event];
}

static int64_t now_s(void)
{
	return clock_wall_us() / 1000000;
}

static int64_t next_after(const struct item *item, int64_t after)
{
	const struct plan_schedule *schedule = item->what.schedule;
	int64_t next;

	return cron_next(&schedule->times, schedule->zone, after, &next) ? next : INT64_MAX;
}

static void tell(const struct scheduler *scheduler, const struct item *item, enum schedule_event event, int64_t due, const char *why)
{
	char at[VALUE_TEXT_MAX], text[TEXT_MAX];

	value_format_datetime(due * 1000000, at);
	snprintf(text, sizeof text, "%s, due %s%s%s", item->what.name, at, why[0] ? ": " : "", why);
	scheduler->hooks.tell(scheduler->hooks.arg, item->what.index, event, text);
}

static void start(const struct scheduler *scheduler, struct item *item, int64_t due)
{
	char why[ERROR_PLACE_MAX + ERROR_MESSAGE_MAX];
	struct error error = ERROR_INIT;

	item->waiting = false;
	if (scheduler->hooks.start(scheduler->hooks.arg, item->what.index, &error) == 0) {
		tell(scheduler, item, SCHEDULE_STARTED, due, "");
		return;
	}
	error_text(&error, why, sizeof why);
	tell(scheduler, item, SCHEDULE_FAILED, due, why);
}

/* Its time has come, or was made up for. */
static void come(const struct scheduler *scheduler, struct item *item, int64_t due)
{
	if (!scheduler->hooks.busy(scheduler->hooks.arg, item->what.index)) {
		start(scheduler, item, due);
	} else if (item->what.schedule->overlap == OVERLAP_QUEUE && !item->waiting) {
		item->waiting = true;
		tell(scheduler, item, SCHEDULE_QUEUED, due, "an earlier run goes on");
	} else {
		tell(scheduler, item, SCHEDULE_SKIPPED, due, item->waiting ? "a run waits for an earlier one already" : "an earlier run goes on");
	}
}

static void miss(const struct scheduler *scheduler, struct item *item, int64_t due)
{
	if (item->what.schedule->missed == MISSED_SKIP) {
		tell(scheduler, item, SCHEDULE_MISSED, due, "nothing ran then, and missed: skip leaves it so");
		return;
	}
	tell(scheduler, item, SCHEDULE_MISSED, due, "made up for now");
	come(scheduler, item, due);
}

static void look(struct scheduler *scheduler, struct item *item, int64_t now)
{
	int64_t due;

	/* A clock that was set back a little: times that came do not come again. One that was far ahead: its times have yet to come. */
	if (now < scheduler->seen - SET_BACK_S) {
		item->next = next_after(item, now);
		item->came = 0;
	}
	if (item->waiting && !scheduler->hooks.busy(scheduler->hooks.arg, item->what.index))
		start(scheduler, item, now);
	if (now < item->next)
		return;
	due = item->next;
	item->next = next_after(item, now);
	item->came = now;
	if (now - due <= SCHEDULE_LATE_S)
		come(scheduler, item, due);
	else
		miss(scheduler, item, due);
}

/* What should have run since it ran last, while no service was there. */
static void look_back(const struct scheduler *scheduler, struct item *item, int64_t now)
{
	int64_t due = item->what.last > 0 && item->what.schedule->missed == MISSED_RUN_ONCE ? next_after(item, item->what.last) : INT64_MAX;

	if (due <= now)
		miss(scheduler, item, due);
}

static void *work(void *arg)
{
	struct scheduler *scheduler = arg;

	pthread_mutex_lock(&scheduler->mutex);
	while (!scheduler->stop) {
		int64_t now = now_s();
		struct timespec until;

		if (scheduler->hooks.held) {
			pthread_cond_wait(&scheduler->wake, &scheduler->mutex);
			continue;
		}
		for (size_t i = 0; i < scheduler->count; i++) {
			if (scheduler->items[i].fresh)
				look_back(scheduler, &scheduler->items[i], scheduler->seen);
			scheduler->items[i].fresh = false;
			look(scheduler, &scheduler->items[i], now);
		}
		scheduler->seen = now;
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += LOOK_MS / 1000;
		pthread_cond_timedwait(&scheduler->wake, &scheduler->mutex, &until);
	}
	pthread_mutex_unlock(&scheduler->mutex);
	return NULL;
}

static void destroy(struct scheduler *scheduler)
{
	pthread_cond_destroy(&scheduler->wake);
	pthread_mutex_destroy(&scheduler->mutex);
	free(scheduler->items);
	free(scheduler);
}

struct scheduler *scheduler_new(const struct scheduled *items, size_t count, const struct scheduler_hooks *hooks, struct error *error)
{
	struct scheduler *scheduler = calloc(1, sizeof *scheduler);
	pthread_condattr_t attributes;

	if (scheduler)
		scheduler->items = calloc(count ? count : 1, sizeof *scheduler->items);
	if (!scheduler || !scheduler->items) {
		free(scheduler);
		error_memory(error, "the scheduler");
		return NULL;
	}
	scheduler->hooks = *hooks;
	scheduler->count = count;
	scheduler->seen = now_s();
	for (size_t i = 0; i < count; i++) {
		scheduler->items[i].what = items[i];
		scheduler->items[i].fresh = true;
		scheduler->items[i].next = next_after(&scheduler->items[i], scheduler->seen);
	}
	pthread_mutex_init(&scheduler->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&scheduler->wake, &attributes);
	pthread_condattr_destroy(&attributes);
	if (thread_start(&scheduler->thread, 0, work, scheduler)) {
		error_set(error, ERROR_RESOURCE, NULL, "cannot start the thread of the scheduler");
		destroy(scheduler);
		return NULL;
	}
	return scheduler;
}

void scheduler_go(struct scheduler *scheduler)
{
	if (!scheduler)
		return;
	pthread_mutex_lock(&scheduler->mutex);
	scheduler->hooks.held = false;
	pthread_cond_signal(&scheduler->wake);
	pthread_mutex_unlock(&scheduler->mutex);
}

void scheduler_free(struct scheduler *scheduler)
{
	if (!scheduler)
		return;
	pthread_mutex_lock(&scheduler->mutex);
	scheduler->stop = true;
	pthread_cond_signal(&scheduler->wake);
	pthread_mutex_unlock(&scheduler->mutex);
	pthread_join(scheduler->thread, NULL);
	destroy(scheduler);
}

int scheduler_replace(struct scheduler *scheduler, const struct scheduled *items, size_t count, void *arg, struct error *error)
{
	struct item *fresh = calloc(count ? count : 1, sizeof *fresh), *former;

	if (!fresh)
		return error_memory(error, "the scheduler");
	/* A start that is under way has the mutex. */
	pthread_mutex_lock(&scheduler->mutex);
	for (size_t i = 0; i < count; i++) {
		fresh[i].what = items[i];
		fresh[i].fresh = true;
		for (size_t k = 0; k < scheduler->count; k++)
			if (strcmp(scheduler->items[k].what.name, items[i].name) == 0) {
				fresh[i].waiting = scheduler->items[k].waiting;
				fresh[i].fresh = scheduler->items[k].fresh;
				fresh[i].came = scheduler->items[k].came;
			}
		/* What came until it looked last has come. */
		fresh[i].next = next_after(&fresh[i], fresh[i].came > scheduler->seen ? fresh[i].came : scheduler->seen);
	}
	former = scheduler->items;
	scheduler->items = fresh;
	scheduler->count = count;
	scheduler->hooks.arg = arg;
	pthread_cond_signal(&scheduler->wake);
	pthread_mutex_unlock(&scheduler->mutex);
	free(former);
	return 0;
}

int64_t scheduler_next(struct scheduler *scheduler, const char *name)
{
	int64_t next = 0;

	pthread_mutex_lock(&scheduler->mutex);
	for (size_t i = 0; i < scheduler->count; i++)
		if (strcmp(scheduler->items[i].what.name, name) == 0 && scheduler->items[i].next != INT64_MAX)
			next = scheduler->items[i].next;
	pthread_mutex_unlock(&scheduler->mutex);
	return next;
}
