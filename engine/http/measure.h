/* measure.h - what the service measures of itself, for /metrics.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_HTTP_MEASURE_H
#define PENSTOCK_HTTP_MEASURE_H

#include "engine/core/ingest.h"
#include "engine/core/metrics.h"
#include "engine/core/plan.h"
#include "engine/core/run.h"
#include "engine/schedule/scheduler.h"

/* Families NULL at the end, for metrics_new. */
extern const struct metric *const measured[];

/* The service begins. */
void measure_started(struct metrics *metrics);

/* A pipeline of the service: its series are there before anything happens, so that the first run, row and reject are seen as an increase, too. Those of
 * rules are not, once there are very many. has_runs: it does not take the rows of requests alone. */
void measure_pipeline(struct metrics *metrics, const struct plan *plan, bool has_runs);
void measure_success(struct metrics *metrics, const char *pipeline, int64_t last); /* seconds since 1970 */

/* A run that ended. replay: of rejects, whose success says nothing of the pipeline's own. */
void measure_run(struct metrics *metrics, const char *pipeline, bool replay, const struct run_report *report);

/* A request with rows that was answered; nothing of one that was replayed. */
void measure_ingest(struct metrics *metrics, const struct ingest_steps *steps, const struct ingest_request *request);

/* An answered request. route: its pattern; NULL where it has none. method NULL: no request at all. */
void measure_exchange(struct metrics *metrics, const char *method, const char *route, int status, int64_t took_us);

/* What is looked up when somebody asks. */
struct measured_now {
	size_t running, waiting;   /* runs */
	uint64_t requests;         /* under way */
	uint64_t body_bytes;       /* of all bodies in memory */
};
void measure_now(struct metrics *metrics, const struct measured_now *now);
void measure_schedule(struct metrics *metrics, const char *pipeline, enum schedule_event event); /* its time came, and this became of it */
void measure_next(struct metrics *metrics, const char *pipeline, int64_t next); /* seconds since 1970 */

#endif
