/* rows.c - first whether the body is JSON at all, then where its rows are, then the rows one by one.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/http/rows.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/json/record.h"
#include "connectors/json/string.h"
#include "connectors/json/walk.h"
#include "engine/core/diagnostics.h"

enum { STATUS_BAD = 400, STATUS_REFUSED = 422, NAME_SHOWN_MAX = 64, NAME_MAX_HERE = 4 * NAME_MAX_BYTES };

struct place_of_row {
	size_t step, offset, length;
	uint64_t line;
};

struct rows {
	const struct ingest_steps *steps;
	struct ingest_form *form;
	struct json_record *records; /* one a step */
	bool *ready;                 /* its record is */
	bool *named;                 /* the body at hand has it */
	struct place_of_row found[INGEST_ROWS_MAX];
	size_t count;
};

/* The body that is being looked through; it is JSON already when rows are looked for. */
struct look {
	struct rows *rows;
	const char *body;
	size_t length, at;
	uint64_t line;
	char *detail;
	struct error *error;
};

struct rows *rows_new(const struct ingest_steps *steps, struct cancel *cancel, struct error *error)
{
	struct rows *rows = calloc(1, sizeof *rows);
	size_t room = steps->count ? steps->count : 1;
	if (rows) {
		rows->steps = steps;
		rows->records = calloc(room, sizeof *rows->records);
		rows->ready = calloc(room, sizeof *rows->ready);
		rows->named = calloc(room, sizeof *rows->named);
	}
	if (!rows || !rows->records || !rows->ready || !rows->named)
		error_memory(error, "the rows of a request");
	else
		rows->form = ingest_form_new(steps, cancel, error);
	if (rows && rows->form)
		return rows;
	rows_free(rows);
	return NULL;
}

void rows_free(struct rows *rows)
{
	if (!rows)
		return;
	for (size_t i = 0; rows->ready && rows->records && i < rows->steps->count; i++)
		if (rows->ready[i])
			json_record_fini(&rows->records[i]);
	ingest_form_free(rows->form);
	free(rows->records);
	free(rows->ready);
	free(rows->named);
	free(rows);
}

void rows_clear(struct rows *rows)
{
	ingest_form_clear(rows->form);
	memset(rows->named, 0, rows->steps->count * sizeof *rows->named);
	rows->count = 0;
}

struct ingest_form *rows_form(struct rows *rows)
{
	return rows->form;
}

/* --- is it JSON? --- */

static int no_json(struct look *look, const char *expected)
{
	unsigned char c = look->at < look->length ? (unsigned char)look->body[look->at] : 0;
	if (look->at >= look->length)
		snprintf(look->detail, ROWS_DETAIL_MAX, "the body is no JSON: it ends where %s should stand", expected);
	else if (c > ' ' && c < 0x7F)
		snprintf(look->detail, ROWS_DETAIL_MAX, "the body is no JSON: %s should stand at byte %zu, not %c", expected, look->at, c);
	else
		snprintf(look->detail, ROWS_DETAIL_MAX, "the body is no JSON: %s should stand at byte %zu, not 0x%02X", expected, look->at, c);
	return STATUS_BAD;
}

static void skip_spaces(struct look *look)
{
	for (; look->at < look->length && json_is_space(look->body[look->at]); look->at++)
		look->line += look->body[look->at] == '\n';
}

static int check_json(struct look *look)
{
	struct json_walk walk = json_walk_from(0);
	size_t used = 0;
	enum json_walked walked = json_walk_on(&walk, look->body, look->length, &used);
	look->at = used;
	if (walked == JSON_WALK_BAD || (walked == JSON_WALK_MORE && !json_walk_finish(&walk)))
		return no_json(look, json_walk_expected(&walk));
	skip_spaces(look);
	if (look->at < look->length)
		return no_json(look, "nothing");
	look->at = 0;
	look->line = 1;
	return 0;
}

/* --- where are its rows? --- */

/* Over the value at hand, which the whole body's walk has found to be one. */
static size_t take_value(struct look *look)
{
	struct json_walk walk = json_walk_from(0);
	size_t used = 0;
	enum json_walked walked = json_walk_on(&walk, look->body + look->at, look->length - look->at, &used);
	assert(walked != JSON_WALK_BAD);
	(void)walked;
	for (size_t i = 0; i < used; i++)
		look->line += look->body[look->at + i] == '\n';
	look->at += used;
	return used;
}

static int refuse(struct look *look, const char *text)
{
	snprintf(look->detail, ROWS_DETAIL_MAX, "%s", text);
	return STATUS_REFUSED;
}

static int find_rows(struct look *look, size_t step)
{
	struct rows *rows = look->rows;
	skip_spaces(look);
	if (look->at == look->length || look->body[look->at] != '[') {
		snprintf(look->detail, ROWS_DETAIL_MAX, "the rows of table %.*s must be an array", NAME_SHOWN_MAX,
			rows->steps->steps[step]->table);
		return STATUS_REFUSED;
	}
	rows->named[step] = true;
	do {
		look->at++; /* [ or a comma */
		skip_spaces(look);
		if (look->body[look->at] == ']')
			break; /* only behind [ */
		if (rows->count == INGEST_ROWS_MAX) {
			snprintf(look->detail, ROWS_DETAIL_MAX, "more than %d rows: send them in several requests", INGEST_ROWS_MAX);
			return STATUS_REFUSED;
		}
		struct place_of_row *found = &rows->found[rows->count++];
		*found = (struct place_of_row){ .step = step, .offset = look->at, .line = look->line };
		found->length = take_value(look);
		skip_spaces(look);
	} while (look->body[look->at] == ',');
	look->at++; /* ] */
	return 0;
}

