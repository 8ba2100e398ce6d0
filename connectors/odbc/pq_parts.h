/* pq_parts.h - what COPY in and COPY out share: waiting for the server without ever missing that the run was cancelled, and its refusals.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_PQ_PARTS_H
#define PENSTOCK_ODBC_PQ_PARTS_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "connectors/odbc/session.h"

/* The session's connection, or NULL and ERROR_SINK where it is lost. */
PGconn *pq_connection_of(struct session *session, struct error *error);

/* Begins a statement: libpq is told not to wait, nor to print notices. error where the session is in no transaction. */
int pq_prepare(struct session *session, PGconn *connection, const char *what, struct error *error) MUST_CHECK;

/* Whatever is left of the answer is thrown away; the driver finds the connection as it left it: blocking, idle. */
void pq_give_back(PGconn *connection);

/* Until the socket is ready for one of the events of poll(2), or a tenth of a second has passed. */
void pq_wait_for(PGconn *connection, short events);

/* The next result, NULL at the end (or out of memory). *gave_up: the run was cancelled meanwhile, error says so, and the server was told,
 * whose answer this then is. */
PGresult *pq_next_result(struct session *session, PGconn *connection, bool *gave_up, struct error *error);

/* Tells the server to stop what it does; ERROR_CANCELLED. */
int pq_cancelled(PGconn *connection, struct error *error);

/* What the server (result) or libpq (NULL) said, as an error; the session is broken or lost as it means. */
int pq_fail(struct session *session, PGconn *connection, const PGresult *result, const char *what, struct error *error);

#endif
