/* sessions.h - the database sessions of a run, and how long it waits for one.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CORE_SESSIONS_H
#define PENSTOCK_CORE_SESSIONS_H

#include "engine/core/run.h"

enum { TRIES_MAX = 6 };

/* One a connection, opened when first needed and again after they were lost. */
struct sessions {
	const struct plan *plan;
	const struct run_options *options;
	const struct run_record *record; /* the run's row, to take its lock again on a new session */
	struct shared *shared;           /* what the steps have in common */
	struct store **stores;           /* plan->connection_count */
	bool *lost;                      /* plan->connection_count: a session of this run was given up before */
};

/* The store of a connection (NULL for NULL). ERROR_SINK; tries again with backoff where that may help. */
int sessions_get(struct sessions *sessions, const struct plan_connection *connection, struct store **out,
	struct error *error) MUST_CHECK;

/* Closes one, so that the next get connects anew. */
void sessions_drop(struct sessions *sessions, const struct plan_connection *connection);

/* Waits before try number tries (from 1); false when there should be no further one, or the run was cancelled. */
bool retry_wait(unsigned tries, struct cancel *cancel);

#endif
