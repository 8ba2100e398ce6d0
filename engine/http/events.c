/* events.c - /v1/runs/{run}/events: a run, whenever it has changed, as server-sent events.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/clock.h"
#include "engine/http/request_load.h"
#include "engine/http/run_history.h"
#include "engine/http/runs.h"

enum { HISTORY_EVERY_MS = 2000, EVENT_MAX = 64 << 20 };

/* Of a run of this service from memory; of another one from its database, less often. NULL: nothing can be said now. */
static json_t *find(const struct service *service, struct http_stream *stream, struct cancel *cancel, bool *here)
{
	json_t *run = run_manager_find(runs_manager(service), stream->id);
	struct error ignored = ERROR_INIT;

	*here = run != NULL;
	if (run || (stream->looked_ms && clock_elapsed_ms() - stream->looked_ms < HISTORY_EVERY_MS))
		return run;
	/* A database that is locked or away: what was sent last is the last that is known. */
	if (run_history_find(service, stream->id, cancel, &run, &ignored) < 0)
		error_clear(&ignored);
	stream->looked_ms = clock_elapsed_ms();
	return run;
}

static int next(struct service *service, struct http_stream *stream, struct cancel *cancel, struct buffer *out, struct error *error)
{
	bool here;
	json_t *run = find(service, stream, cancel, &here);
	const char *status = json_string_value(json_object_get(run, "status"));
	bool over = status && strcmp(status, "running") != 0;
	/* Between its last figures and its end there is a moment; the last event has both. */
	bool whole = run && !(here && over && json_is_null(json_object_get(run, "finished_at")));
	char *text = whole ? json_dumps(run, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6)) : NULL;
	int result = whole && !text ? error_memory(error, "an event") : 0;

	if (text && (stream->last.length != strlen(text) || memcmp(stream->last.data, text, stream->last.length) != 0)) {
		buffer_clear(&stream->last);
		result = buffer_puts(&stream->last, text, error);
		if (result == 0)
			result = buffer_printf(out, error, "event: run\ndata: %s\n\n", text);
	}
	/* One that this service has forgotten meanwhile, and no history knows, will not change any more. */
	stream->ended = (over && whole) || (!run && !stream->looked_ms);
	free(text);
	json_decref(run);
	return result;
}

static int get_events(struct service *service, const struct http_request *request, struct http_answer *answer, struct error *error)
{
	static const char *const none[] = {NULL};
	json_t *run;
	bool here;
	int result;

	if (!query_only(request, none, answer))
		return 0;
	result = runs_take(service, request, VERB_READ, &run, &here, answer, error);
	if (result <= 0)
		return result;
	json_decref(run);
	answer->stream = calloc(1, sizeof *answer->stream);
	if (!answer->stream)
		return error_memory(error, "a stream of events");
	answer->stream->next = next;
	buffer_init(&answer->stream->last, EVENT_MAX);
	snprintf(answer->stream->id, sizeof answer->stream->id, "%s", request->values[0]);
	answer->content_type = "text/event-stream";
	/* What stands in front must not wait for the end. */
	return answer_header(answer, error, "X-Accel-Buffering", "no");
}

const struct route routes_of_events[] = {
	{"GET", "/v1/runs/{run}/events", VERB_ANY, BODY_NONE, "A run whenever it changes, until it has ended, as server-sent events.", get_events},
	{NULL, NULL, VERB_NONE, BODY_NONE, NULL, NULL},
};
