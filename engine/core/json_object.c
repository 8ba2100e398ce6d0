/* json_object.c - members of JSON objects, and JSON that is read without being trusted.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/json_object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/json_depth.h"
#include "engine/core/utf8.h"
#include "engine/core/value.h"

enum { ESCAPE_MAX = 4 /* \xHH */ };

/* malloc'd; NULL when out of memory. */
static char *escaped(const char *text, size_t length, size_t *out_length)
{
	char *out = malloc(length * ESCAPE_MAX + 1);
	size_t at = 0;

	for (size_t i = 0, size; out && i < length; i += size) {
		size = utf8_character(text + i, length - i);
		if (size > 0) {
			memcpy(out + at, text + i, size);
			at += size;
		} else {
			size = 1;
			at += (size_t)sprintf(out + at, "\\x%02x", (unsigned char)text[i]);
		}
	}
	*out_length = at;
	return out;
}

int put_text(json_t *object, const char *key, const char *text, size_t length)
{
	json_t *string = json_stringn(text, length);

	if (!string) {
		size_t escaped_length;
		char *copy = escaped(text, length, &escaped_length);

		string = copy ? json_stringn(copy, escaped_length) : NULL;
		free(copy);
	}
	return json_object_set_new(object, key, string);
}

int put_string(json_t *object, const char *key, const char *text)
{
	return text && *text ? put_text(object, key, text, strlen(text)) : json_object_set_new(object, key, json_null());
}

int put_number(json_t *object, const char *key, uint64_t number)
{
	return json_object_set_new(object, key, json_integer((json_int_t)number));
}

int put_time(json_t *object, const char *key, int64_t micros)
{
	char text[VALUE_TEXT_MAX];

	if (micros == 0)
		return json_object_set_new(object, key, json_null());
	return put_text(object, key, text, value_format_datetime(micros, text));
}

const char *get_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

unsigned long long get_number(const json_t *object, const char *key)
{
	return (unsigned long long)json_integer_value(json_object_get(object, key));
}

json_t *json_read(const char *text, size_t length, char *why, size_t size)
{
	json_error_t problem;
	json_t *root = NULL;

	if (!depth_fits(text, length)) { /* Jansson's parser recurses */
		if (why)
			snprintf(why, size, "its objects and arrays are nested too deep");
		return NULL;
	}
	root = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY, &problem);
	if (!root && why)
		snprintf(why, size, "line %d, column %d: %s", problem.line, problem.column, problem.text);
	return root;
}

int put_document(json_t *object, const char *key, const char *json, size_t length)
{
	json_t *document = json_read(json, length, NULL, 0);

	if (document)
		return json_object_set_new(object, key, document);
	return length ? put_text(object, key, json, length) : json_object_set_new(object, key, json_null());
}
