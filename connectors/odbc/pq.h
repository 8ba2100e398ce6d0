/* pq.h - libpq below psqlodbc: the driver's own connection, for what ODBC has no call for.
 * SPDX-License-Identifier: Apache-2.0
 *
 * psqlodbc talks to the server through libpq, which this process shares with it. While a session connects, the connection that the driver
 * makes is noted; between two statements of the driver it is idle and may be used here. So COPY is part of the session itself: the
 * same server process, user, settings, transaction and savepoints (docs/decisions/0009-copy-on-the-drivers-connection.md). The driver
 * closes it; from then on it is not known here any more. Only pq*.c and pq_parts.h include <libpq-fe.h>; pq_absent.c stands in for them
 * where a build lacks libpq.
 */
#ifndef PENSTOCK_ODBC_PQ_H
#define PENSTOCK_ODBC_PQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/error.h"

struct session;
struct diagnosis;
struct pg_conn; /* libpq's PGconn */

enum { PQ_WHY_MAX = 256 };

/* Of a session; zeroed: nothing is known. Stays where it is until pq_close. */
struct pq {
	struct pg_conn *connection; /* the driver's; NULL: there is none, or it was closed */
	bool copying;               /* a COPY ... FROM STDIN was begun and has not ended: nothing else may be sent */
	bool asked;                 /* why holds the answer of pq_usable: empty for yes */
	char why[PQ_WHY_MAX];
};

/* What this thread's driver opens between the two is noted in pq. */
void pq_listen(struct pq *pq);
void pq_heard(void);

/* Forgets the connection, which may live on in a pool of the driver manager. To be called once the driver has let go of it. */
void pq_close(struct pq *pq);

/* Whether the noted connection is the one behind this session, which is proved once: what ODBC sets in the session is read over libpq. Else
 * why not, for a person. May be asked inside a transaction. */
bool pq_usable(struct session *session, char why[PQ_WHY_MAX]);

/* COPY ... FROM STDIN in the session's open transaction: begin, send as often as is needed, end; after a failure of begin or send nothing is
 * left to be done. In between nothing else can use the session; rolling it back gives the COPY up. what: for messages. All wait at most until the run is cancelled, which the server is then told. */
int pq_copy_begin(struct session *session, const char *what, const char *sql, struct error *error) MUST_CHECK;

/* A refusal shows at the end only: libpq takes nothing in before. */
int pq_copy_send(struct session *session, const char *what, const char *data, size_t length, struct error *error) MUST_CHECK;

/* 0 and the rows that the server counted; 1 where it refused one for its own sake: diagnosis says how, and its at which, where that is sure
 * (table: the name without a schema, as the server's context has it); -1 and error. */
int pq_copy_end(struct session *session, const char *what, const char *table, uint64_t *rows, struct diagnosis *diagnosis,
	struct error *error) MUST_CHECK;

/* Gives up what was begun, for a reason of ours. The transaction can only be rolled back, to its savepoint at least. */
void pq_copy_abandon(struct session *session);

/* ---- COPY ... TO STDOUT, in the session's open transaction ---- */

/* A setting of the session's own, by which a value gets into a statement that takes no parameters: current_setting(name). Borrowed. */
struct pq_value {
	char name[64]; /* "penstock.from_0" */
	const char *text;
};

/* The types (OIDs, of domains those below them) of the columns of a SELECT without parameters, of which it has count. */
int pq_describe(struct session *session, const char *what, const char *sql, unsigned *types, size_t count, struct error *error)
	MUST_CHECK;

/* Begins sql, a COPY ... TO STDOUT. settings (SET LOCAL ...; NULL: none) and values are there for it alone. After a failure nothing is left
 * to be done; what was begun is read to its end or abandoned, and until then nothing else may use the session. */
int pq_out_begin(struct session *session, const char *what, const char *settings, const struct pq_value *values, size_t count,
	const char *sql, struct error *error) MUST_CHECK;

/* The next piece of what the server sends, for pq_out_free: 1; or 0 at the end, when the session is as it was before; or -1 and error. After an
 * error it is to be abandoned. Waits at most until the run is cancelled. */
int pq_out_next(struct session *session, const char *what, char **message, size_t *length, struct error *error) MUST_CHECK;
void pq_out_free(char *message);

/* Gives up what was begun, whatever became of it. The session can go on in its transaction, unless it is broken or lost. */
void pq_out_abandon(struct session *session);

#endif
