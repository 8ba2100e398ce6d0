/* stage_run.c - the rejects of a run: for each where its record can still be had.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/mend/cells.h"
#include "engine/mend/parts.h"

enum { PATH_SHOWN = 200, CAPPED_AT = REJECT_RECORD_MAX - 4 /* a character may not have fit */ };
static const char MASK[] = "***";

struct work {
	struct mend_source *source;
	struct history *history, *files; /* one reads rejects while the other looks for a file */
	char path[4096];                 /* `source` of the last reject; "" at first */
	char found[4096];                /* where that file is; "": it cannot be had */
	char why_not[ERROR_MESSAGE_MAX + 512];
	struct buffer body;
	struct error *error;
};

/* --- the source --- */

/* Whether a file has the content that the load read. 1, 0, and -1 where nobody can go on. */
static int is_it(struct work *work, const char *path, const char *hash)
{
	struct mend_source *source = work->source;
	struct original original = { .instance = NULL };
	struct error failed = ERROR_INIT;
	int same = original_open(&original, source->step, &source->context, path, &failed);
	if (same == 0)
		same = original_has_hash(&original, hash, &failed);
	original_close(&original);
	if (same < 0 && (failed.kind == ERROR_CANCELLED || failed.kind == ERROR_RESOURCE)) {
		*work->error = failed;
		return -1;
	}
	if (same == 0)
		snprintf(work->why_not, sizeof work->why_not, "%.*s changed since it was loaded", PATH_SHOWN, path);
	else if (same < 0)
		snprintf(work->why_not, sizeof work->why_not, "%.*s: %s", PATH_SHOWN, path, failed.message);
	return same > 0;
}

/* Where the file of that name is now: there, where the person says, or where the step would read now. */
static int find_source(struct work *work, const char *path)
{
	struct mend_source *source = work->source;
	const struct plan_step *step = source->step;
	const struct step_key key = { .pipeline = source->job->plan->name, .step = step->name, .table_name = step->target };
	const char *const places[] = { path, source->job->found_at, original_path(step) };
	char hash[SHA256_HEX_SIZE];
	snprintf(work->path, sizeof work->path, "%s", path);
	work->found[0] = '\0';
	if (history_file_hash(work->files, &key, path, source->job->run, hash, work->error) < 0)
		return -1;
	if (!hash[0]) {
		snprintf(work->why_not, sizeof work->why_not, "the content of %.*s was not recorded, or was not always the same", PATH_SHOWN, path);
		return 0;
	}
	for (size_t i = sizeof places / sizeof *places; i-- > 0;) {
		int is = places[i] && (i == 0 || strcmp(places[i], path) != 0) ? is_it(work, places[i], hash) : 0;
		if (is < 0)
			return -1;
		if (is > 0 && strlen(places[i]) < sizeof work->found)
			memcpy(work->found, places[i], strlen(places[i]) + 1);
	}
	return 0;
}

/* --- the store --- */

static bool has_sensitive(const struct schema *schema)
{
	for (size_t i = 0; i < schema->field_count; i++)
		if (schema->fields[i].sensitive)
			return true;
	return false;
}

static const struct option *option_of(const struct plan_step *step, const char *name)
{
	for (const struct option *option = step->source->options; option && option->name; option++)
		if (strcmp(option->name, name) == 0)
			return option;
	return NULL;
}

bool mend_is_hidden(const struct plan_step *step, size_t column)
{
	const struct field *field = &step->source_schema->fields[column];
	size_t known = schema_find(step->schema, field->name);
	if (field->sensitive || !has_sensitive(step->schema))
		return field->sensitive;
	return known == SCHEMA_NO_FIELD || step->schema->fields[known].sensitive;
}

/* How records of the step are written in the store. */
struct layout {
	bool json, cells;
	char delimiter, quote;
	bool trim;
	const char *unknown; /* why there is none of these */
};

/* NULL: not given, or no text. */
static const char *text_of(const struct plan_step *step, const char *name)
{
	const struct option *option = option_of(step, name);
	const char *text = NULL;
	if (option && option->kind == OPTION_STRING)
		memcpy(&text, (const char *)step->source_options + option->offset, sizeof text);
	return text;
}

static bool flag_of(const struct plan_step *step, const char *name)
{
	const struct option *option = option_of(step, name);
	bool value = false;
	if (option && option->kind == OPTION_BOOLEAN)
		memcpy(&value, (const char *)step->source_options + option->offset, sizeof value);
	return value;
}

