/* checkpoints.c - the rows of penstock_checkpoints: claiming a step, writing where it stands, forgetting it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <string.h>

#include "connectors/odbc/store_parts.h"
#include "engine/core/clock.h"

enum { COUNTS_CEILING = 4096, KEY_PARAMETERS = 5 };

#define KEY_IS "pipeline = ? AND step = ? AND table_name = ? AND {\"partition\"} = ? AND partitions = ?"

static const char *const state_names[] = {
	[CHECKPOINT_NONE] = "none",
	[CHECKPOINT_OPEN] = "open",
	[CHECKPOINT_COMPLETE] = "complete",
};

static int bind_key(struct statement *statement, unsigned first, const struct step_key *key, struct error *error)
{
	if (statement_bind_string(statement, first, key->pipeline, error) ||
	    statement_bind_string(statement, first + 1, key->step, error) ||
	    statement_bind_string(statement, first + 2, key->table_name, error) ||
	    statement_bind_integer(statement, first + 3, key->partition, error))
		return -1;
	return statement_bind_integer(statement, first + 4, key->partitions, error);
}

int step_lock_name(const struct step_key *key, uint64_t *out, struct error *error)
{
	const char *const parts[] = { key->pipeline, key->step, key->table_name };

	return lock_name(parts, 3, out, error);
}

/* ---- reading ---- */

static int read_state(struct statement *statement, unsigned column, enum checkpoint_state *out, struct error *error)
{
	char name[32];

	if (store_copy(statement, column, name, sizeof name, error))
		return -1;
	for (int i = CHECKPOINT_NONE; i <= CHECKPOINT_COMPLETE; i++)
		if (strcmp(name, state_names[i]) == 0) {
			*out = (enum checkpoint_state)i;
			return 0;
		}
	return error_set(error, ERROR_SINK, statement->session->place, "%s: \"%s\" is no state of a checkpoint",
		statement->what, name);
}

static int read_counts(struct statement *statement, unsigned column, struct counts *out, struct error *error)
{
	struct text text;

	if (statement_text(statement, column, &text, error))
		return -1;
	return text.data ? counts_from_json(out, text.data, text.length, statement->session->place, error) : 0;
}

static int read_row(struct statement *statement, struct checkpoint *out, struct error *error)
{
	if (store_copy(statement, 1, out->run_id, sizeof out->run_id, error) ||
	    read_state(statement, 2, &out->state, error) || statement_integer(statement, 3, &out->epoch, NULL, error) ||
	    store_copy(statement, 4, out->source, sizeof out->source, error) ||
	    store_copy(statement, 5, out->position.token, sizeof out->position.token, error) ||
	    store_copy(statement, 6, out->position.hash, sizeof out->position.hash, error) ||
	    store_copy(statement, 7, out->step_hash, sizeof out->step_hash, error) ||
	    store_copy(statement, 8, out->dictionary_hash, sizeof out->dictionary_hash, error) ||
	    read_counts(statement, 9, &out->counts, error) || store_count(statement, 10, &out->load_read, error) ||
	    store_count(statement, 11, &out->load_judged, error))
		return -1;
	return store_count(statement, 12, &out->load_rejected, error);
}

/* All zero where there is no row. */
static int read_checkpoint(struct odbc_store *store, const struct step_key *key, struct checkpoint *out, struct error *error)
{
	struct statement statement;
	int more = -1;

	memset(out, 0, sizeof *out);
	if (state_statement(&store->state, &statement, "reading the checkpoint",
		    "SELECT run_id, state, epoch, source, {\"position\"}, content_hash, step_hash, dictionary_hash, counts, "
		    "load_read, load_judged, load_rejected FROM {checkpoints} WHERE " KEY_IS,
		    error) == 0 &&
	    bind_key(&statement, 1, key, error) == 0 && statement_execute(&statement, NULL, NULL, error) == 0)
		more = statement_fetch(&statement, error);
	if (more > 0 && read_row(&statement, out, error))
		more = -1;
	statement_close(&statement);
	return more < 0 ? -1 : 0;
}

/* ---- claiming ---- */

static int raise_epoch(struct odbc_store *store, const struct step_key *key, const char *run_id, bool insert,
	int64_t *affected, struct error *error)
{
	char now[STATE_TIME_SIZE];
	struct statement statement;
	int result = state_statement(&store->state, &statement, "claiming the step",
		insert ? "INSERT INTO {checkpoints} (epoch, state, load_read, load_judged, load_rejected, claimed_by, claimed_at, "
			 "pipeline, step, table_name, {\"partition\"}, partitions) VALUES (1, 'none', 0, 0, 0, ?, {?}, ?, ?, ?, ?, ?)"
		       : "UPDATE {checkpoints} SET epoch = epoch + 1, claimed_by = ?, claimed_at = {?} WHERE " KEY_IS,
		error);

	state_time_text(clock_wall_us(), now);
	if (result == 0 && (statement_bind_string(&statement, 1, run_id, error) ||
				   statement_bind_string(&statement, 2, now, error) ||
				   bind_key(&statement, 3, key, error) || statement_execute(&statement, affected, NULL, error)))
		result = -1;
	statement_close(&statement);
	return result;
}

