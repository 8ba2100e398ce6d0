/* requests.c - what requests need of the state store beyond runs: many small statements, prepared once, within one transaction.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/dialect.h"
#include "connectors/odbc/inside.h"
#include "connectors/odbc/lookup.h"
#include "connectors/odbc/store_parts.h"
#include "engine/core/clock.h"

static const int64_t ANSWERS_US = INT64_C(24) * 60 * 60 * 1000 * 1000; /* how long an answer is remembered */

static const struct {
	const char *what, *text;
} statements[REQUEST_STATEMENTS] = {
	[REQUEST_ADD_RUN] = { "recording a request", RUN_INSERT },
	[REQUEST_CHANGE_RUN] = { "recording a request", RUN_UPDATE },
	[REQUEST_REJECT_IDS] = { "looking for the ids of rejects",
		"SELECT reject_id, step, record_no FROM {rejects} WHERE run_id = ? ORDER BY reject_id" },
	[REQUEST_FIND_ANSWER] = { "looking for the answer of an earlier request",
		"SELECT body_sha256, status, answer, {time created_at} FROM {idempotency} WHERE api_key = ? AND pipeline = ? AND idem_key = ?" },
	[REQUEST_DROP_ANSWER] = { "forgetting the answer of an earlier request",
		"DELETE FROM {idempotency} WHERE api_key = ? AND pipeline = ? AND idem_key = ?" },
	[REQUEST_KEEP_ANSWER] = { "remembering an answer",
		"INSERT INTO {idempotency} (api_key, pipeline, idem_key, body_sha256, status, answer, created_at) VALUES (?, ?, ?, ?, ?, ?, {?})" },
	[REQUEST_REJECT_AGAIN] = { "changing a reject",
		"UPDATE {rejects} SET field = ?, code = ?, rule = ?, message = ?, violations = ?, attempts = attempts + 1 "
		"WHERE reject_id = ? AND published = 1 AND resolved_run_id IS NULL" },
};

struct statement *store_kept_statement(struct odbc_store *store, enum request_statement which, struct error *error)
{
	struct statement *statement = store->requests[which];

	if (statement)
		return statement;
	statement = calloc(1, sizeof *statement);
	if (!statement) {
		error_memory(error, "a statement");
		return NULL;
	}
	if (state_statement_kept(&store->state, statement, statements[which].what, statements[which].text, error)) {
		free(statement);
		return NULL;
	}
	store->requests[which] = statement;
	return statement;
}

void requests_close(struct odbc_store *store)
{
	for (int i = 0; i < REQUEST_STATEMENTS; i++) {
		if (store->requests[i])
			statement_close(store->requests[i]);
		free(store->requests[i]);
		store->requests[i] = NULL;
	}
	while (store->lookup_count)
		odbc_lookup_free(store->lookups[--store->lookup_count]);
	free(store->lookups);
	store->lookups = NULL;
}

int store_prepare(struct store *base, struct error *error)
{
	struct odbc_store *store = store_of(base);

	assert(!store->read_only && !store->session.in_transaction);
	return state_prepare(&store->state, error);
}

struct lookup *store_lookup_also(struct store *base, const struct option_map *tables, const char *default_table)
{
	struct odbc_store *store = store_of(base);
	struct lookup **larger = realloc(store->lookups, (store->lookup_count + 1) * sizeof *larger);
	struct error ignored = ERROR_INIT;
	struct lookup *lookup;

	if (!larger)
		return NULL;
	store->lookups = larger;
	lookup = odbc_lookup_new(&store->session, tables, default_table, &ignored);
	if (lookup)
		store->lookups[store->lookup_count++] = lookup;
	return lookup;
}

/* The first request of a transaction needs no mark where another writer may come between: the transaction begins again instead. */
static int set_mark(struct odbc_store *store, struct error *error)
{
	struct session *session = &store->session;

	store->marked_by_begin = session->dialect->several_statements && atomic_load(&session->calls) == session->begun_at;
	session->fresh = store->marked_by_begin;
	if (store->marked_by_begin)
		return 0;
	if (session->lingering && session_execute(session, "RELEASE SAVEPOINT penstock", error))
		return -1;
	session->lingering = false;
	return session_execute(session, "SAVEPOINT penstock_request", error);
}

int store_mark(struct store *base, enum store_mark mark, struct error *error)
{
	struct odbc_store *store = store_of(base);
	struct session *session = &store->session;

	assert(session->in_transaction);
	switch (mark) {
	case MARK_SET:
		if (inside_usable(session))
			return inside_run(session, INSIDE_REQUEST, error);
		return set_mark(store, error);
	case MARK_RELEASE:
		if (rejects_flush(store, error))
			return -1;
		session->fresh = false;
		if (inside_usable(session))
			return inside_run(session, INSIDE_REQUEST_RELEASE, error);
		if (store->marked_by_begin)
			return 0;
		session->lingering = false;
		return session_execute(session, "RELEASE SAVEPOINT penstock_request", error);
	case MARK_UNDO:
		break;
	}
	rejects_clear(&store->rejects);
	if (store->marked_by_begin)
		return session_restart(session, error);
	session->lingering = false;
	if (inside_usable(session) ? inside_run(session, INSIDE_REQUEST_BACK, error)
				   : session_execute(session, "ROLLBACK TO SAVEPOINT penstock_request", error))
		return -1;
	session->broken = false;
	return 0;
}

