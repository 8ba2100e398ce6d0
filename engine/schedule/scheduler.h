/* scheduler.h - starts pipelines when their times come: a thread that looks at the clock.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Times are those of the clock on the wall, looked at once a second at most, so a clock that is set is followed: a time comes at most once when it is set
 * back, and one that was jumped over by more than SCHEDULE_LATE_S was missed. What is missed is made up for by one run, or not at all, as the schedule says.
 */
#ifndef PENSTOCK_SCHEDULE_SCHEDULER_H
#define PENSTOCK_SCHEDULE_SCHEDULER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/plan.h"

enum { SCHEDULE_LATE_S = 60 };

enum schedule_event { SCHEDULE_STARTED = 0, SCHEDULE_SKIPPED, SCHEDULE_QUEUED, SCHEDULE_MISSED, SCHEDULE_FAILED, SCHEDULE_EVENTS };

/* "schedule_started", ... */
const char *schedule_event_name(enum schedule_event event);

struct scheduled {
	const struct plan_schedule *schedule; /* borrowed, as is name */
	const char *name;
	size_t index;      /* what the hooks call it */
	int64_t last;      /* when it ran last, in seconds since 1970; 0: never, as far as is known */
};

/* Called from the scheduler's thread. */
struct scheduler_hooks {
	/* Starts it, without waiting for its end. -1 and error, which is told. */
	int (*start)(void *arg, size_t index, struct error *error);
	/* True while a run of it goes on or waits. */
	bool (*busy)(void *arg, size_t index);
	/* What the scheduler did or did not do with that one; text names it, and the time that had come. */
	void (*tell)(void *arg, size_t index, enum schedule_event event, const char *text);
	void *arg;
	bool held; /* nothing is looked at before scheduler_go */
};

struct scheduler;

/* Copies both. NULL and error. */
struct scheduler *scheduler_new(const struct scheduled *items, size_t count, const struct scheduler_hooks *hooks, struct error *error) MUST_CHECK;

/* One that was held begins. NULL is fine. */
void scheduler_go(struct scheduler *scheduler);

/* From now on nothing is started; waits for a start that is under way. NULL is fine. */
void scheduler_free(struct scheduler *scheduler);

/* From now on it is these, and hooks get arg; both are copied, and the former ones are no longer looked at once this returns. One of the same name goes on
 * where it stood: no time of it comes twice, none is lost, and a run that waits goes on waiting. 0, or -1 and error: nothing has changed. */
int scheduler_replace(struct scheduler *scheduler, const struct scheduled *items, size_t count, void *arg, struct error *error) MUST_CHECK;

/* When the pipeline of that name comes next, in seconds since 1970; 0: it has no schedule. */
int64_t scheduler_next(struct scheduler *scheduler, const char *name);

#endif
