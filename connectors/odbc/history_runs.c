/* history_runs.c - reads runs from the state tables: lists, and one by its id.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "connectors/odbc/history_parts.h"

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
	query_fini(&query);
	return more < 0 ? -1 : rows;
}

int history_runs(struct history *history, const struct history_run_filter *filter,
	int (*each)(void *arg, const struct history_run *run), void *arg, struct error *error)
{
	char before[RUN_ID_SIZE] = "";
	uint64_t given = 0, most;
	bool stop = false;

	if (!(history->present & 1u << STATE_RUNS))
		return 0;
	if (filter->before)
		snprintf(before, sizeof before, "%s", filter->before);
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
static int matching_runs(struct history *history, const char *run, bool loads, char ids[2][RUN_ID_SIZE], struct error *error)
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
	    (latest ? buffer_puts(&query.sql, loads ? " AND kind = 'run' ORDER BY run_id DESC LIMIT 1" : " AND kind <> 'ingest' ORDER BY run_id DESC LIMIT 1", error)
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
	query_fini(&query);
	return more < 0 ? -1 : found;
}

int history_resolve(struct history *history, const char *run, bool loads, char id[RUN_ID_SIZE], bool *found, struct error *error)
{
	char ids[2][RUN_ID_SIZE];
	int count = 0;

	*found = false;
	if (run[0] && history->present & 1u << STATE_RUNS)
		count = matching_runs(history, run, loads, ids, error);
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

	if (history_resolve(history, run, false, id, found, error))
		return -1;
	if (!*found)
		return 0;
	if (query_begin(&query, RUN_SELECT, error) == 0 && condition_text(&query, "run_id = ?", id, error) == 0 &&
	    query_run(&query, history, &statement, "reading a run", error) == 0)
		more = statement_fetch(&statement, error);
	if (more > 0 && row_read(&history->row, &statement, RUN_COLUMNS, error))
		more = -1;
	statement_close(&statement);
	query_fini(&query);
	*found = more > 0;
	if (more > 0) {
		fill_run(&history->row, &row);
		each(arg, &row);
	}
	return more < 0 ? -1 : 0;
}
