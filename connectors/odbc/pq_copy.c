/* pq_copy.c - COPY ... FROM STDIN over the driver's connection, never waiting without looking whether the run was cancelled, and what
 * COPY ... TO STDOUT needs of that.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/pq.h"
#include "connectors/odbc/pq_parts.h"
#include "connectors/odbc/session.h"

enum { LOOK_MS = 100, WORDS_MAX = 2048 };

/* The driver sets its own before each statement, and after it this one without an argument, which keeps nothing. */
static void ignore_notice(void *unused, const PGresult *notice)
{
	(void)unused;
	(void)notice;
}

void pq_give_back(PGconn *connection)
{
	PGresult *result;

	while ((result = PQgetResult(connection))) {
		ExecStatusType status = PQresultStatus(result);

		PQclear(result);
		/* It would be given again and again. */
		if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT)
			break;
	}
	PQsetnonblocking(connection, 0);
}

int pq_cancelled(PGconn *connection, struct error *error)
{
	char ignored[256];
	PGcancel *cancel = PQgetCancel(connection);

	if (cancel)
		PQcancel(cancel, ignored, sizeof ignored);
	PQfreeCancel(cancel);
	return error_set(error, ERROR_CANCELLED, NULL, "cancelled");
}

void pq_wait_for(PGconn *connection, short events)
{
	struct pollfd file = { .fd = PQsocket(connection), .events = events };

	if (poll(&file, 1, LOOK_MS) < 0 && errno != EINTR)
		return; /* whatever it is, the next call of libpq meets it */
}

PGresult *pq_next_result(struct session *session, PGconn *connection, bool *gave_up, struct error *error)
{
	while (PQisBusy(connection)) {
		if (!*gave_up && cancel_requested(session->cancel)) {
			*gave_up = true;
			pq_cancelled(connection, error);
		}
		pq_wait_for(connection, POLLIN);
		if (!PQconsumeInput(connection))
			break;
	}
	return PQgetResult(connection);
}

static enum fault_class diagnose(struct session *session, PGconn *connection, const PGresult *result, struct diagnosis *out)
{
	const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	const char *primary = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
	const char *detail = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL) : NULL;
	bool lost = PQstatus(connection) != CONNECTION_OK;
	char words[WORDS_MAX];

	/* As the driver puts it. */
	snprintf(words, sizeof words, "%s%s%s", primary ? primary : PQerrorMessage(connection), detail ? "\nDETAIL: " : "",
		detail ? detail : "");
	return session_diagnose_words(session, state ? state : lost ? "08006" : "", words, lost, out);
}

int pq_fail(struct session *session, PGconn *connection, const PGresult *result, const char *what, struct error *error)
{
	struct diagnosis diagnosis;

	diagnose(session, connection, result, &diagnosis);
	diagnosis_error(session, &diagnosis, what, error);
	return -1;
}

PGconn *pq_connection_of(struct session *session, struct error *error)
{
	if (session->pq.connection && !session->lost)
		return session->pq.connection;
	session->lost = true;
	error_set(error, ERROR_SINK, session->place, "the connection is lost");
	error->retry = true;
	return NULL;
}

int pq_prepare(struct session *session, PGconn *connection, const char *what, struct error *error)
{
	/* Anything else would be the driver's own begin, forgotten: rows of a transaction that nobody commits. */
	if (PQtransactionStatus(connection) != PQTRANS_INTRANS) {
		if (PQstatus(connection) != CONNECTION_OK)
			return pq_fail(session, connection, NULL, what, error);
		return error_set(error, ERROR_SINK, session->place, "%s: the session is in no transaction", what);
	}
	PQsetNoticeReceiver(connection, ignore_notice, NULL);
	if (PQsetnonblocking(connection, 1) == 0)
		return 0;
	pq_fail(session, connection, NULL, what, error);
	pq_give_back(connection);
	return -1;
}

/* The driver sends BEGIN with the first statement of a transaction: where that is to be ours, one that says nothing goes before it. */
static int begin_really(struct session *session, PGconn *connection, struct error *error)
{
	if (!session->in_transaction || atomic_load(&session->calls) != session->begun_at || PQtransactionStatus(connection) != PQTRANS_IDLE)
		return 0;
	return session_execute(session, "SELECT 1", error);
}

int pq_copy_begin(struct session *session, const char *what, const char *sql, struct error *error)
{
	PGconn *connection = pq_connection_of(session, error);
	PGresult *result;
	bool gave_up = false;
	int done = -1;

	if (!connection)
		return -1;
	if (begin_really(session, connection, error) || pq_prepare(session, connection, what, error))
		return -1;
	if (!PQsendQuery(connection, sql)) {
		pq_fail(session, connection, NULL, what, error);
		pq_give_back(connection);
		return -1;
	}
	result = pq_next_result(session, connection, &gave_up, error);
	if (PQresultStatus(result) == PGRES_COPY_IN && !gave_up)
		done = 0;
	else if (PQresultStatus(result) == PGRES_COPY_IN)
		PQputCopyEnd(connection, "cancelled");
	else
		pq_fail(session, connection, result, what, error);
	PQclear(result);
	if (done == 0) {
		session->pq.copying = true;
		return 0;
	}
	session->broken = true;
	pq_give_back(connection);
	return -1;
}

