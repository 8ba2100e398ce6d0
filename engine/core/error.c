/* error.c - filling the caller's error, first one wins.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A text that does not fit ends in "...", never in half a UTF-8 character. */
static void cut(char *text, size_t size, int wanted)
{
	if (wanted < 0) {
		text[0] = '\0';
		return;
	}
	if ((size_t)wanted < size || size < 4)
		return;
	size_t end = size - 4;
	while (end > 0 && ((unsigned char)text[end] & 0xC0) == 0x80)
		end--;
	memcpy(text + end, "...", 4);
}

static bool take_place(struct error *error, enum error_kind kind, const char *place)
{
	if (error_is_set(error))
		return false;
	error->kind = kind;
	error->retry = false;
	error->sqlstate[0] = '\0';
	cut(error->place, sizeof error->place, snprintf(error->place, sizeof error->place, "%s", place ? place : ""));
	return true;
}

int error_set(struct error *error, enum error_kind kind, const char *place, const char *format, ...)
{
	if (!take_place(error, kind, place))
		return -1;
	va_list arguments;
	va_start(arguments, format);
	cut(error->message, sizeof error->message, vsnprintf(error->message, sizeof error->message, format, arguments));
	va_end(arguments);
	return -1;
}

int error_memory(struct error *error, const char *what)
{
	return error_set(error, ERROR_RESOURCE, NULL, "out of memory for %s", what);
}

int error_errno(struct error *error, enum error_kind kind, const char *place, int errnum, const char *format, ...)
{
	if (!take_place(error, kind, place))
		return -1;
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(error->message, sizeof error->message, format, arguments);
	va_end(arguments);
	cut(error->message, sizeof error->message, length);
	size_t used = strlen(error->message);
	char reason[256] = "";
	const char *text = strerror_r(errnum, reason, sizeof reason);
	cut(error->message + used, sizeof error->message - used,
		snprintf(error->message + used, sizeof error->message - used, ": %s", text));
	return -1;
}

void error_clear(struct error *error)
{
	memset(error, 0, sizeof *error);
}

char *error_text(const struct error *error, char *text, unsigned long size)
{
	cut(text, size, snprintf(text, size, "%s%s%s", error->place, error->place[0] ? ": " : "", error->message));
	return text;
}

const char *error_kind_name(enum error_kind kind)
{
	static const char *const names[] = {
		[ERROR_NONE] = "none", [ERROR_RESOURCE] = "resource", [ERROR_CONFIG] = "config", [ERROR_REJECTS] = "rejects",
		[ERROR_SOURCE] = "source", [ERROR_SINK] = "sink", [ERROR_BOOKS] = "books", [ERROR_BUSY] = "busy",
		[ERROR_CANCELLED] = "cancelled",
	};
	return names[kind];
}
