/* history.c - reads runs and rejects from the state tables, page by page.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/odbc/history.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/session.h"
#include "connectors/odbc/state.h"
#include "connectors/odbc/statement.h"

enum { PAGE = 64, ROW_COLUMNS = 20, ROW_CEILING = 64 * 1024 * 1024, SQL_CEILING = 16 * 1024, CONDITIONS_MAX = 8 };

struct history {
	struct session session;
	struct state state;
	char schema[NAME_MAX_BYTES];
	unsigned present;
	struct row {
		struct buffer bytes; /* each text with a NUL */
		size_t offsets[ROW_COLUMNS], lengths[ROW_COLUMNS];
	} row;
};

/* A query that grows condition by condition, with what is bound to it. */
struct query {
	struct buffer sql; /* with parts in braces */
	struct {
		const char *text; /* NULL: integer */
		int64_t integer;
	} values[CONDITIONS_MAX];
	unsigned count;
};

/* ---- opening ---- */

int history_open(const struct store_target *target, struct history **out, struct error *error)
{
	struct store_target reader = *target;
	struct history *history = calloc(1, sizeof *history);
	int64_t version;

	if (!history)
		return error_memory(error, "history");
	buffer_init(&history->row.bytes, ROW_CEILING);
	reader.read_only = true;
	if (session_open(&history->session, &reader, error))
		goto failed;
	if (target->state_schema)
		snprintf(history->schema, sizeof history->schema, "%s", target->state_schema);
	if (state_init(&history->state, &history->session, target->state_schema ? history->schema : NULL, error))
		goto failed;
	if (!history->session.absent && state_present(&history->state, &history->present, error))
		goto failed;
	if (history->present & 1u << STATE_META && state_check_version(&history->state, &version, error))
		goto failed;
	*out = history;
	return 0;
failed:
	history_close(history);
	return -1;
}

void history_close(struct history *history)
{
	if (!history)
		return;
	session_close(&history->session);
	buffer_fini(&history->row.bytes);
	free(history);
}

bool history_absent(const struct history *history)
{
	const unsigned needed = 1u << STATE_RUNS | 1u << STATE_REJECTS;

	return (history->present & needed) != needed;
}

/* ---- queries ---- */

static int query_begin(struct query *query, const char *text, struct error *error)
{
	buffer_init(&query->sql, SQL_CEILING);
	query->count = 0;
	return buffer_printf(&query->sql, error, "%s WHERE 1 = 1", text);
}

static int condition_text(struct query *query, const char *condition, const char *value, struct error *error)
{
	query->values[query->count].text = value;
	query->count++;
	return buffer_printf(&query->sql, error, " AND %s", condition);
}

static int condition_integer(struct query *query, const char *condition, int64_t value, struct error *error)
{
	query->values[query->count].text = NULL;
	query->values[query->count].integer = value;
	query->count++;
	return buffer_printf(&query->sql, error, " AND %s", condition);
}

/* Prepares, binds and executes. */
static int query_run(struct query *query, struct history *history, struct statement *statement, const char *what,
	struct error *error)
{
	if (state_statement(&history->state, statement, what, buffer_text(&query->sql), error))
		return -1;
	for (unsigned i = 0; i < query->count; i++)
		if (query->values[i].text ? statement_bind_string(statement, i + 1, query->values[i].text, error)
					  : statement_bind_integer(statement, i + 1, query->values[i].integer, error))
			return -1;
	return statement_execute(statement, NULL, NULL, error);
}

/* ---- rows ---- */

/* Copies columns 1 to count; SQL NULL becomes the empty text. */
static int row_read(struct row *row, struct statement *statement, unsigned count, struct error *error)
{
	struct text text;

	buffer_clear(&row->bytes);
	for (unsigned i = 0; i < count; i++) {
		if (statement_text(statement, i + 1, &text, error))
			return -1;
		row->offsets[i] = row->bytes.length;
		row->lengths[i] = text.length;
		if ((text.length && buffer_append(&row->bytes, text.data, text.length, error)) ||
		    buffer_append(&row->bytes, "", 1, error))
			return -1;
	}
	return 0;
}

static const char *row_text(const struct row *row, unsigned column)
{
	return row->bytes.data + row->offsets[column];
}

static int64_t row_integer(const struct row *row, unsigned column)
{
	return strtoll(row_text(row, column), NULL, 10);
}

static uint64_t row_count(const struct row *row, unsigned column)
{
	int64_t value = row_integer(row, column);

	return value > 0 ? (uint64_t)value : 0;
}

/* 0 for none, or for one that somebody else wrote in another form. */
static int64_t row_time(const struct row *row, unsigned column)
{
	int64_t micros = 0;

	return state_time_parse(row_text(row, column), &micros) ? micros : 0;
}

