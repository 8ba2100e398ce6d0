/* run_manager.c - pipelines that requests have started.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/http/run_manager.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/clock.h"
#include "engine/core/run.h"
#include "engine/core/thread.h"
#include "engine/http/json_put.h"
#include "engine/http/measure.h"
#include "engine/http/parts.h"
#include "engine/http/replay.h"
#include "engine/lineage/lineage.h"
#include "engine/schedule/failure.h"

enum { NOTE_MAX = 512, SAID_MAX = 1024, SHOW_EVERY_MS = 250, STACK_BYTES = 8 << 20 };

enum managed_state {
	MANAGED_QUEUED = 0,
	MANAGED_RUNNING,
	MANAGED_TELLING, /* it has ended: those outside who want to know of it are being told, which may take them a while */
	MANAGED_FINISHED,
};

struct managed {
	struct managed *older;
	char id[RUN_ID_SIZE];
	char pipeline_name[NAME_MAX_BYTES];
	struct pipeline *pipeline;   /* until it has finished */
	struct replay *replay;       /* NULL: a run; likewise */
	const char *kind;            /* static */
	struct lineage_target *told; /* of its events; NULL: nobody */
	struct cancel cancel;
	struct run_manager *manager;

	/* under the manager's mutex */
	enum managed_state state;
	int64_t started_ms;
	int64_t finished_at;
	char *summary;               /* JSON; NULL where memory ran out */
	char note[NOTE_MAX];

	int64_t shown_ms;            /* of the run's thread */
};

struct run_manager {
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	struct managed *newest;
	size_t queue_max;
	struct metrics *metrics;
	bool stop;
	pthread_t *threads;
	size_t thread_count;
};

/* --- what is known of a run --- */

static char *bare_summary(const struct managed *run, enum run_status status)
{
	struct run_report report = {.status = status, .exit_code = status == RUN_CANCELLED ? 128 + SIGTERM : 0,
		.started_at = clock_wall_us()};

	memcpy(report.run_id, run->id, sizeof report.run_id);
	return run_report_json(&report, run->pipeline_name);
}

static void set_summary(struct managed *run, char *summary)
{
	if (!summary)
		return; /* the older one is better than none */
	pthread_mutex_lock(&run->manager->mutex);
	free(run->summary);
	run->summary = summary;
	pthread_mutex_unlock(&run->manager->mutex);
}

static void on_step(void *arg, const struct run_report *report, size_t step, uint64_t total)
{
	struct managed *run = arg;
	struct run_report now = *report;

	(void)step, (void)total;
	if (run->shown_ms && clock_elapsed_ms() - run->shown_ms < SHOW_EVERY_MS)
		return;
	run->shown_ms = clock_elapsed_ms();
	memset(&now.counts, 0, sizeof now.counts);
	for (size_t i = 0; i < now.step_count; i++)
		counts_add(&now.counts, &now.steps[i].counts);
	set_summary(run, run_report_json(&now, run->pipeline_name));
}

static void on_note(void *arg, const char *level, const char *text)
{
	struct managed *run = arg;

	(void)level;
	pthread_mutex_lock(&run->manager->mutex);
	snprintf(run->note, sizeof run->note, "%s", text);
	pthread_mutex_unlock(&run->manager->mutex);
}

