/* pq_guard.h - a thread beside a session of PostgreSQL that tells the server when a run is cancelled while a statement is under way.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The driver waits for its answer in one call, which no signal ends. (COPY, which is sent here, looks for itself.)
 */
#ifndef PENSTOCK_ODBC_PQ_GUARD_H
#define PENSTOCK_ODBC_PQ_GUARD_H

#include <stdatomic.h>

#include "engine/core/cancel.h"

struct pq;
struct pq_guard;

/* NULL where there is nothing to watch, or no memory or thread for it: a statement then has to end by itself. All are borrowed; calls
 * counts the beginnings and ends of statements, so it is odd while one is under way. */
struct pq_guard *pq_guard_start(const struct pq *pq, struct cancel *cancel, atomic_uint *calls);

/* Waits for the thread; NULL is fine. */
void pq_guard_stop(struct pq_guard *guard);

#endif
