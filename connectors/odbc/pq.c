/* pq.c - noting the connection that psqlodbc makes with libpq, and proving that it is the session's.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <dlfcn.h>
#include <errno.h>
#include <libpq-events.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "connectors/odbc/pq.h"
#include "connectors/odbc/session.h"
#include "engine/core/clock.h"

enum { TOKEN_BYTES = 16, VERSION_MIN = 90500, TIMEOUT_MOST_S = 1000000 };

/* libpq's interface has no place for an argument of ours while a driver connects; a thread connects one session at a time. */
static _Thread_local struct pq *listening;

/* The driver may close its connection whenever it finds it broken. */
static int watch(PGEventId event, void *info, void *unused)
{
	const PGEventConnDestroy *destroyed = info;
	struct pq *pq;

	(void)unused;
	if (event != PGEVT_CONNDESTROY)
		return 1;
	pq = PQinstanceData(destroyed->conn, watch);
	if (pq && pq->connection == destroyed->conn)
		pq->connection = NULL;
	return 1;
}

static void ignore_notice(void *unused, const PGresult *notice)
{
	(void)unused;
	(void)notice;
}

/* Half as long as libpq would wait for one address, so that it is not twice as long where none answers; 0: for ever. */
static int64_t connect_deadline(PGconn *connection)
{
	PQconninfoOption *options = PQconninfo(connection);
	long seconds = 0;

	for (const PQconninfoOption *option = options; option && option->keyword; option++)
		if (strcmp(option->keyword, "connect_timeout") == 0 && option->val)
			seconds = strtol(option->val, NULL, 10);
	PQconninfoFree(options);
	return seconds > 0 && seconds < TIMEOUT_MOST_S ? clock_elapsed_ms() + 500 * seconds : 0;
}

/* False once the deadline is over. */
static bool wait_for_server(PGconn *connection, PostgresPollingStatusType what, int64_t deadline)
{
	struct pollfd ready = {.fd = PQsocket(connection), .events = what == PGRES_POLLING_READING ? POLLIN : POLLOUT};

	for (;;) {
		int64_t left = deadline ? deadline - clock_elapsed_ms() : -1;

		if (deadline && left <= 0)
			return false;
		int count = poll(&ready, 1, (int)left);
		if (count > 0 || (count < 0 && errno != EINTR))
			return true;
	}
}

/* As libpq does, but what the server has to say while it lets the session in (that its collations are of another version, ...) does not go to standard error,
 * which has the lines of a log. NULL where an address does not answer in time: how to go on to the next libpq alone knows. */
static PGconn *connect_quietly(const char *const *keywords, const char *const *values, int expand_dbname)
{
	PGconn *connection = PQconnectStartParams(keywords, values, expand_dbname);
	PostgresPollingStatusType next = PGRES_POLLING_WRITING;

	if (!connection || PQstatus(connection) == CONNECTION_BAD)
		return connection;
	PQsetNoticeReceiver(connection, ignore_notice, NULL);
	for (int64_t deadline = connect_deadline(connection); next != PGRES_POLLING_OK && next != PGRES_POLLING_FAILED; next = PQconnectPoll(connection))
		if (!wait_for_server(connection, next, deadline)) {
			PQfinish(connection);
			return NULL;
		}
	return connection;
}

/* Called by the driver in place of libpq's own, which it calls: the dynamic linker takes the program's definition of a name before that
 * of a library (ELF, symbol interposition). */
PGconn *PQconnectdbParams(const char *const *keywords, const char *const *values, int expand_dbname)
{
	union {
		void *found;
		PGconn *(*connect)(const char *const *, const char *const *, int);
	} next = { .found = dlsym(RTLD_NEXT, "PQconnectdbParams") };
	struct pq *pq = listening;
	PGconn *connection;

	/* NULL is libpq's own answer where it has no memory. */
	if (!next.found)
		return NULL;
	connection = pq ? connect_quietly(keywords, values, expand_dbname) : NULL;
	if (!connection)
		connection = next.connect(keywords, values, expand_dbname);
	if (connection && pq && PQregisterEventProc(connection, watch, "penstock", NULL) &&
	    PQsetInstanceData(connection, watch, pq)) {
		pq->connection = connection;
		pq->asked = false;
	}
	return connection;
}

