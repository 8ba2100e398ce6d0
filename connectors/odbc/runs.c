/* runs.c - the rows of penstock_runs: beginning, end, and marking those whose process died.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "connectors/odbc/store_parts.h"
#include "engine/core/clock.h"

enum { DEAD_CEILING = 1024 * 1024, POLL_MS = 20 };

/* Whoever holds it is alive. */
static int run_lock_name(const char *run_id, uint64_t *out, struct error *error)
{
	char name[RUN_ID_SIZE + 8];
	const char *const parts[] = { name };

	snprintf(name, sizeof name, "run:%s", run_id);
	return lock_name(parts, 1, out, error);
}

/* ---- a run's own row ---- */

static int bind_run(struct statement *statement, unsigned first, const struct run_record *run, char started[],
	char finished[], struct error *error)
{
	bool running = strcmp(run->status, "running") == 0;

	state_time_text(run->started_at, started);
	state_time_text(run->finished_at, finished);
	if (statement_bind_string(statement, first, run->kind, error) ||
	    statement_bind_string(statement, first + 1, run->pipeline, error) ||
	    statement_bind_string(statement, first + 2, run->status, error) ||
	    statement_bind_string(statement, first + 3, started, error) ||
	    statement_bind_string(statement, first + 4, run->finished_at ? finished : NULL, error) ||
	    statement_bind_integer(statement, first + 5, (int64_t)run->counts.read, error) ||
	    statement_bind_integer(statement, first + 6, (int64_t)run->counts.written, error) ||
	    statement_bind_integer(statement, first + 7, (int64_t)run->counts.rejected, error) ||
	    statement_bind_integer(statement, first + 8, (int64_t)counts_skipped(&run->counts), error) ||
	    statement_bind_string(statement, first + 10, run->summary, error))
		return -1;
	return running ? statement_bind_null(statement, first + 9, error)
		       : statement_bind_integer(statement, first + 9, run->exit_code, error);
}

int run_put(struct statement *statement, const struct run_record *run, int64_t *affected, enum fault_class *class,
	struct error *error)
{
	char started[STATE_TIME_SIZE], finished[STATE_TIME_SIZE], host[LOCK_HOST_SIZE];

	lock_this_host(host);
	if (bind_run(statement, 1, run, started, finished, error) || statement_bind_string(statement, 12, host, error) ||
	    statement_bind_integer(statement, 13, getpid(), error) || statement_bind_string(statement, 14, run->run_id, error))
		return -1;
	return statement_execute(statement, affected, class, error);
}

static int put_run(struct odbc_store *store, const struct run_record *run, bool insert, int64_t *affected,
	struct error *error)
{
	struct statement statement;
	int result = state_statement(&store->state, &statement, "recording the run", insert ? RUN_INSERT : RUN_UPDATE, error);

	if (result == 0)
		result = run_put(&statement, run, affected, NULL, error);
	statement_close(&statement);
	return result;
}

/* A run that lost its connection begins again under its id; a row that somebody deleted is written again. */
static int record_run(struct odbc_store *store, const struct run_record *run, struct error *error)
{
	int64_t affected = 0;

	if (session_begin(&store->session, error))
		return -1;
	if (put_run(store, run, false, &affected, error) || (affected == 0 && put_run(store, run, true, NULL, error))) {
		session_rollback(&store->session);
		return -1;
	}
	return session_commit(&store->session, error);
}

/* ---- locks of runs, alive and dead ---- */

/* Since when a run has been going on, and where. What its row does not tell stays as it is. */
static int find_process(struct odbc_store *store, struct lock_holder *holder, struct error *error)
{
	struct statement statement;
	int more = -1;

	if (state_statement(&store->state, &statement, "looking for the process of a run",
		    "SELECT {time started_at}, host, pid FROM {runs} WHERE run_id = ?", error) == 0 &&
	    statement_bind_string(&statement, 1, holder->run_id, error) == 0 &&
	    statement_execute(&statement, NULL, NULL, error) == 0)
		more = statement_fetch(&statement, error);
	if (more > 0 && (store_copy(&statement, 1, holder->since, sizeof holder->since, error) ||
				store_copy(&statement, 2, holder->host, sizeof holder->host, error) ||
				statement_integer(&statement, 3, &holder->pid, NULL, error)))
		more = -1;
	statement_close(&statement);
	return more < 0 ? -1 : 0;
}

