/* replay.c - /v1/runs/{run}/replay: the rejects of a run once more through its pipeline, mended by a person or as they came.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What can be known beforehand is: rows that fit no step are refused before there is a run. Records are judged in the run alone.
 */
#include "engine/http/replay.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/http/request_load.h"
#include "engine/http/runs.h"

enum { WHY_SIZE = 256, SAID_MAX = 65536 };

void replay_free(struct replay *replay)
{
	if (!replay)
		return;
	mend_job_fini(&replay->job);
	if (replay->file >= 0)
		close(replay->file);
	free(replay->rule);
	free(replay->table);
	free(replay->step);
	free(replay);
}

/* --- what is asked for --- */

/* {"rule": ..., "table": ..., "step": ...}, each of which may be left out: 0, or -1 and the answer or error says why. */
static int read_choice(json_t *root, struct replay *replay, struct http_answer *answer, struct error *error)
{
	const struct {
		const char *name;
		char **text;
	} choices[] = {{"rule", &replay->rule}, {"table", &replay->table}, {"step", &replay->step}};
	const char *name;
	json_t *value;

	if (!json_is_object(root)) {
		answer_problem(answer, 422, "a replay is asked for with an object such as {\"rule\": \"jobs.id.type\"}, or with mended rows as text/csv");
		return -1;
	}
	json_object_foreach(root, name, value) {
		size_t i = 0;

		while (i < sizeof choices / sizeof choices[0] && strcmp(choices[i].name, name) != 0)
			i++;
		if (i == sizeof choices / sizeof choices[0]) {
			answer_problem(answer, 422, "unknown member \"%.64s\"; of a replay rule, table and step can be chosen", name);
			return -1;
		}
		const char *text = json_string_value(value);
		if (!text || !text[0] || strlen(text) != json_string_length(value)) {
			answer_problem(answer, 422, "%s is a text", name);
			return -1;
		}
		*choices[i].text = strdup(text);
		if (!*choices[i].text)
			return error_memory(error, "a replay");
	}
	return 0;
}

static int read_body(const struct http_request *request, struct replay *replay, struct http_answer *answer, struct error *error)
{
	char why[WHY_SIZE];
	json_t *root = request->body_length ? json_read(request->body, request->body_length, why, sizeof why) : json_object();
	int result;

	if (!root && !request->body_length)
		return error_memory(error, "a replay");
	if (!root) {
		answer_problem(answer, 400, "the body is no JSON: %s", why);
		return -1;
	}
	result = read_choice(root, replay, answer, error);
	json_decref(root);
	return result;
}

/* The file of an upload is closed behind its request, and the run goes on. */
static int keep_upload(const struct http_request *request, struct replay *replay, struct error *error)
{
	const char *step = query_find(request, "step");

	replay->file = fcntl(request->upload, F_DUPFD_CLOEXEC, 0);
	if (replay->file < 0)
		return error_set(error, ERROR_RESOURCE, NULL, "too many files are open");
	snprintf(replay->path, sizeof replay->path, "/proc/self/fd/%d", replay->file);
	replay->step = step ? strdup(step) : NULL;
	return step && !replay->step ? error_memory(error, "a replay") : 0;
}

/* NULL after the answer or error said why. */
static struct replay *replay_new(const struct http_request *request, struct http_answer *answer, struct error *error)
{
	struct replay *replay = calloc(1, sizeof *replay);
	bool mended = request->upload >= 0;

	if (!replay) {
		error_memory(error, "a replay");
		return NULL;
	}
	replay->file = -1;
	if ((mended ? keep_upload(request, replay, error) : read_body(request, replay, answer, error)) < 0) {
		replay_free(replay);
		return NULL;
	}
	snprintf(replay->run, sizeof replay->run, "%s", request->values[0]);
	replay->job = (struct mend_job){.file = mended ? replay->path : NULL, .file_name = mended ? "the upload" : NULL, .run = replay->run,
		.rule = replay->rule, .table = replay->table, .step = replay->step};
	return replay;
}

/* --- whether it can be --- */

static int say(const struct error *why, const struct plan *plan, struct http_answer *answer, struct error *error)
{
	char text[ERROR_PLACE_MAX + ERROR_MESSAGE_MAX];
	struct buffer said;
	int result;

	buffer_init(&said, SAID_MAX);
	error_text(why, text, sizeof text);
	result = append_without_folder(plan, text, strlen(text), &said, error);
	if (result == 0)
		answer_problem(answer, 422, "%s", buffer_text(&said));
	buffer_fini(&said);
	return result;
}

