/* purge.c - takes out of the state tables what nobody needs any more, piece by piece.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A piece is found outside of any transaction: how far along the key its last row stands. It is deleted in a transaction of its own, by the same
 * conditions up to there, so that what changed in between is judged again and nobody waits for longer than a piece takes.
 */
#include "connectors/odbc/purge.h"

#include <stdio.h>
#include <string.h>

#include "connectors/odbc/state.h"
#include "connectors/odbc/statement.h"

enum { KEEPERS_CEILING = 8 * 1024 * 1024, SQL_CEILING = 16 * 1024, VALUES_MAX = 12 };

#define RUN_OF(column) "SELECT 1 FROM {runs} z WHERE z.run_id = " column " AND (z.finished_at IS NULL OR z.finished_at >= {?})"
/* Three times: the same limit twice. A resolving run that is not there was taken out by hand; the reject's own age decides then. */
#define RESOLVED(table) table "resolved_run_id IS NOT NULL AND " table "rejected_at < {?} AND NOT EXISTS (" RUN_OF(table "resolved_run_id") ")"
#define OLD_ANSWER "created_at < {?}"
/* With one time; and it is not named but by rejects. */
#define OLD_RUN \
	"status <> 'running' AND finished_at < {?} " \
	"AND NOT EXISTS (SELECT 1 FROM {files} f WHERE f.run_id = {runs}.run_id) " \
	"AND NOT EXISTS (SELECT 1 FROM {checkpoints} c WHERE c.run_id = {runs}.run_id OR c.claimed_by = {runs}.run_id)"
#define NAMED_BY(column, more) " AND NOT EXISTS (SELECT 1 FROM {rejects} j WHERE j." column " = {runs}.run_id" more ")"
#define UNNAMED NAMED_BY("run_id", "") NAMED_BY("resolved_run_id", "")
/* The same once the resolved rejects will have gone. */
#define GOES " AND NOT (" RESOLVED("j.") ")"
#define UNNAMED_THEN NAMED_BY("run_id", GOES) NAMED_BY("resolved_run_id", GOES)

struct purge {
	struct session session;
	struct state state;
	const struct purge_limits *limits;
	char before[STATE_TIME_SIZE], answers_before[STATE_TIME_SIZE];
};

/* What is bound to a statement, in order. */
struct values {
	struct {
		const char *text; /* NULL: integer */
		int64_t integer;
	} items[VALUES_MAX];
	unsigned count;
};

static void add_text(struct values *values, const char *text)
{
	values->items[values->count++].text = text;
}

static void add_integer(struct values *values, int64_t integer)
{
	values->items[values->count].text = NULL;
	values->items[values->count++].integer = integer;
}

static int run_it(struct purge *purge, struct statement *statement, const char *what, const char *sql, const struct values *values, int64_t *affected,
	struct error *error)
{
	if (state_statement(&purge->state, statement, what, sql, error))
		return -1;
	for (unsigned i = 0; i < values->count; i++)
		if (values->items[i].text ? statement_bind_string(statement, i + 1, values->items[i].text, error)
					  : statement_bind_integer(statement, i + 1, values->items[i].integer, error))
			return -1;
	return statement_execute(statement, affected, NULL, error);
}

/* The first column of the one row, empty for NULL. */
static int ask(struct purge *purge, const char *what, const char *sql, const struct values *values, char *out, size_t size, struct error *error)
{
	struct statement statement = { .session = NULL };
	struct text text = { NULL, 0 };
	int more = run_it(purge, &statement, what, sql, values, NULL, error);

	out[0] = '\0';
	if (more == 0)
		more = statement_fetch(&statement, error);
	if (more > 0 && statement_text(&statement, 1, &text, error))
		more = -1;
	if (more > 0 && text.data)
		snprintf(out, size, "%.*s", (int)text.length, text.data);
	statement_close(&statement);
	return more < 0 ? -1 : 0;
}

static int count_rows(struct purge *purge, const char *what, const char *sql, const struct values *values, uint64_t *count, struct error *error)
{
	char text[32];
	unsigned long long found = 0;

	if (ask(purge, what, sql, values, text, sizeof text, error))
		return -1;
	if (sscanf(text, "%llu", &found) == 1)
		*count += found;
	return 0;
}