/* ---- the run of a request ---- */

int store_add_run(struct store *base, const struct run_record *run, bool *known, struct error *error)
{
	struct odbc_store *store = store_of(base);
	struct statement *statement = store_kept_statement(store, REQUEST_ADD_RUN, error);
	enum fault_class class = FAULT_OF_OURS;
	struct error refused = ERROR_INIT;

	*known = false;
	assert(store->session.in_transaction);
	if (!statement)
		return -1;
	store->session.fresh = false;
	if (run_put(statement, run, NULL, &class, &refused) == 0)
		return 0;
	/* Its only constraints are the key and what is always there. */
	*known = class == FAULT_OF_ROW;
	if (*known)
		return 0;
	*error = refused;
	return -1;
}

int store_change_run(struct store *base, const struct run_record *run, struct error *error)
{
	struct odbc_store *store = store_of(base);
	struct statement *statement = store_kept_statement(store, REQUEST_CHANGE_RUN, error);

	assert(store->session.in_transaction);
	store->session.fresh = false;
	return statement ? run_put(statement, run, NULL, NULL, error) : -1;
}

int store_reject_ids(struct store *base, const char *run_id,
	void (*each)(void *arg, int64_t id, const char *step, uint64_t record_no), void *arg, struct error *error)
{
	struct odbc_store *store = store_of(base);
	struct statement *statement;
	char step[NAME_MAX_BYTES];
	int64_t id;
	uint64_t record_no;
	int more;

	if (rejects_flush(store, error) || !(statement = store_kept_statement(store, REQUEST_REJECT_IDS, error)) ||
	    statement_bind_string(statement, 1, run_id, error) || statement_execute(statement, NULL, NULL, error))
		return -1;
	while ((more = statement_fetch(statement, error)) > 0) {
		if (statement_integer(statement, 1, &id, NULL, error) || store_copy(statement, 2, step, sizeof step, error) ||
		    store_count(statement, 3, &record_no, error)) {
			statement_finish(statement);
			return -1;
		}
		each(arg, id, step, record_no);
	}
	return more;
}

/* ---- answers ---- */

static int bind_keys(struct statement *statement, const struct stored_answer *answer, struct error *error)
{
	return statement_bind_string(statement, 1, answer->api_key, error) || statement_bind_string(statement, 2, answer->pipeline, error) ||
			statement_bind_string(statement, 3, answer->idem_key, error) ?
		-1 :
		0;
}

/* The row at hand; 1, or -1 and error. */
static int read_answer(struct odbc_store *store, struct statement *statement, struct stored_answer *out, struct error *error)
{
	char created[STATE_TIME_SIZE];
	struct text text;
	int64_t status, since;

	if (store_copy(statement, 1, out->body_sha256, sizeof out->body_sha256, error) ||
	    statement_integer(statement, 2, &status, NULL, error) || statement_text(statement, 3, &text, error))
		return -1;
	out->status = (int)status;
	buffer_clear(&store->answer);
	if (buffer_append(&store->answer, text.length ? text.data : "", text.length, error) ||
	    store_copy(statement, 4, created, sizeof created, error))
		return -1;
	out->answer = (struct text){ buffer_text(&store->answer), text.length };
	out->expired = !state_time_parse(created, &since) || clock_wall_us() - since >= ANSWERS_US;
	return 1;
}

int store_find_answer(struct store *base, struct stored_answer *answer, struct error *error)
{
	struct odbc_store *store = store_of(base);
	struct statement *statement = store_kept_statement(store, REQUEST_FIND_ANSWER, error);
	int more;

	answer->expired = false;
	if (!statement || bind_keys(statement, answer, error) || statement_execute(statement, NULL, NULL, error))
		return -1;
	more = statement_fetch(statement, error);
	if (more > 0)
		more = read_answer(store, statement, answer, error);
	statement_finish(statement);
	return more > 0 && answer->expired ? 0 : more;
}

int store_keep_answer(struct store *base, const struct stored_answer *answer, struct error *error)
{
	struct odbc_store *store = store_of(base);
	struct statement *statement;
	enum fault_class class = FAULT_OF_OURS;
	char now[STATE_TIME_SIZE];

	assert(store->session.in_transaction);
	store->session.fresh = false;
	if (answer->expired && (!(statement = store_kept_statement(store, REQUEST_DROP_ANSWER, error)) || bind_keys(statement, answer, error) ||
				       statement_execute(statement, NULL, NULL, error)))
		return -1;
	state_time_text(clock_wall_us(), now);
	statement = store_kept_statement(store, REQUEST_KEEP_ANSWER, error);
	if (!statement || bind_keys(statement, answer, error) || statement_bind_string(statement, 4, answer->body_sha256, error) ||
	    statement_bind_integer(statement, 5, answer->status, error) ||
	    statement_bind_text(statement, 6, answer->answer.data, answer->answer.length, error) ||
	    statement_bind_string(statement, 7, now, error))
		return -1;
	if (statement_execute(statement, NULL, &class, error) == 0)
		return 0;
	if (class == FAULT_OF_ROW)
		error->retry = true;
	return -1;
}
