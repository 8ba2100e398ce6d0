/* stream.c - walking over values in a window.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/json/stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void json_stream_consume(struct json_stream *stream, uint64_t offset)
{
	const char *at = window_at(&stream->window, stream->window.position), *end = window_at(&stream->window, offset);

	while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		at++;
		stream->line_no++;
		stream->line_start = offset - (uint64_t)(end - at);
	}
	window_consume(&stream->window, offset);
}

int json_stream_peek(struct json_stream *stream, int *byte, struct error *error)
{
	struct window *window = &stream->window;

	for (;;) {
		uint64_t at = window->position;
		while (at < window->end && json_is_space(*window_at(window, at)))
			at++;
		json_stream_consume(stream, at);
		*byte = at < window->end ? (int)(unsigned char)*window_at(window, at) : JSON_STREAM_END;
		if (at < window->end || window->eof)
			return 0;
		if (window_more(window, error) < 0)
			return -1;
	}
}

int json_stream_wrong(struct json_stream *stream, uint64_t offset, const char *expected, struct error *error)
{
	struct window *window = &stream->window;
	char place[ERROR_PLACE_MAX];

	json_stream_consume(stream, offset);
	snprintf(place, sizeof place, "%s:%" PRIu64 ":%" PRIu64, window->path, stream->line_no, offset - stream->line_start + 1);
	if (offset == window->end)
		return error_set(error, ERROR_SOURCE, place,
			"the file ends at byte %" PRIu64 ", where %s should stand; it is truncated, or no JSON", offset, expected);
	unsigned char c = (unsigned char)*window_at(window, offset);
	if (c > ' ' && c < 0x7F)
		return error_set(error, ERROR_SOURCE, place,
			"no JSON: %s should stand at byte %" PRIu64 " of the file, not %c; what follows cannot be told apart", expected, offset, c);
	return error_set(error, ERROR_SOURCE, place,
		"no JSON: %s should stand at byte %" PRIu64 " of the file, not 0x%02X; what follows cannot be told apart", expected, offset, c);
}

/* Walks on in the window. 1: the value ended; 0: more bytes are needed; -1 and error. */
static int walk_on(struct json_stream *stream, struct json_element *element, struct error *error)
{
	struct window *window = &stream->window;
	size_t used;
	enum json_walked walked = json_walk_on(&element->walk, window_at(window, element->at), (size_t)(window->end - element->at), &used);

	element->at += used;
	if (walked == JSON_WALK_DONE || (walked == JSON_WALK_MORE && window->eof && json_walk_finish(&element->walk)))
		return 1;
	if (walked == JSON_WALK_BAD || window->eof)
		return json_stream_wrong(stream, element->at, json_walk_expected(&element->walk), error);
	return 0;
}

int json_stream_value(struct json_stream *stream, struct json_element *out, struct error *error)
{
	struct window *window = &stream->window;

	*out = (struct json_element){ .walk = json_walk_from(0), .start = window->position, .at = window->position };
	for (;;) {
		int ended = walk_on(stream, out, error);
		if (ended < 0)
			return -1;
		if (out->at - out->start > stream->limit)
			return 0;
		if (ended)
			return 1;
		if (window_more(window, error) < 0)
			return -1;
	}
}

int json_stream_pass(struct json_stream *stream, struct json_element *element, struct error *error)
{
	struct window *window = &stream->window;
	/* The walk of a value whose end was seen already is not to go on. */
	bool ended = json_walk_has_ended(&element->walk);

	for (;;) {
		json_stream_consume(stream, element->at);
		if (ended)
			return 0;
		if (!window->eof && window->end == element->at && window_more(window, error) < 0)
			return -1;
		int result = walk_on(stream, element, error);
		if (result < 0)
			return -1;
		ended = result > 0;
	}
}

int json_stream_skip(struct json_stream *stream, struct error *error)
{
	struct json_element element = { .walk = json_walk_from(0), .start = stream->window.position, .at = stream->window.position };

	return json_stream_pass(stream, &element, error);
}
