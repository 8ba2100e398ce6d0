/* source.c - rejected records as the rows of a source: staged first, then given batch by batch.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/plural.h"
#include "engine/mend/cells.h"
#include "engine/mend/parts.h"

static const char *const reason_texts[SKIP_REASONS][2] = {
	[SKIP_ALREADY_RESOLVED] = { "is resolved already", "are resolved already" },
	[SKIP_REPEATED] = { "is in the file twice", "are in the file twice" },
	[SKIP_NO_SUCH_REJECT] = { "names no reject of this pipeline", "name no reject of this pipeline" },
	[SKIP_UNPUBLISHED] = { "is of a step that was rolled back (published = 0)", "are of a step that was rolled back (published = 0)" },
	[SKIP_MASKED] = { "has values that are still masked", "have values that are still masked" },
	[SKIP_SOURCE_GONE] = { "cannot be read again: source gone", "cannot be read again: source gone" },
};

/* --- what is left out --- */

void mend_skip(struct mend_source *source, enum skip_reason reason, const char *format, ...)
{
	const struct mend_job *job = source->job;
	char text[ERROR_MESSAGE_MAX];
	va_list args;
	source->skipped[reason]++;
	source->left_out[reason]++;
	if (++source->noted[reason] > NOTES_EACH || !job->note)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	job->note(job->note_arg, "warning", text);
}

static void tell_more(struct mend_source *source)
{
	const struct mend_job *job = source->job;
	char text[128];
	for (int reason = 0; reason < SKIP_REASONS && job->note; reason++) {
		if (source->noted[reason] <= NOTES_EACH || !reason_texts[reason][0])
			continue;
		uint64_t more = source->noted[reason] - NOTES_EACH;
		snprintf(text, sizeof text, "and %" PRIu64 " more %s", more, plural(more, reason_texts[reason][0], reason_texts[reason][1]));
		job->note(job->note_arg, "warning", text);
	}
	memset(source->noted, 0, sizeof source->noted);
}

int mend_history(const struct plan *plan, const struct plan_connection *connection, struct cancel *cancel, struct history **out, struct error *error)
{
	const struct store_target target = { .name = connection->name, .connect = connection->connect, .state_schema = connection->state_schema,
		.lock_timeout_ms = connection->lock_timeout_ms, .read_only = true, .run_id = plan->run_id, .cancel = cancel };
	return history_open(&target, out, error);
}

/* --- opening --- */

static int advance(struct mend_source *source, struct error *error)
{
	int more = staged_next(source->staged, &source->item, error);
	source->waiting = more > 0;
	return more < 0 ? -1 : 0;
}

static int source_open(void *self, const struct source_context *context, struct error *error)
{
	struct mend_source *source = self;
	source->job = source->binding.arg;
	source->step = source->binding.step;
	source->context = plan_source_context(source->job->plan, source->step, NULL, context->cancel);
	source->opened = true;
	buffer_init(&source->label_texts, BODY_MAX);
	buffer_init(&source->surplus, BODY_MAX);
	source->cutter = (struct sheet){ .name = "record", .record_limit = context->limits->record };
	buffer_init(&source->cutter.bytes_of, BODY_MAX);
	source->staged = staged_new(context->limits->reject_spool, error);
	if (!source->staged)
		return -1;
	if (json_record_init(&source->json, source->step->source_schema, source->context.labels, context->limits, source->step->name, error) < 0) {
		json_record_fini(&source->json);
		return -1;
	}
	source->json_ready = true;
	if ((source->job->file ? stage_file(source, error) : stage_run(source, error)) < 0)
		return -1;
	tell_more(source);
	return staged_rewind(source->staged, error) < 0 || advance(source, error) < 0 ? -1 : 0;
}

static int source_identify(void *self, bool hash, struct source_identity *out, struct error *error)
{
	const struct mend_source *source = self;
	(void)hash;
	(void)error;
	*out = (struct source_identity){ .known = false };
	snprintf(out->path, sizeof out->path, "%s", mend_job_name(source->job));
	return 0;
}

