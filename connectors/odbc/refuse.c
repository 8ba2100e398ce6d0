/* refuse.c - writes a batch so that every row the database refuses becomes a violation, and no other row is lost.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/refuse.h"

enum {
	TRY_ROWS_MIN = 64,
	TRY_COST = 50,      /* of one try with its savepoint, in rows: measured with PostgreSQL */
	LATELY_ROWS = 65536,
	CALM_ROWS = 4096,   /* before the first refusal */
};

int refuser_open(struct refuser *refuser, struct session *session, const struct schema *schema,
	const struct catalog *catalog, struct writer *writer, const struct key *upsert, struct rule_set *rules,
	struct error *error)
{
	memset(refuser, 0, sizeof *refuser);
	refuser->session = session;
	refuser->writer = writer;
	return refuse_keys_open(&refuser->keys, session, schema, catalog, upsert, rules, error);
}

void refuser_close(struct refuser *refuser)
{
	refuse_keys_close(&refuser->keys);
	free(refuser->rows);
	free(refuser->refused);
	memset(refuser, 0, sizeof *refuser);
}

/* Drops rows that are no longer live; returns how many stay. */
static size_t keep_live(const struct batch *batch, uint32_t *rows, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (batch->status[rows[i]] == ROW_LIVE)
			rows[kept++] = rows[i];
	return kept;
}

/* The one row that was refused alone. Keys come first, so that what is said of a row does not depend on what was sent with it. */
static int explain_row(struct refuser *refuser, struct batch *batch, uint32_t row, const struct diagnosis *diagnosis,
	struct error *error)
{
	size_t before = batch->violation_count;

	/* Where the rows before it stay, nothing has to be done again. */
	refuser->refusals += !diagnosis->kept;
	if (refuse_keys_ask(&refuser->keys, batch, &row, 1, error))
		return -1;
	return batch->violation_count > before ? 0 : refuse_keys_explain(&refuser->keys, batch, row, diagnosis, error);
}

static int insert_carefully(struct refuser *refuser, struct batch *batch, const uint32_t *rows, size_t count, size_t most,
	struct error *error);

static void count_done(struct refuser *refuser, size_t count)
{
	refuser->done += count;
	if (refuser->done > LATELY_ROWS) {
		refuser->done /= 2;
		refuser->refusals /= 2;
	}
}

/* All of them under one savepoint. 0; 1 where the database refused one (of these rows only those before diagnosis->at stay, and only with
 * diagnosis->kept); or -1. */
static int insert_try(struct refuser *refuser, const struct batch *batch, const uint32_t *rows, size_t count,
	struct diagnosis *diagnosis, struct error *error)
{
	int result;

	if (cancel_requested(refuser->session->cancel))
		return error_set(error, ERROR_CANCELLED, NULL, "cancelled");
	if (session_savepoint(refuser->session, error))
		return -1;
	result = writer_insert(refuser->writer, batch, rows, count, diagnosis, error);
	if (result < 0)
		return -1;
	if (result > 0 && !diagnosis->kept)
		return session_rollback_to(refuser->session, error) ? -1 : result;
	if (result > 0)
		count = diagnosis->at;
	refuser->session->broken = false;
	if (session_release(refuser->session, error))
		return -1;
	refuser->tried += (int64_t)count;
	count_done(refuser, count);
	return result;
}

/* Rows for the next try. A refusal undoes half of a try on average, and each try costs as much as some rows: with n rows between two
 * refusals the least is lost with about the root of 2 * TRY_COST * n. */
static size_t try_rows(const struct refuser *refuser)
{
	uint64_t apart, rows = TRY_ROWS_MIN;

	if (!refuser->refusals)
		return SIZE_MAX;
	apart = (refuser->done + CALM_ROWS) / refuser->refusals;
	while (rows * rows < 2 * TRY_COST * apart)
		rows *= 2;
	return (size_t)rows;
}

static int start_counting(struct refuser *refuser, struct error *error)
{
	int known = writer_tried(refuser->writer, &refuser->tried, error);

	if (known < 0)
		return -1;
	refuser->count = known ? COUNT_KNOWN : COUNT_USELESS;
	return 0;
}

/* Which of the count rows it may have been that was refused and undone last, by how many the database tried; SIZE_MAX where it cannot
 * tell. A trigger's own inserts into the table would be counted too, so it is a guess. */