static int claim_row(struct odbc_store *store, const struct step_key *key, const char *run_id, struct checkpoint *out,
	struct error *error)
{
	int64_t affected = 0;

	if (session_begin(&store->session, error))
		return -1;
	/* Written before it is read, so that what is read is the last word of whoever had it. */
	if (raise_epoch(store, key, run_id, false, &affected, error) ||
	    (affected == 0 && raise_epoch(store, key, run_id, true, NULL, error)) ||
	    read_checkpoint(store, key, out, error)) {
		session_rollback(&store->session);
		return -1;
	}
	return session_commit(&store->session, error);
}

int step_busy(const char *place, const struct step_key *key, const struct lock_holder *holder, struct error *error)
{
	char text[512];

	return error_set(error, ERROR_BUSY, place, "step \"%s\" of pipeline \"%s\" into %s is held by %s: wait for its end, or stop it",
		key->step, key->pipeline, key->table_name, lock_holder_text(holder, text, sizeof text));
}

/* Where the lock does not tell (the user gave the session another name): the run that claimed the step last. */
static int busy(struct odbc_store *store, const struct step_key *key, struct lock_holder *holder, struct error *error)
{
	struct statement statement;
	int more = -1;

	if (!holder->run_id[0] && holder->server_pid) {
		if (state_statement(&store->state, &statement, "looking for the holder of the step",
			    "SELECT claimed_by, {time claimed_at} FROM {checkpoints} WHERE claimed_by IS NOT NULL AND " KEY_IS,
			    error) == 0 &&
		    bind_key(&statement, 1, key, error) == 0 && statement_execute(&statement, NULL, NULL, error) == 0)
			more = statement_fetch(&statement, error);
		if (more > 0 && (store_copy(&statement, 1, holder->run_id, sizeof holder->run_id, error) ||
					store_copy(&statement, 2, holder->since, sizeof holder->since, error)))
			more = -1;
		statement_close(&statement);
		if (more < 0)
			return -1;
	}
	return step_busy(store->session.place, key, holder, error);
}

int store_claim(struct store *base, const struct step_key *key, const char *run_id, struct checkpoint *out,
	struct error *error)
{
	struct odbc_store *store = store_of(base);
	struct lock_holder holder;
	uint64_t lock;
	int taken;

	memset(out, 0, sizeof *out);
	if (store->read_only) {
		int there = store_has(store, STATE_CHECKPOINTS, error);

		return there > 0 ? read_checkpoint(store, key, out, error) : there;
	}
	if (state_prepare(&store->state, error) || step_lock_name(key, &lock, error))
		return -1;
	taken = store_take(store, lock, NULL, &holder, error);
	if (taken <= 0)
		return taken < 0 ? -1 : busy(store, key, &holder, error);
	if (claim_row(store, key, run_id, out, error)) {
		store->locks->ops->release(store->locks, lock);
		return -1;
	}
	return 0;
}

void store_release(struct store *base, const struct step_key *key)
{
	struct odbc_store *store = store_of(base);
	struct error ignored = ERROR_INIT;
	uint64_t lock;

	if (!store->read_only && step_lock_name(key, &lock, &ignored) == 0)
		store->locks->ops->release(store->locks, lock);
}

/* ---- writing ---- */

static int bind_checkpoint(struct statement *statement, const struct checkpoint *checkpoint, const char *counts,
	const char *now, struct error *error)
{
	if (statement_bind_string(statement, 1, checkpoint->run_id, error) ||
	    statement_bind_string(statement, 2, state_names[checkpoint->state], error) ||
	    statement_bind_string(statement, 3, checkpoint->source, error) ||
	    statement_bind_string(statement, 4, checkpoint->position.token, error) ||
	    statement_bind_string(statement, 5, checkpoint->position.hash, error) ||
	    statement_bind_string(statement, 6, checkpoint->step_hash, error) ||
	    statement_bind_string(statement, 7, checkpoint->dictionary_hash, error) ||
	    statement_bind_string(statement, 8, counts, error) ||
	    statement_bind_integer(statement, 9, (int64_t)checkpoint->load_read, error) ||
	    statement_bind_integer(statement, 10, (int64_t)checkpoint->load_judged, error) ||
	    statement_bind_integer(statement, 11, (int64_t)checkpoint->load_rejected, error))
		return -1;
	return statement_bind_string(statement, 12, now, error);
}

