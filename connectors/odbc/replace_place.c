/* replace_place.c - staged rows into their places: changed rows, rows that trade unique values, new rows, and which one was refused.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>

#include "connectors/odbc/dialect.h"
#include "connectors/odbc/replace_parts.h"
#include "engine/core/plural.h"

/* Rounds of c: rows that wait, and rows that are deleted to be inserted anew. Rows are updated in rounds from 1. */
enum { ROUND_WAITING = 0, ROUND_ANEW = -1, ROUNDS_MAX = 1000 };

static const char update_range[] = "UPDATE {t} AS t SET {set} FROM {c} AS c JOIN {s} AS s ON {s=c} WHERE {t=c} AND "
				   "c.penstock_round = %d AND c.penstock_n BETWEEN %lld AND %lld";
static const char update_range_joined[] = "UPDATE {t} AS t JOIN {c} AS c ON {t=c} JOIN {s} AS s ON {s=c} SET {set} WHERE c.penstock_round = %d AND "
					  "c.penstock_n BETWEEN %lld AND %lld";
static const char insert_range[] = "INSERT INTO {t} ({columns}) {overriding}SELECT {values s} FROM {r} AS r JOIN {s} AS s ON {s=r} "
				   "WHERE r.penstock_n BETWEEN %lld AND %lld";

/* Rows of a numbered list that go to the table in one statement. */
struct range {
	bool insert; /* those of r; otherwise those of c in this round */
	int round;
	long long from, to;
};

static int run_range(const struct replace *replace, const struct range *range, int64_t *affected, enum fault_class *class,
	struct error *error)
{
	if (range->insert)
		return replace_run(replace, "inserting into", affected, class, error, insert_range, range->from, range->to);
	if (replace_traits_of(replace->target->session)->joins_in_update)
		return replace_run(replace, "updating", affected, class, error, update_range_joined, range->round, range->from, range->to);
	return replace_run(replace, "updating", affected, class, error, update_range, range->round, range->from, range->to);
}

/* Under a savepoint. 0: done; 1: the database refused a row, as *said tells, and nothing of it stays; -1 and error. */
static int try_range(const struct replace *replace, const struct range *range, int64_t *affected, struct error *said,
	struct error *error)
{
	struct session *session = replace->target->session;
	struct error failed = ERROR_INIT;
	enum fault_class class = FAULT_OF_WORLD;

	if (session_savepoint(session, error))
		return -1;
	if (run_range(replace, range, affected, &class, &failed) == 0)
		return session_release(session, error);
	if (class != FAULT_OF_ROW) {
		*error = failed;
		return -1;
	}
	*said = failed;
	return session_rollback_to(session, error) ? -1 : 1;
}

static int refused(const struct replace *replace, const char *key, const struct error *said, struct error *error)
{
	error_set(error, ERROR_SINK, replace->target->session->place, "table %s was not replaced: %s%s%s%s",
		replace->target->table, key[0] ? "the row with " : "", key, key[0] ? " was refused: " : "", said->message);
	memcpy(error->sqlstate, said->sqlstate, sizeof error->sqlstate);
	return -1;
}

/* A range was refused: halves it down to the row, keeping what is not refused, since later rows may need it. */
static int find_refused(const struct replace *replace, struct range range, const struct error *first, struct error *error)
{
	struct error said = *first;
	char from[128], key[REPLACE_KEY_MAX] = "";
	int result;

	while (range.from < range.to) {
		struct range half = range;

		half.to = range.from + (range.to - range.from) / 2;
		result = try_range(replace, &half, NULL, &said, error);
		if (result < 0)
			return -1;
		if (result)
			range.to = half.to;
		else
			range.from = half.to + 1;
	}
	result = try_range(replace, &range, NULL, &said, error);
	if (result < 0)
		return -1;
	if (result == 0)
		return refused(replace, "", first, error); /* alone each is taken: the words must do */
	snprintf(from, sizeof from, "{%c} AS t WHERE t.penstock_n = %lld", range.insert ? 'r' : 'c', range.from);
	if (replace_key_text(replace, from, key, error) < 0)
		return -1;
	return refused(replace, key, &said, error);
}

static int check_affected(const struct replace *replace, const char *done, int64_t affected, int64_t expected,
	struct error *error)
{
	if (affected == expected)
		return 0;
	return error_set(error, ERROR_BOOKS, replace->target->session->place,
		"table %s was not replaced: %lld %s to be %s, and %lld %s; a trigger or rule of the database must have changed that",
		replace->target->table, (long long)expected, plural((uint64_t)expected, "row was", "rows were"), done, (long long)affected,
		plural((uint64_t)affected, "was", "were"));
}

