/* reader.c - elements of an array, or lines, into batches, and going on where an interrupted run stopped.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/json/reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "connectors/file/sniff.h"
#include "engine/core/position.h"

/* A batch addresses its bytes with 32 bits, and a record may stand in it more than once. */
static const uint64_t RECORD_LIMIT_MAX = 1u << 30;

/* --- opening ------------------------------------------------------------------------------------ */

/* Behind an element or [: to the next element, or from the end of the array to the end of the file. */
static int next_element(struct json_reader *reader, bool first, struct error *error)
{
	struct json_stream *stream = &reader->stream;
	int byte;

	if (json_stream_peek(stream, &byte, error) < 0)
		return -1;
	if (byte == ']') {
		json_stream_consume(stream, stream->window.position + 1);
		reader->place = JSON_AT_END;
		return json_pointer_leave(&reader->pointer, stream, error);
	}
	reader->place = JSON_AT_ELEMENT;
	if (first)
		return 0;
	if (byte != ',')
		return json_stream_wrong(stream, stream->window.position, "a comma or ]", error);
	json_stream_consume(stream, stream->window.position + 1);
	return 0;
}

/* The first byte that is no space, or JSON_STREAM_END, with nothing consumed; so many spaces that none is in sight are JSON_STREAM_END, too. */
static int look_ahead(struct json_stream *stream, uint64_t *offset, int *byte, struct error *error)
{
	struct window *window = &stream->window;

	*byte = JSON_STREAM_END;
	for (*offset = window->position;; ++*offset) {
		while (*offset == window->end && !window->eof)
			if (window_more(window, error) < 0)
				return -1;
		if (*offset == window->end || *offset - window->position > stream->limit)
			return 0;
		if (!json_is_space(*window_at(window, *offset))) {
			*byte = (int)(unsigned char)*window_at(window, *offset);
			return 0;
		}
	}
}

/* A document that is no array would be taken for lines, of which none is a record. */
static int check_first_line(struct json_reader *reader, uint64_t offset, struct error *error)
{
	struct json_stream *stream = &reader->stream;
	struct window *window = &stream->window;
	struct json_walk walk = json_walk_from(0);
	char place[ERROR_PLACE_MAX];

	for (uint64_t at = offset; at - window->position <= stream->limit;) {
		const char *from = window_at(window, at), *end = window_at(window, window->end);
		const char *feed = memchr(from, '\n', (size_t)(end - from));
		size_t used;
		if (json_walk_on(&walk, from, (size_t)((feed ? feed : end) - from), &used) != JSON_WALK_MORE)
			return 0; /* an object, or something broken, which is the record's own trouble */
		at += used;
		if (feed) {
			json_stream_consume(stream, offset);
			snprintf(place, sizeof place, "%s:%" PRIu64, window->path, stream->line_no);
			return error_set(error, ERROR_SOURCE, place,
				"an object begins here that does not end in its line; name the array of records by pointer, or set lines: true if each line is a record");
		}
		if (window->eof)
			return 0;
		if (window_more(window, error) < 0)
			return -1;
	}
	return 0;
}

static int find_begin(struct json_reader *reader, struct error *error)
{
	const struct json_options *options = reader->options;
	uint64_t offset;
	int byte;

	if (sniff(&reader->stream.window, NULL, reader->limits->memory, error) < 0)
		return -1;
	reader->record.encoding = reader->stream.window.encoding;
	reader->stream.line_start = reader->stream.window.position; /* a mark in front is no column */
	reader->lines = options->lines == JSON_LINES_TRUE;
	if (options->lines == JSON_LINES_AUTO && !*options->pointer) {
		if (look_ahead(&reader->stream, &offset, &byte, error) < 0)
			return -1;
		reader->lines = byte == '{' || byte == JSON_STREAM_END;
		if (byte == '{' && check_first_line(reader, offset, error) < 0)
			return -1;
	}
	if (reader->lines) {
		reader->place = JSON_AT_LINE;
		return 0;
	}
	if (json_pointer_enter(&reader->pointer, &reader->stream, error) < 0)
		return -1;
	return next_element(reader, true, error);
}

int json_options_check(const struct json_options *options, const char *place, struct error *error)
{
	struct json_pointer pointer = { .text = NULL };
	int result = json_pointer_init(&pointer, options->pointer, place, error);

	json_pointer_fini(&pointer);
	if (result == 0 && *options->pointer && options->lines == JSON_LINES_TRUE)
		return error_set(error, ERROR_CONFIG, place, "pointer and lines: true exclude each other: a pointer leads to an array in one document");
	return result;
}

