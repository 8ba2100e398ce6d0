/* yaml_print.c - YAML 1.1 and 1.2 alike: block style, with flow style where it fits a line.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/cli/yaml_print.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "engine/core/utf8.h"

enum { INDENT = 2, LINE_MAX_COLUMNS = 110, FLOW_MAX = 4096, REAL_DIGITS = 15 };

/* --- scalars ------------------------------------------------------------------------------------ */

/* What YAML 1.1 or 1.2 takes for something else than a text. */
static bool is_word_of_yaml(const char *text)
{
	static const char *const words[] = {"true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf", NULL};

	for (size_t i = 0; words[i]; i++)
		if (strcasecmp(words[i], text) == 0)
			return true;
	return false;
}

/* A text that needs no quotes anywhere: a word that begins with a letter. */
static bool is_plain(const char *text, size_t length)
{
	if (length == 0 || strlen(text) != length || is_word_of_yaml(text) || !(isalpha((unsigned char)text[0]) || text[0] == '_'))
		return false;
	for (const char *at = text; *at; at++)
		if (!isalnum((unsigned char)*at) && !strchr("_-./", *at))
			return false;
	return true;
}

static uint32_t code_point(const char *text, size_t length)
{
	static const unsigned char masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
	uint32_t point = (unsigned char)text[0] & masks[length];

	for (size_t i = 1; i < length; i++)
		point = point << 6 | ((unsigned char)text[i] & 0x3Fu);
	return point;
}

/* Not to be printed as it is: control characters, line ends of YAML, what turns the direction of writing, what is no character. */
static bool needs_escape(uint32_t point)
{
	return point < 0x20 || (point >= 0x7F && point < 0xA0) || (point >= 0x200B && point <= 0x200F) ||
		(point >= 0x2028 && point <= 0x202E) || (point >= 0x2060 && point <= 0x206F) || point == 0xFEFF || point >= 0xFFF9u;
}

static int put_escape(uint32_t point, struct buffer *out, struct error *error)
{
	switch (point) {
	case '\n':
		return buffer_puts(out, "\\n", error);
	case '\t':
		return buffer_puts(out, "\\t", error);
	case '\r':
		return buffer_puts(out, "\\r", error);
	default:
		return buffer_printf(out, error, point > 0xFFFF ? "\\U%08X" : point > 0xFF ? "\\u%04X" : "\\x%02X", (unsigned)point);
	}
}

static int put_text(const char *text, size_t length, struct buffer *out, struct error *error)
{
	if (is_plain(text, length))
		return buffer_append(out, text, length, error);
	if (buffer_puts(out, "\"", error))
		return -1;
	for (size_t at = 0, bytes; at < length; at += bytes) {
		bytes = utf8_character(text + at, length - at);
		if (bytes == 0)
			return error_set(error, ERROR_SOURCE, NULL, "a name that is no UTF-8 cannot stand in a dictionary");
		uint32_t point = code_point(text + at, bytes);
		int failed;
		/* Characters beyond the first plane are letters and pictures, but for those that the rule above means. */
		if (needs_escape(point) && (point < 0x10000 || point >= 0xE0000))
			failed = put_escape(point, out, error);
		else if (point == '"' || point == '\\')
			failed = buffer_printf(out, error, "\\%c", (char)point);
		else
			failed = buffer_append(out, text + at, bytes, error);
		if (failed)
			return -1;
	}
	return buffer_puts(out, "\"", error);
}

static int put_scalar(const json_t *value, struct buffer *out, struct error *error)
{
	char number[64];
	size_t length;

	if (json_is_string(value))
		return put_text(json_string_value(value), json_string_length(value), out, error);
	if (json_is_null(value))
		return buffer_puts(out, "null", error);
	if (json_is_boolean(value))
		return buffer_puts(out, json_is_true(value) ? "true" : "false", error);
	length = json_dumpb(value, number, sizeof number, JSON_ENCODE_ANY | JSON_REAL_PRECISION(REAL_DIGITS));
	return length <= sizeof number ? buffer_append(out, number, length, error) : error_memory(error, "a number");
}

/* --- flow style --------------------------------------------------------------------------------- */

static bool is_scalar(const json_t *value)
{
	return !json_is_object(value) && !json_is_array(value);
}

