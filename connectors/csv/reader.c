/* reader.c - records into batches, and going on where an interrupted run stopped.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/csv/reader.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/csv/header.h"
#include "connectors/file/sniff.h"
#include "engine/core/position.h"

/* A batch addresses its bytes with 32 bits, and a record may stand in it twice. */
static const uint64_t RECORD_LIMIT_MAX = 1u << 30;

static int no_header(const struct reader *reader, struct error *error)
{
	return error_set(error, ERROR_SOURCE, reader->path,
		"is empty, without even a header; set header: false on the source if that is how it should be");
}

/* Why the header cannot be read as a record. */
static int bad_header(const struct reader *reader, const struct frame *frame, struct error *error)
{
	char place[ERROR_PLACE_MAX];
	snprintf(place, sizeof place, "%s:%" PRIu64, reader->path, reader->line_no);
	if (frame->kind == FRAME_UNCLOSED)
		return error_set(error, ERROR_SOURCE, place, "the header opens a quote that is not closed");
	if (frame->kind == FRAME_STRAY)
		return error_set(error, ERROR_SOURCE, place,
			"the header has a closing quote that is followed by something else than the delimiter or the line's end, at byte %"
			PRIu64 " of the file%s", frame->stray, frame->space ? "; it is a space: set trim: true on the source" : "");
	if (frame->kind == FRAME_FIELD)
		return error_set(error, ERROR_SOURCE, place, "the header has a label longer than limits.field (%" PRIu64 ")",
			reader->limits->field);
	if (frame->kind == FRAME_COLUMNS)
		return error_set(error, ERROR_SOURCE, place, "the header has more cells than limits.columns (%" PRIu64 ")",
			reader->limits->columns);
	return error_set(error, ERROR_SOURCE, place, "the header is longer than limits.record (%" PRIu64 ")",
		reader->limits->record);
}

/* One line of the header: its cells go into labels, and, at the last line, labels to the fields. */
static int take_header(struct reader *reader, const struct frame *frame, const struct option_map *columns, bool last,
	struct header_labels *labels, struct error *error)
{
	const struct csv_options *options = reader->options;
	const char *text = window_at(&reader->window, frame->start);
	size_t length = (size_t)(frame->end - frame->start);
	struct split split = { 0 };
	char *cells = NULL;
	int result = -1;
	size_t keep = (size_t)(reader->limits->columns < SIZE_MAX / 64 ? reader->limits->columns : SIZE_MAX / 64);
	if (keep > length + 1)
		keep = length + 1;
	if (split_init(&split, &reader->framer.grammar, reader->limits->field, keep, error) < 0)
		goto out;
	if (frame->quoted) {
		cells = malloc(length);
		if (!cells) {
			error_memory(error, "a header");
			goto out;
		}
		if (split_quoted(&split, text, length, cells, error) < 0)
			goto out;
	} else {
		split_plain(&split, text, length);
	}
	char place[ERROR_PLACE_MAX];
	snprintf(place, sizeof place, "%s:%" PRIu64, reader->path, reader->line_no);
	if (split.count > reader->limits->columns) {
		error_set(error, ERROR_SOURCE, place, "the header has %zu cells, more than limits.columns (%" PRIu64 ")", split.count,
			reader->limits->columns);
		goto out;
	}
	if (split.too_long > 0) {
		error_set(error, ERROR_SOURCE, place, "the label in cell %zu has %zu bytes, more than limits.field (%" PRIu64 ")",
			split.too_long, split.too_long_bytes, reader->limits->field);
		goto out;
	}
	if (header_labels_add(labels, &split, frame->quoted ? cells : text, options->header_join ? options->header_join : " ",
		    reader->limits->field, error) < 0)
		goto out;
	const struct header_line line = {
		.path = reader->path, .line_no = reader->line_no, .framer = &reader->framer, .frame = frame, .cells = split.count,
		.labels = labels, .drop_empty = options->long_rows != LONG_REJECT,
	};
	result = last ? header_match(&line, reader->schema, columns, reader->fields, error) : 0;
out:
	split_fini(&split);
	free(cells);
	return result;
}

/* The first lines with something on them. */
static int read_header(struct reader *reader, const struct option_map *columns, struct error *error)
{
	int64_t left = reader->options->header_rows > 1 ? reader->options->header_rows : 1;
	struct header_labels labels = { .count = 0 };
	int result = -1;
	while (left > 0) {
		struct frame frame;
		if (framer_pass_comments(&reader->framer, &reader->line_no, error) < 0 || framer_next(&reader->framer, &frame, error) < 0)
			goto out;
		if (frame.kind == FRAME_END) {
			no_header(reader, error);
			goto out;
		}
		if (frame.kind != FRAME_BLANK && frame.kind != FRAME_RECORD) {
			bad_header(reader, &frame, error);
			goto out;
		}
		left -= frame.kind == FRAME_RECORD;
		if (frame.kind == FRAME_RECORD && take_header(reader, &frame, columns, left == 0, &labels, error) < 0)
			goto out;
		window_consume(&reader->window, frame.next);
		reader->line_no += frame.lines;
	}
	result = 0;
out:
	header_labels_fini(&labels);
	return result;
}