/* All but its window. */
static int prepare(struct json_reader *reader, const struct json_options *options, const char *path, const struct source_context *context, struct error *error)
{
	reader->options = options;
	reader->path = path;
	reader->limits = context->limits;
	reader->stream.limit = context->limits->record;
	reader->stream.line_no = 1;
	if (context->limits->record > RECORD_LIMIT_MAX)
		return error_set(error, ERROR_CONFIG, path, "limits.record is more than 1GiB, too much for a JSON source");
	if (json_options_check(options, path, error) < 0 || json_pointer_init(&reader->pointer, options->pointer, path, error) < 0)
		return -1;
	return json_record_init(&reader->record, context->schema, context->labels, context->limits, path, error);
}

/* One byte behind the longest record tells that it is not longer. */
static uint64_t ahead(const struct source_context *context)
{
	return context->limits->record + 2;
}

int json_reader_open(struct json_reader *reader, const struct json_options *options, const char *path, const struct source_context *context,
	struct error *error)
{
	if (prepare(reader, options, path, context, error) < 0 ||
	    window_open(&reader->stream.window, path, ahead(context), context->cancel, error) < 0)
		return -1;
	return context->preview && !reader->stream.window.regular ? 0 : find_begin(reader, error);
}

int json_reader_open_fd(struct json_reader *reader, const struct json_options *options, const char *name, int fd,
	const struct source_context *context, struct error *error)
{
	if (prepare(reader, options, name, context, error) < 0 ||
	    window_open_fd(&reader->stream.window, name, fd, ahead(context), context->cancel, error) < 0)
		return -1;
	return find_begin(reader, error);
}

void json_reader_close(struct json_reader *reader)
{
	window_close(&reader->stream.window);
	json_pointer_fini(&reader->pointer);
	json_record_fini(&reader->record);
}

/* --- records ------------------------------------------------------------------------------------ */

/* A row for the bytes of the window from the position to end, which stay there. */
static int add_row(struct json_reader *reader, struct batch *batch, uint64_t end, uint32_t *row, struct error *error)
{
	const struct window *window = &reader->stream.window;
	struct origin *origin;

	*row = batch_add_row(batch);
	origin = &batch->origins[*row];
	origin->record_no = ++reader->reading.records;
	origin->line_no = reader->stream.line_no;
	origin->byte_offset = window->position;
	return batch_store(batch, window_at(window, window->position), (size_t)(end - window->position), &origin->text, error);
}

static int too_long(struct json_reader *reader, struct batch *batch, uint32_t row, const char *what, struct error *error)
{
	struct origin *origin = &batch->origins[row];

	origin->byte_length = reader->stream.window.position - origin->byte_offset;
	return batch_fault(batch, row, FAULT_RECORD, SCHEMA_NO_FIELD, error,
		"the %s in line %" PRIu64 " has more bytes than limits.record (%" PRIu64 "); left out: bytes %" PRIu64 " to %" PRIu64, what,
		origin->line_no, reader->limits->record, origin->byte_offset, reader->stream.window.position - 1);
}

static int take_element(struct json_reader *reader, struct batch *batch, struct error *error)
{
	struct json_stream *stream = &reader->stream;
	struct json_element element;
	int byte;
	uint32_t row;

	if (json_stream_peek(stream, &byte, error) < 0)
		return -1;
	int whole = json_stream_value(stream, &element, error);
	if (whole < 0)
		return -1;
	if (add_row(reader, batch, whole ? element.at : element.start + stream->limit, &row, error) < 0)
		return -1;
	if (whole) {
		json_stream_consume(stream, element.at);
		batch->origins[row].byte_length = element.at - element.start;
		if (json_record_fill(&reader->record, batch, row, error) < 0)
			return -1;
	} else if (json_stream_pass(stream, &element, error) < 0 || too_long(reader, batch, row, "value", error) < 0) {
		return -1;
	}
	return next_element(reader, false, error);
}

/* Finds the end of the line at the position, where it is in sight: behind its last byte and behind its feed. 0: it is longer than the limit. */
static int find_line(struct json_stream *stream, uint64_t *end, uint64_t *next, struct error *error)
{
	struct window *window = &stream->window;
	uint64_t at = window->position;

	for (;;) {
		const char *from = window_at(window, at);
		const char *feed = memchr(from, '\n', (size_t)(window->end - at));
		*end = feed ? at + (uint64_t)(feed - from) : window->end;
		*next = *end + (feed ? 1 : 0);
		bool carriage = *end > window->position && *window_at(window, *end - 1) == '\r';
		if (*end - window->position - carriage > stream->limit)
			return 0;
		if (feed || window->eof) {
			*end -= carriage;
			return 1;
		}
		at = window->end;
		if (window_more(window, error) < 0)
			return -1;
	}
}

