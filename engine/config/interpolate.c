/* interpolate.c - replaces ${...} in scalars.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/config/interpolate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/config/document.h"
#include "engine/config/options.h"
#include "engine/config/tree.h"
#include "engine/core/utf8.h"

/* The first value in a scalar that came with a request, and where it begins in the text. */
struct requested {
	const struct param *param; /* NULL: none */
	size_t at;
};

/* One ${...}: what stands between the braces. */
struct expression {
	const struct node *node;
	const struct scope *scope;
	const char *text;
	size_t length;
	bool connection;
	bool whole; /* the scalar is nothing else */
	struct buffer *out;
	bool *secret;
	struct requested *requested; /* NULL: it is bound, and leads nowhere */
};

/* Only the name is shown: what follows it may be a default with a password. */
static int complain(const struct expression *e, const char *what)
{
	const char *const name = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.";
	size_t length = 0;

	while (length < e->length && length < 64 && strchr(name, e->text[length]))
		length++;
	diagnostics_error(e->scope->diagnostics, e->node, "${%.*s%s}: %s", (int)length, e->text,
		length < e->length ? "..." : "", what);
	return -1;
}

static int put(const struct expression *e, const char *text, size_t length)
{
	struct error error = ERROR_INIT;

	if (buffer_append(e->out, text, length, &error) == 0)
		return 0;
	if (length > e->out->ceiling - e->out->length)
		return complain(e, "the text becomes larger than 1 MiB");
	diagnostics_take(e->scope->diagnostics, &error);
	return -1;
}

static bool valid_utf8(const char *text, size_t length)
{
	for (size_t i = 0, size; i < length; i += size) {
		size = utf8_character(text + i, length - i);
		if (size == 0)
			return false;
	}
	return true;
}

/* A value that the author of the pipeline did not write. */
static int put_outside(const struct expression *e, const char *text, size_t length, bool may_be_whole)
{
	if (!valid_utf8(text, length))
		return complain(e, "its value is not UTF-8");
	for (size_t i = 0; e->connection && !(e->whole && may_be_whole) && i < length; i++)
		if (strchr(";{}", text[i]))
			return complain(e, "its value holds one of ; { } and so cannot be put into a connection string; "
				"give the whole string by ${NAME} or ${file:PATH}");
	return put(e, text, length);
}

static int put_as_written(const struct expression *e)
{
	if (put(e, "${", 2) < 0 || put(e, e->text, e->length) < 0)
		return -1;
	return put(e, "}", 1);
}

static bool begins(const struct expression *e, const char *word)
{
	size_t length = strlen(word);

	return e->length >= length && memcmp(e->text, word, length) == 0;
}

static bool is(const struct expression *e, const char *word)
{
	return e->length == strlen(word) && begins(e, word);
}

static int param(const struct expression *e)
{
	char name[128];
	const struct params *params = e->scope->params;
	struct param *found;
	const char *value;

	if (!params)
		return complain(e, "the value of a param cannot be made from another one");
	snprintf(name, sizeof(name), "%.*s", (int)(e->length - strlen("params.")), e->text + strlen("params."));
	found = params_find(params, name);
	if (!found) {
		struct names names = {.count = 0};
		char guess[256];

		for (size_t i = 0; i < params->count; i++)
			names_add(&names, params->items[i].name);
		diagnostics_error(e->scope->diagnostics, e->node, "unknown param \"%.64s\"%s", name,
			options_guess(name, names.list, guess, sizeof(guess)));
		return -1;
	}
	found->used = true;
	if (found->broken)
		return -1;
	value = e->scope->definition ? found->definition : found->value;
	if (!value) {
		diagnostics_error(e->scope->diagnostics, e->node, "param \"%s\" has no value; give it one with --set %s=...",
			found->name, found->name);
		return -1;
	}
	if (found->secret)
		*e->secret = true;
	if (found->requested && e->connection)
		return complain(e, "a request may not give a part of a connection");
	if (found->requested && e->requested && !e->requested->param)
		*e->requested = (struct requested){found, e->out->length};
	return put_outside(e, value, strlen(value), false);
}

