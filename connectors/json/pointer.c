/* pointer.c - looking for a key or an index without keeping what is passed over.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/json/pointer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/json/string.h"

int json_pointer_init(struct json_pointer *pointer, const char *text, const char *place, struct error *error)
{
	char *put;

	*pointer = (struct json_pointer){ .text = text };
	if (*text && *text != '/')
		return error_set(error, ERROR_CONFIG, place, "pointer \"%s\" does not begin with a slash (RFC 6901): \"/%s\"", text, text);
	put = pointer->tokens = malloc(strlen(text) + 1);
	if (!put)
		return error_memory(error, "a JSON pointer");
	while (*text == '/') {
		if (pointer->count == JSON_POINTER_MAX)
			return error_set(error, ERROR_CONFIG, place, "pointer has more than %d parts", JSON_POINTER_MAX);
		pointer->token[pointer->count++] = put;
		for (text++; *text && *text != '/'; text++) {
			if (*text == '~' && text[1] != '0' && text[1] != '1')
				return error_set(error, ERROR_CONFIG, place, "pointer \"%s\" has a ~ that is neither ~0 (a ~) nor ~1 (a /)", pointer->text);
			*put++ = *text != '~' ? *text : *++text == '0' ? '~' : '/';
		}
		*put++ = '\0';
	}
	return 0;
}

void json_pointer_fini(struct json_pointer *pointer)
{
	free(pointer->tokens);
	pointer->tokens = NULL;
}

/* Why a pointer leads nowhere; why is NULL where it does not. */
struct dead_end {
	size_t level;
	const char *why;
};

static int dead_end(struct dead_end *out, size_t level, const char *why)
{
	*out = (struct dead_end){ level, why };
	return 0;
}

/* Consumes a byte that must be there. */
static int expect(struct json_stream *stream, char wanted, const char *name, struct error *error)
{
	int byte;

	if (json_stream_peek(stream, &byte, error) < 0)
		return -1;
	if (byte != wanted)
		return json_stream_wrong(stream, stream->window.position, name, error);
	json_stream_consume(stream, stream->window.position + 1);
	return 0;
}

/* Consumes a key and its colon; *same: it is this token. */
static int take_key(struct json_stream *stream, const char *token, bool *same, struct error *error)
{
	struct json_element key;
	int byte;

	if (json_stream_peek(stream, &byte, error) < 0)
		return -1;
	if (byte != '"')
		return json_stream_wrong(stream, stream->window.position, "a key in double quotes", error);
	int whole = json_stream_value(stream, &key, error);
	if (whole < 0)
		return -1;
	*same = false;
	if (whole == 0) {
		if (json_stream_pass(stream, &key, error) < 0)
			return -1;
	} else {
		size_t length = (size_t)(key.at - key.start) - 2;
		char *plain = malloc(length + 1);
		if (!plain)
			return error_memory(error, "a JSON key");
		length = json_unescape(window_at(&stream->window, key.start + 1), length, plain);
		*same = length == strlen(token) && memcmp(plain, token, length) == 0;
		free(plain);
		json_stream_consume(stream, key.at);
	}
	return expect(stream, ':', "a colon", error);
}

/* Behind a value in an object or array: 1 behind a comma, 0 behind the end. */
static int take_comma(struct json_stream *stream, bool object, struct error *error)
{
	int byte;

	if (json_stream_peek(stream, &byte, error) < 0)
		return -1;
	if (byte != ',' && byte != (object ? '}' : ']'))
		return json_stream_wrong(stream, stream->window.position, object ? "a comma or }" : "a comma or ]", error);
	json_stream_consume(stream, stream->window.position + 1);
	return byte == ',';
}

/* Behind [ or {: nothing in it. */
static int is_empty(struct json_stream *stream, bool object, struct error *error)
{
	int byte;

	return json_stream_peek(stream, &byte, error) < 0 ? -1 : byte == (object ? '}' : ']');
}