/* What stands before the records. */
static int read_head(struct reader *reader, const struct option_map *columns, struct error *error)
{
	for (int64_t i = 0; i < reader->options->skip_lines; i++, reader->line_no++)
		if (framer_pass_line(&reader->framer, error) < 0)
			return -1;
	return reader->options->header ? read_header(reader, columns, error) : 0;
}

/* fd: -1: path is opened. */
static int open_at(struct reader *reader, const struct csv_options *options, const char *path, int fd, const struct source_context *context,
	struct error *error)
{
	uint64_t ahead = framer_ahead(context->limits->record);
	reader->options = options;
	reader->path = path;
	reader->schema = context->schema;
	reader->limits = context->limits;
	reader->line_no = 1;
	if (context->limits->record > RECORD_LIMIT_MAX)
		return error_set(error, ERROR_CONFIG, path, "limits.record is more than 1GiB, too much for a CSV source");
	if (fd < 0 ? window_open(&reader->window, path, ahead, context->cancel, error) < 0
		   : window_open_fd(&reader->window, path, fd, ahead, context->cancel, error) < 0)
		return -1;
	struct grammar grammar;
	if (csv_grammar(options, &grammar, error) < 0)
		return -1;
	framer_init(&reader->framer, &reader->window, context->limits, &grammar);

	size_t count = context->schema->field_count;
	reader->fields = calloc(count > 0 ? count : 1, sizeof *reader->fields);
	if (!reader->fields)
		return error_memory(error, "the fields of a table");
	for (size_t f = 0; f < count; f++)
		reader->fields[f] = f;
	reader->fill = (struct fill){
		.fields = reader->fields, .count = count, .columns_limit = context->limits->columns,
		.field_limit = context->limits->field, .pad = options->short_rows == SHORT_PAD, .extra = (enum long_rows)options->long_rows,
	};
	if (split_init(&reader->fill.split, &grammar, context->limits->field, count, error) < 0)
		return -1;
	if (header_check_labels(context->labels, context->schema, path, error) < 0)
		return -1;
	if (!options->header && context->labels && header_number(context->labels, context->schema, path, reader->fields, error) < 0)
		return -1;
	if (context->preview && !reader->window.regular)
		return 0;
	if (sniff(&reader->window, options->encoding, context->limits->memory, error) < 0)
		return -1;
	reader->fill.encoding = reader->window.encoding;
	return read_head(reader, context->labels, error);
}

int reader_open(struct reader *reader, const struct csv_options *options, const char *path, const struct source_context *context,
	struct error *error)
{
	return open_at(reader, options, path, -1, context, error);
}

int reader_open_fd(struct reader *reader, const struct csv_options *options, const char *name, int fd, const struct source_context *context,
	struct error *error)
{
	return open_at(reader, options, name, fd, context, error);
}

void reader_close(struct reader *reader)
{
	split_fini(&reader->fill.split);
	window_close(&reader->window);
	free(reader->fields);
	reader->fields = NULL;
}

