/* json_write.c - brackets, commas and line ends of JSON documents.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/json_write.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/core/json_text.h"

void jw_raw(struct jw *writer, const char *json)
{
	writer->failed = writer->failed || buffer_puts(writer->out, json, writer->error) < 0;
}

void jw_string(struct jw *writer, const char *text, size_t length)
{
	writer->failed = writer->failed || json_put_string(text, length, writer->out, writer->error) < 0;
}

static void new_line(struct jw *writer)
{
	if (writer->indent == 0)
		return;
	jw_raw(writer, "\n");
	for (unsigned i = 0; i < writer->indent * writer->depth; i++)
		jw_raw(writer, " ");
}

void jw_item(struct jw *writer)
{
	if (!writer->empty)
		jw_raw(writer, ",");
	writer->empty = false;
	new_line(writer);
}

void jw_key(struct jw *writer, const char *key)
{
	jw_item(writer);
	jw_string(writer, key, strlen(key));
	jw_raw(writer, writer->indent ? ": " : ":");
}

void jw_open(struct jw *writer, const char *bracket)
{
	jw_raw(writer, bracket);
	writer->empty = true;
	writer->depth++;
}

void jw_close(struct jw *writer, const char *bracket)
{
	writer->depth--;
	if (!writer->empty)
		new_line(writer);
	jw_raw(writer, bracket);
	writer->empty = false;
}

void jw_text(struct jw *writer, const char *key, const char *text)
{
	jw_key(writer, key);
	jw_string(writer, text, strlen(text));
}

void jw_number(struct jw *writer, const char *key, int64_t number)
{
	char digits[32];

	snprintf(digits, sizeof digits, "%" PRId64, number);
	jw_key(writer, key);
	jw_raw(writer, digits);
}

void jw_flag(struct jw *writer, const char *key, bool flag)
{
	jw_key(writer, key);
	jw_raw(writer, flag ? "true" : "false");
}

void jw_item_text(struct jw *writer, const char *text)
{
	jw_item(writer);
	jw_string(writer, text, strlen(text));
}
