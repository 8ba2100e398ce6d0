/* rejects.c - the rows of penstock_rejects: gathered, and written many at a time in the transaction of the rows around them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/dialect.h"
#include "connectors/odbc/store_parts.h"
#include "engine/core/clock.h"

/* Beyond REJECTS_BYTES only ever one reject waits; its parts are capped in reject.h. */
enum { BYTES_CEILING = 64 * 1024 * 1024, SQL_CEILING = 256 * 1024 };
enum { ROW_PARAMETERS = REJECT_TEXTS + REJECT_NUMBERS };

void rejects_init(struct reject_buffer *rejects)
{
	buffer_init(&rejects->bytes, BYTES_CEILING);
	rejects->count = 0;
}

void rejects_fini(struct reject_buffer *rejects)
{
	for (size_t i = 0; i < REJECTS_SIZES; i++) {
		if (rejects->statements[i])
			SQLFreeHandle(SQL_HANDLE_STMT, rejects->statements[i]);
		rejects->statements[i] = SQL_NULL_HSTMT;
	}
	buffer_fini(&rejects->bytes);
	rejects->count = 0;
}

void rejects_clear(struct reject_buffer *rejects)
{
	/* Gives back what one huge reject took. */
	if (rejects->bytes.size > 2 * REJECTS_BYTES)
		buffer_fini(&rejects->bytes);
	buffer_clear(&rejects->bytes);
	rejects->count = 0;
}

/* ---- writing ---- */

static int append_insert(const struct odbc_store *store, size_t rows, struct buffer *sql, struct error *error)
{
	if (state_expand(&store->state,
		    "INSERT INTO {rejects} (run_id, pipeline, step, table_name, source, field, code, rule, message, violations, record, "
		    "rejected_at, record_no, line_no, byte_offset, published, attempts) VALUES ",
		    sql, error))
		return -1;
	for (size_t i = 0; i < rows; i++)
		if (buffer_puts(sql, i ? ", " : "", error) ||
		    state_expand(&store->state, "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, {?}, ?, ?, ?, ?, 1)", sql, error))
			return -1;
	return 0;
}

static bool bind_row(SQLHSTMT handle, unsigned first, struct reject_buffer *rejects, size_t row, SQLLEN *indicators)
{
	struct waiting_reject *waiting = &rejects->waiting[row];
	unsigned number = first;

	for (size_t i = 0; i < REJECT_TEXTS; i++, number++) {
		size_t length = waiting->texts[i].length;

		*indicators = waiting->texts[i].null ? SQL_NULL_DATA : (SQLLEN)length;
		if (!SQL_SUCCEEDED(SQLBindParameter(handle, (SQLUSMALLINT)number, SQL_PARAM_INPUT, SQL_C_CHAR, SQL_VARCHAR,
			    length ? length : 1, 0, rejects->bytes.data + waiting->texts[i].offset, (SQLLEN)length, indicators)))
			return false;
		indicators++;
	}
	for (size_t i = 0; i < REJECT_NUMBERS; i++, number++) {
		*indicators = 0;
		if (!SQL_SUCCEEDED(SQLBindParameter(handle, (SQLUSMALLINT)number, SQL_PARAM_INPUT, SQL_C_SBIGINT, SQL_BIGINT,
			    sizeof(int64_t), 0, &waiting->numbers[i], 0, indicators)))
			return false;
		indicators++;
	}
	return true;
}

static int fail(struct odbc_store *store, SQLHSTMT handle, struct error *error)
{
	session_fail(&store->session, SQL_HANDLE_STMT, handle, "writing rejects", error);
	return -1;
}

/* The INSERT of 1 << size rows. */
static int find_statement(struct odbc_store *store, size_t size, SQLHSTMT *out, struct error *error)
{
	SQLHSTMT handle = SQL_NULL_HSTMT;
	struct buffer sql;
	int result = -1;

	*out = store->rejects.statements[size];
	if (*out)
		return 0;
	buffer_init(&sql, SQL_CEILING);
	if (append_insert(store, (size_t)1 << size, &sql, error) || session_handle(&store->session, &handle, error))
		goto out;
	if (!SQL_SUCCEEDED(SQLPrepare(handle, (SQLCHAR *)sql.data, SQL_NTS))) {
		fail(store, handle, error);
		goto out;
	}
	store->rejects.statements[size] = *out = handle;
	handle = SQL_NULL_HSTMT;
	result = 0;
out:
	if (handle)
		SQLFreeHandle(SQL_HANDLE_STMT, handle);
	buffer_fini(&sql);
	return result;
}