static int guess(struct refuser *refuser, size_t count, const struct diagnosis *diagnosis, size_t *at, struct error *error)
{
	enum refuser_count before = refuser->count;
	int64_t tried = refuser->tried, place;

	*at = SIZE_MAX;
	if (before == COUNT_USELESS)
		return 0;
	if (start_counting(refuser, error))
		return -1;
	/* Row and index entry are two steps; a dropped row is none of either. */
	place = refuser->tried - tried - (diagnosis->trouble.kind == TROUBLE_UNIQUE);
	if (before == COUNT_KNOWN && diagnosis->state[0] && place >= 0 && (uint64_t)place < count)
		*at = (size_t)place;
	return 0;
}

/* The rows before a guessed one, and that row, alone. From a wrong guess on, the batch goes on without. */
static int insert_guessed(struct refuser *refuser, struct batch *batch, const uint32_t *rows, size_t at, struct error *error)
{
	size_t before = batch->violation_count;

	refuser->count = COUNT_USELESS;
	if (at && insert_carefully(refuser, batch, rows, at, at, error))
		return -1;
	if (batch->violation_count > before)
		return insert_carefully(refuser, batch, rows + at, 1, 1, error);
	if (insert_carefully(refuser, batch, rows + at, 1, 1, error))
		return -1;
	if (batch->status[rows[at]] != ROW_LIVE)
		refuser->count = COUNT_KNOWN;
	return 0;
}

/* What a refused try did not write: up to its refused row, where that is known, else in halves. Returns how many rows are done with,
 * or 0 and error. */
static size_t insert_refused(struct refuser *refuser, struct batch *batch, const uint32_t *rows, size_t count,
	const struct diagnosis *diagnosis, struct error *error)
{
	size_t at = count == 1 ? 0 : diagnosis->at, guessed;

	if (at < count) {
		if ((at && !diagnosis->kept && insert_carefully(refuser, batch, rows, at, at, error)) ||
		    explain_row(refuser, batch, rows[at], diagnosis, error))
			return 0;
		/* Of a row and its index entry the row was there already. */
		if (count == 1)
			refuser->tried += diagnosis->trouble.kind == TROUBLE_UNIQUE;
		else if (refuser->count == COUNT_KNOWN)
			refuser->count = COUNT_UNKNOWN;
		return at + 1;
	}
	guessed = diagnosis->near;
	if (guessed >= count && guess(refuser, count, diagnosis, &guessed, error))
		return 0;
	if (guessed < count)
		return insert_guessed(refuser, batch, rows, guessed, error) ? 0 : guessed + 1;
	return insert_carefully(refuser, batch, rows, count, count / 2, error) ? 0 : count;
}

/* At most so many at a time, each try under a savepoint of its own. In source order, so that of two rows that exclude each other the first
 * one stays. */
static int insert_carefully(struct refuser *refuser, struct batch *batch, const uint32_t *rows, size_t count, size_t most,
	struct error *error)
{
	while (count) {
		struct diagnosis diagnosis;
		size_t take = count < most ? count : most;
		int result = insert_try(refuser, batch, rows, take, &diagnosis, error);

		if (result > 0)
			take = insert_refused(refuser, batch, rows, take, &diagnosis, error);
		if (result < 0 || !take)
			return -1;
		rows += take;
		count -= take;
	}
	return 0;
}

static int reserve(struct refuser *refuser, const struct batch *batch, struct error *error)
{
	uint32_t *rows;
	uint8_t *refused;

	if (refuser->capacity >= batch->capacity)
		return 0;
	rows = realloc(refuser->rows, batch->capacity * sizeof *rows);
	if (rows)
		refuser->rows = rows;
	refused = realloc(refuser->refused, batch->capacity * sizeof *refused);
	if (refused)
		refuser->refused = refused;
	if (!rows || !refused)
		return error_memory(error, "the rows of a batch");
	refuser->capacity = batch->capacity;
	return 0;
}

/* How many unique keys speak against this row, by the violations from first on. */
static size_t unique_violations(const struct batch *batch, size_t first, uint32_t row)
{
	size_t count = 0;

	for (size_t i = first; i < batch->violation_count; i++)
		count += batch->violations[i].row == row &&
			(batch->violations[i].rule->code == CODE_PRIMARY_KEY || batch->violations[i].rule->code == CODE_UNIQUE_ERROR);
	return count;
}

/* Asks all keys of the rows that were left out. 0; 1 where a row further on may have taken a key that it would not have had yet; or -1. */
static int ask_left_out(struct refuser *refuser, struct batch *batch, const uint32_t *rows, size_t count, struct error *error)
{
	size_t first = batch->violation_count, asked = 0;
	uint32_t *left_out = malloc((count ? count : 1) * sizeof *left_out);
	int result = left_out ? 0 : error_memory(error, "the rows of a batch");

	for (size_t i = 0; result == 0 && i < count; i++)
		if (refuser->refused[i])
			left_out[asked++] = rows[i];
	if (result == 0 && asked)
		result = refuse_keys_ask(&refuser->keys, batch, left_out, asked, error);
	for (size_t i = 0; result == 0 && i < count; i++)
		if (refuser->refused[i] &&
		    unique_violations(batch, first, rows[i]) > (refuser->refused[i] == TROUBLE_UNIQUE ? 1 : 0))
			result = 1;
	free(left_out);
	return result;
}