/* The connection is of no more use. */
static int fail_sending(struct session *session, PGconn *connection, const char *what, struct error *error)
{
	session->pq.copying = false;
	pq_fail(session, connection, NULL, what, error);
	pq_give_back(connection);
	return -1;
}

/* All that waits to be sent; meanwhile what the server says is taken in, or the two might wait for each other. */
static int flush(struct session *session, PGconn *connection, const char *what, struct error *error)
{
	int left;

	while ((left = PQflush(connection)) > 0) {
		if (cancel_requested(session->cancel)) {
			pq_cancelled(connection, error);
			pq_copy_abandon(session);
			return -1;
		}
		pq_wait_for(connection, POLLIN | POLLOUT);
		if (!PQconsumeInput(connection))
			left = -1;
		if (left < 0)
			break;
	}
	return left == 0 ? 0 : fail_sending(session, connection, what, error);
}

int pq_copy_send(struct session *session, const char *what, const char *data, size_t length, struct error *error)
{
	PGconn *connection = pq_connection_of(session, error);
	enum { PIECE = 64 * 1024 };

	if (!connection)
		return -1;
	while (length) {
		size_t piece = length < PIECE ? length : PIECE;

		if (PQputCopyData(connection, data, (int)piece) != 1)
			return fail_sending(session, connection, what, error);
		if (flush(session, connection, what, error))
			return -1;
		data += piece;
		length -= piece;
	}
	return 0;
}

/* "COPY jobs, line 3, column title": the last line of the context, whatever the language of the server; the table's name may hold anything
 * else. Rows are lines here. */
static size_t refused_row(const PGresult *result, const struct diagnosis *diagnosis, const char *table)
{
	const char *context = PQresultErrorField(result, PG_DIAG_CONTEXT), *last, *at;
	unsigned long long line;

	/* What the storage refuses (class 54) it refuses for one of many rows that it was given at once. */
	if (!context || strncmp(diagnosis->state, "54", 2) == 0)
		return DIAGNOSIS_NOWHERE;
	last = strrchr(context, '\n');
	last = last ? last + 1 : context;
	at = strncmp(last, "COPY ", 5) == 0 ? strstr(last, table) : NULL;
	if (!at)
		return DIAGNOSIS_NOWHERE;
	at += strlen(table);
	at += strcspn(at, "0123456789");
	line = strtoull(at, NULL, 10);
	return line ? (size_t)(line - 1) : DIAGNOSIS_NOWHERE;
}

static int read_end(struct session *session, PGconn *connection, PGresult *result, const char *what, const char *table,
	uint64_t *rows, struct diagnosis *diagnosis, struct error *error)
{
	if (PQresultStatus(result) == PGRES_COMMAND_OK) {
		*rows = strtoull(PQcmdTuples(result), NULL, 10);
		return 0;
	}
	if (diagnose(session, connection, result, diagnosis) == FAULT_OF_ROW) {
		diagnosis->at = refused_row(result, diagnosis, table);
		return 1;
	}
	diagnosis_error(session, diagnosis, what, error);
	return -1;
}

int pq_copy_end(struct session *session, const char *what, const char *table, uint64_t *rows, struct diagnosis *diagnosis,
	struct error *error)
{
	PGconn *connection = pq_connection_of(session, error);
	PGresult *result;
	bool gave_up = false;
	int done;

	*rows = 0;
	if (!connection)
		return -1;
	if (PQputCopyEnd(connection, NULL) < 0 && PQstatus(connection) != CONNECTION_OK)
		return fail_sending(session, connection, what, error);
	if (flush(session, connection, what, error))
		return -1;
	session->pq.copying = false;
	result = pq_next_result(session, connection, &gave_up, error);
	if (gave_up) {
		/* Whatever the answer is, nobody wants it any more. */
		session->broken = true;
		done = -1;
	} else {
		done = read_end(session, connection, result, what, table, rows, diagnosis, error);
	}
	PQclear(result);
	pq_give_back(connection);
	return done;
}

void pq_copy_abandon(struct session *session)
{
	PGconn *connection = session->pq.connection;

	session->broken = true;
	session->pq.copying = false;
	if (!connection)
		return;
	/* Where libpq takes no more of it, there is nothing to end. */
	PQputCopyEnd(connection, "given up");
	pq_give_back(connection);
}
