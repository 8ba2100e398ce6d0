/* stage_file.c - mended rows: each is held against the reject that it names, and kept if there is something to be done.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/clock.h"
#include "engine/mend/cells.h"
#include "engine/mend/columns.h"
#include "engine/mend/parts.h"
#include "rules/integerset.h"

enum { CHUNK_BYTES = 1 << 20, ID_SHOWN = 40 };
static const char MASK[] = "***";

/* A row that waits for what the store says of its reject. */
struct waiting {
	int64_t id;
	uint64_t line;
	size_t body, body_length;
	size_t masked;   /* field + 1 that is still masked; 0: none */
	bool found, own, elsewhere, escaped, published;
	char resolved_by[RUN_ID_SIZE];
	char of[160];    /* whose it is, where it is not ours */
};

struct work {
	struct mend_source *source;
	struct history *history;
	struct sheet sheet;
	struct columns columns;
	struct integerset *seen;
	struct waiting rows[HISTORY_IDS_MAX];
	size_t count;
	struct buffer bodies, body;
};

bool mend_parse_id(struct text text, int64_t *out)
{
	int64_t value = 0;
	while (text.length > 0 && text.data[0] == ' ')
		text = (struct text){ text.data + 1, text.length - 1 };
	while (text.length > 0 && text.data[text.length - 1] == ' ')
		text.length--;
	if (text.length == 0 || text.length > 18)
		return false;
	for (size_t i = 0; i < text.length; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		value = 10 * value + (text.data[i] - '0');
	}
	*out = value;
	return true;
}

/* --- what the store says --- */

static bool is_own(const struct mend_job *job, const struct plan_step *step, const struct history_reject *reject)
{
	return strcmp(reject->pipeline, job->plan->name) == 0 && strcmp(reject->step, step->name) == 0 &&
		strcmp(reject->table_name, step->target) == 0;
}

static bool is_chosen(const struct mend_job *job, const struct history_reject *reject)
{
	for (size_t i = 0; i < job->plan->step_count; i++)
		if (job->wanted[i] && is_own(job, &job->plan->steps[i], reject))
			return true;
	return false;
}

static int on_reject(void *arg, const struct history_reject *reject)
{
	struct work *work = arg;
	const struct mend_job *job = work->source->job;
	for (size_t i = 0; i < work->count; i++) {
		struct waiting *row = &work->rows[i];
		if (row->id != reject->reject_id)
			continue;
		row->found = true;
		row->own = is_own(job, work->source->step, reject);
		row->elsewhere = !row->own && is_chosen(job, reject);
		row->published = reject->published;
		row->escaped = reject->violations.data && strstr(reject->violations.data, "\"encoding-error\"");
		snprintf(row->resolved_by, sizeof row->resolved_by, "%s", reject->resolved_run_id);
		snprintf(row->of, sizeof row->of, "pipeline %.40s, step %.40s, table %.40s", reject->pipeline, reject->step, reject->table_name);
	}
	return 0;
}

/* --- what becomes of a row --- */

/* Of another step of this run, which counts it, is false. */
static bool is_due(struct work *work, const struct waiting *row)
{
	struct mend_source *source = work->source;
	const char *file = mend_job_name(source->job);
	bool stranger = source->job->strangers == source->step;
	if (!row->own) {
		if (row->elsewhere || !stranger)
			return false;
		if (row->found)
			mend_skip(source, SKIP_NO_SUCH_REJECT, "%s:%" PRIu64 ": reject %" PRId64 " is of another one: %s", file, row->line, row->id, row->of);
		else
			mend_skip(source, SKIP_NO_SUCH_REJECT, "%s:%" PRIu64 ": there is no reject %" PRId64, file, row->line, row->id);
		return false;
	}
	if (integerset_has(work->seen, row->id)) {
		mend_skip(source, SKIP_REPEATED, "%s:%" PRIu64 ": reject %" PRId64 " is in the file twice; the first row counts", file, row->line, row->id);
		return false;
	}
	if (!row->published)
		mend_skip(source, SKIP_UNPUBLISHED,
			"%s:%" PRIu64 ": reject %" PRId64 " is of a step that was rolled back (published = 0); mend the source and run the pipeline again",
			file, row->line, row->id);
	else if (row->resolved_by[0])
		mend_skip(source, SKIP_ALREADY_RESOLVED, "%s:%" PRIu64 ": reject %" PRId64 " was resolved by run %s", file, row->line, row->id,
			row->resolved_by);
	else if (row->masked)
		mend_skip(source, SKIP_MASKED, "%s:%" PRIu64 ": %s of reject %" PRId64 " is still masked (%s): write its value, or nothing", file,
			row->line, source->step->source_schema->fields[row->masked - 1].name, row->id, MASK);
	else
		return true;
	return false;
}

