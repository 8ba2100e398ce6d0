/* lock_mariadb.c - locks in MariaDB: GET_LOCK, whose locks the server drops with the session that holds them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Their names, of at most 64 characters, belong to the whole server, so the database is part of them. A session takes one more lock, named after
 * its run: by that a later session of the same run knows its own lost predecessor, which the server has not given up yet.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "connectors/odbc/lock.h"
#include "connectors/odbc/statement.h"
#include "engine/core/clock.h"

enum { POLL_MS = 50, NAME_SIZE = 65 };

struct mariadb_locks {
	struct locks base;
	struct session *session;
	uint64_t database;
	char run[NAME_SIZE]; /* the name of the run's own lock; empty: none */
	struct lock_list held;
};

static void name_of(const struct mariadb_locks *locks, uint64_t lock, char out[NAME_SIZE])
{
	snprintf(out, NAME_SIZE, "penstock.%016" PRIx64 ".%016" PRIx64, locks->database, lock);
}

static void name_of_run(const char *run_id, char out[NAME_SIZE])
{
	snprintf(out, NAME_SIZE, "penstock.run.%.40s", run_id);
}

/* A query of one number, with the name of a lock as its parameter. 0 also where it gives none. */
static int ask(struct mariadb_locks *locks, const char *what, const char *sql, const char *name, int64_t *out, struct error *error)
{
	struct statement statement;
	int result = -1;

	*out = 0;
	if (statement_open(&statement, locks->session, what, sql, error))
		return -1;
	if (statement_bind_string(&statement, 1, name, error) == 0 && statement_execute(&statement, NULL, NULL, error) == 0)
		result = statement_fetch(&statement, error);
	if (result > 0)
		result = statement_integer(&statement, 1, out, NULL, error);
	statement_close(&statement);
	return result < 0 ? -1 : 0;
}

static int try_lock(struct mariadb_locks *locks, const char *name, struct error *error)
{
	int64_t taken = 0;

	if (ask(locks, "taking a lock", "SELECT IFNULL(GET_LOCK(?, 0), 0)", name, &taken, error))
		return -1;
	return taken == 1;
}

static int find_session(struct mariadb_locks *locks, const char *name, int64_t *session, struct error *error)
{
	return ask(locks, "looking for the holder of a lock", "SELECT IFNULL(IS_USED_LOCK(?), 0)", name, session, error);
}

/* What the server lets this user see of that session. */
static int find_holder(struct mariadb_locks *locks, const char *name, struct lock_holder *holder, struct error *error)
{
	struct statement statement;
	struct text text;
	int row = -1;

	if (find_session(locks, name, &holder->server_pid, error))
		return -1;
	if (!holder->server_pid)
		return 0;
	if (statement_open(&statement, locks->session, "looking for the holder of a lock",
		    "SELECT host FROM information_schema.processlist WHERE id = ?", error))
		return -1;
	if (statement_bind_integer(&statement, 1, holder->server_pid, error) == 0 && statement_execute(&statement, NULL, NULL, error) == 0)
		row = statement_fetch(&statement, error);
	if (row == 1)
		row = statement_text(&statement, 1, &text, error);
	if (row == 0 && text.data) {
		snprintf(holder->host, sizeof holder->host, "%s", text.data);
		holder->host[strcspn(holder->host, ":")] = '\0';
	}
	statement_close(&statement);
	return row < 0 ? -1 : 0;
}

/* After a connection was lost the server may still keep its session, and its locks, for a while: this run's own predecessor, which can only be
 * rolled back. It is ended, not waited for. 1: the lock is ours now; 0: it was not that. */
static int take_over(struct mariadb_locks *locks, const char *name, const struct lock_holder *holder, struct error *error)
{
	int64_t deadline = clock_elapsed_ms() + locks->session->lock_timeout_ms, own = 0;
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };
	struct error ignored = ERROR_INIT;
	char sql[48];
	int result = 0;

	if (!locks->run[0] || find_session(locks, locks->run, &own, error))
		return locks->run[0] ? -1 : 0;
	if (own != holder->server_pid)
		return 0;
	snprintf(sql, sizeof sql, "KILL CONNECTION %" PRId64, holder->server_pid);
	/* It may be gone by now. */
	if (session_execute(locks->session, sql, &ignored))
		error_clear(&ignored);
	while (result == 0 && clock_elapsed_ms() < deadline && !cancel_requested(locks->session->cancel)) {
		nanosleep(&pause, NULL);
		result = try_lock(locks, name, error);
	}
	return result > 0 && try_lock(locks, locks->run, error) < 0 ? -1 : result;
}

/* ---- the interface ---- */

static int locks_open(struct session *session, const char *run_id, struct locks **out, struct error *error)
{
	const char *const parts[] = { session->database };
	struct mariadb_locks *locks = calloc(1, sizeof *locks);

	if (!locks)
		return error_memory(error, "locks");
	locks->base.ops = &lock_mariadb;
	locks->session = session;
	if (run_id && run_id[0])
		name_of_run(run_id, locks->run);
	if (lock_name(parts, 1, &locks->database, error) || (locks->run[0] && try_lock(locks, locks->run, error) < 0)) {
		free(locks);
		return -1;
	}
	*out = &locks->base;
	return 0;
}

static int take(struct mariadb_locks *locks, uint64_t lock, struct lock_holder *holder, struct error *error)
{
	char name[NAME_SIZE];
	int result;

	name_of(locks, lock, name);
	result = try_lock(locks, name, error);
	if (result == 0) {
		if (find_holder(locks, name, holder, error))
			return -1;
		/* Gone between the two questions. */
		result = holder->server_pid ? take_over(locks, name, holder, error) : try_lock(locks, name, error);
	}
	return result;
}

static int locks_take(struct locks *base, uint64_t lock, struct lock_holder *holder, struct error *error)
{
	struct mariadb_locks *locks = (struct mariadb_locks *)base;
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

static int locks_is_run(struct locks *base, const struct lock_holder *holder, const char *run_id, struct error *error)
{
	int64_t session;
	char name[NAME_SIZE];

	name_of_run(run_id, name);
	if (find_session((struct mariadb_locks *)base, name, &session, error))
		return -1;
	return session && session == holder->server_pid;
}

static void let_go(struct mariadb_locks *locks, const char *name)
{
	struct error ignored = ERROR_INIT;
	int64_t answer;

	/* A session that is lost holds nothing. */
	if (!locks->session->lost && ask(locks, "releasing a lock", "SELECT IFNULL(RELEASE_LOCK(?), 0)", name, &answer, &ignored))
		error_clear(&ignored);
}

static void locks_release(struct locks *base, uint64_t lock)
{
	struct mariadb_locks *locks = (struct mariadb_locks *)base;
	char name[NAME_SIZE];

	if (!lock_list_drop(&locks->held, lock))
		return;
	name_of(locks, lock, name);
	let_go(locks, name);
}

static void locks_close(struct locks *base)
{
	struct mariadb_locks *locks = (struct mariadb_locks *)base;
	char name[NAME_SIZE];

	/* The server would do it too when the session ends, but a moment later: too late for a run that follows at once. */
	while (locks->held.count) {
		name_of(locks, locks->held.held[--locks->held.count], name);
		let_go(locks, name);
	}
	if (locks->run[0])
		let_go(locks, locks->run);
	free(locks);
}

const struct lock_ops lock_mariadb = {
	.open = locks_open,
	.close = locks_close,
	.take = locks_take,
	.release = locks_release,
	.is_run = locks_is_run,
};
