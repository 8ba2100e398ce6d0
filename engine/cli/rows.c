/* rows.c - printing rows of the state tables.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/cli/rows.h"

#include <stdlib.h>
#include <string.h>

#include "engine/cli/display.h"

enum { FIELD_COLUMN = 14, FIELD_MAX = 1 << 20, JSON_DEPTH_SAFE = 64 };

int row_put_text(json_t *object, const char *key, const char *text, size_t length)
{
	json_t *string = json_stringn(text, length);
	if (!string) {
		struct buffer escaped;
		struct error error = ERROR_INIT;
		buffer_init(&escaped, FIELD_MAX);
		if (display_escape(&escaped, text, length, &error) == 0)
			string = json_stringn(buffer_text(&escaped), escaped.length);
		buffer_fini(&escaped);
	}
	return json_object_set_new(object, key, string);
}

int row_put_string(json_t *object, const char *key, const char *text)
{
	return *text ? row_put_text(object, key, text, strlen(text)) : json_object_set_new(object, key, json_null());
}

int row_put_number(json_t *object, const char *key, uint64_t number)
{
	return json_object_set_new(object, key, json_integer((json_int_t)number));
}

int row_put_time(json_t *object, const char *key, int64_t micros)
{
	char text[VALUE_TEXT_MAX];
	if (micros == 0)
		return json_object_set_new(object, key, json_null());
	size_t length = value_format_datetime(micros, text);
	return row_put_text(object, key, text, length);
}

/* Jansson's parser recurses; what is nested deeper than anything of ours stays a string. */
static bool nested_deep(const char *json, size_t length)
{
	size_t depth = 0;
	for (size_t i = 0; i < length; i++)
		if ((json[i] == '[' || json[i] == '{') && ++depth > JSON_DEPTH_SAFE)
			return true;
		else if ((json[i] == ']' || json[i] == '}') && depth > 0)
			depth--;
	return false;
}

int row_put_document(json_t *object, const char *key, const char *json, size_t length)
{
	json_error_t problem;
	json_t *document = nested_deep(json, length) ? NULL : json_loadb(json, length, JSON_ALLOW_NUL, &problem);
	if (document)
		return json_object_set_new(object, key, document);
	return length ? row_put_text(object, key, json, length) : json_object_set_new(object, key, json_null());
}

int row_finish(json_t *object, int failed, bool compact, struct error *error)
{
	char *text = object && !failed ? json_dumps(object, compact ? JSON_COMPACT : JSON_INDENT(2)) : NULL;
	json_decref(object);
	if (!text)
		return error_memory(error, "a row of the output");
	puts(text);
	free(text);
	return 0;
}

void field_print_text(const char *name, const char *value, size_t length)
{
	struct buffer escaped;
	struct error error = ERROR_INIT;
	if (length == 0)
		return;
	buffer_init(&escaped, 16 * FIELD_MAX);
	if (display_escape(&escaped, value, length, &error) == 0)
		printf("%-*s%s\n", FIELD_COLUMN, name, buffer_text(&escaped));
	buffer_fini(&escaped);
}

void field_print(const char *name, const char *value)
{
	field_print_text(name, value, strlen(value));
}

char *time_print(int64_t micros, char out[VALUE_TEXT_MAX])
{
	out[0] = '\0';
	if (micros == 0)
		return out;
	value_format_datetime(micros, out);
	out[10] = ' ';
	out[19] = '\0';
	return out;
}