/* Takes back what was said of rows of this batch from that violation on. */
static void unsay(struct batch *batch, size_t first)
{
	while (batch->violation_count > first)
		batch->status[batch->violations[--batch->violation_count].row] = ROW_LIVE;
}

/* A row that was left out, and that no key speaks against by itself, for the database's words. */
static int try_alone(struct refuser *refuser, struct batch *batch, uint32_t row, struct error *error)
{
	struct diagnosis diagnosis;
	int result = insert_try(refuser, batch, &row, 1, &diagnosis, error);

	return result > 0 ? refuse_keys_explain(&refuser->keys, batch, row, &diagnosis, error) : result;
}

/* All that the database takes of these rows, in one statement. Returns 0 and in *count how many rows are done with: none where that is
 * not to be had. */
static int sift(struct refuser *refuser, struct batch *batch, const uint32_t *rows, size_t *count, struct error *error)
{
	size_t first = batch->violation_count, left_out = 0;
	int result;

	if (cancel_requested(refuser->session->cancel))
		return error_set(error, ERROR_CANCELLED, NULL, "cancelled");
	if (session_savepoint(refuser->session, error))
		return -1;
	result = writer_sift(refuser->writer, batch, rows, count, refuser->refused, error);
	if (result == 0 && *count)
		result = ask_left_out(refuser, batch, rows, *count, error);
	if (result < 0)
		return -1;
	if (result > 0) {
		*count = 0;
		unsay(batch, first);
		return session_rollback_to(refuser->session, error);
	}
	if (session_release(refuser->session, error))
		return -1;
	for (size_t i = 0; i < *count; i++)
		left_out += refuser->refused[i] != 0;
	refuser->refusals += left_out;
	count_done(refuser, *count - left_out);
	for (size_t i = 0; i < *count; i++)
		if (refuser->refused[i] && batch->status[rows[i]] == ROW_LIVE && try_alone(refuser, batch, rows[i], error))
			return -1;
	return 0;
}

/* Tries as many as have hope; what is refused for a key is asked of all that are left, once. */
static int insert_rows(struct refuser *refuser, struct batch *batch, uint32_t *rows, size_t count, struct error *error)
{
	bool asked = false, sifts = writer_sifts(refuser->writer);

	refuser->count = COUNT_UNKNOWN;
	if (refuser->refusals && start_counting(refuser, error))
		return -1;
	while (count) {
		struct diagnosis diagnosis;
		size_t take = count, kept;
		int result;

		if (sifts && refuser->refusals && count > 1) {
			if (sift(refuser, batch, rows, &take, error))
				return -1;
			sifts = take > 0;
			rows += take;
			count -= take;
			continue;
		}
		take = try_rows(refuser) < count ? try_rows(refuser) : count;
		result = insert_try(refuser, batch, rows, take, &diagnosis, error);
		if (result > 0 && sifts && count > 1) {
			refuser->refusals++;
			continue;
		}
		if (result > 0 && diagnosis.kept) {
			rows += diagnosis.at;
			count -= diagnosis.at;
			take -= diagnosis.at;
			diagnosis.at = 0;
		}
		if (result > 0 && !asked && refuse_keys_askable(&refuser->keys, &diagnosis)) {
			asked = true;
			refuser->refusals += !diagnosis.kept;
			if (refuse_keys_ask(&refuser->keys, batch, rows, count, error))
				return -1;
			kept = keep_live(batch, rows, count);
			if (kept < count) {
				count = kept;
				if (start_counting(refuser, error))
					return -1;
				continue;
			}
		}
		if (result > 0)
			take = insert_refused(refuser, batch, rows, take, &diagnosis, error);
		if (result < 0 || !take)
			return -1;
		rows += take;
		count -= take;
	}
	return 0;
}

int refuser_write(struct refuser *refuser, struct batch *batch, struct error *error)
{
	size_t count = 0;

	if (reserve(refuser, batch, error))
		return -1;
	for (uint32_t row = 0; row < batch->rows; row++)
		if (batch->status[row] == ROW_LIVE)
			refuser->rows[count++] = row;
	if (refuse_keys_ask_deferred(&refuser->keys, batch, refuser->rows, count, error))
		return -1;
	return insert_rows(refuser, batch, refuser->rows, keep_live(batch, refuser->rows, count), error);
}
