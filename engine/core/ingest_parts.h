/* ingest_parts.h - what the files of the ingest share; nobody else includes it.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CORE_INGEST_PARTS_H
#define PENSTOCK_CORE_INGEST_PARTS_H

#include "engine/core/ingest.h"

/* A step's part of a form: its rows, and who judges their cells. */
struct form_part {
	struct rule_set rules;
	struct judge *judge;
	struct transform *transform; /* NULL: none */
	struct batch *batch; /* NULL until a request had rows for it */
	bool used;           /* by the request at hand */
};

struct ingest_form {
	const struct ingest_steps *steps;
	struct cancel *cancel;
	struct form_part *parts; /* steps->count */
};

/* A step's part of a lane. */
struct lane_step {
	const struct plan_step *step;
	struct step_key key;
	struct rule_set rules; /* the judge's and the sink's */
	struct judge *judge;   /* of keys alone */
	void *sink;
	struct sink_info info;
	bool begun;            /* the sink takes part in the transaction */
};

struct ingest_lane {
	const struct ingest_steps *steps;
	struct cancel *cancel;
	struct store *store;
	struct source_identity source; /* of every step: the body of a request */
	struct lane_step *parts;       /* steps->count */
	struct buffer scratch;
	bool in_transaction;
};

/* ingest_request.c: the request within the open transaction and its own mark, which it leaves to the caller. -1 and error. */
int request_run(struct ingest_lane *lane, struct ingest_request *request, struct error *error) MUST_CHECK;
/* Takes back what keys and database said of its rows, so that it may be tried again. */
void request_forget(struct ingest_request *request);

/* ingest_verdicts.c: rejects into the open transaction, and what the requester is told of them. */
int verdicts_write(struct ingest_lane *lane, struct ingest_request *request, struct error *error) MUST_CHECK;

/* ingest_record.c: the request's row in the history, and its answer for those who ask again. */
int record_begin(struct ingest_lane *lane, struct ingest_request *request, bool *known, struct error *error) MUST_CHECK;
int record_end(struct ingest_lane *lane, struct ingest_request *request, struct error *error) MUST_CHECK;
int record_find_answer(struct ingest_lane *lane, struct ingest_request *request, bool *found, struct error *error) MUST_CHECK;
int record_keep_answer(struct ingest_lane *lane, struct ingest_request *request, struct error *error) MUST_CHECK;

#endif