static void source_close(void *self)
{
	struct mend_source *source = self;
	if (!source->opened)
		return;
	original_close(&source->original);
	staged_free(source->staged);
	source->staged = NULL;
	if (source->json_ready)
		json_record_fini(&source->json);
	source->json_ready = false;
	sheet_close(&source->cutter);
	free(source->labels);
	source->labels = NULL;
	buffer_fini(&source->label_texts);
	buffer_fini(&source->surplus);
	source->opened = false;
}

/* --- reading --- */

static int keep_label(struct mend_source *source, size_t row, struct text extra, struct error *error)
{
	if (!source->job->exporting)
		return 0;
	if (row >= source->label_count) {
		size_t count = row + 4096;
		struct label_place *labels = realloc(source->labels, count * sizeof *labels);
		if (!labels)
			return error_memory(error, "a batch of rejects");
		source->labels = labels;
		source->label_count = count;
	}
	struct label_place *place = &source->labels[row];
	const struct text *const texts[] = { &source->item.rule, &source->item.message, &extra };
	size_t *const places[][2] = { { &place->rule, &place->rule_length }, { &place->message, &place->message_length },
		{ &place->extra, &place->extra_length } };
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		*places[i][0] = source->label_texts.length;
		*places[i][1] = texts[i]->length;
		if (texts[i]->length > 0 && buffer_append(&source->label_texts, texts[i]->data, texts[i]->length, error) < 0)
			return -1;
	}
	return 0;
}

static bool has_fault(const struct batch *batch, uint32_t row)
{
	for (size_t i = batch->fault_count; i-- > 0 && batch->faults[i].row >= row;)
		if (batch->faults[i].row == row && (batch->faults[i].kind == FAULT_RECORD || batch->faults[i].kind == FAULT_EXTRA))
			return true;
	return false;
}

/* The item becomes a row. */
static int add_row(struct mend_source *source, struct batch *batch, struct error *error)
{
	const struct staged_item *item = &source->item;
	struct text extra = { "", 0 };
	uint32_t row = batch_add_row(batch);
	struct origin *origin = &batch->origins[row];
	*origin = (struct origin){ .record_no = (uint64_t)item->reject_id };
	if (item->form == STAGED_CELLS)
		return cells_fill(batch, row, item->body, source->context.limits->field, &extra, error) < 0 ||
			keep_label(source, row, extra, error) < 0 ? -1 : 0;
	if (batch_store(batch, item->body.data, item->body.length, &origin->text, error) < 0 || json_record_fill(&source->json, batch, row, error) < 0)
		return -1;
	if (has_fault(batch, row))
		extra = item->body;
	return keep_label(source, row, extra, error);
}

/* Everything wanted of the file that is open was given, or is not there. */
static void leave_original(struct mend_source *source)
{
	original_close(&source->original);
	source->reading = false;
	source->reached = 0;
}

/* An earlier record than the last one is only to be had from the beginning. */
static bool in_this_original(const struct mend_source *source)
{
	const struct staged_item *item = &source->item;
	return source->reading && source->waiting && item->form == STAGED_PLACE && item->record_no >= source->reached && strlen(source->original.path) == item->source.length &&
		memcmp(source->original.path, item->source.data, item->source.length) == 0;
}

static int pass(struct mend_source *source, struct error *error)
{
	source->reached = source->item.record_no;
	return advance(source, error);
}

static int miss(struct mend_source *source, struct error *error)
{
	mend_skip(source, SKIP_SOURCE_GONE, "source gone: reject %" PRId64 ": record %" PRIu64 " is no longer at byte %" PRIu64 " of %s",
		source->item.reject_id, source->item.record_no, source->item.byte_offset, source->original.path);
	return pass(source, error);
}