/* 1 << size of those that wait, from first on. */
static int insert(struct odbc_store *store, size_t first, size_t size, struct error *error)
{
	struct reject_buffer *rejects = &store->rejects;
	SQLHSTMT handle;
	int result = 0;

	if (find_statement(store, size, &handle, error))
		return -1;
	for (size_t row = 0; row < (size_t)1 << size && result == 0; row++)
		if (!bind_row(handle, (unsigned)(row * ROW_PARAMETERS + 1), rejects, first + row, rejects->indicators + row * ROW_PARAMETERS))
			result = fail(store, handle, error);
	if (result == 0 && !SQL_SUCCEEDED(session_run(&store->session, handle)))
		result = fail(store, handle, error);
	SQLFreeStmt(handle, SQL_CLOSE);
	return result;
}

int rejects_flush(struct odbc_store *store, struct error *error)
{
	struct reject_buffer *rejects = &store->rejects;
	size_t done = 0, size = REJECTS_SIZES - 1;
	int result = 0;

	if (rejects->count == 0)
		return 0;
	assert(store->session.in_transaction);
	store->session.fresh = false;
	assert(REJECTS_PER_STATEMENT * ROW_PARAMETERS <= store->session.dialect->parameters_max);
	while (done < rejects->count && result == 0) {
		while ((size_t)1 << size > rejects->count - done)
			size--;
		result = insert(store, done, size, error);
		done += (size_t)1 << size;
	}
	rejects_clear(rejects);
	return result;
}

/* ---- gathering ---- */

static int keep_text(struct reject_buffer *rejects, struct waiting_reject *waiting, size_t index, struct text text,
	bool empty_is_null, struct error *error)
{
	waiting->texts[index].offset = rejects->bytes.length;
	waiting->texts[index].length = text.length;
	waiting->texts[index].null = empty_is_null && text.length == 0;
	return text.length ? buffer_append(&rejects->bytes, text.data, text.length, error) : 0;
}

static struct text text_of(const char *string)
{
	return (struct text){ string, strlen(string) };
}

static int keep(struct reject_buffer *rejects, const struct step_key *key, const char *run_id,
	const struct reject *reject, bool published, struct error *error)
{
	struct waiting_reject *waiting = &rejects->waiting[rejects->count];
	char now[STATE_TIME_SIZE];

	state_time_text(clock_wall_us(), now);
	if (keep_text(rejects, waiting, 0, text_of(run_id), false, error) ||
	    keep_text(rejects, waiting, 1, text_of(key->pipeline), false, error) ||
	    keep_text(rejects, waiting, 2, text_of(key->step), false, error) ||
	    keep_text(rejects, waiting, 3, text_of(key->table_name), false, error) ||
	    keep_text(rejects, waiting, 4, reject->source, false, error) ||
	    keep_text(rejects, waiting, 5, reject->field, true, error) ||
	    keep_text(rejects, waiting, 6, reject->code, false, error) ||
	    keep_text(rejects, waiting, 7, reject->rule, false, error) ||
	    keep_text(rejects, waiting, 8, reject->message, false, error) ||
	    keep_text(rejects, waiting, 9, reject->violations, false, error) ||
	    keep_text(rejects, waiting, 10, reject->record, false, error) ||
	    keep_text(rejects, waiting, 11, text_of(now), false, error))
		return -1;
	waiting->numbers[0] = (int64_t)reject->record_no;
	waiting->numbers[1] = (int64_t)reject->line_no;
	waiting->numbers[2] = (int64_t)reject->byte_offset;
	waiting->numbers[3] = published;
	rejects->count++;
	return 0;
}

int store_reject(struct store *base, const struct step_key *key, const char *run_id, const struct reject *reject,
	bool published, struct error *error)
{
	struct odbc_store *store = store_of(base);
	struct reject_buffer *rejects = &store->rejects;
	size_t more = reject->source.length + reject->message.length + reject->violations.length + reject->record.length;

	assert(store->session.in_transaction);
	if ((rejects->count == REJECTS_PER_STATEMENT || rejects->bytes.length + more > REJECTS_BYTES) &&
	    rejects_flush(store, error))
		return -1;
	return keep(rejects, key, run_id, reject, published, error);
}

int store_drop_unpublished(struct store *base, const struct step_key *key, struct error *error)
{
	struct odbc_store *store = store_of(base);
	struct statement statement;
	int result;

	assert(store->session.in_transaction);
	result = state_statement(&store->state, &statement, "replacing the rejects of an unpublished attempt",
		"DELETE FROM {rejects} WHERE published = 0 AND pipeline = ? AND step = ? AND table_name = ?", error);
	if (result == 0 && (statement_bind_string(&statement, 1, key->pipeline, error) ||
				   statement_bind_string(&statement, 2, key->step, error) ||
				   statement_bind_string(&statement, 3, key->table_name, error) ||
				   statement_execute(&statement, NULL, NULL, error)))
		result = -1;
	statement_close(&statement);
	return result;
}