static int unknown_table(struct look *look, const char *key, size_t length)
{
	bool shown = length > 0 && length <= NAME_SHOWN_MAX;
	char name[NAME_SHOWN_MAX + 1];
	for (size_t i = 0; i < length && shown; i++)
		shown = key[i] > ' ' && key[i] < 0x7F && key[i] != '"';
	if (!shown)
		return refuse(look, "a table that this pipeline does not take rows for");
	memcpy(name, key, length);
	name[length] = '\0';
	const char **tables = calloc(look->rows->steps->count + 1, sizeof *tables);
	for (size_t i = 0; tables && i < look->rows->steps->count; i++)
		tables[i] = look->rows->steps->steps[i]->table;
	const char *near = tables ? suggest(name, tables) : NULL;
	free(tables);
	snprintf(look->detail, ROWS_DETAIL_MAX, "this pipeline takes no rows for a table \"%s\"%s%s%s", name,
		near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
	return STATUS_REFUSED;
}

/* The key at hand. 0 and its step, or a status. */
static int take_table(struct look *look, size_t *step)
{
	size_t begin = look->at + 1, length = take_value(look) - 2;
	char name[NAME_MAX_HERE];
	if (length > sizeof name)
		return unknown_table(look, "", 0);
	size_t used = json_unescape(look->body + begin, length, name);
	*step = ingest_steps_find(look->rows->steps, name, used);
	if (*step == SIZE_MAX)
		return unknown_table(look, name, used);
	if (look->rows->named[*step]) {
		snprintf(look->detail, ROWS_DETAIL_MAX, "table %.*s stands twice in the body", NAME_SHOWN_MAX,
			look->rows->steps->steps[*step]->table);
		return STATUS_BAD;
	}
	return 0;
}

static int find_tables(struct look *look)
{
	size_t step;
	skip_spaces(look);
	if (look->body[look->at] != '{')
		return refuse(look, "the body must be an object with an array of rows for each table");
	do {
		look->at++; /* { or a comma */
		skip_spaces(look);
		if (look->body[look->at] == '}')
			break;
		int status = take_table(look, &step);
		if (status != 0)
			return status;
		skip_spaces(look);
		look->at++; /* : */
		status = find_rows(look, step);
		if (status != 0)
			return status;
		skip_spaces(look);
	} while (look->body[look->at] == ',');
	return 0;
}

/* --- the rows --- */

static int need_record(struct rows *rows, size_t step, struct error *error)
{
	const struct plan_step *planned = rows->steps->steps[step];
	if (rows->ready[step])
		return 0;
	if (json_record_init(&rows->records[step], planned->schema, planned->labels.count ? &planned->labels : NULL,
		    &rows->steps->plan->limits, planned->name, error) < 0) {
		json_record_fini(&rows->records[step]);
		return -1;
	}
	rows->ready[step] = true;
	return 0;
}

static int add_row(struct look *look, struct batch *batch, const struct place_of_row *found)
{
	const struct limits *limits = &look->rows->steps->plan->limits;
	uint32_t row = batch_add_row(batch);
	struct origin *origin = &batch->origins[row];
	*origin = (struct origin){ .record_no = row + 1, .line_no = found->line, .byte_offset = found->offset, .byte_length = found->length };
	batch->bytes += found->length;
	size_t kept = found->length < limits->record ? found->length : (size_t)limits->record;
	if (batch_store(batch, look->body + found->offset, kept, &batch->origins[row].text, look->error) < 0)
		return -1;
	if (kept < found->length)
		return batch_fault(batch, row, FAULT_RECORD, SCHEMA_NO_FIELD, look->error, "more than limits.record (%" PRIu64 ") bytes",
			limits->record);
	return json_record_fill(&look->rows->records[found->step], batch, row, look->error);
}

static int fill(struct look *look)
{
	struct rows *rows = look->rows;
	for (size_t i = 0; i < rows->steps->count; i++) {
		size_t first = 0, count = 0;
		if (!rows->named[i])
			continue;
		while (first < rows->count && rows->found[first].step != i)
			first++;
		while (first + count < rows->count && rows->found[first + count].step == i)
			count++;
		size_t bytes = count > 0 ? rows->found[first + count - 1].offset + rows->found[first + count - 1].length - rows->found[first].offset : 0;
		struct batch *batch = ingest_form_batch(rows->form, i, count, bytes, look->error);
		if (!batch || need_record(rows, i, look->error) < 0)
			return -1;
		for (size_t k = 0; k < count; k++)
			if (add_row(look, batch, &rows->found[first + k]) < 0)
				return -1;
	}
	return ingest_form_judge(rows->form, look->error);
}

int rows_read(struct rows *rows, const char *body, size_t length, size_t step, char detail[ROWS_DETAIL_MAX], struct error *error)
{
	struct look look = { .rows = rows, .body = body, .length = length, .line = 1, .detail = detail, .error = error };
	detail[0] = '\0';
	int status = check_json(&look);
	if (status == 0)
		status = step == SIZE_MAX ? find_tables(&look) : find_rows(&look, step);
	if (status != 0)
		return status;
	if (rows->count == 0)
		return refuse(&look, "the body has no row");
	return fill(&look);
}