/* What a person should read of a record that was given up; its damage is [start, next). */
static int fault_of(const struct reader *reader, struct batch *batch, uint32_t row, const struct frame *frame,
	struct error *error)
{
	uint64_t line_no = batch->origins[row].line_no;
	switch (frame->kind) {
	case FRAME_LONG_LINE:
		return batch_fault(batch, row, FAULT_RECORD, SCHEMA_NO_FIELD, error,
			"line %" PRIu64 " has more bytes than limits.record (%" PRIu64 "); left out: bytes %" PRIu64 " to %" PRIu64,
			line_no, reader->limits->record, frame->start, frame->next - 1);
	case FRAME_STRAY:
		return batch_fault(batch, row, FAULT_RECORD, SCHEMA_NO_FIELD, error,
			"a closing quote is followed by %s, at byte %" PRIu64 " of the file, in the record that begins in line %" PRIu64
			" (%s); left out: this line, bytes %" PRIu64 " to %" PRIu64,
			frame->space ? "a space" : "something else than the delimiter or the line's end", frame->stray, line_no,
			frame->space ? "trim: true on the source takes it away" : "a quote within quotes is written twice",
			frame->start, frame->next - 1);
	case FRAME_RUNAWAY:
		return batch_fault(batch, row, FAULT_RECORD, SCHEMA_NO_FIELD, error,
			"a quote opened%s in line %" PRIu64 " makes the record longer than limits.record (%" PRIu64
			"); left out: this line, bytes %" PRIu64 " to %" PRIu64,
			reader->framer.grammar.escape ? ", or a line end escaped," : "", line_no, reader->limits->record, frame->start, frame->next - 1);
	case FRAME_FIELD:
		return batch_fault(batch, row, FAULT_RECORD, SCHEMA_NO_FIELD, error,
			"a quote in line %" PRIu64 " joins the next lines to it, and a cell is longer than limits.field (%" PRIu64
			"); left out: this line, bytes %" PRIu64 " to %" PRIu64,
			line_no, reader->limits->field, frame->start, frame->next - 1);
	case FRAME_COLUMNS:
		return batch_fault(batch, row, FAULT_RECORD, SCHEMA_NO_FIELD, error,
			"a quote in line %" PRIu64 " joins the next lines to it, and the cells are more than limits.columns (%" PRIu64
			"); left out: this line, bytes %" PRIu64 " to %" PRIu64,
			line_no, reader->limits->columns, frame->start, frame->next - 1);
	default:
		assert(frame->kind == FRAME_UNCLOSED);
		return batch_fault(batch, row, FAULT_RECORD, SCHEMA_NO_FIELD, error,
			"a quote opened in line %" PRIu64 " is still open at the end of the file; left out: this line, bytes %" PRIu64
			" to %" PRIu64,
			line_no, frame->start, frame->next - 1);
	}
}

/* The framed record becomes a row, and is consumed. */
static int take_record(struct reader *reader, struct frame *frame, struct batch *batch, struct error *error)
{
	struct window *window = &reader->window;
	uint32_t row = batch_add_row(batch);
	struct origin *origin = &batch->origins[row];
	origin->record_no = ++reader->reading.records;
	origin->line_no = reader->line_no;
	origin->byte_offset = frame->start;
	if (batch_store(batch, window_at(window, frame->start), (size_t)(frame->end - frame->start), &origin->text, error) < 0)
		return -1;
	window_consume(window, frame->kind == FRAME_LONG_LINE ? frame->end : frame->next);
	if (frame->kind == FRAME_LONG_LINE) {
		if (framer_pass_line(&reader->framer, error) < 0)
			return -1;
		frame->next = window->position;
	}
	origin->byte_length = frame->next - frame->start;
	reader->line_no += frame->lines;
	if (frame->kind == FRAME_RECORD)
		return fill_row(&reader->fill, batch, row, frame->quoted, error);
	if (frame->kind == FRAME_BLANK) {
		batch->status[row] = ROW_BLANK;
		return 0;
	}
	return fault_of(reader, batch, row, frame, error);
}

/* True where nothing is left; looks for one more byte where it must. -1 and error. */
static int at_end(struct window *window, struct error *error)
{
	while (window->position == window->end && !window->eof)
		if (window_more(window, error) < 0)
			return -1;
	return window->position == window->end;
}

enum source_result reader_read(struct reader *reader, struct batch *batch, struct error *error)
{
	struct window *window = &reader->window;
	if (reader->reading.ended)
		return SOURCE_END;
	reading_begin(&reader->reading, window, batch);
	while (!reading_is_full(&reader->reading, window, batch)) {
		struct frame frame;
		if (framer_pass_comments(&reader->framer, &reader->line_no, error) < 0 || framer_next(&reader->framer, &frame, error) < 0)
			return SOURCE_ERROR;
		if (frame.kind == FRAME_END)
			break;
		if (take_record(reader, &frame, batch, error) < 0)
			return SOURCE_ERROR;
	}
	int end = at_end(window, error);
	if (end < 0)
		return SOURCE_ERROR;
	snprintf(batch->position.token, sizeof batch->position.token, "%" PRIu64 ":%" PRIu64 ":%" PRIu64, window->position,
		reader->reading.records, reader->line_no);
	return reading_end(&reader->reading, window, end, batch, error);
}

int reader_resume(struct reader *reader, const struct position *at, bool replay, struct error *error)
{
	const char *text = at->token;
	uint64_t offset, records, line_no;
	if (at->token[0] == '\0')
		return 0;
	if (!position_take(&text, ':', &offset) || !position_take(&text, ':', &records) || !position_take(&text, '\0', &line_no) ||
	    line_no == 0 || strlen(at->hash) != SHA256_HEX_SIZE - 1)
		return reading_no_position(&reader->window, at, "CSV", error);
	enum reading_way way = reading_resume(&reader->reading, &reader->window, at, offset, records, replay, error);
	if (way == READING_MOVED)
		reader->line_no = line_no;
	return way == READING_FAILED ? -1 : 0;
}
