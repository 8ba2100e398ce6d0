/* answer.c - filling an answer.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/json_text.h"
#include "engine/core/utf8.h"
#include "engine/http/parts.h"

enum { HEADER_VALUE_MAX = 1024, DETAIL_MAX = 2048 };

static const struct {
	int status;
	const char *title;
} titles[] = {
	{200, "OK"}, {202, "Accepted"}, {304, "Not Modified"}, {400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"},
	{405, "Method Not Allowed"}, {408, "Request Timeout"}, {409, "Conflict"}, {411, "Length Required"}, {413, "Content Too Large"},
	{415, "Unsupported Media Type"}, {422, "Unprocessable Content"}, {429, "Too Many Requests"},
	{431, "Request Header Fields Too Large"}, {500, "Internal Server Error"}, {503, "Service Unavailable"},
	{505, "HTTP Version Not Supported"}, {507, "Insufficient Storage"},
};

const char *status_title(int status)
{
	for (size_t i = 0; i < sizeof(titles) / sizeof(*titles); i++)
		if (titles[i].status == status)
			return titles[i].title;
	return status < 400 ? "OK" : status < 500 ? "Client Error" : "Server Error";
}

void answer_init(struct http_answer *answer)
{
	*answer = (struct http_answer){.status = 200, .content_type = "application/json"};
	buffer_init(&answer->body, ANSWER_MAX);
}

static void drop_headers(struct http_answer *answer)
{
	for (size_t i = 0; i < answer->header_count; i++)
		free((char *)(uintptr_t)(const void *)answer->headers[i].value);
	answer->header_count = 0;
}

static void drop_stream(struct http_answer *answer)
{
	if (answer->stream)
		buffer_fini(&answer->stream->last);
	free(answer->stream);
	answer->stream = NULL;
}

void answer_fini(struct http_answer *answer)
{
	drop_headers(answer);
	drop_stream(answer);
	buffer_fini(&answer->body);
}

int answer_header(struct http_answer *answer, struct error *error, const char *name, const char *format, ...)
{
	char value[HEADER_VALUE_MAX];
	va_list arguments;
	int length;
	char *copy;

	va_start(arguments, format);
	length = vsnprintf(value, sizeof(value), format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= sizeof(value) || answer->header_count >= HTTP_HEADERS_MAX)
		return error_set(error, ERROR_RESOURCE, NULL, "an answer has too many headers, or the value of one is too long");
	/* What came from outside must not end the line. */
	for (char *c = value; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 127)
			*c = '?';
	copy = strdup(value);
	if (!copy)
		return error_memory(error, "a header");
	answer->headers[answer->header_count++] = (struct http_pair){name, copy};
	return 0;
}

void answer_problem(struct http_answer *answer, int status, const char *format, ...)
{
	struct error error = ERROR_INIT;
	struct buffer *body = &answer->body;
	const char *title = status_title(status);
	char detail[DETAIL_MAX];
	size_t length;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(detail, sizeof(detail), format, arguments);
	va_end(arguments);
	length = strlen(detail);
	for (size_t bad = 0; (bad = utf8_find_bad(detail, length, bad)) < length;)
		detail[bad] = '?';
	drop_headers(answer);
	buffer_clear(body);
	answer->status = status;
	answer->content_type = "application/problem+json";
	answer->fixed = NULL;
	drop_stream(answer);
	if (buffer_printf(body, &error, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"detail\":", title, status) < 0 ||
		json_put_string(detail, length, body, &error) < 0 || buffer_puts(body, "}\n", &error) < 0)
		buffer_clear(body); /* the status says it */
}