/* To the value of a token in an object. 1; 0 and end where there is none; -1 and error. */
static int enter_object(const struct json_pointer *pointer, size_t level, struct json_stream *stream, struct dead_end *end, struct error *error)
{
	int empty = is_empty(stream, true, error), more = !empty;

	if (empty < 0)
		return -1;
	while (more > 0) {
		bool same;
		if (take_key(stream, pointer->token[level], &same, error) < 0)
			return -1;
		if (same)
			return 1;
		if (json_stream_skip(stream, error) < 0)
			return -1;
		more = take_comma(stream, true, error);
	}
	return more < 0 ? -1 : dead_end(end, level, "there is no key");
}

/* An index of RFC 6901: digits without zeros in front. */
static bool read_index(const char *token, uint64_t *out)
{
	*out = 0;
	if (!*token || (*token == '0' && token[1]))
		return false;
	for (; *token >= '0' && *token <= '9' && *out < UINT64_MAX / 16; token++)
		*out = *out * 10 + (uint64_t)(*token - '0');
	return !*token;
}

/* The same in an array. */
static int enter_array(const struct json_pointer *pointer, size_t level, struct json_stream *stream, struct dead_end *end, struct error *error)
{
	uint64_t index;
	int empty, more = 1;

	if (!read_index(pointer->token[level], &index))
		return dead_end(end, level, "an array has no element");
	empty = is_empty(stream, false, error);
	if (empty < 0)
		return -1;
	for (; !empty && index > 0 && more > 0; index--) {
		if (json_stream_skip(stream, error) < 0)
			return -1;
		more = take_comma(stream, false, error);
	}
	if (more < 0)
		return -1;
	return empty || more == 0 ? dead_end(end, level, "the array is too short for") : 1;
}

/* To the value. 1; 0 and end where there is none; -1 and error. */
static int descend(struct json_pointer *pointer, struct json_stream *stream, struct dead_end *end, struct error *error)
{
	int byte;

	for (size_t level = 0; level < pointer->count; level++) {
		if (json_stream_peek(stream, &byte, error) < 0)
			return -1;
		pointer->object[level] = byte == '{';
		if (byte != '{' && byte != '[')
			return byte == JSON_STREAM_END ? json_stream_wrong(stream, stream->window.position, "a value", error)
						       : dead_end(end, level, "neither object nor array holds");
		json_stream_consume(stream, stream->window.position + 1);
		int found = (byte == '{' ? enter_object : enter_array)(pointer, level, stream, end, error);
		if (found <= 0)
			return found;
	}
	return 1;
}

int json_pointer_seek(struct json_pointer *pointer, struct json_stream *stream, struct error *error)
{
	struct dead_end end;

	return descend(pointer, stream, &end, error);
}

int json_pointer_enter(struct json_pointer *pointer, struct json_stream *stream, struct error *error)
{
	struct dead_end end;
	int byte, found = descend(pointer, stream, &end, error);

	if (found < 0)
		return -1;
	if (found == 0)
		return error_set(error, ERROR_SOURCE, stream->window.path, "pointer %s leads nowhere: %s \"%s\"", pointer->text, end.why,
			pointer->token[end.level]);
	if (json_stream_peek(stream, &byte, error) < 0)
		return -1;
	if (byte == '{')
		return error_set(error, ERROR_SOURCE, stream->window.path,
			"%s%s is an object, not an array; name the array of records by pointer, or set lines: true if each line is a record",
			pointer->count ? pointer->text : "the document", pointer->count ? " of the document" : "");
	return expect(stream, '[', "the array of records", error);
}

int json_pointer_leave(const struct json_pointer *pointer, struct json_stream *stream, struct error *error)
{
	int byte;

	for (size_t level = pointer->count; level-- > 0;) {
		int more;
		while ((more = take_comma(stream, pointer->object[level], error)) > 0) {
			bool same = false;
			if (pointer->object[level] && take_key(stream, pointer->token[level], &same, error) < 0)
				return -1;
			if (same)
				return error_set(error, ERROR_SOURCE, stream->window.path, "pointer %s leads to two places: key \"%s\" stands twice in one object",
					pointer->text, pointer->token[level]);
			if (json_stream_skip(stream, error) < 0)
				return -1;
		}
		if (more < 0)
			return -1;
	}
	if (json_stream_peek(stream, &byte, error) < 0)
		return -1;
	if (byte == JSON_STREAM_END)
		return 0;
	return json_stream_wrong(stream, stream->window.position, "the end of the document (lines: true if each line is a record)", error);
}