static size_t size_of(const json_t *value)
{
	return json_is_object(value) ? json_object_size(value) : json_array_size(value);
}

static int put_flow(const json_t *value, struct buffer *out, struct error *error)
{
	const char *key;
	json_t *item;
	size_t index, count = 0;

	if (is_scalar(value))
		return put_scalar(value, out, error);
	if (size_of(value) == 0)
		return buffer_puts(out, json_is_object(value) ? "{}" : "[]", error);
	if (json_is_object(value)) {
		json_object_foreach((json_t *)(uintptr_t)value, key, item)
			if (buffer_puts(out, count++ ? ", " : "{ ", error) || put_text(key, strlen(key), out, error) ||
				buffer_puts(out, ": ", error) || put_flow(item, out, error))
				return -1;
		return buffer_puts(out, " }", error);
	}
	json_array_foreach(value, index, item)
		if (buffer_puts(out, index ? ", " : "[", error) || put_flow(item, out, error))
			return -1;
	return buffer_puts(out, "]", error);
}

/* Such a list has an entry a line, wherever it stands. */
static bool holds_list_of_maps(const json_t *value)
{
	const char *key;
	size_t index;
	json_t *item;

	json_array_foreach(value, index, item)
		if (!is_scalar(item))
			return true;
	json_object_foreach((json_t *)(uintptr_t)value, key, item)
		if (holds_list_of_maps(item))
			return true;
	return false;
}

/* In flow style where that fits the line. *done says whether it was put. */
static int try_flow(const json_t *value, size_t column, struct buffer *out, bool *done, struct error *error)
{
	struct buffer line;
	struct error overflow = ERROR_INIT;

	*done = is_scalar(value) || size_of(value) == 0;
	if (*done)
		return put_flow(value, out, error);
	if (holds_list_of_maps(value))
		return 0;
	buffer_init(&line, FLOW_MAX);
	/* One that does not fit the buffer does not fit a line; what else is wrong will come up again. */
	*done = put_flow(value, &line, &overflow) == 0 && column + line.length <= LINE_MAX_COLUMNS;
	int result = *done ? buffer_append(out, buffer_text(&line), line.length, error) : 0;
	buffer_fini(&line);
	return result;
}

/* --- block style -------------------------------------------------------------------------------- */

static int put_block(const json_t *value, size_t indent, bool begun, struct buffer *out, struct error *error);

static int put_indent(size_t indent, struct buffer *out, struct error *error)
{
	return buffer_printf(out, error, "%*s", (int)indent, "");
}

/* The value behind "key:" or "-", where the cursor stands. */
static int put_value(const json_t *value, size_t indent, size_t column, bool in_list, struct buffer *out, struct error *error)
{
	bool done = false;
	size_t start = out->length;

	if (buffer_puts(out, " ", error) || try_flow(value, column + 1, out, &done, error))
		return -1;
	if (done)
		return buffer_puts(out, "\n", error);
	if (in_list)
		return put_block(value, indent + INDENT, true, out, error);
	out->data[out->length = start] = '\0'; /* without the space */
	return buffer_puts(out, "\n", error) || put_block(value, indent + INDENT, false, out, error) ? -1 : 0;
}

/* begun: the first line's indentation is there already. */
static int put_block(const json_t *value, size_t indent, bool begun, struct buffer *out, struct error *error)
{
	const char *key;
	json_t *item;
	size_t index;

	if (json_is_array(value)) {
		json_array_foreach(value, index, item) {
			if ((!begun && put_indent(indent, out, error)) || buffer_puts(out, "-", error) ||
				put_value(item, indent, indent + 1, true, out, error))
				return -1;
			begun = false;
		}
		return 0;
	}
	json_object_foreach((json_t *)(uintptr_t)value, key, item) {
		size_t start = out->length;
		if ((!begun && put_indent(indent, out, error)) || put_text(key, strlen(key), out, error) || buffer_puts(out, ":", error) ||
			put_value(item, indent, (begun ? indent : 0) + out->length - start, false, out, error))
			return -1;
		begun = false;
	}
	return 0;
}

int yaml_print(const json_t *document, struct buffer *out, struct error *error)
{
	if (size_of(document) == 0)
		return put_flow(document, out, error) || buffer_puts(out, "\n", error) ? -1 : 0;
	return put_block(document, 0, false, out, error);
}