/* ---- runs ---- */

#define RUN_SELECT \
	"SELECT run_id, kind, pipeline, status, {time started_at}, {time finished_at}, read_rows, written_rows, rejected_rows, " \
	"skipped_rows, exit_code, summary FROM {runs}"
enum { RUN_COLUMNS = 12 };

static void fill_run(const struct row *row, struct history_run *out)
{
	*out = (struct history_run){
		.run_id = row_text(row, 0),
		.kind = row_text(row, 1),
		.pipeline = row_text(row, 2),
		.status = row_text(row, 3),
		.started_at = row_time(row, 4),
		.finished_at = row_time(row, 5),
		.read = row_count(row, 6),
		.written = row_count(row, 7),
		.rejected = row_count(row, 8),
		.skipped = row_count(row, 9),
		.has_exit_code = row->lengths[10] > 0,
		.exit_code = (int)row_integer(row, 10),
		.summary = row_text(row, 11),
	};
}

/* One page of runs older than before (empty: the newest). Returns how many rows came, or -1; last gets the id of the last one. */
static int run_page(struct history *history, const struct history_run_filter *filter, uint64_t most, char before[RUN_ID_SIZE],
	int (*each)(void *arg, const struct history_run *run), void *arg, bool *stop, struct error *error)
{
	struct statement statement = { .session = NULL };
	char cursor[RUN_ID_SIZE];
	struct history_run run;
	struct query query;
	int rows = 0, more = -1;

	snprintf(cursor, sizeof cursor, "%s", before);
	if (query_begin(&query, RUN_SELECT, error) ||
	    (cursor[0] && condition_text(&query, "run_id < ?", cursor, error)) ||
	    (filter->pipeline && condition_text(&query, "pipeline = ?", filter->pipeline, error)) ||
	    (!filter->all && buffer_puts(&query.sql, " AND kind <> 'ingest'", error)) ||
	    buffer_printf(&query.sql, error, " ORDER BY run_id DESC LIMIT %d", (int)most) ||
	    query_run(&query, history, &statement, "reading runs", error))
		goto out;
	while (!*stop && (more = statement_fetch(&statement, error)) > 0) {
		if (row_read(&history->row, &statement, RUN_COLUMNS, error)) {
			more = -1;
			break;
		}
		fill_run(&history->row, &run);
		snprintf(before, RUN_ID_SIZE, "%s", run.run_id);
		rows++;
		*stop = each(arg, &run) != 0;
	}
out:
	statement_close(&statement);
	buffer_fini(&query.sql);
	return more < 0 ? -1 : rows;
}

/* How many rows the next page may have; 0: that was all. */
static uint64_t page_size(uint64_t limit, uint64_t given)
{
	if (limit == 0)
		return PAGE;
	if (given >= limit)
		return 0;
	return limit - given < PAGE ? limit - given : PAGE;
}

int history_runs(struct history *history, const struct history_run_filter *filter,
	int (*each)(void *arg, const struct history_run *run), void *arg, struct error *error)
{
	char before[RUN_ID_SIZE] = "";
	uint64_t given = 0, most;
	bool stop = false;

	if (!(history->present & 1u << STATE_RUNS))
		return 0;
	while (!stop && (most = page_size(filter->limit, given)) > 0) {
		int rows = run_page(history, filter, most, before, each, arg, &stop, error);

		if (rows < 0)
			return -1;
		given += (uint64_t)rows;
		if ((uint64_t)rows < most)
			break;
	}
	return 0;
}

/* The ids of at most two runs that begin so (or the newest one), and how many of the two there are. */
static int matching_runs(struct history *history, const char *run, char ids[2][RUN_ID_SIZE], struct error *error)
{
	struct statement statement = { .session = NULL };
	char pattern[RUN_ID_SIZE + 1] = "";
	struct query query;
	int found = 0, more = -1;
	bool latest = strcmp(run, "latest") == 0;

	/* What no id can hold finds none; that also keeps % and _ out of the pattern. */
	for (size_t i = 0; !latest && run[i]; i++) {
		if (i >= RUN_ID_SIZE - 1 || (!isalnum((unsigned char)run[i]) && run[i] != '-'))
			return 0;
		pattern[i] = (char)tolower((unsigned char)run[i]);
		pattern[i + 1] = '%';
		pattern[i + 2] = '\0';
	}
	if (query_begin(&query, "SELECT run_id FROM {runs}", error) ||
	    (latest ? buffer_puts(&query.sql, " AND kind <> 'ingest' ORDER BY run_id DESC LIMIT 1", error)
		    : (condition_text(&query, "run_id LIKE ?", pattern, error) ||
			      buffer_puts(&query.sql, " ORDER BY run_id LIMIT 2", error))) ||
	    query_run(&query, history, &statement, "looking for a run", error))
		goto out;
	while (found < 2 && (more = statement_fetch(&statement, error)) > 0) {
		if (row_read(&history->row, &statement, 1, error)) {
			more = -1;
			break;
		}
		snprintf(ids[found++], RUN_ID_SIZE, "%s", row_text(&history->row, 0));
	}
out:
	statement_close(&statement);
	buffer_fini(&query.sql);
	return more < 0 ? -1 : found;
}

