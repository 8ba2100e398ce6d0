/* link.c - a list of <address>; name=value; name="value", ... taken apart.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/http/link.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* A parameter of a link: its name as it stands, its value without quotes (escapes stay, since no relation has any). */
struct parameter {
	const char *name, *value;
	size_t name_length, value_length;
};

static const char *skip_spaces(const char *at)
{
	return at + strspn(at, " \t");
}

static bool is(const struct parameter *parameter, const char *name)
{
	return strlen(name) == parameter->name_length && strncasecmp(name, parameter->name, parameter->name_length) == 0;
}

/* One of the words, separated by spaces, is next. */
static bool says_next(const struct parameter *rel)
{
	const char *at = rel->value, *end = at + rel->value_length;

	while (at < end) {
		const char *word = at;
		while (at < end && *at != ' ' && *at != '\t')
			at++;
		if (at - word == 4 && strncasecmp(word, "next", 4) == 0)
			return true;
		while (at < end && (*at == ' ' || *at == '\t'))
			at++;
	}
	return false;
}

/* Behind a semicolon. Where it ends, or NULL. An empty one (";;") has no name. */
static const char *take_parameter(const char *at, struct parameter *out)
{
	*out = (struct parameter){ .name = at = skip_spaces(at) };
	at += strcspn(at, " \t=;,\"<>");
	out->name_length = (size_t)(at - out->name);
	at = skip_spaces(at);
	if (*at != '=')
		return at;
	at = skip_spaces(at + 1);
	out->value = at;
	if (*at != '"') {
		at += strcspn(at, " \t;,\"<>");
		out->value_length = (size_t)(at - out->value);
		return skip_spaces(at);
	}
	out->value = ++at;
	while (*at && *at != '"')
		at += *at == '\\' && at[1] ? 2 : 1;
	if (!*at)
		return NULL;
	out->value_length = (size_t)(at - out->value);
	return skip_spaces(at + 1);
}

int link_next(const char *value, const char **address, size_t *length)
{
	const char *at = value;
	int found = 0;

	for (;;) {
		at += strspn(at, " \t,");
		if (!*at)
			return found;
		if (*at != '<')
			return -1;
		const char *begin = ++at;
		at += strcspn(at, ">");
		if (!*at)
			return -1;
		size_t size = (size_t)(at++ - begin);
		bool next = false, rel_seen = false, elsewhere = false;
		at = skip_spaces(at);
		while (*at == ';') {
			struct parameter parameter;
			at = take_parameter(at + 1, &parameter);
			if (!at)
				return -1;
			/* RFC 8288: of several rel only the first counts. */
			if (is(&parameter, "rel") && !rel_seen) {
				rel_seen = true;
				next = says_next(&parameter);
			}
			elsewhere = elsewhere || is(&parameter, "anchor");
		}
		if (*at && *at != ',')
			return -1;
		if (next && !elsewhere && !found) {
			*address = begin;
			*length = size;
			found = 1;
		}
	}
}