static int file(const struct expression *e)
{
	char path[4096];
	struct buffer text;
	struct error error = ERROR_INIT;
	size_t name = e->length - strlen("file:");
	int result = -1;

	if (name == 0 || name >= sizeof(path))
		return complain(e, "the path of a file is missing, or too long");
	snprintf(path, sizeof(path), "%.*s", (int)name, e->text + strlen("file:"));
	if (strstr(path, "${"))
		return complain(e, "a ${...} within another is not supported");
	*e->secret = true;
	buffer_init(&text, INTERPOLATE_FILE_MAX);
	if (file_read(path, INTERPOLATE_FILE_MAX, "a value", &text, &error) < 0) {
		if (error.kind == ERROR_RESOURCE)
			diagnostics_take(e->scope->diagnostics, &error);
		else
			diagnostics_error(e->scope->diagnostics, e->node, "%s: %s", error.place, error.message);
	} else {
		size_t length = text.length;

		if (length > 0 && text.data[length - 1] == '\n')
			length--;
		if (length > 0 && length < text.length && text.data[length - 1] == '\r')
			length--;
		if (length > 0 && memchr(text.data, '\0', length))
			complain(e, "the file holds a NUL byte");
		else
			result = put_outside(e, buffer_text(&text), length, true);
	}
	if (text.data)
		explicit_bzero(text.data, text.size);
	buffer_fini(&text);
	return result;
}

static int started(const struct expression *e)
{
	char format[128] = "%Y-%m-%dT%H:%M:%SZ";
	char text[256];
	time_t seconds = (time_t)(e->scope->started_us / 1000000);
	struct tm utc;
	size_t length;

	if (!is(e, "run.started")) {
		const size_t prefix = strlen("run.started:");

		if (e->length == prefix || e->length - prefix >= sizeof(format))
			return complain(e, "the format is missing, or too long");
		snprintf(format, sizeof(format), "%.*s", (int)(e->length - prefix), e->text + prefix);
	}
	for (const char *c = strchr(format, '%'); c; c = strchr(c + 2, '%'))
		if (!c[1] || !strchr("YmdHMSjyFTGVu%", c[1]))
			return complain(e, "the format may hold %Y %m %d %H %M %S, %j %y %F %T %G %V %u and %%");
	if (!gmtime_r(&seconds, &utc))
		return complain(e, "the clock shows no date");
	length = strftime(text, sizeof(text), format, &utc);
	return put(e, text, length);
}

/* NAME, NAME:-default, NAME:?message */
static int environment(const struct expression *e)
{
	char name[256];
	size_t length = 0;
	const char *rest, *value;
	size_t rest_length;

	while (length < e->length && (e->text[length] == '_' || (e->text[length] >= 'a' && e->text[length] <= 'z') ||
		(e->text[length] >= 'A' && e->text[length] <= 'Z') ||
		(length > 0 && e->text[length] >= '0' && e->text[length] <= '9')))
		length++;
	rest = e->text + length;
	rest_length = e->length - length;
	if (length == 0 || length >= sizeof(name) ||
		(rest_length > 0 && (rest_length < 2 || rest[0] != ':' || (rest[1] != '-' && rest[1] != '?'))))
		return complain(e, "write ${NAME}, ${NAME:-default}, ${NAME:?message}, ${params.NAME}, ${file:PATH}, ${run.id} or "
			"${run.started:FORMAT}; a literal ${ is $${");
	snprintf(name, sizeof(name), "%.*s", (int)length, e->text);
	value = getenv(name);
	if (value && (value[0] || rest_length == 0)) {
		*e->secret = true;
		return put_outside(e, value, strlen(value), true);
	}
	if (rest_length == 0) {
		diagnostics_error(e->scope->diagnostics, e->node,
			"environment variable %s is not set; set it, or write ${%s:-default}", name, name);
		return -1;
	}
	rest_length -= 2;
	if (rest[1] == '?') {
		diagnostics_error(e->scope->diagnostics, e->node, "environment variable %s is not set%s%.*s", name,
			rest_length > 0 ? ": " : "", (int)rest_length, rest + 2);
		return -1;
	}
	if (memmem(rest + 2, rest_length, "${", 2))
		return complain(e, "a ${...} within another is not supported");
	return put(e, rest + 2, rest_length);
}

static int evaluate(const struct expression *e)
{
	if (begins(e, "params."))
		return param(e);
	if (begins(e, "file:"))
		return e->scope->definition ? put_as_written(e) : file(e);
	if (is(e, "run.id"))
		return e->scope->definition ? put_as_written(e) : put(e, e->scope->run_id, strlen(e->scope->run_id));
	if (is(e, "run.started") || begins(e, "run.started:"))
		return e->scope->definition ? put_as_written(e) : started(e);
	if (is(e, "table")) {
		if (!e->scope->table)
			return complain(e, "is known only within for_each");
		return put_outside(e, e->scope->table, strlen(e->scope->table), false);
	}
	return environment(e);
}

