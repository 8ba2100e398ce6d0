/* store.c - the state store: opening and closing, transactions, and the table of its calls.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/dialect.h"
#include "connectors/odbc/lookup.h"
#include "connectors/odbc/store.h"
#include "connectors/odbc/store_parts.h"

enum { ANSWER_MAX = 256 * 1024 * 1024 };

/* ---- what its files share ---- */

int store_has(struct odbc_store *store, enum state_table table, struct error *error)
{
	if (!store->read_only)
		return 1;
	if (store->session.absent)
		return 0;
	if (!store->tables_known && state_present(&store->state, &store->present, error))
		return -1;
	store->tables_known = true;
	return store->present >> table & 1;
}

int store_copy(struct statement *statement, unsigned column, char *out, size_t size, struct error *error)
{
	struct text text;

	out[0] = '\0';
	if (statement_text(statement, column, &text, error))
		return -1;
	if (text.length >= size)
		return error_set(error, ERROR_SINK, statement->session->place, "%s: column %u holds more than %zu bytes",
			statement->what, column, size - 1);
	if (text.data)
		memcpy(out, text.data, text.length);
	out[text.length] = '\0';
	return 0;
}

int store_count(struct statement *statement, unsigned column, uint64_t *out, struct error *error)
{
	int64_t value;

	if (statement_integer(statement, column, &value, NULL, error))
		return -1;
	if (value < 0)
		return error_set(error, ERROR_SINK, statement->session->place, "%s: column %u is negative", statement->what, column);
	*out = (uint64_t)value;
	return 0;
}

/* ---- opening and closing ---- */

static void store_close(struct store *base)
{
	struct odbc_store *store = store_of(base);

	if (!store)
		return;
	session_rollback(&store->session);
	if (store->lookup)
		odbc_lookup_free(store->lookup);
	requests_close(store);
	rejects_fini(&store->rejects);
	if (store->locks)
		store->locks->ops->close(store->locks);
	session_close(&store->session);
	buffer_fini(&store->answer);
	free(store->steps);
	free(store);
}

/* Before the database is touched: the holder of a step may have all of it locked. */
static int look_for_holders(const struct store_target *target, struct error *error)
{
	struct lock_holder holder;
	char place[sizeof ((struct session *)0)->place];
	uint64_t lock;

	snprintf(place, sizeof place, "connection %s", target->name ? target->name : "");
	for (size_t i = 0; i < target->step_count && !target->read_only; i++) {
		if (step_lock_name(&target->steps[i], &lock, error))
			return -1;
		if (lock_sqlite_peek(target->connect, lock, &holder))
			return step_busy(place, &target->steps[i], &holder, error);
	}
	return 0;
}

int store_find_rival(struct odbc_store *store, struct error *error)
{
	struct lock_holder holder;
	uint64_t lock;

	for (size_t i = 0; i < store->step_count && store->locks->ops->peek; i++) {
		if (step_lock_name(&store->steps[i], &lock, error))
			return -1;
		if (store->locks->ops->peek(store->locks, lock, &holder))
			return step_busy(store->session.place, &store->steps[i], &holder, error);
	}
	return 0;
}

static int copy_steps(struct odbc_store *store, const struct store_target *target, struct error *error)
{
	if (target->step_count == 0)
		return 0;
	store->steps = calloc(target->step_count, sizeof *store->steps);
	if (!store->steps)
		return error_memory(error, "the steps of a connection");
	memcpy(store->steps, target->steps, target->step_count * sizeof *store->steps);
	store->step_count = target->step_count;
	return 0;
}