/* Which of the runs that say they are running the holder's session belongs to. */
static int find_run(struct odbc_store *store, struct lock_holder *holder, struct error *error)
{
	struct statement statement;
	char run_id[RUN_ID_SIZE];
	int more = -1, found = 0;

	if (state_statement(&store->state, &statement, "looking for the run that holds a lock",
		    "SELECT run_id FROM {runs} WHERE status = 'running' ORDER BY started_at DESC", error) == 0 &&
	    statement_execute(&statement, NULL, NULL, error) == 0)
		more = 0;
	while (more == 0 && !found && (more = statement_fetch(&statement, error)) == 1) {
		more = store_copy(&statement, 1, run_id, sizeof run_id, error);
		if (more == 0)
			found = store->locks->ops->is_run(store->locks, holder, run_id, error);
	}
	statement_close(&statement);
	if (found > 0)
		memcpy(holder->run_id, run_id, sizeof run_id);
	return more < 0 || found < 0 ? -1 : 0;
}

/* Its process is dead, only the server has not seen it yet: that is a matter of moments. */
static int take_from_dead(struct odbc_store *store, uint64_t lock, struct lock_holder *holder, struct error *error)
{
	int64_t deadline = clock_elapsed_ms() + store->session.lock_timeout_ms;
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };
	struct lock_holder now;
	int taken = 0;

	while (taken == 0 && clock_elapsed_ms() < deadline && !cancel_requested(store->session.cancel)) {
		nanosleep(&pause, NULL);
		taken = store->locks->ops->take(store->locks, lock, &now, error);
		/* Somebody else was faster. */
		if (taken == 0 && now.run_id[0] && strcmp(now.run_id, holder->run_id) != 0) {
			*holder = now;
			return 0;
		}
	}
	return taken;
}

int store_take(struct odbc_store *store, uint64_t lock, const char *owner, struct lock_holder *holder, struct error *error)
{
	int taken = store->locks->ops->take(store->locks, lock, holder, error);

	if (taken != 0)
		return taken;
	if (!holder->run_id[0] && holder->server_pid && store->locks->ops->is_run && find_run(store, holder, error))
		return -1;
	/* A session that is just ending may have let go of its name before its locks. */
	if (owner && !holder->run_id[0])
		snprintf(holder->run_id, sizeof holder->run_id, "%s", owner);
	/* Where the lock itself names the process (SQLite) its holder may have the whole database locked: nothing is read then. */
	if (holder->run_id[0] && !holder->pid && find_process(store, holder, error))
		return -1;
	return lock_holder_is_dead(holder) ? take_from_dead(store, lock, holder, error) : 0;
}

/* The ids of other runs of this pipeline that say they are running, one behind the other with their NULs. */
static int list_running(struct odbc_store *store, const struct run_record *run, struct buffer *ids, struct error *error)
{
	char id[RUN_ID_SIZE];
	struct statement statement;
	int more = -1;

	if (state_statement(&store->state, &statement, "looking for interrupted runs",
		    "SELECT run_id FROM {runs} WHERE pipeline = ? AND status = 'running' AND run_id <> ? ORDER BY run_id", error) == 0 &&
	    statement_bind_string(&statement, 1, run->pipeline, error) == 0 &&
	    statement_bind_string(&statement, 2, run->run_id, error) == 0 &&
	    statement_execute(&statement, NULL, NULL, error) == 0) {
		while ((more = statement_fetch(&statement, error)) > 0)
			if (store_copy(&statement, 1, id, sizeof id, error) || buffer_append(ids, id, strlen(id) + 1, error)) {
				more = -1;
				break;
			}
	}
	statement_close(&statement);
	return more < 0 ? -1 : 0;
}

/* What it had committed when it died. */
static int sum_checkpoints(struct odbc_store *store, const char *run_id, struct counts *sum, struct error *error)
{
	struct statement statement;
	struct counts counts;
	struct text text;
	int more = -1;

	memset(sum, 0, sizeof *sum);
	if (state_statement(&store->state, &statement, "adding up an interrupted run",
		    "SELECT counts FROM {checkpoints} WHERE run_id = ?", error) == 0 &&
	    statement_bind_string(&statement, 1, run_id, error) == 0 && statement_execute(&statement, NULL, NULL, error) == 0) {
		while ((more = statement_fetch(&statement, error)) > 0) {
			memset(&counts, 0, sizeof counts);
			if (statement_text(&statement, 1, &text, error) ||
			    (text.data && counts_from_json(&counts, text.data, text.length, store->session.place, error))) {
				more = -1;
				break;
			}
			counts_add(sum, &counts);
		}
	}
	statement_close(&statement);
	return more < 0 ? -1 : 0;
}