static bool any_wanted(const struct mend_job *job)
{
	for (size_t i = 0; i < job->plan->step_count; i++)
		if (job->wanted[i])
			return true;
	return false;
}

static bool has_step(const struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->step_count; i++)
		if (strcmp(plan->steps[i].name, name) == 0)
			return true;
	return false;
}

/* 1 where there is something to be done; 0 after the answer said why not; -1 and error. */
static int survey(struct replay *replay, const struct http_request *request, struct http_answer *answer, struct error *error)
{
	struct mend_job *job = &replay->job;
	struct error failed = ERROR_INIT;

	if (job->step && !has_step(job->plan, job->step)) {
		answer_problem(answer, 422, "there is no step \"%.64s\" in this pipeline", job->step);
		return 0;
	}
	job->cancel = request->cancel;
	if (mend_survey(job, &failed) < 0) {
		if (failed.kind == ERROR_CONFIG || failed.kind == ERROR_SOURCE)
			return say(&failed, job->plan, answer, error);
		*error = failed;
		return answer_trouble(answer, error);
	}
	if (any_wanted(job))
		return 1;
	answer_problem(answer, 422, "the run has no such reject that could be replayed");
	return 0;
}

/* The pipeline of the run, loaded as its file is now. 1 and both of them; 0 after the answer said why not; -1 and error. */
static int prepare(const struct service *service, const struct http_request *request, size_t index, struct replay **replay, struct pipeline **pipeline,
	struct http_answer *answer, struct error *error)
{
	const struct request_params none = {.count = 0};
	int result;

	*replay = replay_new(request, answer, error);
	if (!*replay)
		return error_is_set(error) ? -1 : 0;
	result = request_load(service, index, &none, pipeline, answer, error);
	if (result > 0) {
		(*replay)->job.plan = pipeline_plan(*pipeline);
		result = survey(*replay, request, answer, error);
	}
	if (result > 0)
		return result;
	replay_free(*replay);
	pipeline_free(*pipeline);
	return result;
}

/* --- POST /v1/runs/{id}/replay --- */

/* The pipeline of this service whose run it is, and nothing of it goes on; SIZE_MAX after the answer said why not. */
static size_t pipeline_of(const struct service *service, const json_t *run, struct http_answer *answer)
{
	const char *name = json_string_value(json_object_get(run, "pipeline"));
	size_t index = name ? service_find_pipeline(service, name) : SIZE_MAX;

	if (index == SIZE_MAX)
		answer_problem(answer, 422, "the pipeline of this run, through which its records would go, is none of this service");
	else if (runs_room_busy(service, index))
		answer_problem(answer, 409, "a run of this pipeline goes on or waits; try again when it has finished");
	else
		return index;
	return SIZE_MAX;
}

static int post_replay(struct service *service, const struct http_request *request, struct http_answer *answer, struct error *error)
{
	static const char *const names[] = {"step", NULL}, *const none[] = {NULL};
	struct pipeline *pipeline = NULL;
	struct replay *replay = NULL;
	json_t *run;
	size_t index;
	bool here;
	int result;

	if (!query_only(request, request->upload >= 0 ? names : none, answer))
		return 0;
	result = runs_take(service, request, VERB_RUN, &run, &here, answer, error);
	if (result <= 0)
		return result;
	index = pipeline_of(service, run, answer);
	json_decref(run);
	if (index == SIZE_MAX)
		return 0;
	/* Mended rows are data of whoever asks. */
	if (request->upload >= 0 && !service_may(service, request, VERB_UPLOAD, pipeline_plan(service_pipeline(service, index))->name)) {
		answer_problem(answer, 403, "this key may not upload to the pipeline of this run");
		return 0;
	}
	result = prepare(service, request, index, &replay, &pipeline, answer, error);
	return result > 0 ? runs_start(service, pipeline, replay, answer, error) : result;
}

const struct route routes_of_replay[] = {
	{"POST", "/v1/runs/{run}/replay", VERB_ANY, BODY_JSON_OR_UPLOAD, "Runs the rejects of a run through its pipeline once more, mended or as they came.", post_replay},
	{NULL, NULL, VERB_NONE, BODY_NONE, NULL, NULL},
};