/* CSV as the step reads it, where that can be cut here. */
static struct layout dialect_of(const struct plan_step *step)
{
	const char *delimiter = text_of(step, "delimiter"), *quote = text_of(step, "quote");
	bool plain = delimiter && strlen(delimiter) == 1 && quote && strlen(quote) == 1 && flag_of(step, "double_quote") &&
		!text_of(step, "escape") && !flag_of(step, "escape_codes") && !flag_of(step, "skip_initial_space");
	if (!plain)
		return (struct layout){ .unknown = "records of this dialect cannot be read out of the store" };
	return (struct layout){ .cells = true, .delimiter = *delimiter, .quote = *quote, .trim = flag_of(step, "trim") };
}

static struct layout layout_of(const struct plan_step *step, struct text record)
{
	const struct layout canonical = { .cells = true, .delimiter = ',', .quote = '"' };
	const char *name = step->source->name;
	/* As reject.c writes them: where there is something to be masked, or no text that was read. */
	if (has_sensitive(step->schema))
		return canonical;
	if (strcmp(name, "json") == 0 || (strcmp(name, "http") == 0 && record.length > 0 && strchr("{[", record.data[0])))
		return (struct layout){ .json = true };
	if (strcmp(name, "http") == 0)
		return (struct layout){ .unknown = "which cell is of which field stood in the header of its page" };
	if (strcmp(name, "csv") != 0)
		return canonical;
	if (flag_of(step, "header"))
		return (struct layout){ .unknown = "which cell is of which field stood in its header" };
	if (step->labels.count > 0 || text_of(step, "file_field"))
		return (struct layout){ .unknown = "its cells are in another order than the fields" };
	return dialect_of(step);
}

/* How many cells a record of the step's file has: the field that gets the file's path has none there. */
static size_t cells_in_file(const struct plan_step *step)
{
	return step->source_schema->field_count - (text_of(step, "file_field") ? 1 : 0);
}

/* The cells of the record that was cut last beyond those of the fields, with commas between them. */
static int join_surplus(struct mend_source *source, size_t fields, struct error *error)
{
	const struct sheet *cutter = &source->cutter;
	buffer_clear(&source->surplus);
	for (size_t i = fields; i < cutter->count; i++) {
		struct text cell = sheet_cell(cutter, i);
		if ((i > fields && buffer_puts(&source->surplus, ",", error) < 0) || buffer_append(&source->surplus, cell.data, cell.length, error) < 0)
			return -1;
	}
	return 0;
}

int mend_surplus(struct mend_source *source, struct text record, struct text *out, struct error *error)
{
	const struct layout layout = dialect_of(source->step);
	*out = record;
	if (strcmp(source->step->source->name, "csv") != 0 || layout.unknown)
		return 0;
	int whole = sheet_cut(&source->cutter, record, layout.delimiter, layout.quote, layout.trim, error);
	if (whole <= 0 || source->cutter.count <= cells_in_file(source->step))
		return whole < 0 ? -1 : 0;
	if (join_surplus(source, cells_in_file(source->step), error) < 0)
		return -1;
	*out = (struct text){ buffer_text(&source->surplus), source->surplus.length };
	return 0;
}

static int put_surplus(struct work *work)
{
	const struct buffer *surplus = &work->source->surplus;
	if (join_surplus(work->source, work->source->step->source_schema->field_count, work->error) < 0)
		return -1;
	return cells_put(&work->body, (struct text){ buffer_text(surplus), surplus->length }, work->error);
}

/* 1: the body has the cells; 0 and why it cannot; -1 and error. */
static int cut(struct work *work, const struct layout *layout, struct text record, const char **why_not)
{
	struct sheet *cutter = &work->source->cutter;
	const struct schema *schema = work->source->step->source_schema;
	int whole = sheet_cut(cutter, record, layout->delimiter, layout->quote, layout->trim, work->error);
	if (whole < 0)
		return -1;
	if (!whole)
		return cells_begin(&work->body, CELLS_DAMAGED, work->error) < 0 || cells_put(&work->body, record, work->error) < 0 ? -1 : 1;
	for (size_t i = 0; i < cutter->count && i < schema->field_count && !work->source->job->exporting; i++) {
		struct text cell = sheet_cell(cutter, i);
		if (mend_is_hidden(work->source->step, i) && cell.length == strlen(MASK) && memcmp(cell.data, MASK, cell.length) == 0) {
			*why_not = "the store has it with masked values alone";
			return 0;
		}
	}
	bool more = cutter->count > schema->field_count;
	if (cells_begin(&work->body, more ? CELLS_EXTRA : 0, work->error) < 0)
		return -1;
	for (size_t i = 0; i < cutter->count && i < schema->field_count; i++)
		if (cells_put(&work->body, sheet_cell(cutter, i), work->error) < 0)
			return -1;
	return more && put_surplus(work) < 0 ? -1 : 1;
}

