/* pq_out.c - COPY ... TO STDOUT over the driver's connection, never waiting without looking whether the run was cancelled.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "connectors/odbc/pq.h"
#include "connectors/odbc/pq_parts.h"
#include "connectors/odbc/session.h"

/* Rolled back to and not released: with it go the settings that were made for the one statement. */
#define MARK "penstock_out"

static const char undo[] = "ROLLBACK TO SAVEPOINT " MARK ";RELEASE SAVEPOINT " MARK;

/* The answer to what was sent: 0 where its first result is the wanted one, which stays open if it is a COPY. */
static int answer(struct session *session, PGconn *connection, const char *what, ExecStatusType wanted, struct error *error)
{
	bool gave_up = false;
	PGresult *result = pq_next_result(session, connection, &gave_up, error);
	bool good = PQresultStatus(result) == wanted && !gave_up;

	if (!good && !gave_up)
		pq_fail(session, connection, result, what, error);
	while (result && (PQresultStatus(result) != PGRES_COPY_OUT)) {
		PQclear(result);
		result = pq_next_result(session, connection, &gave_up, error);
		if (gave_up)
			good = false;
	}
	PQclear(result);
	return good ? 0 : -1;
}

static int run(struct session *session, PGconn *connection, const char *what, const char *sql, struct error *error)
{
	if (PQsendQuery(connection, sql))
		return answer(session, connection, what, PGRES_COMMAND_OK, error);
	return pq_fail(session, connection, NULL, what, error);
}

static int set(struct session *session, PGconn *connection, const char *what, const struct pq_value *value, struct error *error)
{
	const char *const parameters[] = { value->name, value->text };

	if (PQsendQueryParams(connection, "SELECT pg_catalog.set_config($1, $2, true)", 2, NULL, parameters, NULL, NULL, 0))
		return answer(session, connection, what, PGRES_TUPLES_OK, error);
	return pq_fail(session, connection, NULL, what, error);
}

int pq_out_begin(struct session *session, const char *what, const char *settings, const struct pq_value *values, size_t count,
	const char *sql, struct error *error)
{
	PGconn *connection = pq_connection_of(session, error);

	if (!connection || pq_prepare(session, connection, what, error))
		return -1;
	if (run(session, connection, what, "SAVEPOINT " MARK, error) ||
	    (settings && run(session, connection, what, settings, error)))
		goto failed;
	for (size_t i = 0; i < count; i++)
		if (set(session, connection, what, &values[i], error))
			goto failed;
	/* In the protocol of single statements, so that it is one, whatever a query says. */
	if (!PQsendQueryParams(connection, sql, 0, NULL, NULL, NULL, NULL, 0)) {
		pq_fail(session, connection, NULL, what, error);
		goto failed;
	}
	if (answer(session, connection, what, PGRES_COPY_OUT, error) == 0)
		return 0;
failed:
	pq_out_abandon(session);
	session->broken = true;
	return -1;
}

static int end(struct session *session, PGconn *connection, const char *what, struct error *error)
{
	int result = answer(session, connection, what, PGRES_COMMAND_OK, error);

	if (result == 0)
		result = run(session, connection, what, undo, error);
	if (result)
		session->broken = true;
	pq_give_back(connection);
	return result;
}

int pq_out_next(struct session *session, const char *what, char **message, size_t *length, struct error *error)
{
	PGconn *connection = pq_connection_of(session, error);
	bool looked = false;

	*message = NULL;
	if (!connection)
		return -1;
	for (;;) {
		int got = PQgetCopyData(connection, message, 1);

		if (got > 0) {
			*length = (size_t)got;
			return 1;
		}
		if (got == -1)
			return end(session, connection, what, error);
		if (cancel_requested(session->cancel))
			return error_set(error, ERROR_CANCELLED, NULL, "cancelled");
		/* What TLS has taken off the socket already is seen by libpq alone, so it is asked before the socket is. */
		if (got == 0 && looked)
			pq_wait_for(connection, POLLIN);
		looked = true;
		if (got < 0 || !PQconsumeInput(connection)) {
			pq_fail(session, connection, NULL, what, error);
			pq_give_back(connection);
			return -1;
		}
	}
}

void pq_out_free(char *message)
{
	PQfreemem(message);
}

/* Takes what still comes, until the server has ended the statement. */
static void drain(PGconn *connection)
{
	PGresult *result;
	bool copying = true;

	while (copying) {
		char *message = NULL;
		int got = PQgetCopyData(connection, &message, 1);

		PQfreemem(message);
		copying = got >= 0;
		if (got == 0) {
			pq_wait_for(connection, POLLIN);
			copying = PQconsumeInput(connection) != 0;
		}
	}
	while (PQstatus(connection) == CONNECTION_OK && (result = PQgetResult(connection)))
		PQclear(result);
}

void pq_out_abandon(struct session *session)
{
	PGconn *connection = session->pq.connection;
	struct error ignored = ERROR_INIT;
	PGresult *result;
	bool good;

	if (!connection) {
		session->lost = true;
		return;
	}
	if (PQtransactionStatus(connection) == PQTRANS_ACTIVE) {
		pq_cancelled(connection, &ignored);
		drain(connection);
	}
	pq_give_back(connection);
	result = PQexec(connection, undo);
	good = PQresultStatus(result) == PGRES_COMMAND_OK;
	PQclear(result);
	if (PQstatus(connection) != CONNECTION_OK)
		session->lost = true;
	else if (!good && PQtransactionStatus(connection) != PQTRANS_INTRANS)
		session->broken = true;
}

int pq_describe(struct session *session, const char *what, const char *sql, unsigned *types, size_t count, struct error *error)
{
	PGconn *connection = pq_connection_of(session, error);
	PGresult *result;
	int status = -1;

	if (!connection)
		return -1;
	result = PQprepare(connection, MARK, sql, 0, NULL);
	if (PQresultStatus(result) == PGRES_COMMAND_OK) {
		PQclear(result);
		result = PQdescribePrepared(connection, MARK);
	}
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		pq_fail(session, connection, result, what, error);
	else if (PQnfields(result) != (int)count)
		error_set(error, ERROR_SINK, session->place, "%s: the server describes %d columns of %zu", what, PQnfields(result), count);
	else
		status = 0;
	for (size_t i = 0; status == 0 && i < count; i++)
		types[i] = PQftype(result, (int)i);
	PQclear(result);
	if (status == 0) {
		result = PQexec(connection, "DEALLOCATE " MARK);
		if (PQresultStatus(result) != PGRES_COMMAND_OK)
			status = pq_fail(session, connection, result, what, error);
		PQclear(result);
	}
	return status;
}
