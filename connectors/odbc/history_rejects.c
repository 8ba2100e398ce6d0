/* history_rejects.c - reads rejects from the state tables: lists, one by its id, and how many of each rule.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "connectors/odbc/history_parts.h"

#define REJECT_SELECT \
	"SELECT reject_id, run_id, pipeline, step, table_name, source, record_no, line_no, byte_offset, field, code, rule, message, " \
	"violations, record, published, attempts, {time rejected_at}, resolved_run_id FROM {rejects}"
enum { REJECT_COLUMNS = 19, REASONS_PAGE = 4096 };

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
	if ((filter->table && condition_text(query, "table_name = ?", filter->table, error)) ||
	    (filter->pipeline && condition_text(query, "pipeline = ?", filter->pipeline, error)) ||
	    (filter->step && condition_text(query, "step = ?", filter->step, error)) ||
	    (filter->field && condition_text(query, "field = ?", filter->field, error)) ||
	    (filter->ids && buffer_puts(&query->sql, " AND reject_id IN (", error)))
		return -1;
	assert(filter->id_count <= HISTORY_IDS_MAX);
	for (size_t i = 0; filter->ids && i < filter->id_count; i++)
		if (buffer_printf(&query->sql, error, "%s%lld", i ? ", " : "", (long long)filter->ids[i]))
			return -1;
	return filter->ids ? buffer_puts(&query->sql, ")", error) : 0;
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
	    condition_integer(&query, "reject_id > ?", *after, error) ||
	    (filter->until && condition_integer(&query, "reject_id <= ?", filter->until, error)) || filter_conditions(&query, filter, error) ||
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
	query_fini(&query);
	return more < 0 ? -1 : rows;
}

int history_find_run(struct history *history, const char *run, char id[RUN_ID_SIZE], struct error *error)
{
	bool found;

	if (history_resolve(history, run, true, id, &found, error))
		return -1;
	if (found)
		return 0;
	return error_set(error, ERROR_CONFIG, history->session.place,
		strcmp(run, "latest") == 0 ? "there is no run yet" : "no run begins with \"%s\": `penstock runs list` has them", run);
}

/* Copies the filter with its run resolved into id. Returns 1, 0 where there is nothing to be found, or -1. */
static int resolve_filter(struct history *history, const struct history_reject_filter *filter,
	struct history_reject_filter *out, char id[RUN_ID_SIZE], struct error *error)
{
	*out = *filter;
	if (!(history->present & 1u << STATE_REJECTS))
		return 0;
	if (!filter->run)
		return 1;
	if (history_find_run(history, filter->run, id, error))
		return -1;
	out->run = id;
	return 1;
}

