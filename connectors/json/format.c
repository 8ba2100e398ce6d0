/* format.c - the JSON reader over a file that somebody else has opened, and single values out of such a document.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/json/format.h"

#include <string.h>

#include "connectors/file/sniff.h"
#include "connectors/json/reader.h"
#include "connectors/json/string.h"

enum { FOUND_MAX = 64 * 1024 }; /* bytes of a value that is looked for */

struct json_format {
	struct json_options options;
	struct json_reader reader;
	bool opened;
};

static int open_as(struct json_format *format, const struct format_input *input, enum json_lines lines, const struct source_context *context,
	struct error *error)
{
	format->opened = true;
	format->reader.stream.window.fd = -1;
	format->options = (struct json_options){ .pointer = input->pointer ? input->pointer : "", .lines = (int)lines };
	return json_reader_open_fd(&format->reader, &format->options, input->name, input->fd, context, error);
}

static int open_document(void *self, const struct format_input *input, const struct source_context *context, struct error *error)
{
	return open_as(self, input, JSON_LINES_FALSE, context, error);
}

static int open_lines(void *self, const struct format_input *input, const struct source_context *context, struct error *error)
{
	return open_as(self, input, JSON_LINES_TRUE, context, error);
}

static enum source_result format_read(void *self, struct batch *batch, struct error *error)
{
	return json_reader_read(&((struct json_format *)self)->reader, batch, error);
}

static void format_close(void *self)
{
	struct json_format *format = self;

	if (format->opened)
		json_reader_close(&format->reader);
	format->opened = false;
}

/* The value at the stream's position as a text. As find. */
static int take_text(struct json_stream *stream, const char *pointer, struct buffer *out, struct error *error)
{
	struct json_element element;
	struct json_trouble trouble;
	int byte;

	if (json_stream_peek(stream, &byte, error) < 0)
		return -1;
	if (byte == 'n' || byte == 'f')
		return json_stream_skip(stream, error);
	if (byte == '{' || byte == '[' || byte == 't')
		return error_set(error, ERROR_SOURCE, stream->window.path, "pointer %s leads to %s, not to a text or a number", pointer,
			byte == '{' ? "an object" : byte == '[' ? "an array" : "true");
	int whole = json_stream_value(stream, &element, error);
	if (whole < 0)
		return -1;
	if (whole == 0)
		return error_set(error, ERROR_SOURCE, stream->window.path, "pointer %s leads to a value longer than %d bytes", pointer, FOUND_MAX);
	const char *text = window_at(&stream->window, element.start);
	size_t length = (size_t)(element.at - element.start);
	if (byte != '"')
		return buffer_append(out, text, length, error) < 0 ? -1 : 1;
	text++;
	length -= 2;
	if (json_find_trouble(text, length, &trouble))
		return error_set(error, ERROR_SOURCE, stream->window.path, "pointer %s leads to a string that is no text", pointer);
	if (buffer_reserve(out, length, error) < 0)
		return -1;
	length = json_unescape(text, length, out->data + out->length);
	out->length += length;
	out->data[out->length] = '\0';
	return length > 0;
}

static int find(const struct format_input *document, const char *pointer, struct buffer *out, struct cancel *cancel, struct error *error)
{
	struct json_stream stream = { .limit = FOUND_MAX, .line_no = 1, .window = { .fd = -1 } };
	const struct limits limits = LIMITS_DEFAULT;
	struct json_pointer way;
	int result = -1;

	if (json_pointer_init(&way, pointer, document->name, error) == 0 &&
	    window_open_fd(&stream.window, document->name, document->fd, FOUND_MAX + 2, cancel, error) == 0 &&
	    sniff(&stream.window, NULL, limits.memory, error) == 0)
		result = json_pointer_seek(&way, &stream, error);
	if (result > 0)
		result = take_text(&stream, pointer, out, error);
	window_close(&stream.window);
	json_pointer_fini(&way);
	return result;
}

static int check_pointer(const char *pointer, struct error *error)
{
	struct json_pointer way;
	int result = json_pointer_init(&way, pointer, NULL, error);

	json_pointer_fini(&way);
	return result;
}

const struct format_ops json_format_ops = {
	.name = "json",
	.size = sizeof(struct json_format),
	.delimited = true,
	.open = open_document,
	.read = format_read,
	.find = find,
	.check_pointer = check_pointer,
	.close = format_close,
};

const struct format_ops ndjson_format_ops = {
	.name = "ndjson",
	.size = sizeof(struct json_format),
	.open = open_lines,
	.read = format_read,
	.close = format_close,
};
