/* scheduled.c - the pipelines of the service that have a schedule, and what their scheduler needs of it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>

#include "engine/http/measure.h"
#include "engine/http/parts.h"
#include "engine/http/run_history.h"
#include "engine/http/server.h"
#include "engine/schedule/scheduler.h"

struct schedule_room {
	struct scheduler *scheduler; /* NULL: no pipeline has a schedule */
};

static int start(void *arg, size_t index, struct error *error)
{
	struct service *service = arg;

	if (atomic_load(&service->stopping))
		return error_set(error, ERROR_CANCELLED, NULL, "the service is stopping");
	return runs_room_start(service, index, error);
}

static bool busy(void *arg, size_t index)
{
	return runs_room_busy(arg, index);
}

static void tell(void *arg, size_t index, enum schedule_event event, const char *text)
{
	const struct service *service = arg;

	access_event(schedule_event_name(event), "pipeline", text);
	measure_schedule(service_metrics(service), pipeline_plan(service_pipeline(service, index))->name, event);
}

/* When it ran last; a database that cannot be asked now is no reason not to start: then nothing was missed. */
static int64_t ran_last(const struct service *service, size_t index)
{
	char why[ERROR_PLACE_MAX + ERROR_MESSAGE_MAX];
	struct error error = ERROR_INIT;
	int64_t started = 0;

	if (pipeline_plan(service_pipeline(service, index))->schedule.missed == MISSED_SKIP)
		return 0;
	if (run_history_last(service, index, &started, &error) == 0)
		return started;
	error_text(&error, why, sizeof why);
	access_event("schedule_history_unknown", "error", why);
	return 0;
}

/* Those of a service; -1 where memory ran out. before: the service that it takes the place of, or NULL. */
static int list_scheduled(const struct service *service, const struct service *before, struct scheduled **items, size_t *count, struct error *error)
{
	*count = 0;
	*items = calloc(service_pipeline_count(service) + 1, sizeof **items);
	if (!*items)
		return error_memory(error, "the scheduler");
	for (size_t i = 0; i < service_pipeline_count(service); i++) {
		const struct plan *plan = pipeline_plan(service_pipeline(service, i));
		size_t was = before ? service_find_pipeline(before, plan->name) : SIZE_MAX;
		/* What was scheduled until now is looked at by the scheduler alone. */
		bool known = was != SIZE_MAX && pipeline_plan(service_pipeline(before, was))->schedule.cron;

		if (plan->schedule.cron)
			(*items)[(*count)++] = (struct scheduled){.schedule = &plan->schedule, .name = plan->name, .index = i,
				.last = known ? 0 : ran_last(service, i)};
	}
	return 0;
}

static int make_scheduler(struct schedule_room *room, struct service *service, const struct scheduled *items, size_t count, bool held, struct error *error)
{
	const struct scheduler_hooks hooks = {.start = start, .busy = busy, .tell = tell, .arg = service, .held = held};

	room->scheduler = scheduler_new(items, count, &hooks, error);
	return room->scheduler ? 0 : -1;
}

int schedule_room_open(struct service *service, struct schedule_room **out, struct error *error)
{
	struct schedule_room *room = calloc(1, sizeof *room);
	struct scheduled *items;
	size_t count;
	int result = 0;

	*out = NULL;
	if (!room)
		return error_memory(error, "the scheduler");
	if (list_scheduled(service, NULL, &items, &count, error) < 0) {
		free(room);
		return -1;
	}
	/* A service that cannot listen must not have begun a run. */
	if (count > 0)
		result = make_scheduler(room, service, items, count, true, error);
	free(items);
	if (result < 0)
		free(room);
	else
		*out = room;
	return result;
}

int schedule_room_pass(struct service *service, const struct service *before, struct error *error)
{
	struct schedule_room *room = before->schedule;
	struct scheduled *items;
	size_t count;
	int result = 0;

	if (list_scheduled(service, before, &items, &count, error) < 0)
		return -1;
	if (room->scheduler)
		result = scheduler_replace(room->scheduler, items, count, service, error);
	else if (count > 0)
		result = make_scheduler(room, service, items, count, false, error);
	free(items);
	if (result == 0)
		service->schedule = room;
	return result;
}

void schedule_room_close(struct schedule_room *room)
{
	if (!room)
		return;
	scheduler_free(room->scheduler);
	free(room);
}

void service_begin_schedule(struct service *service)
{
	scheduler_go(service->schedule->scheduler);
}

int64_t service_next_run(const struct service *service, size_t pipeline)
{
	return service->schedule && service->schedule->scheduler ?
		scheduler_next(service->schedule->scheduler, pipeline_plan(service_pipeline(service, pipeline))->name) : 0;
}
