/* target.c - which route a request is addressed to, and what its query says.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A path is split before it is decoded: %2F is part of a segment, and no segment is a way to another folder.
 */
#include <stdio.h>
#include <string.h>

#include "engine/core/utf8.h"
#include "engine/http/parts.h"

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes length bytes and ends them with a NUL; NULL where a % is no byte, a byte is a control character, or the result no UTF-8. */
static char *decode(const char *raw, size_t length, bool form, char **text)
{
	char *out = *text, *at = out;

	for (size_t i = 0; i < length; i++) {
		char c = raw[i];

		if (c == '%') {
			int high = length - i > 2 ? digit(raw[i + 1]) : -1;

			if (high < 0 || digit(raw[i + 2]) < 0)
				return NULL;
			c = (char)(high * 16 + digit(raw[i + 2]));
			i += 2;
		} else if (c == '+' && form) {
			c = ' ';
		}
		if ((unsigned char)c < ' ' || c == 127)
			return NULL;
		*at++ = c;
	}
	*at = '\0';
	if (utf8_find_bad(out, (size_t)(at - out), 0) < (size_t)(at - out))
		return NULL;
	*text = at + 1;
	return out;
}

/* Whether a raw path has the shape of a pattern. */
static bool fits(const char *pattern, const char *raw)
{
	while (*pattern && *raw) {
		if (*pattern == '{') {
			size_t length = strcspn(raw, "/");

			if (length == 0)
				return false;
			raw += length;
			pattern += strcspn(pattern, "}") + 1;
		} else if (*pattern++ != *raw++) {
			return false;
		}
	}
	return !*pattern && !*raw;
}

/* The parts of the pattern in a path that fits; -1 where one cannot be decoded. */
static int take_values(const char *pattern, const char *raw, struct http_request *request, char **text)
{
	size_t count = 0;

	for (; *pattern; pattern++, raw++) {
		size_t length;

		if (*pattern != '{')
			continue;
		length = strcspn(raw, "/");
		if (count == HTTP_VALUES_MAX || !(request->values[count++] = decode(raw, length, false, text)))
			return -1;
		pattern += strcspn(pattern, "}");
		raw += length - 1;
	}
	return 0;
}

static void allow_also(char allow[ALLOW_SIZE], const char *method)
{
	size_t length = strlen(allow);
	bool get = strcmp(method, "GET") == 0;

	if (!strstr(allow, method))
		snprintf(allow + length, ALLOW_SIZE - length, "%s%s%s", length ? ", " : "", method, get ? ", HEAD" : "");
}

const struct route *target_route(const char *method, const char *raw, struct http_request *request, char *text, int *status,
	char allow[ALLOW_SIZE])
{
	const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
	const struct route *found = NULL;

	allow[0] = '\0';
	*status = 400;
	if (raw[0] != '/' || !(request->path = decode(raw, strlen(raw), false, &text)))
		return NULL;
	for (const struct route *const *table = routes_of_all; *table; table++)
		for (const struct route *route = *table; route->method; route++) {
			if (!fits(route->pattern, raw))
				continue;
			allow_also(allow, route->method);
			/* The pattern without parts is the nearer one. */
			if (strcmp(route->method, wanted) == 0 && (!found || !strchr(route->pattern, '{')))
				found = route;
		}
	*status = allow[0] ? 405 : 404;
	if (!found)
		return NULL;
	if (take_values(found->pattern, raw, request, &text) < 0) {
		*status = 400;
		return NULL;
	}
	return found;
}

int target_query(const char *raw, struct http_request *request, char *text)
{
	while (*raw) {
		size_t length = strcspn(raw, "&"), name = strcspn(raw, "=&");
		struct http_pair pair;

		if (length > 0) {
			size_t value = name < length ? name + 1 : length;

			if (request->query_count == HTTP_QUERY_MAX)
				return -1;
			pair.name = decode(raw, name, true, &text);
			pair.value = decode(raw + value, length - value, true, &text);
			if (!pair.name || !pair.value)
				return -1;
			for (size_t i = 0; i < request->query_count; i++)
				if (strcmp(request->query[i].name, pair.name) == 0)
					return -1;
			request->query[request->query_count++] = pair;
		}
		raw += length + (raw[length] == '&');
	}
	return 0;
}