int interpolate_expression(const struct node *node, const char *text, size_t length, const struct scope *scope,
	struct buffer *out, bool *secret)
{
	return evaluate(&(struct expression){.node = node, .scope = scope, .text = text, .length = length, .whole = true,
		.out = out, .secret = secret});
}

/* A default such as Driver={SQLite3} may hold braces in pairs. */
long interpolate_closed(const char *text)
{
	size_t open = 1;

	for (size_t i = 0; text[i]; i++) {
		if (text[i] == '{')
			open++;
		else if (text[i] == '}' && --open == 0)
			return (long)i;
	}
	return -1;
}

static int replace(const struct expression *template, struct buffer *out)
{
	const char *text = template->node->text;
	struct expression e = *template;

	while (*text) {
		const char *next = strchr(text, '$');
		size_t plain = next ? (size_t)(next - text) : strlen(text);
		long length;

		if (put(&e, text, plain) < 0)
			return -1;
		text += plain;
		if (strncmp(text, "$${", 3) == 0) {
			if (put(&e, "${", 2) < 0)
				return -1;
			text += 3;
			continue;
		}
		if (strncmp(text, "${", 2) != 0) {
			if (*text && put(&e, text++, 1) < 0)
				return -1;
			continue;
		}
		length = interpolate_closed(text + 2);
		if (length < 0) {
			diagnostics_error(e.scope->diagnostics, e.node,
				"a ${ is not closed with a }; a literal ${ is written $${");
			return -1;
		}
		e.text = text + 2;
		e.length = (size_t)length;
		e.whole = out->length == 0 && text == template->node->text && e.text[e.length + 1] == '\0';
		if (evaluate(&e) < 0)
			return -1;
		text = e.text + e.length + 1;
	}
	return 0;
}

/* Whether a path leads out of the folder that is written in front of `at`: by "..", or, where nothing is, by beginning at the root or by
 * being no file ("-"). */
static bool leads_out(const char *text, size_t at)
{
	const char *part = text + at;

	if (at == 0 && (*text == '/' || strcmp(text, "-") == 0))
		return true;
	while (part > text && part[-1] != '/')
		part--;
	for (;;) {
		size_t length = strcspn(part, "/");

		if (length == 2 && part[0] == '.' && part[1] == '.')
			return true;
		if (!part[length])
			return false;
		part += length + 1;
	}
}

static int confine(const struct expression *e)
{
	const struct param *param = e->requested->param;

	if (!param || !leads_out(buffer_text(e->out), e->requested->at))
		return 0;
	diagnostics_error(e->scope->diagnostics, e->node,
		"the value of param \"%s\" leads out of the folder that is written in front of it; a request cannot do that", param->name);
	return -1;
}

int interpolate(struct node *scalar, const struct scope *scope, bool connection)
{
	struct buffer out;
	bool secret = false;
	struct requested requested = {.param = NULL};
	struct expression template = {.node = scalar, .scope = scope, .text = "", .connection = connection, .out = &out,
		.secret = &secret, .requested = &requested};
	char *text = NULL;
	int result;

	if (!strstr(scalar->text, "${"))
		return 0;
	buffer_init(&out, INTERPOLATE_TEXT_MAX);
	result = replace(&template, &out) < 0 || confine(&template) < 0 ? -1 : 0;
	if (result == 0) {
		text = strdup(buffer_text(&out));
		if (!text) {
			diagnostics_memory(scope->diagnostics);
			result = -1;
		}
	}
	if (out.data)
		explicit_bzero(out.data, out.size);
	buffer_fini(&out);
	if (text) {
		tree_set_text(scalar, text);
		scalar->secret = scalar->secret || secret;
		scalar->plain = false; /* an empty value is an empty text, not null */
	}
	return result;
}

int interpolate_tree(struct node *node, const struct scope *scope)
{
	int result = 0;

	if (node->kind == NODE_SCALAR)
		return interpolate(node, scope, false);
	for (size_t i = 0; i < node->count; i++)
		if (interpolate_tree(node->items[i], scope) < 0)
			result = -1;
	return result;
}