/* Under the mutex. */
static json_t *object_of(const struct managed *run)
{
	json_t *object = run->summary ? json_loads(run->summary, JSON_ALLOW_NUL, NULL) : NULL;
	int failed = 0;

	if (!object)
		return NULL;
	failed |= put_string(object, "kind", run->kind);
	failed |= put_time(object, "finished_at", run->finished_at);
	const char *status = json_string_value(json_object_get(object, "status"));
	if (status && strcmp(status, run_status_name(RUN_RUNNING)) == 0)
		failed |= json_object_set_new(object, "exit_code", json_null());
	if (run->state == MANAGED_RUNNING)
		failed |= json_object_set_new(object, "duration_s", json_real((double)(clock_elapsed_ms() - run->started_ms) / 1000));
	if (run->state == MANAGED_QUEUED)
		failed |= json_object_set_new(object, "queued", json_true());
	if (run->note[0])
		failed |= put_string(object, "note", run->note);
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

/* Under the mutex. */
static struct managed *find(const struct run_manager *manager, const char *run_id)
{
	struct managed *run = manager->newest;

	while (run && strcmp(run->id, run_id) != 0)
		run = run->older;
	return run;
}

json_t *run_manager_find(struct run_manager *manager, const char *run_id)
{
	struct managed *run;
	json_t *object;

	pthread_mutex_lock(&manager->mutex);
	run = find(manager, run_id);
	object = run ? object_of(run) : NULL;
	pthread_mutex_unlock(&manager->mutex);
	return object;
}

int run_manager_list(struct run_manager *manager, json_t *list)
{
	int failed = 0;

	pthread_mutex_lock(&manager->mutex);
	for (const struct managed *run = manager->newest; run; run = run->older)
		failed |= json_array_append_new(list, object_of(run));
	pthread_mutex_unlock(&manager->mutex);
	return failed;
}

/* Under the mutex. */
static size_t count_in(const struct run_manager *manager, enum managed_state state)
{
	size_t count = 0;

	for (const struct managed *run = manager->newest; run; run = run->older)
		count += run->state == state;
	return count;
}

void run_manager_counts(struct run_manager *manager, size_t *running, size_t *queued)
{
	pthread_mutex_lock(&manager->mutex);
	*running = count_in(manager, MANAGED_RUNNING);
	*queued = count_in(manager, MANAGED_QUEUED);
	pthread_mutex_unlock(&manager->mutex);
}

bool run_manager_busy(struct run_manager *manager, const char *pipeline)
{
	bool busy = false;

	pthread_mutex_lock(&manager->mutex);
	for (const struct managed *run = manager->newest; run && !busy; run = run->older)
		busy = run->state < MANAGED_TELLING && strcmp(run->pipeline_name, pipeline) == 0;
	pthread_mutex_unlock(&manager->mutex);
	return busy;
}

/* --- from the queue to the end --- */

static void free_managed(struct managed *run)
{
	replay_free(run->replay);
	pipeline_free(run->pipeline);
	free(run->told);
	free(run->summary);
	free(run);
}

/* Forgets the oldest of those that have finished, beyond what is kept. Under the mutex. */
static void forget(struct run_manager *manager)
{
	size_t kept = 0, bytes = 0;

	for (struct managed **at = &manager->newest; *at;) {
		struct managed *run = *at;

		if (run->state != MANAGED_FINISHED) {
			at = &run->older;
			continue;
		}
		bytes += run->summary ? strlen(run->summary) : 0;
		if (++kept <= MANAGED_KEPT && bytes <= MANAGED_KEPT_BYTES) {
			at = &run->older;
		} else {
			*at = run->older;
			free_managed(run);
		}
	}
}

/* For whoever runs the service; requests read the summary. */
static void tell_end(const struct managed *run, const struct run_report *report)
{
	char why[ERROR_PLACE_MAX + ERROR_MESSAGE_MAX] = "", text[sizeof why + NAME_MAX_BYTES + 128];

	if (error_is_set(&report->error))
		error_text(&report->error, why, sizeof why);
	snprintf(text, sizeof text, "%s of %s: %s%s%s", run->id, run->pipeline_name, run_status_name(report->status), why[0] ? ": " : "", why);
	access_event("run_finished", "run", text);
}

/* Nothing waits for those who are told. */
static void end(struct managed *run)
{
	pthread_mutex_lock(&run->manager->mutex);
	run->state = MANAGED_TELLING;
	run->finished_at = clock_wall_us();
	pthread_mutex_unlock(&run->manager->mutex);
}

static void tell_failure(struct managed *run, const struct run_report *report)
{
	char why[ERROR_PLACE_MAX + ERROR_MESSAGE_MAX], text[sizeof why + RUN_ID_SIZE + 8];
	struct error error = ERROR_INIT;
	struct buffer said;

	buffer_init(&said, SAID_MAX);
	int result = failure_tell(pipeline_plan(run->pipeline), report, &run->cancel, &said, &error);
	while (said.length > 0 && said.data[said.length - 1] == '\n')
		said.data[--said.length] = '\0';
	if (said.length > 0) {
		snprintf(text, sizeof text, "%s: %s", run->id, said.data);
		access_event("failure_said", "run", text);
	}
	buffer_fini(&said);
	if (result == 0)
		return;
	error_text(&error, why, sizeof why);
	snprintf(text, sizeof text, "%s: %s", run->id, why);
	access_event("failure_untold", "run", text);
}

static void tell_lineage(const struct managed *run, struct lineage *lineage, const struct run_report *report)
{
	char why[ERROR_PLACE_MAX + ERROR_MESSAGE_MAX], text[sizeof why + RUN_ID_SIZE + 8];
	struct error error = ERROR_INIT;

	if (lineage_end(lineage, report, &error) == 0)
		return;
	error_text(&error, why, sizeof why);
	snprintf(text, sizeof text, "%s: %s", run->id, why);
	access_event("lineage_untold", "run", text);
}

static void run_it(struct managed *run)
{
	struct run_options options = {
		.cancel = &run->cancel,
		.progress = {.step = on_step, .note = on_note, .arg = run},
	};
	struct run_report report;
	struct mend mend;

	if (run->replay) {
		run->replay->job.cancel = &run->cancel;
		run->replay->job.note = on_note;
		run->replay->job.note_arg = run;
		mend = mend_of(&run->replay->job);
		options.mend = &mend;
	}

	struct lineage *lineage = run->told ? lineage_begin(run->told, pipeline_plan(run->pipeline), &options) : NULL;
	run_plan(pipeline_plan(run->pipeline), &options, &report);
	tell_end(run, &report);
	set_summary(run, run_report_json(&report, run->pipeline_name));
	measure_run(run->manager->metrics, run->pipeline_name, run->replay != NULL, &report);
	end(run);
	/* Whoever replays rejects is there himself. */
	if (!run->replay)
		tell_failure(run, &report);
	if (run->told)
		tell_lineage(run, lineage, &report);
	run_report_fini(&report);
}

/* The oldest that waits; under the mutex. */
static struct managed *next_queued(const struct run_manager *manager)
{
	struct managed *next = NULL;

	for (struct managed *run = manager->newest; run; run = run->older)
		if (run->state == MANAGED_QUEUED)
			next = run;
	return next;
}

/* Under the mutex. */
static void finish(struct managed *run)
{
	run->state = MANAGED_FINISHED;
	run->finished_at = run->finished_at ? run->finished_at : clock_wall_us();
	replay_free(run->replay);
	run->replay = NULL;
	pipeline_free(run->pipeline);
	run->pipeline = NULL;
	forget(run->manager);
}

static void *work(void *arg)
{
	struct run_manager *manager = arg;

	pthread_mutex_lock(&manager->mutex);
	for (;;) {
		struct managed *run = next_queued(manager);

		if (!run && manager->stop)
			break;
		if (!run) {
			pthread_cond_wait(&manager->wake, &manager->mutex);
			continue;
		}
		run->state = MANAGED_RUNNING;
		run->started_ms = clock_elapsed_ms();
		pthread_mutex_unlock(&manager->mutex);
		run_it(run);
		pthread_mutex_lock(&manager->mutex);
		finish(run);
	}
	pthread_mutex_unlock(&manager->mutex);
	return NULL;
}

int run_manager_start(struct run_manager *manager, struct pipeline *pipeline, struct replay *replay, const struct lineage_target *lineage,
	struct error *error)
{
	const struct plan *plan = pipeline_plan(pipeline);
	struct managed *run = calloc(1, sizeof *run);
	int result = 0;

	if (!run)
		return error_memory(error, "a run");
	run->manager = manager;
	run->kind = replay ? "replay" : "run";
	snprintf(run->id, sizeof run->id, "%s", plan->run_id);
	snprintf(run->pipeline_name, sizeof run->pipeline_name, "%s", plan->name);
	run->summary = bare_summary(run, RUN_RUNNING);
	run->told = lineage_wanted(lineage) ? lineage_target_copy(lineage, error) : NULL;
	if (!run->summary || (lineage_wanted(lineage) && !run->told)) {
		free_managed(run);
		return error_memory(error, "a run");
	}
	pthread_mutex_lock(&manager->mutex);
	size_t idle = manager->thread_count - count_in(manager, MANAGED_RUNNING) - count_in(manager, MANAGED_TELLING);
	if (!manager->stop && count_in(manager, MANAGED_QUEUED) < manager->queue_max + idle) {
		run->pipeline = pipeline;
		run->replay = replay;
		run->older = manager->newest;
		manager->newest = run;
		pthread_cond_signal(&manager->wake);
		result = 1;
	}
	pthread_mutex_unlock(&manager->mutex);
	if (result == 0)
		free_managed(run);
	return result;
}

/* Under the mutex. */
static void cancel_queued(struct managed *run)
{
	char *summary = bare_summary(run, RUN_CANCELLED);

	if (summary) {
		free(run->summary);
		run->summary = summary;
	}
	finish(run);
}

enum cancelled run_manager_cancel(struct run_manager *manager, const char *run_id)
{
	enum cancelled result = CANCEL_UNKNOWN;
	struct managed *run;

	pthread_mutex_lock(&manager->mutex);
	run = find(manager, run_id);
	if (run && run->state >= MANAGED_TELLING)
		result = CANCEL_TOO_LATE;
	else if (run)
		result = CANCEL_TOLD;
	if (run && run->state == MANAGED_RUNNING)
		atomic_store(&run->cancel.signal, SIGTERM);
	if (run && run->state == MANAGED_QUEUED)
		cancel_queued(run);
	pthread_mutex_unlock(&manager->mutex);
	return result;
}

/* --- beginning and end --- */

struct run_manager *run_manager_new(size_t runs, size_t queue, struct metrics *metrics, struct error *error)
{
	struct run_manager *manager = calloc(1, sizeof *manager);

	if (manager)
		manager->threads = calloc(runs ? runs : 1, sizeof *manager->threads);
	if (!manager || !manager->threads) {
		free(manager);
		error_memory(error, "the queue of runs");
		return NULL;
	}
	manager->queue_max = queue;
	manager->metrics = metrics;
	pthread_mutex_init(&manager->mutex, NULL);
	pthread_cond_init(&manager->wake, NULL);
	while (manager->thread_count < runs) {
		if (thread_start(&manager->threads[manager->thread_count], STACK_BYTES, work, manager)) {
			error_memory(error, "the threads of runs");
			run_manager_free(manager);
			return NULL;
		}
		manager->thread_count++;
	}
	return manager;
}

void run_manager_free(struct run_manager *manager)
{
	struct managed *run;

	if (!manager)
		return;
	pthread_mutex_lock(&manager->mutex);
	manager->stop = true;
	while ((run = next_queued(manager)))
		cancel_queued(run);
	for (run = manager->newest; run; run = run->older)
		if (run->state == MANAGED_RUNNING || run->state == MANAGED_TELLING)
			atomic_store(&run->cancel.signal, SIGTERM);
	pthread_cond_broadcast(&manager->wake);
	pthread_mutex_unlock(&manager->mutex);
	for (size_t i = 0; i < manager->thread_count; i++)
		pthread_join(manager->threads[i], NULL);
	while ((run = manager->newest)) {
		manager->newest = run->older;
		free_managed(run);
	}
	pthread_cond_destroy(&manager->wake);
	pthread_mutex_destroy(&manager->mutex);
	free(manager->threads);
	free(manager);
}