static int store_open(const struct store_target *target, struct store **out, struct error *error)
{
	struct odbc_store *store;

	if (look_for_holders(target, error))
		return -1;
	store = calloc(1, sizeof *store);
	if (!store)
		return error_memory(error, "the state store");
	store->base.ops = &odbc_store_ops;
	store->read_only = target->read_only;
	snprintf(store->run_id, sizeof store->run_id, "%s", target->run_id ? target->run_id : "");
	rejects_init(&store->rejects);
	buffer_init(&store->answer, ANSWER_MAX);
	if (session_open(&store->session, target, error)) {
		struct error rival = ERROR_INIT;

		if (error->kind == ERROR_SINK && look_for_holders(target, &rival) && rival.kind == ERROR_BUSY)
			*error = rival;
		rejects_fini(&store->rejects);
		free(store);
		return -1;
	}
	store->base.single_writer = store->session.dialect && store->session.dialect->single_writer;
	if (target->state_schema) {
		if (strlen(target->state_schema) >= sizeof store->schema) {
			error_set(error, ERROR_CONFIG, store->session.place, "the name of the state schema is too long");
			goto failed;
		}
		memcpy(store->schema, target->state_schema, strlen(target->state_schema) + 1);
	}
	if (state_init(&store->state, &store->session, target->state_schema ? store->schema : NULL, error) ||
	    copy_steps(store, target, error))
		goto failed;
	if (!store->read_only &&
	    store->state.traits->locks->open(&store->session, store->run_id, &store->locks, error))
		goto failed;
	*out = &store->base;
	return 0;
failed:
	store_close(&store->base);
	return -1;
}

struct session *odbc_store_session(struct store *store)
{
	assert(store->ops == &odbc_store_ops);
	return &store_of(store)->session;
}

static struct lookup *store_lookup(struct store *base, const struct option_map *tables, const char *default_table)
{
	struct odbc_store *store = store_of(base);
	struct error ignored = ERROR_INIT;

	/* One at a time: a run has one step at a time. */
	if (store->lookup)
		odbc_lookup_free(store->lookup);
	store->lookup = odbc_lookup_new(&store->session, tables, default_table, &ignored);
	return store->lookup;
}

/* ---- transactions ---- */

static int store_begin(struct store *base, struct error *error)
{
	struct odbc_store *store = store_of(base);

	rejects_clear(&store->rejects);
	return session_begin(&store->session, error);
}

static void store_rollback(struct store *base)
{
	struct odbc_store *store = store_of(base);

	rejects_clear(&store->rejects);
	session_rollback(&store->session);
}

/* The checkpoint comes last: until then its row stays free for a reader, and its epoch says whether all that was for nothing. */
static int write_parts(struct odbc_store *store, const struct step_key *key, const struct checkpoint *checkpoint,
	const struct file_record *file, struct error *error)
{
	if (rejects_flush(store, error))
		return -1;
	if (file && file_write(store, key, file, error))
		return -1;
	return checkpoint ? checkpoint_write(store, key, checkpoint, error) : 0;
}

static int store_record(struct store *base, const struct step_key *key, const struct checkpoint *checkpoint,
	const struct file_record *file, struct error *error)
{
	return write_parts(store_of(base), key, checkpoint, file, error);
}

static int store_commit(struct store *base, const struct step_key *key, const struct checkpoint *checkpoint,
	const struct file_record *file, struct error *error)
{
	struct odbc_store *store = store_of(base);

	if (write_parts(store, key, checkpoint, file, error)) {
		store_rollback(base);
		return -1;
	}
	/* It rolls back by itself when it fails. */
	return session_commit(&store->session, error);
}

const struct store_ops odbc_store_ops = {
	.open = store_open,
	.close = store_close,
	.lookup = store_lookup,
	.run_begin = store_run_begin,
	.run_end = store_run_end,
	.claim = store_claim,
	.release = store_release,
	.forget = store_forget,
	.find_file = store_find_file,
	.begin = store_begin,
	.commit = store_commit,
	.record = store_record,
	.forget_later = store_forget_later,
	.rollback = store_rollback,
	.reject = store_reject,
	.drop_unpublished = store_drop_unpublished,
	.resolve = store_resolve,
	.reject_again = store_reject_again,
	.prepare = store_prepare,
	.lookup_also = store_lookup_also,
	.mark = store_mark,
	.add_run = store_add_run,
	.change_run = store_change_run,
	.reject_ids = store_reject_ids,
	.find_answer = store_find_answer,
	.keep_answer = store_keep_answer,
};