/* Gives the one id that run means. *found is false where there is none. */
static int resolve_run(struct history *history, const char *run, char id[RUN_ID_SIZE], bool *found, struct error *error)
{
	char ids[2][RUN_ID_SIZE];
	int count = 0;

	*found = false;
	if (run[0] && history->present & 1u << STATE_RUNS)
		count = matching_runs(history, run, ids, error);
	if (count < 0)
		return -1;
	if (count == 2)
		return error_set(error, ERROR_CONFIG, history->session.place,
			"several runs begin with \"%s\" (%s, %s): write more of the id", run, ids[0], ids[1]);
	*found = count == 1;
	if (*found)
		memcpy(id, ids[0], RUN_ID_SIZE);
	return 0;
}

int history_run(struct history *history, const char *run, int (*each)(void *arg, const struct history_run *run), void *arg,
	bool *found, struct error *error)
{
	struct statement statement = { .session = NULL };
	char id[RUN_ID_SIZE];
	struct history_run row;
	struct query query;
	int more = -1;

	if (resolve_run(history, run, id, found, error))
		return -1;
	if (!*found)
		return 0;
	if (query_begin(&query, RUN_SELECT, error) == 0 && condition_text(&query, "run_id = ?", id, error) == 0 &&
	    query_run(&query, history, &statement, "reading a run", error) == 0)
		more = statement_fetch(&statement, error);
	if (more > 0 && row_read(&history->row, &statement, RUN_COLUMNS, error))
		more = -1;
	statement_close(&statement);
	buffer_fini(&query.sql);
	*found = more > 0;
	if (more > 0) {
		fill_run(&history->row, &row);
		each(arg, &row);
	}
	return more < 0 ? -1 : 0;
}

/* ---- rejects ---- */

#define REJECT_SELECT \
	"SELECT reject_id, run_id, pipeline, step, table_name, source, record_no, line_no, byte_offset, field, code, rule, message, " \
	"violations, record, published, attempts, {time rejected_at}, resolved_run_id FROM {rejects}"
enum { REJECT_COLUMNS = 19 };

static struct text row_piece(const struct row *row, unsigned column)
{
	return (struct text){ row_text(row, column), row->lengths[column] };
}

static void fill_reject(const struct row *row, struct history_reject *out)
{
	*out = (struct history_reject){
		.reject_id = row_integer(row, 0),
		.run_id = row_text(row, 1),
		.pipeline = row_text(row, 2),
		.step = row_text(row, 3),
		.table_name = row_text(row, 4),
		.source = row_text(row, 5),
		.record_no = row_count(row, 6),
		.line_no = row_count(row, 7),
		.byte_offset = row_count(row, 8),
		.field = row_text(row, 9),
		.code = row_text(row, 10),
		.rule = row_text(row, 11),
		.message = row_text(row, 12),
		.violations = row_piece(row, 13),
		.record = row_piece(row, 14),
		.published = row_integer(row, 15) != 0,
		.attempts = row_integer(row, 16),
		.rejected_at = row_time(row, 17),
		.resolved_run_id = row_text(row, 18),
	};
}

/* filter->run is the whole id here. */
static int filter_conditions(struct query *query, const struct history_reject_filter *filter, struct error *error)
{
	if ((filter->run && condition_text(query, "run_id = ?", filter->run, error)) ||
	    (filter->rule && condition_text(query, "rule = ?", filter->rule, error)))
		return -1;
	return filter->table ? condition_text(query, "table_name = ?", filter->table, error) : 0;
}

/* One page of rejects behind *after; offset rows of it are left out. Returns how many rows came, or -1. */
static int reject_page(struct history *history, const struct history_reject_filter *filter, uint64_t most, uint64_t offset,
	int64_t *after, int (*each)(void *arg, const struct history_reject *reject), void *arg, bool *stop,
	struct error *error)
{
	struct statement statement = { .session = NULL };
	struct history_reject reject;
	struct query query;
	int rows = 0, more = -1;