static int pass_line(struct json_stream *stream, struct error *error)
{
	struct window *window = &stream->window;

	for (;;) {
		const char *from = window_at(window, window->position);
		const char *feed = memchr(from, '\n', (size_t)(window->end - window->position));
		json_stream_consume(stream, feed ? window->position + (uint64_t)(feed - from) + 1 : window->end);
		if (feed || window->eof)
			return 0;
		if (window_more(window, error) < 0)
			return -1;
	}
}

static bool is_blank(const struct window *window, uint64_t end)
{
	for (uint64_t at = window->position; at < end; at++)
		if (!json_is_space(*window_at(window, at)))
			return false;
	return true;
}

static int take_line(struct json_reader *reader, struct batch *batch, struct error *error)
{
	struct json_stream *stream = &reader->stream;
	uint64_t end, next;
	uint32_t row;
	int whole = find_line(stream, &end, &next, error);

	if (whole < 0 || add_row(reader, batch, whole ? end : stream->window.position + stream->limit, &row, error) < 0)
		return -1;
	if (!whole)
		return pass_line(stream, error) < 0 ? -1 : too_long(reader, batch, row, "record", error);
	bool blank = is_blank(&stream->window, end);
	batch->origins[row].byte_length = next - stream->window.position;
	json_stream_consume(stream, next);
	if (!blank)
		return json_record_fill(&reader->record, batch, row, error);
	batch->status[row] = ROW_BLANK;
	return 0;
}

/* True where nothing is left; looks for one more byte where it must. -1 and error. */
static int at_end(struct json_reader *reader, struct error *error)
{
	struct window *window = &reader->stream.window;

	while (reader->place == JSON_AT_LINE && window->position == window->end) {
		if (window->eof)
			reader->place = JSON_AT_END;
		else if (window_more(window, error) < 0)
			return -1;
	}
	return reader->place == JSON_AT_END;
}

/* --- positions ---------------------------------------------------------------------------------- */

enum source_result json_reader_read(struct json_reader *reader, struct batch *batch, struct error *error)
{
	struct json_stream *stream = &reader->stream;
	struct window *window = &stream->window;
	int end;

	if (reader->reading.ended)
		return SOURCE_END;
	reading_begin(&reader->reading, window, batch);
	while ((end = at_end(reader, error)) == 0 && !reading_is_full(&reader->reading, window, batch))
		if ((reader->place == JSON_AT_LINE ? take_line : take_element)(reader, batch, error) < 0)
			return SOURCE_ERROR;
	if (end < 0)
		return SOURCE_ERROR;
	snprintf(batch->position.token, sizeof batch->position.token, "%" PRIu64 ":%" PRIu64 ":%" PRIu64 ":%" PRIu64 ":%d", window->position,
		reader->reading.records, stream->line_no, window->position - stream->line_start + 1,
		(int)(reader->lines ? JSON_AT_LINE : reader->place));
	return reading_end(&reader->reading, window, end, batch, error);
}

/* The window is at a position that was the end of a document. */
static int check_still_end(struct json_reader *reader, uint64_t offset, struct error *error)
{
	struct window *window = &reader->stream.window;

	while (!window->eof && window->end == offset)
		if (window_more(window, error) < 0)
			return -1;
	if (window->end == offset)
		return 0;
	return error_set(error, ERROR_CONFIG, reader->path,
		"goes on behind byte %" PRIu64 ", where the document ended in the interrupted run; --restart loads it from the beginning", offset);
}

int json_reader_resume(struct json_reader *reader, const struct position *at, bool replay, struct error *error)
{
	struct json_stream *stream = &reader->stream;
	const char *text = at->token;
	uint64_t offset, records, line_no, column, place;

	if (at->token[0] == '\0')
		return 0;
	if (!position_take(&text, ':', &offset) || !position_take(&text, ':', &records) || !position_take(&text, ':', &line_no) ||
		!position_take(&text, ':', &column) || !position_take(&text, '\0', &place) || line_no == 0 || column == 0 ||
		column - 1 > offset || place > JSON_AT_END || strlen(at->hash) != SHA256_HEX_SIZE - 1)
		return reading_no_position(&stream->window, at, "JSON", error);
	enum reading_way way = reading_resume(&reader->reading, &stream->window, at, offset, records, replay, error);
	if (way != READING_MOVED)
		return way == READING_FAILED ? -1 : 0;
	if ((place == JSON_AT_LINE) != reader->lines)
		return reading_changed_before(&stream->window, offset, error);
	if (place == JSON_AT_END && check_still_end(reader, offset, error) < 0)
		return -1;
	stream->line_no = line_no;
	stream->line_start = offset - (column - 1);
	reader->place = (enum json_place)place;
	return 0;
}
