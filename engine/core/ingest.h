/* ingest.h - a request's rows through the plan of an ingest pipeline: judged, written and committed in one transaction, with a verdict for each.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A lane is one session with the database and everything prepared on it: sinks, statements, look-ups. One thread uses a lane at a time;
 * lanes are pooled by who calls. Steps whose source is `http` and that write to the same connection belong together: parents first, one transaction
 * per request. No step lock is taken and no checkpoint written; each request is a row of kind `ingest` in the history.
 */
#ifndef PENSTOCK_CORE_INGEST_H
#define PENSTOCK_CORE_INGEST_H

#include "engine/core/plan.h"

enum { INGEST_ROWS_MAX = 1000 };

struct ingest_lane;

/* Connects and prepares all http steps of the plan (sinks open, the tables made where `create` says so). NULL and error. */
struct ingest_lane *ingest_lane_open(const struct plan *plan, struct cancel *cancel, struct error *error) MUST_CHECK;
void ingest_lane_close(struct ingest_lane *lane); /* NULL is fine */

/* The steps of the lane, parents first; the schema of each is what its batches must have. */
size_t ingest_lane_steps(const struct ingest_lane *lane);
const struct plan_step *ingest_lane_step(const struct ingest_lane *lane, size_t index);

struct ingest_verdict { /* of one rejected row */
	size_t step, row;
	char *reject_id;
	/* as in penstock_rejects; each malloc'd with the verdict */
	char *field, *code, *rule, *message, *violations;
};

struct ingest_request {
	char run_id[RUN_ID_SIZE];
	struct batch **batches;       /* one a step, filled by the caller from the body (origins: record_no = index + 1); NULL where the body has none for it */
	bool atomic;                  /* one bad row: nothing is written */
	const char *api_key;          /* with idem_key: what the answer is remembered under */
	const char *idem_key;         /* NULL: not remembered */
	const char *body_sha256;
	/* Makes the answer from the result, inside the transaction, so that it can be stored with it. Called once a try. */
	int (*answer)(void *arg, const struct ingest_request *request, struct buffer *out, int *status, struct error *error);
	void *arg;

	/* results, also on failure where they are known */
	struct counts *counts;        /* one a step */
	struct ingest_verdict *verdicts;
	size_t verdict_count;
	bool published;               /* false: rolled back (atomic), rejects kept with published = 0 */
	int status;
	struct buffer body;           /* the answer */
	bool replayed;                /* the answer is that of an earlier request with the same key */
};

/* Runs one or several requests in one commit (SQLite has a single writer): each in a savepoint of its own, succeeding or failing alone. results[i] is 0, or
 * -1 with errors[i]. Returns 0 when the commit is durable; -1 and error when the transaction failed as a whole (retry set where it may be tried again). */
int ingest_run(struct ingest_lane *lane, struct ingest_request *const *requests, size_t count, int *results, struct error *errors,
	struct error *error) MUST_CHECK;

/* Looks for an answer that was stored under the request's key within 24 hours: 1 found (status and body filled; or status 422 and a problem where the body is
 * another one), 0 none, -1 and error. */
int ingest_find_answer(struct ingest_lane *lane, struct ingest_request *request, struct error *error) MUST_CHECK;

#endif