/* --- rows that change --- */

static bool has_other_keys(const struct replace *replace)
{
	return replace_other_key(replace->target->session, replace->target->schema, &replace->target->catalog, 0) != NULL;
}

/* c: number, round and key of each row that differs. */
static int list_changed(const struct replace *replace, int64_t *count, struct error *error)
{
	if (replace_run(replace, "comparing the rows of", NULL, NULL, error,
		    "CREATE TEMPORARY TABLE {c}{temporary} AS SELECT row_number() OVER (ORDER BY {order s}) AS penstock_n, "
		    "0 AS penstock_round, {keys s} FROM {s} AS s JOIN {t} AS t ON {t=s} WHERE {differs}") ||
	    replace_count(replace, "counting changed rows", "SELECT count(*) FROM {c}", count, error))
		return -1;
	if (!*count || !replace_traits_of(replace->target->session)->analyze)
		return 0;
	return replace_run(replace, "counting the changed rows of", NULL, NULL, error, "%s{c}",
		replace_traits_of(replace->target->session)->analyze);
}

/* Updates the rows that wait and whose new unique values nobody holds. *count: how many there were. */
static int update_round(const struct replace *replace, int round, int64_t listed, int64_t *count, struct error *error)
{
	const struct range range = { .round = round, .from = 1, .to = listed };
	struct error said = ERROR_INIT;
	int64_t affected = 0;
	int result;

	if (replace_run(replace, "comparing the unique values of", count, NULL, error,
		    "UPDATE {c} AS c SET penstock_round = %d WHERE penstock_round = %d%s", round, ROUND_WAITING,
		    has_other_keys(replace) ? " AND NOT EXISTS (SELECT 1 FROM {s} AS s WHERE {s=c} AND ({held}))" : ""))
		return -1;
	if (!*count)
		return 0;
	result = try_range(replace, &range, &affected, &said, error);
	if (result > 0)
		return find_refused(replace, range, &said, error);
	return result < 0 ? -1 : check_affected(replace, "changed", affected, *count, error);
}

/* Of the rows that wait, those that hold a value which another one of them is to get, and which nothing references: they are
 * deleted, and inserted with the new ones. */
static int delete_holders(const struct replace *replace, int64_t *count, struct error *error)
{
	int64_t affected = 0;

	if (replace_run(replace, "comparing the unique values of", count, NULL, error,
		    "UPDATE {c} AS c SET penstock_round = %d WHERE penstock_round = %d AND EXISTS (SELECT 1 FROM {t} AS t WHERE {t=c} "
		    "AND ({wanted}) AND {free})",
		    ROUND_ANEW - 1, ROUND_WAITING))
		return -1;
	if (!*count)
		return 0;
	if (replace_run(replace, "deleting rows of", &affected, NULL, error,
		    "%s{t} AS t WHERE ({order t}) IN (SELECT {order c} FROM {c} AS c WHERE c.penstock_round = %d)",
		    replace_delete_words(replace), ROUND_ANEW - 1) ||
	    check_affected(replace, "deleted and written anew", affected, *count, error))
		return -1;
	return replace_run(replace, "comparing the unique values of", NULL, NULL, error,
		"UPDATE {c} AS c SET penstock_round = %d WHERE penstock_round = %d", ROUND_ANEW, ROUND_ANEW - 1);
}

static int cannot_trade(const struct replace *replace, struct error *error)
{
	char key[REPLACE_KEY_MAX], from[128];

	snprintf(from, sizeof from, "{c} AS t WHERE t.penstock_round = %d ORDER BY t.penstock_n", ROUND_WAITING);
	if (replace_key_text(replace, from, key, error) < 0)
		return -1;
	return error_set(error, ERROR_SINK, replace->target->session->place,
		"table %s was not replaced: the row with %s is to get a unique value that another row has, and that row cannot give it up "
		"first, since other tables reference it",
		replace->target->table, key);
}

/* --- rows that must go and cannot yet --- */

/* Rows of a staged table that reference a row which must go, and whose unique value another row is to get: they change in any case, so
 * they are deleted, and inserted with the new ones when that table is placed. Where something references them they stay. */