/* The record as the store has it. 1, 0 and why not, -1 and error. */
static int from_store(struct work *work, const struct history_reject *reject, struct staged_item *item, const char **why_not)
{
	const struct layout layout = layout_of(work->source->step, reject->record);
	if (reject->record.length == 0 || reject->record.length >= CAPPED_AT)
		*why_not = "the store has not all of it";
	else if (strstr(reject->violations.data, "\"encoding-error\"") && !work->source->job->exporting)
		*why_not = "the store has \\xHH in the place of bytes that were no UTF-8";
	else if (layout.unknown)
		*why_not = layout.unknown;
	if (*why_not)
		return 0;
	item->form = layout.json ? STAGED_JSON : STAGED_CELLS;
	if (layout.json) {
		item->body = reject->record;
		return 1;
	}
	int cuts = cut(work, &layout, reject->record, why_not);
	item->body = (struct text){ buffer_text(&work->body), work->body.length };
	return cuts;
}

/* --- one reject after the other --- */

static int stage(struct work *work, const struct history_reject *reject)
{
	struct mend_source *source = work->source;
	struct staged_item item = { .reject_id = reject->reject_id, .record_no = reject->record_no, .byte_offset = reject->byte_offset,
		.form = STAGED_PLACE, .rule = { reject->rule, strlen(reject->rule) }, .message = { reject->message, strlen(reject->message) } };
	const char *why_not = NULL;
	if (strcmp(work->path, reject->source) != 0 && find_source(work, reject->source) < 0)
		return -1;
	source->has_extra = source->has_extra || strstr(reject->violations.data, "\"extra-cell\"") || strstr(reject->violations.data, "\"record-error\"");
	if (work->found[0]) {
		item.source = (struct text){ work->found, strlen(work->found) };
		return staged_add(source->staged, &item, work->error);
	}
	int has = from_store(work, reject, &item, &why_not);
	if (has > 0)
		return staged_add(source->staged, &item, work->error);
	if (has == 0)
		mend_skip(source, SKIP_SOURCE_GONE, "source gone: reject %" PRId64 ": %s, and %s", reject->reject_id, work->why_not, why_not);
	return has;
}

static int on_reject(void *arg, const struct history_reject *reject)
{
	struct work *work = arg;
	struct mend_source *source = work->source;
	if (cancel_requested(source->context.cancel)) {
		error_set(work->error, ERROR_CANCELLED, NULL, "cancelled");
		return 1;
	}
	if (!reject->published)
		mend_skip(source, SKIP_UNPUBLISHED,
			"reject %" PRId64 " is of a step that was rolled back (published = 0): mend the source and run the pipeline again", reject->reject_id);
	else if (reject->resolved_run_id[0])
		mend_skip(source, SKIP_ALREADY_RESOLVED, "reject %" PRId64 " was resolved by run %s", reject->reject_id, reject->resolved_run_id);
	else
		return stage(work, reject) < 0;
	return 0;
}

int stage_run(struct mend_source *source, struct error *error)
{
	const struct mend_job *job = source->job;
	const struct history_reject_filter filter = { .run = job->run, .rule = job->rule, .table = source->step->target,
		.pipeline = job->plan->name, .step = source->step->name };
	struct work *work = calloc(1, sizeof *work);
	if (!work)
		return error_memory(error, "the rejects of a run");
	work->source = source;
	work->error = error;
	buffer_init(&work->body, BODY_MAX);
	int result = 0;
	if (mend_history(job->plan, job->connection ? job->connection : source->step->connection, source->context.cancel, &work->history, error) < 0 ||
		mend_history(job->plan, job->connection ? job->connection : source->step->connection, source->context.cancel, &work->files, error) < 0 ||
		history_rejects(work->history, &filter, on_reject, work, error) < 0 || error_is_set(error))
		result = -1;
	history_close(work->history);
	history_close(work->files);
	buffer_fini(&work->body);
	free(work);
	return result;
}