static int write_interrupted(struct odbc_store *store, const char *run_id, const struct counts *counts, struct error *error)
{
	char now[STATE_TIME_SIZE];
	struct statement statement;
	int result = state_statement(&store->state, &statement, "marking an interrupted run",
		"UPDATE {runs} SET status = 'interrupted', finished_at = {?}, read_rows = ?, written_rows = ?, rejected_rows = ?, "
		"skipped_rows = ?, exit_code = NULL WHERE run_id = ? AND status = 'running'",
		error);

	state_time_text(clock_wall_us(), now);
	if (result == 0 && (statement_bind_string(&statement, 1, now, error) ||
				   statement_bind_integer(&statement, 2, (int64_t)counts->read, error) ||
				   statement_bind_integer(&statement, 3, (int64_t)counts->written, error) ||
				   statement_bind_integer(&statement, 4, (int64_t)counts->rejected, error) ||
				   statement_bind_integer(&statement, 5, (int64_t)counts_skipped(counts), error) ||
				   statement_bind_string(&statement, 6, run_id, error) ||
				   statement_execute(&statement, NULL, NULL, error)))
		result = -1;
	statement_close(&statement);
	return result;
}

static int mark_interrupted(struct odbc_store *store, const char *run_id, struct error *error)
{
	struct counts counts;

	if (session_begin(&store->session, error))
		return -1;
	if (sum_checkpoints(store, run_id, &counts, error) || write_interrupted(store, run_id, &counts, error)) {
		session_rollback(&store->session);
		return -1;
	}
	return session_commit(&store->session, error);
}

static int mark_dead_runs(struct odbc_store *store, const struct run_record *run, struct error *error)
{
	struct buffer ids;
	int result;

	buffer_init(&ids, DEAD_CEILING);
	result = list_running(store, run, &ids, error);
	for (size_t at = 0; result == 0 && at < ids.length; at += strlen(ids.data + at) + 1) {
		const char *id = ids.data + at;
		struct lock_holder holder;
		uint64_t lock;
		int taken;

		if (run_lock_name(id, &lock, error)) {
			result = -1;
			break;
		}
		taken = store_take(store, lock, id, &holder, error);
		if (taken < 0)
			result = -1;
		if (taken > 0) {
			result = mark_interrupted(store, id, error);
			store->locks->ops->release(store->locks, lock);
		}
	}
	buffer_fini(&ids);
	return result;
}

/* ---- the calls ---- */

static int lock_run(struct odbc_store *store, const char *run_id, struct error *error)
{
	struct lock_holder holder;
	char text[512];
	int taken;

	if (store->run_locked)
		return 0;
	if (run_lock_name(run_id, &store->run_lock, error))
		return -1;
	taken = store_take(store, store->run_lock, NULL, &holder, error);
	if (taken < 0)
		return -1;
	if (taken == 0)
		return error_set(error, ERROR_BUSY, store->session.place, "another process works under this run's id: %s",
			lock_holder_text(&holder, text, sizeof text));
	store->run_locked = true;
	return 0;
}

static int begin_run(struct odbc_store *store, const struct run_record *run, struct error *error)
{
	if (store_find_rival(store, error) || state_prepare(&store->state, error) || lock_run(store, run->run_id, error) ||
	    mark_dead_runs(store, run, error))
		return -1;
	return record_run(store, run, error);
}

int store_run_begin(struct store *base, const struct run_record *run, struct error *error)
{
	struct odbc_store *store = store_of(base);

	if (store->read_only)
		return 0;
	assert(!store->session.in_transaction);
	if (begin_run(store, run, error) == 0)
		return 0;
	/* One that came meanwhile and has kept the database locked. */
	struct error rival = ERROR_INIT;
	if (error->kind == ERROR_SINK && store_find_rival(store, &rival) && rival.kind == ERROR_BUSY)
		*error = rival;
	return -1;
}

int store_run_end(struct store *base, const struct run_record *run, struct error *error)
{
	struct odbc_store *store = store_of(base);

	if (store->read_only)
		return 0;
	assert(!store->session.in_transaction);
	if (record_run(store, run, error))
		return -1;
	if (store->run_locked)
		store->locks->ops->release(store->locks, store->run_lock);
	store->run_locked = false;
	return 0;
}