void pq_listen(struct pq *pq)
{
	listening = pq;
}

void pq_heard(void)
{
	listening = NULL;
}

void pq_close(struct pq *pq)
{
	if (pq->connection)
		PQsetInstanceData(pq->connection, watch, NULL);
	memset(pq, 0, sizeof *pq);
}

static bool setting_is(PGconn *connection, const char *name, const char *wanted)
{
	const char *value = PQparameterStatus(connection, name);

	return value && strcmp(value, wanted) == 0;
}

/* A name that only this session knows, given over ODBC, has to be seen over libpq. */
static bool is_same_session(struct session *session, PGconn *connection, char why[PQ_WHY_MAX])
{
	unsigned char random[TOKEN_BYTES];
	char token[2 * TOKEN_BYTES + 1], sql[128], set[2 * TOKEN_BYTES + 1];
	struct error error = ERROR_INIT;
	PGresult *result;
	bool same;

	if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
		snprintf(why, PQ_WHY_MAX, "no random numbers to prove the session by");
		return false;
	}
	for (size_t i = 0; i < TOKEN_BYTES; i++)
		snprintf(token + 2 * i, 3, "%02x", random[i]);
	snprintf(sql, sizeof sql, "SELECT pg_catalog.set_config('penstock.session', '%s', false)", token);
	if (session_query_text(session, sql, set, sizeof set, &error) < 0) {
		snprintf(why, PQ_WHY_MAX, "the session could not be proved: %.160s", error.message);
		return false;
	}
	/* The question itself may have shown that the connection is gone. */
	if (session->pq.connection != connection) {
		snprintf(why, PQ_WHY_MAX, "the driver closed its connection");
		return false;
	}
	result = PQexec(connection, "SELECT pg_catalog.current_setting('penstock.session', true)");
	same = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1 && strcmp(PQgetvalue(result, 0, 0), token) == 0;
	PQclear(result);
	if (!same)
		snprintf(why, PQ_WHY_MAX,
			"what is set over ODBC is not seen over libpq: something between here and the server shares out sessions");
	return same;
}

static bool prove(struct session *session, char why[PQ_WHY_MAX])
{
	PGconn *connection = session->pq.connection;
	PGTransactionStatusType status;

	why[0] = '\0';
	if (!connection) {
		snprintf(why, PQ_WHY_MAX,
			"the driver did not connect through this process's libpq: it has one of its own, or the connection came from a pool");
		return false;
	}
	status = PQtransactionStatus(connection);
	if (PQstatus(connection) != CONNECTION_OK || (status != PQTRANS_IDLE && status != PQTRANS_INTRANS))
		snprintf(why, PQ_WHY_MAX, "the connection is not in a state to be used");
	else if (PQserverVersion(connection) < VERSION_MIN)
		snprintf(why, PQ_WHY_MAX, "the server is older than PostgreSQL 9.5");
	else if (!setting_is(connection, "integer_datetimes", "on"))
		snprintf(why, PQ_WHY_MAX, "the server keeps times as floating point numbers");
	else if (!setting_is(connection, "client_encoding", "UTF8"))
		snprintf(why, PQ_WHY_MAX, "the session's encoding is not UTF-8");
	return !why[0] && is_same_session(session, connection, why);
}

bool pq_usable(struct session *session, char why[PQ_WHY_MAX])
{
	struct pq *pq = &session->pq;

	if (!pq->asked || (!pq->connection && !pq->why[0])) {
		char found[PQ_WHY_MAX];

		prove(session, found);
		memcpy(pq->why, found, sizeof pq->why);
		pq->asked = true;
	}
	memcpy(why, pq->why, sizeof pq->why);
	return !pq->why[0];
}