int history_rejects(struct history *history, const struct history_reject_filter *filter,
	int (*each)(void *arg, const struct history_reject *reject), void *arg, struct error *error)
{
	struct history_reject_filter exact;
	char id[RUN_ID_SIZE];
	uint64_t given = 0, offset = filter->offset, most;
	int64_t after = filter->after > 0 ? filter->after : INT64_MIN;
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

int history_reject_bound(struct history *history, const char *run_id, int64_t after, uint64_t rows, int64_t *bound, struct error *error)
{
	struct statement statement = { .session = NULL };
	struct query query;
	int more = -1;

	*bound = 0;
	if (!(history->present & 1u << STATE_REJECTS) || rows == 0)
		return 0;
	if (query_begin(&query, "SELECT reject_id FROM {rejects}", error) == 0 && condition_text(&query, "run_id = ?", run_id, error) == 0 &&
	    condition_integer(&query, "reject_id > ?", after > 0 ? after : INT64_MIN, error) == 0 &&
	    buffer_printf(&query.sql, error, " ORDER BY run_id, reject_id LIMIT 1 OFFSET %llu", (unsigned long long)(rows - 1)) == 0 &&
	    query_run(&query, history, &statement, "reading rejects", error) == 0)
		more = statement_fetch(&statement, error);
	if (more > 0 && row_read(&history->row, &statement, 1, error))
		more = -1;
	if (more > 0)
		*bound = row_integer(&history->row, 0);
	statement_close(&statement);
	query_fini(&query);
	return more < 0 ? -1 : 0;
}

int history_count_rejects(struct history *history, const struct history_reject_filter *filter, uint64_t *count, struct error *error)
{
	struct statement statement = { .session = NULL };
	struct history_reject_filter exact;
	char id[RUN_ID_SIZE];
	struct query query;
	int more = resolve_filter(history, filter, &exact, id, error);

	*count = 0;
	if (more <= 0)
		return more;
	more = -1;
	if (query_begin(&query, "SELECT COUNT(*) FROM {rejects}", error) == 0 &&
	    (!filter->after || condition_integer(&query, "reject_id > ?", filter->after, error) == 0) &&
	    filter_conditions(&query, &exact, error) == 0 && query_run(&query, history, &statement, "counting rejects", error) == 0)
		more = statement_fetch(&statement, error);
	if (more > 0 && row_read(&history->row, &statement, 1, error))
		more = -1;
	if (more > 0)
		*count = row_count(&history->row, 0);
	statement_close(&statement);
	query_fini(&query);
	return more < 0 ? -1 : 0;
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
	query_fini(&query);
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
	query_fini(&query);
	return more < 0 ? -1 : 0;
}

int history_reject_groups(struct history *history, const struct history_reject_filter *filter,
	int (*each)(void *arg, const struct history_reject_group *group), void *arg, struct error *error)
{
	static const char columns[] = "run_id, pipeline, step, table_name, published, CASE WHEN resolved_run_id IS NULL THEN 0 ELSE 1 END";
	struct statement statement = { .session = NULL };
	struct history_reject_filter exact;
	const struct row *row = &history->row;
	char id[RUN_ID_SIZE], text[512];
	struct query query;
	int more = resolve_filter(history, filter, &exact, id, error);

	if (more <= 0)
		return more;
	more = -1;
	snprintf(text, sizeof text, "SELECT %s, COUNT(*) FROM {rejects}", columns);
	if (query_begin(&query, text, error) || filter_conditions(&query, &exact, error) ||
	    buffer_printf(&query.sql, error, " GROUP BY %s ORDER BY 1, 2, 3, 4, 5, 6", columns) ||
	    query_run(&query, history, &statement, "counting rejects", error))
		goto out;
	while ((more = statement_fetch(&statement, error)) > 0) {
		if (row_read(&history->row, &statement, 7, error)) {
			more = -1;
			break;
		}
		const struct history_reject_group group = {
			.run_id = row_text(row, 0), .pipeline = row_text(row, 1), .step = row_text(row, 2), .table_name = row_text(row, 3),
			.published = row_integer(row, 4) != 0, .resolved = row_integer(row, 5) != 0, .count = row_count(row, 6),
		};
		if (each(arg, &group))
			break;
	}
out:
	statement_close(&statement);
	query_fini(&query);
	return more < 0 ? -1 : 0;
}

/* A page of reasons behind *after; how many rows came, or -1. */
static int reason_page(struct history *history, const struct history_reject_filter *filter, int64_t *after,
	int (*each)(void *arg, const struct history_reject *reject), void *arg, bool *stop, struct error *error)
{
	struct statement statement = { .session = NULL };
	const struct row *row = &history->row;
	struct query query;
	int rows = 0, more = -1;

	if (query_begin(&query,
		    "SELECT reject_id, table_name, field, code, rule, message, violations, published, resolved_run_id FROM {rejects}", error) ||
	    condition_integer(&query, "reject_id > ?", *after, error) ||
	    (filter->until && condition_integer(&query, "reject_id <= ?", filter->until, error)) || filter_conditions(&query, filter, error) ||
	    buffer_printf(&query.sql, error, " ORDER BY reject_id LIMIT %d", (int)REASONS_PAGE) ||
	    query_run(&query, history, &statement, "reading rejects", error))
		goto out;
	while (!*stop && (more = statement_fetch(&statement, error)) > 0) {
		if (row_read(&history->row, &statement, 9, error)) {
			more = -1;
			break;
		}
		const struct history_reject reject = {
			.reject_id = row_integer(row, 0), .table_name = row_text(row, 1), .field = row_text(row, 2), .code = row_text(row, 3),
			.rule = row_text(row, 4), .message = row_text(row, 5), .violations = row_piece(row, 6),
			.published = row_integer(row, 7) != 0, .resolved_run_id = row_text(row, 8),
			.run_id = "", .pipeline = "", .step = "", .source = "", .record = { "", 0 },
		};
		*after = reject.reject_id;
		rows++;
		*stop = each(arg, &reject) != 0;
	}
out:
	statement_close(&statement);
	query_fini(&query);
	return more < 0 ? -1 : rows;
}

int history_reject_reasons(struct history *history, const struct history_reject_filter *filter,
	int (*each)(void *arg, const struct history_reject *reject), void *arg, struct error *error)
{
	struct history_reject_filter exact;
	char id[RUN_ID_SIZE];
	int64_t after = filter->after > 0 ? filter->after : INT64_MIN;
	bool stop = false;
	int rows = REASONS_PAGE, any = resolve_filter(history, filter, &exact, id, error);

	if (any <= 0)
		return any;
	while (!stop && rows == REASONS_PAGE)
		rows = reason_page(history, &exact, &after, each, arg, &stop, error);
	return rows < 0 ? -1 : 0;
}

/* The hashes that the path had, at most two different ones, that of the run alone where run_id is not NULL. */
static int hashes_of(struct history *history, const struct step_key *key, const char *path, const char *run_id,
	char hashes[2][SHA256_HEX_SIZE], struct error *error)
{
	struct statement statement = { .session = NULL };
	struct query query;
	int found = 0, more = -1;

	if (query_begin(&query, "SELECT DISTINCT hash FROM {files}", error) == 0 &&
	    condition_text(&query, "pipeline = ?", key->pipeline, error) == 0 && condition_text(&query, "step = ?", key->step, error) == 0 &&
	    condition_text(&query, "table_name = ?", key->table_name, error) == 0 && condition_text(&query, "path = ?", path, error) == 0 &&
	    (!run_id || condition_text(&query, "run_id = ?", run_id, error) == 0) &&
	    query_run(&query, history, &statement, "looking for a loaded file", error) == 0)
		while (found < 2 && (more = statement_fetch(&statement, error)) > 0) {
			if (row_read(&history->row, &statement, 1, error)) {
				more = -1;
				break;
			}
			snprintf(hashes[found++], SHA256_HEX_SIZE, "%s", row_text(&history->row, 0));
		}
	statement_close(&statement);
	query_fini(&query);
	return more < 0 ? -1 : found;
}

int history_file_hash(struct history *history, const struct step_key *key, const char *path, const char *run_id,
	char hash[SHA256_HEX_SIZE], struct error *error)
{
	char hashes[2][SHA256_HEX_SIZE];
	int found;

	hash[0] = '\0';
	if (!(history->present & 1u << STATE_FILES))
		return 0;
	found = hashes_of(history, key, path, run_id, hashes, error);
	/* An attempt that was interrupted is not in there; and one that came later may have taken the place of the one that is meant. */
	if (found == 0)
		found = hashes_of(history, key, path, NULL, hashes, error);
	if (found == 1)
		memcpy(hash, hashes[0], SHA256_HEX_SIZE);
	return found < 0 ? -1 : 0;
}
