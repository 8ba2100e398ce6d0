/* run_history.h - runs and rejects of the past, as the state tables of the service's pipelines remember them, in JSON.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Pipelines usually share one database; each that holds state is read once. A run that has no state (its pipeline has no database) is
 * only known to the run manager, while that remembers it.
 */
#ifndef PENSTOCK_HTTP_RUN_HISTORY_H
#define PENSTOCK_HTTP_RUN_HISTORY_H

#include <jansson.h>

#include "engine/http/service.h"

enum { RUNS_LIST_MAX = 1000, RUNS_LOOKED_AT_MAX = 10000 /* for a list, where most may not be seen */, RUNS_OVERLOOKED = 1000, REJECTS_LIST_MAX = 1000,
	REJECTS_BYTES_MAX = 8 << 20 /* of the texts of a list */ };

/* The summary of a run by its whole id, as run_manager_find gives it. Returns 1 and *out, 0 where there is none, -1 and error. */
int run_history_find(const struct service *service, const char *run_id, struct cancel *cancel, json_t **out, struct error *error) MUST_CHECK;

/* When the newest run of a pipeline of the service, replays of rejects left out, began, in seconds since 1970; 0 where none is known. */
int run_history_last(const struct service *service, size_t pipeline, int64_t *started, struct error *error) MUST_CHECK;

/* When the newest run that succeeded ended, looking back over the newest hundred; likewise. */
int run_history_succeeded(const struct service *service, size_t pipeline, int64_t *ended, struct error *error) MUST_CHECK;

/* Appends to list the newest limit runs that are no ingest requests and that the request may read, of one pipeline or of all (NULL), older than before
 * or all (NULL). */
int run_history_list(const struct service *service, const struct http_request *request, const char *pipeline, const char *before, uint64_t limit,
	json_t *list, struct error *error) MUST_CHECK;

/* Calls each with the newest runs of all pipelines, newest first in each database, until it returns nonzero or RUNS_OVERLOOKED of a database were seen.
 * A database that is locked for longer than wait_ms is an error. */
typedef int run_history_see(void *arg, json_t *run);
int run_history_newest(const struct service *service, int64_t wait_ms, struct cancel *cancel, run_history_see *each, void *arg,
	struct error *error) MUST_CHECK;

/* Which rejects of a run, and how far the look for them went. */
struct run_rejects {
	const char *run_id, *rule, *table, *field; /* exactly; all but the run may be NULL */
	int64_t after;
	uint64_t limit;
	json_t *list;  /* gets them */
	int64_t next;  /* out: where to go on, after; 0: there are no others */
};

/* Appends rejects of a run in the order in which they were stored. What is asked for may be rare among a million: the look ends behind half a second,
 * with what there is by then and next. Returns 1, 0 where no state knows the run, -1 and error. */
int run_history_rejects(const struct service *service, struct run_rejects *rejects, struct cancel *cancel, struct error *error) MUST_CHECK;

/* Calls each with what the rules said of the rejects of a run behind after, without their records, until it returns nonzero. As above. */
struct history_reject;
int run_history_reasons(const struct service *service, const char *run_id, struct cancel *cancel,
	int (*each)(void *arg, const struct history_reject *reject), void *arg, struct error *error) MUST_CHECK;

#endif
