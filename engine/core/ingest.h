/* ingest.h - a request's rows through the http steps of a plan: judged, written and committed in one transaction, with a verdict for each.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   form   the rows of one request in batches, cells judged; made and judged by whoever has the request
 *   lane   a session with the database and all that is prepared on it; used by one thread at a time
 *
 *   ingest_begin -> ingest_take, once a request -> ingest_commit        a request fails alone, in a savepoint of its own
 *
 * No step lock is taken and no checkpoint written; each request is a row of kind `ingest` in the history, in the transaction of its rows.
 * Its run_id makes it safe to try again: where an answer to COMMIT was lost, the row says whether the request is in.
 */
#ifndef PENSTOCK_CORE_INGEST_H
#define PENSTOCK_CORE_INGEST_H

#include "engine/core/plan.h"

enum { INGEST_ROWS_MAX = 1000 };

/* The steps of a plan whose source is the body of a request, in the plan's order: parents first. */
struct ingest_steps {
	const struct plan *plan;
	const struct plan_connection *connection; /* that all of them write to */
	const struct plan_step **steps;
	size_t count;                             /* 0: this pipeline takes no requests */
};

/* ERROR_CONFIG where the steps cannot be one transaction: two connections, two steps for one table, a sink that replaces or is no database.
 * The plan is borrowed. Call fini in any case. */
int ingest_steps_init(struct ingest_steps *steps, const struct plan *plan, struct error *error) MUST_CHECK;
void ingest_steps_fini(struct ingest_steps *steps);
/* By the table of the dictionary, a text of that length; SIZE_MAX where no step has it. */
size_t ingest_steps_find(const struct ingest_steps *steps, const char *table, size_t length);

/* --- the form --- */

struct ingest_form;

/* steps and cancel are borrowed. NULL and error. */
struct ingest_form *ingest_form_new(const struct ingest_steps *steps, struct cancel *cancel, struct error *error) MUST_CHECK;
void ingest_form_free(struct ingest_form *form); /* NULL is fine */
/* Forgets the rows, for the next request; keeps the memory of an ordinary one. */
void ingest_form_clear(struct ingest_form *form);
/* An empty batch of the step with room for rows rows and bytes of text; once a request for each step that has rows. Filled by the caller:
 * record_no of an origin is the index in the request and one. NULL and error. */
struct batch *ingest_form_batch(struct ingest_form *form, size_t step, size_t rows, size_t bytes, struct error *error) MUST_CHECK;
/* Whether the request at hand has this step, be it with no row. */
bool ingest_form_has(const struct ingest_form *form, size_t step);
/* Judges records and cells; the keys are judged where the database is. */
int ingest_form_judge(struct ingest_form *form, struct error *error) MUST_CHECK;

/* --- a request --- */

struct ingest_verdict { /* of one rejected row */
	size_t step, row;         /* row: index in the request's array */
	int64_t reject_id;        /* of penstock_rejects */
	struct text field, code, rule, message, violations; /* as there; of the request, until the next try */
};

struct ingest_request {
	char run_id[RUN_ID_SIZE];
	struct ingest_form *form;
	bool atomic;              /* one bad row: nothing is written */
	int64_t started_at;       /* microseconds since 1970, UTC */
	const char *api_key;      /* with idem_key: what the answer is remembered under; "" where there are no keys */
	const char *idem_key;     /* NULL: not remembered */
	const char *body_sha256;
	/* Makes the answer from the results, inside the transaction, so that it can be stored with the rows; called only with idem_key. */
	int (*answer)(const struct ingest_request *request, struct buffer *out, struct error *error);
	const void *arg;          /* of who answers */

	/* results */
	struct counts *counts;    /* one a step */
	struct counts sum;
	struct ingest_verdict *verdicts; /* by step, then by row */
	size_t verdict_count;
	bool published;           /* false: rolled back, rejects kept with published = 0 */
	int status;               /* of HTTP: 200 where any row was written, else 422 */
	struct buffer body;       /* the stored answer, with idem_key */
	bool replayed;            /* status and body are those of an earlier request with this key */
	bool other_body;          /* that one had another body: nothing was done */
	bool tried;               /* an earlier try may have been committed; set by who tries again */
	bool answer_expired;      /* one from more than a day ago stands in the way of this one */
	struct buffer texts;      /* of the verdicts */
};

/* All zero but for the form, which is borrowed. Call fini in any case. */
int ingest_request_init(struct ingest_request *request, struct ingest_form *form, struct error *error) MUST_CHECK;
void ingest_request_fini(struct ingest_request *request);

/* --- the lane --- */

struct ingest_lane;

/* Connects, makes the tables that are missing where `create` says so, and prepares every step. steps and cancel are borrowed. NULL and error. */
struct ingest_lane *ingest_lane_open(const struct ingest_steps *steps, struct cancel *cancel, struct error *error) MUST_CHECK;
void ingest_lane_close(struct ingest_lane *lane); /* rolls back what is open; NULL is fine */

/* True where the database has one writer at a time, so that requests should share a transaction. */
bool ingest_lane_single_writer(const struct ingest_lane *lane);

/* Begins a transaction; waits for the writer's place at most lock_timeout. */
int ingest_begin(struct ingest_lane *lane, struct error *error) MUST_CHECK;

enum ingest_taken {
	INGEST_TAKEN = 0, /* in the transaction; it counts once that is committed */
	INGEST_FAILED,    /* error says why; nothing of it is in the transaction, which goes on */
	INGEST_BROKEN,    /* error says why; the transaction is over: roll back, and try all of its requests again where error->retry is set */
};
enum ingest_taken ingest_take(struct ingest_lane *lane, struct ingest_request *request, struct error *error) MUST_CHECK;

/* 0: durable. -1: over; error->retry: its outcome is not known or it may be tried again, with requests that are `tried`. */
int ingest_commit(struct ingest_lane *lane, struct error *error) MUST_CHECK;
void ingest_roll_back(struct ingest_lane *lane);

#endif