static int delete_referencing(const struct replace *replace, const struct reference *reference, const struct replace *child,
	struct error *error)
{
	const struct dialect *dialect = replace->target->session->dialect;
	struct buffer sql;
	int result;

	buffer_init(&sql, REPLACE_SQL_MAX);
	result = buffer_puts(&sql, replace_delete_words(replace), error) ||
			replace_expand(child, "{t} AS t WHERE {free} AND (", &sql, error)
		? -1
		: 0;
	for (size_t i = 0; result == 0 && i < reference->count; i++)
		if (buffer_puts(&sql, i ? ", t." : "t.", error) || dialect_quote(dialect, &sql, reference->columns[i], error))
			result = -1;
	if (result == 0)
		result = buffer_puts(&sql, ") IN (SELECT ", error);
	for (size_t i = 0; result == 0 && i < reference->count; i++)
		if (buffer_puts(&sql, i ? ", t." : "t.", error) ||
		    dialect_quote(dialect, &sql, reference->parent_columns[i], error))
			result = -1;
	if (result == 0 && replace_expand(replace, " FROM " REPLACE_GONE " AND ({taken}))", &sql, error) == 0)
		result = session_execute(replace->target->session, buffer_text(&sql), error);
	else
		result = -1;
	buffer_fini(&sql);
	return result;
}

static int release_taken(const struct replace *replace, struct error *error)
{
	for (size_t i = 0; i < replace->references.count; i++) {
		const struct reference *reference = &replace->references.items[i];
		const struct staging *stage = stage_find(replace->target->session, reference->table);

		if (!reference->itself && stage && !stage->placed && delete_referencing(replace, reference, stage->owner, error))
			return -1;
	}
	return replace_delete_gone(replace, error);
}

/* --- all of them --- */

int replace_changed_rows(struct replace *replace, struct error *error)
{
	int64_t listed = 0, waiting, count = 0;

	if (replace->left && has_other_keys(replace) && release_taken(replace, error))
		return -1;
	if (list_changed(replace, &listed, error))
		return -1;
	waiting = listed;
	if (waiting && has_other_keys(replace) && replace_traits_of(replace->target->session)->index_changed &&
	    replace_run(replace, "comparing the rows of", NULL, NULL, error, "%s",
		    replace_traits_of(replace->target->session)->index_changed))
		return -1;
	for (int round = 1; waiting && round <= ROUNDS_MAX; round++) {
		if (update_round(replace, round, listed, &count, error))
			return -1;
		waiting -= count;
		if (!waiting)
			break;
		bool progress = count > 0;
		if (delete_holders(replace, &count, error))
			return -1;
		waiting -= count;
		if (!progress && !count)
			break;
	}
	return waiting ? cannot_trade(replace, error) : 0;
}

/* --- rows that are new --- */

/* Numbers them, so that the one that was refused can be looked for. */
static int name_refused(const struct replace *replace, const struct error *said, struct error *error)
{
	struct range range = { .insert = true, .from = 1 };
	int64_t count = 0;

	if (replace_run(replace, "looking for the refused row of", NULL, NULL, error,
		    "CREATE TEMPORARY TABLE {r}{temporary} AS SELECT row_number() OVER (ORDER BY {order s}) AS penstock_n, {keys s} FROM "
		    "{s} AS s WHERE NOT EXISTS (SELECT 1 FROM {t} AS t WHERE {t=s})") ||
	    replace_count(replace, "counting new rows", "SELECT count(*) FROM {r}", &count, error))
		return -1;
	range.to = count;
	return find_refused(replace, range, said, error);
}

int replace_new_rows(struct replace *replace, struct error *error)
{
	struct session *session = replace->target->session;
	enum fault_class class = FAULT_OF_WORLD;
	struct error said = ERROR_INIT;
	int64_t expected = 0, affected = 0;

	if (replace_count(replace, "counting new rows",
		    "SELECT count(*) FROM {s} AS s WHERE NOT EXISTS (SELECT 1 FROM {t} AS t WHERE {t=s})", &expected, error))
		return -1;
	if (!expected)
		return 0;
	if (session_savepoint(session, error))
		return -1;
	if (replace_run(replace, "inserting into", &affected, &class, &said, "%s", replace_insert_sql) == 0)
		return session_release(session, error) || check_affected(replace, "inserted", affected, expected, error) ? -1 : 0;
	if (class != FAULT_OF_ROW) {
		*error = said;
		return -1;
	}
	return session_rollback_to(session, error) ? -1 : name_refused(replace, &said, error);
}