static int delete_piece(struct purge *purge, const char *what, const char *sql, const struct values *values, uint64_t *count, struct error *error)
{
	struct statement statement = { .session = NULL };
	int64_t affected = 0;

	if (session_begin(&purge->session, error))
		return -1;
	int result = run_it(purge, &statement, what, sql, values, &affected, error);
	statement_close(&statement);
	if (result) {
		session_rollback(&purge->session);
		return -1;
	}
	if (session_commit(&purge->session, error))
		return -1;
	*count += affected > 0 ? (uint64_t)affected : 0;
	return 0;
}

static bool cancelled(const struct purge *purge, struct error *error)
{
	return cancel_requested(purge->session.cancel) && error_set(error, ERROR_CANCELLED, purge->session.place, "what was deleted so far stays deleted");
}

/* A query for the end of the next piece: the greatest key among as many rows as a piece has. */
static int piece_sql(const struct purge *purge, const char *greatest, const char *key, const char *table, const char *condition, struct buffer *out,
	struct error *error)
{
	buffer_clear(out);
	return buffer_printf(out, error, "SELECT %s FROM (SELECT MAX(%s) AS m FROM (SELECT %s FROM %s WHERE %s ORDER BY %s LIMIT %llu) piece) whole", greatest,
		key, key, table, condition, key, (unsigned long long)purge->limits->piece);
}

/* --- rejects --- */

static int purge_rejects(struct purge *purge, struct buffer *sql, uint64_t *count, struct error *error)
{
	static const char what[] = "deleting resolved rejects";
	struct values values = { .count = 0 };
	char end[32] = "";
	long long after = INT64_MIN, last;

	add_integer(&values, after);
	add_text(&values, purge->before);
	add_text(&values, purge->before);
	if (purge->limits->dry_run)
		return count_rows(purge, what, "SELECT COUNT(*) FROM {rejects} WHERE reject_id > ? AND " RESOLVED(""), &values, count, error);
	for (;;) {
		if (cancelled(purge, error) || piece_sql(purge, "m", "reject_id", "{rejects}", "reject_id > ? AND " RESOLVED(""), sql, error))
			return -1;
		values.items[0].integer = after;
		values.count = 3;
		if (ask(purge, what, buffer_text(sql), &values, end, sizeof end, error))
			return -1;
		if (sscanf(end, "%lld", &last) != 1)
			return 0;
		add_integer(&values, last);
		if (delete_piece(purge, what, "DELETE FROM {rejects} WHERE reject_id > ? AND " RESOLVED("") " AND reject_id <= ?", &values, count, error))
			return -1;
		after = last;
	}
}

/* --- answers --- */

static int purge_answers(struct purge *purge, struct buffer *sql, uint64_t *count, struct error *error)
{
	static const char what[] = "deleting answers of requests";
	struct values values = { .count = 0 };
	char end[STATE_TIME_SIZE + 8] = "";

	add_text(&values, purge->answers_before);
	if (purge->limits->dry_run)
		return count_rows(purge, what, "SELECT COUNT(*) FROM {idempotency} WHERE " OLD_ANSWER, &values, count, error);
	for (;;) {
		if (cancelled(purge, error) || piece_sql(purge, "{time m}", "created_at", "{idempotency}", OLD_ANSWER, sql, error))
			return -1;
		values.items[0].text = purge->answers_before;
		values.count = 1;
		if (ask(purge, what, buffer_text(sql), &values, end, sizeof end, error))
			return -1;
		if (!end[0])
			return 0;
		values.items[0].text = end;
		if (delete_piece(purge, what, "DELETE FROM {idempotency} WHERE created_at <= {?}", &values, count, error))
			return -1;
	}
}

/* --- runs --- */

/* The runs that stay whatever their age, each id with its NUL, in the order of the database. */
static int find_keepers(struct purge *purge, struct buffer *ids, struct error *error)
{
	struct statement statement = { .session = NULL };
	const struct values none = { .count = 0 };
	struct text text;
	int more = run_it(purge, &statement, "looking for the newest runs",
		"SELECT MAX(run_id) AS id FROM {runs} GROUP BY pipeline, kind UNION "
		"SELECT MAX(run_id) FROM {runs} WHERE status = 'succeeded' GROUP BY pipeline, kind ORDER BY 1",
		&none, NULL, error);

	while (more >= 0 && (more = statement_fetch(&statement, error)) > 0)
		if (statement_text(&statement, 1, &text, error) || buffer_append(ids, text.data, text.length, error) || buffer_append(ids, "", 1, error))
			more = -1;
	statement_close(&statement);
	return more;
}