	if (query_begin(&query, REJECT_SELECT, error) ||
	    condition_integer(&query, "reject_id > ?", *after, error) || filter_conditions(&query, filter, error) ||
	    buffer_printf(&query.sql, error, " ORDER BY reject_id LIMIT %d OFFSET %llu", (int)most,
		    (unsigned long long)(offset < INT64_MAX ? offset : INT64_MAX)) ||
	    query_run(&query, history, &statement, "reading rejects", error))
		goto out;
	while (!*stop && (more = statement_fetch(&statement, error)) > 0) {
		if (row_read(&history->row, &statement, REJECT_COLUMNS, error)) {
			more = -1;
			break;
		}
		fill_reject(&history->row, &reject);
		*after = reject.reject_id;
		rows++;
		*stop = each(arg, &reject) != 0;
	}
out:
	statement_close(&statement);
	buffer_fini(&query.sql);
	return more < 0 ? -1 : rows;
}

/* Copies the filter with its run resolved into id. Returns 1, 0 where there is nothing to be found, or -1. */
static int resolve_filter(struct history *history, const struct history_reject_filter *filter,
	struct history_reject_filter *out, char id[RUN_ID_SIZE], struct error *error)
{
	bool found;

	*out = *filter;
	if (!(history->present & 1u << STATE_REJECTS))
		return 0;
	if (!filter->run)
		return 1;
	if (resolve_run(history, filter->run, id, &found, error))
		return -1;
	if (!found)
		return error_set(error, ERROR_CONFIG, history->session.place,
			strcmp(filter->run, "latest") == 0 ? "there is no run yet" : "no run begins with \"%s\": `penstock runs list` has them",
			filter->run);
	out->run = id;
	return 1;
}

int history_rejects(struct history *history, const struct history_reject_filter *filter,
	int (*each)(void *arg, const struct history_reject *reject), void *arg, struct error *error)
{
	struct history_reject_filter exact;
	char id[RUN_ID_SIZE];
	uint64_t given = 0, offset = filter->offset, most;
	int64_t after = INT64_MIN;
	bool stop = false;
	int any = resolve_filter(history, filter, &exact, id, error);

	if (any <= 0)
		return any;
	while (!stop && (most = page_size(filter->limit, given)) > 0) {
		int rows = reject_page(history, &exact, most, offset, &after, each, arg, &stop, error);

		if (rows < 0)
			return -1;
		given += (uint64_t)rows;
		offset = 0;
		if ((uint64_t)rows < most)
			break;
	}
	return 0;
}

int history_reject(struct history *history, int64_t reject_id,
	int (*each)(void *arg, const struct history_reject *reject), void *arg, bool *found, struct error *error)
{
	struct statement statement = { .session = NULL };
	struct history_reject reject;
	struct query query;
	int more = -1;

	*found = false;
	if (!(history->present & 1u << STATE_REJECTS))
		return 0;
	if (query_begin(&query, REJECT_SELECT, error) == 0 &&
	    condition_integer(&query, "reject_id = ?", reject_id, error) == 0 &&
	    query_run(&query, history, &statement, "reading a reject", error) == 0)
		more = statement_fetch(&statement, error);
	if (more > 0 && row_read(&history->row, &statement, REJECT_COLUMNS, error))
		more = -1;
	statement_close(&statement);
	buffer_fini(&query.sql);
	*found = more > 0;
	if (more > 0) {
		fill_reject(&history->row, &reject);
		each(arg, &reject);
	}
	return more < 0 ? -1 : 0;
}

int history_top(struct history *history, const struct history_reject_filter *filter,
	int (*each)(void *arg, const char *rule, uint64_t count), void *arg, struct error *error)
{
	struct statement statement = { .session = NULL };
	struct history_reject_filter exact;
	char id[RUN_ID_SIZE];
	struct query query;
	uint64_t given = 0;
	int more = resolve_filter(history, filter, &exact, id, error);

	if (more <= 0)
		return more;
	more = -1;
	if (query_begin(&query, "SELECT rule, COUNT(*) FROM {rejects}", error) || filter_conditions(&query, &exact, error) ||
	    buffer_puts(&query.sql, " GROUP BY rule ORDER BY COUNT(*) DESC, rule", error) ||
	    query_run(&query, history, &statement, "counting rejects by rule", error))
		goto out;
	while ((filter->limit == 0 || given < filter->limit) && (more = statement_fetch(&statement, error)) > 0) {
		if (row_read(&history->row, &statement, 2, error)) {
			more = -1;
			break;
		}
		given++;
		if (each(arg, row_text(&history->row, 0), row_count(&history->row, 1)))
			break;
	}
out:
	statement_close(&statement);
	buffer_fini(&query.sql);
	return more < 0 ? -1 : 0;
}