static int settle(struct work *work, const struct waiting *row, struct error *error)
{
	struct mend_source *source = work->source;
	bool due = is_due(work, row);
	if (row->own && !integerset_add(work->seen, row->id))
		return error_memory(error, "the reject_ids of a file");
	if (integerset_memory(work->seen) > source->context.limits->keys)
		return error_set(error, ERROR_CONFIG, mend_job_name(source->job),
			"has more reject_ids than limits.keys (%" PRIu64 " bytes) can hold; cut it in two", source->context.limits->keys);
	if (!due)
		return 0;
	struct staged_item item = { .reject_id = row->id, .form = STAGED_CELLS, .body = { work->bodies.data + row->body, row->body_length } };
	if (row->escaped)
		work->bodies.data[row->body] = (char)(work->bodies.data[row->body] | CELLS_ESCAPED);
	return staged_add(source->staged, &item, error);
}

static int settle_all(struct work *work, struct error *error)
{
	int64_t ids[HISTORY_IDS_MAX];
	const struct history_reject_filter filter = { .ids = ids, .id_count = work->count };
	for (size_t i = 0; i < work->count; i++)
		ids[i] = work->rows[i].id;
	if (work->count > 0 && history_rejects(work->history, &filter, on_reject, work, error) < 0)
		return -1;
	for (size_t i = 0; i < work->count; i++)
		if (settle(work, &work->rows[i], error) < 0)
			return -1;
	work->count = 0;
	buffer_clear(&work->bodies);
	return 0;
}

/* --- the rows --- */

static int read_row(struct work *work, int64_t id, struct error *error)
{
	const struct schema *schema = work->source->step->source_schema;
	struct waiting *row = &work->rows[work->count++];
	size_t extra_at = work->columns.own[OWN_EXTRA];
	struct text extra = extra_at == SIZE_MAX ? (struct text){ "", 0 } : sheet_cell(&work->sheet, extra_at);
	*row = (struct waiting){ .id = id, .line = work->sheet.at, .body = work->bodies.length };
	if (cells_begin(&work->body, extra.length > 0 ? CELLS_EXTRA : 0, error) < 0)
		return -1;
	for (size_t i = 0; i < schema->field_count; i++) {
		struct text cell = sheet_cell(&work->sheet, work->columns.fields[i]);
		if (mend_is_hidden(work->source->step, i) && cell.length == strlen(MASK) && memcmp(cell.data, MASK, cell.length) == 0)
			row->masked = i + 1;
		if (cells_put(&work->body, cell, error) < 0)
			return -1;
	}
	if (extra.length > 0 && cells_put(&work->body, extra, error) < 0)
		return -1;
	row->body_length = work->body.length;
	return buffer_append(&work->bodies, work->body.data, work->body.length, error);
}

static int read_all(struct work *work, struct error *error)
{
	struct mend_source *source = work->source;
	bool counts = source->job->strangers == source->step, blank;
	int more;
	while ((more = sheet_next(&work->sheet, &blank, error)) > 0) {
		int64_t id;
		if (cancel_requested(source->context.cancel))
			return error_set(error, ERROR_CANCELLED, NULL, "cancelled");
		if (blank) {
			source->skipped[SKIP_BLANK] += counts;
			continue;
		}
		struct text cell = sheet_cell(&work->sheet, work->columns.own[OWN_REJECT_ID]);
		if (!mend_parse_id(cell, &id)) {
			if (counts)
				mend_skip(source, SKIP_NO_SUCH_REJECT, "%s:%" PRIu64 ": \"%.*s\" is no reject_id", mend_job_name(source->job), work->sheet.at,
					(int)(cell.length < ID_SHOWN ? cell.length : ID_SHOWN), cell.data);
			continue;
		}
		if (read_row(work, id, error) < 0)
			return -1;
		if ((work->count == HISTORY_IDS_MAX || work->bodies.length > CHUNK_BYTES) && settle_all(work, error) < 0)
			return -1;
	}
	source->bytes = counts ? work->sheet.bytes : 0;
	return more < 0 ? -1 : settle_all(work, error);
}

int stage_file(struct mend_source *source, struct error *error)
{
	const struct mend_job *job = source->job;
	struct work *work = calloc(1, sizeof *work);
	if (!work)
		return error_memory(error, "a file of mended rejects");
	work->source = source;
	buffer_init(&work->bodies, BODY_MAX);
	buffer_init(&work->body, BODY_MAX);
	work->seen = integerset_new((uint64_t)clock_wall_us());
	int result = work->seen ? 0 : error_memory(error, "the reject_ids of a file");
	if (result == 0 && (mend_history(job->plan, job->connection ? job->connection : source->step->connection, source->context.cancel, &work->history, error) < 0 ||
				sheet_open(&work->sheet, job->file, mend_job_name(job), columns_label(source->step->source_schema, OWN_REJECT_ID), source->context.limits, error) < 0 ||
				columns_match(&work->columns, &work->sheet, source->step->source_schema, error) < 0 || read_all(work, error) < 0))
		result = -1;
	columns_fini(&work->columns);
	sheet_close(&work->sheet);
	history_close(work->history);
	integerset_free(work->seen);
	buffer_fini(&work->bodies);
	buffer_fini(&work->body);
	free(work);
	return result;
}