/* Those between two that stay. */
static int purge_gap(struct purge *purge, const char *after, const char *until, struct buffer *sql, uint64_t *count, struct error *error)
{
	static const char what[] = "deleting runs";
	struct values values = { .count = 0 };
	char end[RUN_ID_SIZE], from[RUN_ID_SIZE];

	snprintf(from, sizeof from, "%s", after);
	add_text(&values, from);
	add_text(&values, until);
	for (int i = 0; i < (purge->limits->dry_run ? 5 : 1); i++)
		add_text(&values, purge->before);
	if (purge->limits->dry_run)
		return count_rows(purge, what, "SELECT COUNT(*) FROM {runs} WHERE run_id > ? AND run_id < ? AND " OLD_RUN UNNAMED_THEN, &values, count, error);
	for (;;) {
		if (cancelled(purge, error) ||
			piece_sql(purge, "m", "run_id", "{runs}", "run_id > ? AND run_id < ? AND " OLD_RUN UNNAMED, sql, error))
			return -1;
		values.count = 3;
		if (ask(purge, what, buffer_text(sql), &values, end, sizeof end, error))
			return -1;
		if (!end[0])
			return 0;
		add_text(&values, end);
		if (delete_piece(purge, what, "DELETE FROM {runs} WHERE run_id > ? AND run_id < ? AND " OLD_RUN UNNAMED " AND run_id <= ?", &values, count, error))
			return -1;
		memcpy(from, end, sizeof from);
	}
}

static int purge_runs(struct purge *purge, struct buffer *sql, uint64_t *count, struct error *error)
{
	static const char behind_all[] = "z"; /* behind the hexadecimal digits */
	const char *after = "";
	struct buffer keepers;

	buffer_init(&keepers, KEEPERS_CEILING);
	int result = find_keepers(purge, &keepers, error);
	for (size_t at = 0; result == 0 && at < keepers.length; at += strlen(keepers.data + at) + 1) {
		result = purge_gap(purge, after, keepers.data + at, sql, count, error);
		after = keepers.data + at;
	}
	if (result == 0)
		result = purge_gap(purge, after, behind_all, sql, count, error);
	buffer_fini(&keepers);
	return result;
}

/* --- all of it --- */

static int purge_tables(struct purge *purge, const struct store_target *target, struct purge_counts *counts, struct error *error)
{
	const unsigned needed = STATE_ALL_TABLES;
	struct buffer sql;
	unsigned present = 0;
	int64_t version;

	if (state_init(&purge->state, &purge->session, target->state_schema, error) || state_present(&purge->state, &present, error))
		return -1;
	counts->absent = (present & needed) != needed;
	if (counts->absent)
		return 0;
	if (purge->limits->dry_run ? state_check_version(&purge->state, &version, error) : state_prepare(&purge->state, error))
		return -1;
	buffer_init(&sql, SQL_CEILING);
	int result = purge_rejects(purge, &sql, &counts->rejects, error);
	if (result == 0)
		result = purge_answers(purge, &sql, &counts->answers, error);
	if (result == 0)
		result = purge_runs(purge, &sql, &counts->runs, error);
	buffer_fini(&sql);
	return result;
}

int odbc_purge(const struct store_target *target, const struct purge_limits *limits, struct purge_counts *counts, struct error *error)
{
	struct purge purge = { .limits = limits };
	struct store_target first = *target;
	int result;

	memset(counts, 0, sizeof *counts);
	state_time_text(limits->before, purge.before);
	state_time_text(limits->answers_before, purge.answers_before);
	/* To be connected to makes an SQLite file that is not there. */
	first.read_only = true;
	result = session_open(&purge.session, &first, error);
	counts->absent = result == 0 && purge.session.absent;
	if (result == 0 && !counts->absent && !limits->dry_run) {
		session_close(&purge.session);
		memset(&purge.session, 0, sizeof purge.session);
		first.read_only = false;
		result = session_open(&purge.session, &first, error);
	}
	if (result == 0 && !counts->absent)
		result = purge_tables(&purge, target, counts, error);
	session_close(&purge.session);
	return result;
}