int checkpoint_write(struct odbc_store *store, const struct step_key *key, const struct checkpoint *checkpoint,
	struct error *error)
{
	char now[STATE_TIME_SIZE];
	struct statement statement;
	struct buffer counts;
	int64_t affected = 0;
	int result;

	buffer_init(&counts, COUNTS_CEILING);
	state_time_text(clock_wall_us(), now);
	result = state_statement(&store->state, &statement, "writing the checkpoint",
		"UPDATE {checkpoints} SET run_id = ?, state = ?, source = ?, {\"position\"} = ?, content_hash = ?, step_hash = ?, "
		"dictionary_hash = ?, counts = ?, load_read = ?, load_judged = ?, load_rejected = ?, updated_at = {?} WHERE " KEY_IS
		" AND epoch = ?",
		error);
	if (result == 0 && (counts_to_json(&checkpoint->counts, &counts, error) ||
				   bind_checkpoint(&statement, checkpoint, buffer_text(&counts), now, error) ||
				   bind_key(&statement, 13, key, error) ||
				   statement_bind_integer(&statement, 13 + KEY_PARAMETERS, checkpoint->epoch, error) ||
				   statement_execute(&statement, &affected, NULL, error)))
		result = -1;
	statement_close(&statement);
	buffer_fini(&counts);
	if (result == 0 && affected != 1)
		result = error_set(error, ERROR_BUSY, store->session.place,
			"another run took step \"%s\" of pipeline \"%s\" over while this one worked: what it had not committed was "
			"rolled back",
			key->step, key->pipeline);
	return result;
}

static int clear_row(struct odbc_store *store, const struct step_key *key, struct error *error)
{
	char now[STATE_TIME_SIZE];
	struct statement statement;
	int result = state_statement(&store->state, &statement, "forgetting the checkpoint",
		"UPDATE {checkpoints} SET run_id = NULL, state = 'none', source = NULL, {\"position\"} = NULL, content_hash = NULL, "
		"step_hash = NULL, dictionary_hash = NULL, counts = NULL, load_read = 0, load_judged = 0, load_rejected = 0, updated_at = {?} "
		"WHERE " KEY_IS,
		error);

	state_time_text(clock_wall_us(), now);
	if (result == 0 && (statement_bind_string(&statement, 1, now, error) || bind_key(&statement, 2, key, error) ||
				   statement_execute(&statement, NULL, NULL, error)))
		result = -1;
	statement_close(&statement);
	return result;
}

int store_forget(struct store *base, const struct step_key *key, struct error *error)
{
	struct odbc_store *store = store_of(base);

	assert(!store->read_only && !store->session.in_transaction);
	if (session_begin(&store->session, error))
		return -1;
	if (clear_row(store, key, error) || files_forget(store, key, error)) {
		session_rollback(&store->session);
		return -1;
	}
	return session_commit(&store->session, error);
}

/* Loads of other steps that stopped in the middle would go on behind rows that are gone; one that is under way meets another epoch. */
static int forget_open(struct odbc_store *store, const struct step_key *key, struct error *error)
{
	char now[STATE_TIME_SIZE];
	struct statement statement;
	int result = state_statement(&store->state, &statement, "forgetting unfinished loads of the table",
		"UPDATE {checkpoints} SET epoch = epoch + 1, run_id = NULL, state = 'none', source = NULL, {\"position\"} = NULL, "
		"content_hash = NULL, step_hash = NULL, dictionary_hash = NULL, counts = NULL, load_read = 0, load_judged = 0, load_rejected = 0, "
		"updated_at = {?} WHERE table_name = ? AND state = 'open' AND NOT (pipeline = ? AND step = ?)",
		error);

	state_time_text(clock_wall_us(), now);
	if (result == 0 && (statement_bind_string(&statement, 1, now, error) || statement_bind_string(&statement, 2, key->table_name, error) ||
				   statement_bind_string(&statement, 3, key->pipeline, error) ||
				   statement_bind_string(&statement, 4, key->step, error) || statement_execute(&statement, NULL, NULL, error)))
		result = -1;
	statement_close(&statement);
	return result;
}

int store_forget_later(struct store *base, const struct step_key *key, int64_t since, uint64_t *files, struct error *error)
{
	struct odbc_store *store = store_of(base);

	if (since && forget_open(store, key, error))
		return -1;
	return files_forget_later(store, key, since, files, error);
}