/* Of the rows of the original those that are wanted get their reject_id; the others are put aside. *found: some are. */
static int choose(struct mend_source *source, struct batch *batch, bool *found, struct error *error)
{
	*found = false;
	for (size_t row = 0; row < batch->rows; row++) {
		struct origin *origin = &batch->origins[row];
		while (in_this_original(source) && source->item.record_no < origin->record_no)
			if (miss(source, error) < 0)
				return -1;
		bool wanted = in_this_original(source) && source->item.record_no == origin->record_no &&
			source->item.byte_offset == origin->byte_offset && batch->status[row] == ROW_LIVE;
		if (!wanted) {
			batch->status[row] = ROW_ASIDE;
			continue;
		}
		struct text extra = { "", 0 };
		if (source->job->exporting && has_fault(batch, (uint32_t)row) &&
			mend_surplus(source, (struct text){ batch_bytes(batch, origin->text), origin->text.length }, &extra, error) < 0)
			return -1;
		if (keep_label(source, row, extra, error) < 0)
			return -1;
		origin->record_no = (uint64_t)source->item.reject_id;
		*found = true;
		if (pass(source, error) < 0)
			return -1;
	}
	return 0;
}

/* Rows of the original until some are wanted, or none is left of it. 1: the batch has some; 0; -1 and error. */
static int read_original(struct mend_source *source, struct batch *batch, struct error *error)
{
	bool found = false;
	while (!found && in_this_original(source)) {
		batch_reset(batch);
		buffer_clear(&source->label_texts);
		enum source_result result = original_read(&source->original, batch, error);
		if (result == SOURCE_ERROR)
			return -1;
		bool last = result == SOURCE_END || batch->last;
		if (result == SOURCE_BATCH && choose(source, batch, &found, error) < 0)
			return -1;
		while (last && in_this_original(source))
			if (miss(source, error) < 0)
				return -1;
	}
	if (!in_this_original(source))
		leave_original(source);
	if (!found)
		batch_reset(batch);
	return found;
}

static int open_original(struct mend_source *source, struct error *error)
{
	char *path = strndup(source->item.source.data, source->item.source.length);
	if (!path)
		return error_memory(error, "a source");
	int result = original_open(&source->original, source->step, &source->context, path, error);
	free(path);
	source->reading = result == 0;
	return result;
}

static int fill_batch(struct mend_source *source, struct batch *batch, struct error *error)
{
	while (source->waiting) {
		if (source->item.form == STAGED_PLACE) {
			if (batch->rows > 0)
				return 0;
			if (!source->reading && open_original(source, error) < 0)
				return -1;
			int found = read_original(source, batch, error);
			if (found != 0)
				return found < 0 ? -1 : 0;
			continue;
		}
		if (batch_is_full(batch))
			return 0;
		if (add_row(source, batch, error) < 0 || advance(source, error) < 0)
			return -1;
	}
	return 0;
}

static enum source_result source_read(void *self, struct batch *batch, struct error *error)
{
	struct mend_source *source = self;
	if (source->ended)
		return SOURCE_END;
	buffer_clear(&source->label_texts);
	if (fill_batch(source, batch, error) < 0)
		return SOURCE_ERROR;
	memcpy(batch->skipped, source->skipped, sizeof batch->skipped);
	memset(source->skipped, 0, sizeof source->skipped);
	batch->position = (struct position){ .token = "" };
	batch->replayed = false;
	batch->page = 0;
	batch->file = NULL;
	batch->file_number = 0;
	batch->file_end = NULL;
	batch->bytes += source->bytes;
	source->bytes = 0;
	batch->last = source->ended = !source->waiting;
	if (source->ended)
		tell_more(source);
	return SOURCE_BATCH;
}

const struct source_ops mend_source_ops = {
	.name = "rejects",
	.summary = "Gives rejected records once more.",
	.size = sizeof(struct mend_source),
	.open = source_open,
	.identify = source_identify,
	.read = source_read,
	.close = source_close,
};

/* --- exporting --- */

struct mend_label mend_label_of(const void *instance, size_t row)
{
	const struct mend_source *source = instance;
	const struct label_place *place = &source->labels[row];
	const char *texts = buffer_text(&source->label_texts);
	assert(source->job->exporting && row < source->label_count);
	return (struct mend_label){ .rule = { texts + place->rule, place->rule_length }, .message = { texts + place->message, place->message_length },
		.extra = { texts + place->extra, place->extra_length } };
}

bool mend_has_extra(const void *instance)
{
	return ((const struct mend_source *)instance)->has_extra;
}

const uint64_t *mend_left_out(const void *instance)
{
	return ((const struct mend_source *)instance)->left_out;
}
