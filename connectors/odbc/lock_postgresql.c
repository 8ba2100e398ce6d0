/* lock_postgresql.c - locks in PostgreSQL: advisory locks of the session, which the server drops with it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * They belong to one database of the server (manual, "Advisory Locks"). A pooler that gives each transaction another session
 * (pgbouncer's transaction mode) breaks them, as it breaks any lock of a session.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "connectors/odbc/lock.h"
#include "connectors/odbc/statement.h"
#include "engine/core/clock.h"

enum { POLL_MS = 50 };

struct postgresql_locks {
	struct locks base;
	struct session *session;
	char run_id[LOCK_RUN_SIZE];
	struct lock_list held;
};

/* Runs a query of one bigint parameter (the lock) up to its first row. 1 a row, 0 none, -1 and error. */
static int query(struct postgresql_locks *locks, struct statement *statement, const char *what, const char *sql,
	uint64_t lock, struct error *error)
{
	if (statement_open(statement, locks->session, what, sql, error) ||
	    statement_bind_integer(statement, 1, (int64_t)lock, error) || statement_execute(statement, NULL, NULL, error))
		return -1;
	return statement_fetch(statement, error);
}

static int try_lock(struct postgresql_locks *locks, uint64_t lock, struct error *error)
{
	struct statement statement;
	int64_t taken = 0;
	int result = query(locks, &statement, "taking a lock",
		"SELECT CASE WHEN pg_try_advisory_lock(CAST(? AS bigint)) THEN 1 ELSE 0 END", lock, error);

	if (result > 0)
		result = statement_integer(&statement, 1, &taken, NULL, error);
	statement_close(&statement);
	return result < 0 ? -1 : (int)taken;
}

static int copy_column(struct statement *statement, unsigned column, char *out, size_t size, struct error *error)
{
	struct text text;

	if (statement_text(statement, column, &text, error))
		return -1;
	snprintf(out, size, "%s", text.data ? text.data : "");
	return 0;
}

/* Leaves *holder empty where the holder is just gone. What a role may not see of another role's session is NULL. */
static int find_holder(struct postgresql_locks *locks, uint64_t lock, struct lock_holder *holder, struct error *error)
{
	/* A lock of 64 bits stands there in two halves, objsubid 1. */
	static const char sql[] =
		"SELECT coalesce(a.application_name, ''), "
		"to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), "
		"coalesce(a.client_hostname, host(a.client_addr)), l.pid "
		"FROM (SELECT CAST(? AS bigint) AS lock) k JOIN pg_catalog.pg_locks l ON l.locktype = 'advisory' AND l.objsubid = 1 "
		"AND CAST(CAST(l.classid AS bigint) << 32 AS bigint) | CAST(l.objid AS bigint) = k.lock AND l.granted "
		"JOIN pg_catalog.pg_database d ON d.oid = l.database AND d.datname = current_database() "
		"LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid";
	struct statement statement;
	char application[128] = "";
	int result = query(locks, &statement, "looking for the holder of a lock", sql, lock, error);

	if (result > 0 &&
	    (copy_column(&statement, 1, application, sizeof application, error) ||
		    copy_column(&statement, 2, holder->since, sizeof holder->since, error) ||
		    copy_column(&statement, 3, holder->host, sizeof holder->host, error) ||
		    statement_integer(&statement, 4, &holder->server_pid, NULL, error)))
		result = -1;
	statement_close(&statement);
	if (result > 0 && sscanf(application, "penstock %63s", holder->run_id) != 1)
		holder->run_id[0] = '\0';
	return result < 0 ? -1 : 0;
}

static int end_session(struct postgresql_locks *locks, int64_t pid, struct error *error)
{
	struct statement statement;
	int result = query(locks, &statement, "ending the lost session of this run",
		"SELECT CASE WHEN pg_terminate_backend(CAST(CAST(? AS bigint) AS integer)) THEN 1 ELSE 0 END", (uint64_t)pid, error);

	statement_close(&statement);
	return result < 0 ? -1 : 0;
}

/* After a connection was lost the server may still keep its session, and its locks, for a while: this run's own predecessor,
 * which can only be rolled back. It is ended, not waited for. 1: the lock is ours now; 0: it was not that. */
static int take_over(struct postgresql_locks *locks, uint64_t lock, struct lock_holder *holder, struct error *error)
{
	int64_t deadline = clock_elapsed_ms() + locks->session->lock_timeout_ms;
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };
	int result = 0;

	if (!locks->run_id[0] || strcmp(holder->run_id, locks->run_id) != 0)
		return 0;
	if (end_session(locks, holder->server_pid, error))
		return -1;
	while (result == 0 && clock_elapsed_ms() < deadline && !cancel_requested(locks->session->cancel)) {
		nanosleep(&pause, NULL);
		result = try_lock(locks, lock, error);
	}
	return result;
}

/* ---- the interface ---- */

static int locks_open(struct session *session, const char *run_id, struct locks **out, struct error *error)
{
	struct postgresql_locks *locks = calloc(1, sizeof *locks);

	if (!locks)
		return error_memory(error, "locks");
	locks->base.ops = &lock_postgresql;
	locks->session = session;
	snprintf(locks->run_id, sizeof locks->run_id, "%s", run_id ? run_id : "");
	*out = &locks->base;
	return 0;
}

static int take(struct postgresql_locks *locks, uint64_t lock, struct lock_holder *holder, struct error *error)
{
	int result = try_lock(locks, lock, error);

	if (result == 0) {
		if (find_holder(locks, lock, holder, error))
			return -1;
		/* Gone between the two questions. */
		result = holder->server_pid ? take_over(locks, lock, holder, error) : try_lock(locks, lock, error);
	}
	return result;
}

static int locks_take(struct locks *base, uint64_t lock, struct lock_holder *holder, struct error *error)
{
	struct postgresql_locks *locks = (struct postgresql_locks *)base;
	int result;

	memset(holder, 0, sizeof *holder);
	if (lock_list_has(&locks->held, lock))
		return 1;
	if (lock_list_room(&locks->held, locks->session->place, error))
		return -1;
	result = take(locks, lock, holder, error);
	if (result > 0)
		lock_list_add(&locks->held, lock);
	return result;
}

static void locks_release(struct locks *base, uint64_t lock)
{
	struct postgresql_locks *locks = (struct postgresql_locks *)base;
	struct error ignored = ERROR_INIT;
	struct statement statement;

	/* A session that is lost holds nothing. */
	if (!lock_list_drop(&locks->held, lock) || locks->session->lost)
		return;
	if (query(locks, &statement, "releasing a lock", "SELECT CASE WHEN pg_advisory_unlock(CAST(? AS bigint)) THEN 1 ELSE 0 END", lock,
		    &ignored) < 0)
		error_clear(&ignored);
	statement_close(&statement);
}

static void locks_close(struct locks *base)
{
	struct postgresql_locks *locks = (struct postgresql_locks *)base;
	struct error ignored = ERROR_INIT;

	/* The server would do it too when the session ends, but a moment later: too late for a run that follows at once. */
	if (locks->held.count && !locks->session->lost &&
	    session_execute(locks->session, "SELECT pg_advisory_unlock_all()", &ignored))
		error_clear(&ignored);
	free(locks);
}

const struct lock_ops lock_postgresql = {
	.open = locks_open,
	.close = locks_close,
	.take = locks_take,
	.release = locks_release,
};
