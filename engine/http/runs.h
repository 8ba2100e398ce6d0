/* runs.h - what the handlers of runs share: the run that a path names, and who may do what to it.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_HTTP_RUNS_H
#define PENSTOCK_HTTP_RUNS_H

#include "engine/http/json_put.h"
#include "engine/http/run_manager.h"

enum { RETRY_SECONDS = 5 };

struct run_manager *runs_manager(const struct service *service);

/* True for a UUID in small letters, as run ids are written; what is none never comes near a path or a pattern. */
bool runs_is_id(const char *text);

/* The run that the path names (its first value), where the request may do that to its pipeline. Returns 1 and *out, a reference; 0 where the
 * answer says why not; -1 and error. *here: the run manager knows it. */
int runs_take(const struct service *service, const struct http_request *request, enum verb verb, json_t **out, bool *here,
	struct http_answer *answer, struct error *error) MUST_CHECK;

/* Adds WWW-Authenticate where the answer is 401. 0 or -1. */
int runs_unauthorized(struct http_answer *answer, struct error *error) MUST_CHECK;

/* Gives a loaded pipeline, and a replay of its rejects (NULL: a run), which are taken, to the run manager, and answers 202 with the run; 503 where as many
 * wait as may. */
struct replay;
int runs_start(const struct service *service, struct pipeline *pipeline, struct replay *replay, struct http_answer *answer, struct error *error) MUST_CHECK;

/* Handlers of files of their own (see struct route). */
int run_rejects_get(struct service *service, const struct http_request *request, struct http_answer *answer, struct error *error);
int run_rejects_export_get(struct service *service, const struct http_request *request, struct http_answer *answer, struct error *error);
int run_rejects_summary_get(struct service *service, const struct http_request *request, struct http_answer *answer, struct error *error);

#endif
