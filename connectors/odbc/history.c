/* history.c - opening the state tables to be read, and the queries, rows and pages of its readers.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/history_parts.h"

enum { ROW_CEILING = 64 * 1024 * 1024, SQL_CEILING = 16 * 1024 };

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

int query_begin(struct query *query, const char *text, struct error *error)
{
	buffer_init(&query->sql, SQL_CEILING);
	query->count = 0;
	return buffer_printf(&query->sql, error, "%s WHERE 1 = 1", text);
}

void query_fini(struct query *query)
{
	buffer_fini(&query->sql);
}

int condition_text(struct query *query, const char *condition, const char *value, struct error *error)
{
	query->values[query->count].text = value;
	query->count++;
	return buffer_printf(&query->sql, error, " AND %s", condition);
}

int condition_integer(struct query *query, const char *condition, int64_t value, struct error *error)
{
	query->values[query->count].text = NULL;
	query->values[query->count].integer = value;
	query->count++;
	return buffer_printf(&query->sql, error, " AND %s", condition);
}

int query_run(struct query *query, struct history *history, struct statement *statement, const char *what,
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

int row_read(struct row *row, struct statement *statement, unsigned count, struct error *error)
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

const char *row_text(const struct row *row, unsigned column)
{
	return row->bytes.data + row->offsets[column];
}

int64_t row_integer(const struct row *row, unsigned column)
{
	return strtoll(row_text(row, column), NULL, 10);
}

uint64_t row_count(const struct row *row, unsigned column)
{
	int64_t value = row_integer(row, column);

	return value > 0 ? (uint64_t)value : 0;
}

int64_t row_time(const struct row *row, unsigned column)
{
	int64_t micros = 0;

	return state_time_parse(row_text(row, column), &micros) ? micros : 0;
}

uint64_t page_size(uint64_t limit, uint64_t given)
{
	if (limit == 0)
		return HISTORY_PAGE;
	if (given >= limit)
		return 0;
	return limit - given < HISTORY_PAGE ? limit - given : HISTORY_PAGE;
}
