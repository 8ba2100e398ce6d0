/* pq_absent.c - what stands in for libpq in a build without it: nothing is noted, and everybody is told why.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "connectors/odbc/pq.h"
#include "connectors/odbc/session.h"

void pq_listen(struct pq *pq)
{
	(void)pq;
}

void pq_heard(void)
{
}

void pq_close(struct pq *pq)
{
	memset(pq, 0, sizeof *pq);
}

bool pq_usable(struct session *session, char why[PQ_WHY_MAX])
{
	(void)session;
	snprintf(why, PQ_WHY_MAX, "this build lacks libpq (libpq-dev, then configure again)");
	return false;
}

/* ---- never reached: whoever calls these has asked pq_usable ---- */

int pq_copy_begin(struct session *session, const char *what, const char *sql, struct error *error)
{
	(void)sql;
	assert(0 && "COPY without libpq");
	return error_set(error, ERROR_CONFIG, session->place, "%s: this build lacks libpq", what);
}

int pq_copy_send(struct session *session, const char *what, const char *data, size_t length, struct error *error)
{
	(void)data;
	(void)length;
	return pq_copy_begin(session, what, "", error);
}

int pq_copy_end(struct session *session, const char *what, const char *table, uint64_t *rows, struct diagnosis *diagnosis,
	struct error *error)
{
	(void)table;
	(void)diagnosis;
	*rows = 0;
	return pq_copy_begin(session, what, "", error);
}

void pq_copy_abandon(struct session *session)
{
	(void)session;
}

int pq_describe(struct session *session, const char *what, const char *sql, unsigned *types, size_t count, struct error *error)
{
	(void)types;
	(void)count;
	return pq_copy_begin(session, what, sql, error);
}

int pq_out_begin(struct session *session, const char *what, const char *settings, const struct pq_value *values, size_t count,
	const char *sql, struct error *error)
{
	(void)settings;
	(void)values;
	(void)count;
	return pq_copy_begin(session, what, sql, error);
}

int pq_out_next(struct session *session, const char *what, char **message, size_t *length, struct error *error)
{
	*message = NULL;
	*length = 0;
	return pq_copy_begin(session, what, "", error);
}

void pq_out_free(char *message)
{
	(void)message;
}

void pq_out_abandon(struct session *session)
{
	(void)session;
}
