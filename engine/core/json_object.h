/* json_object.h - members of the JSON objects that answers and outputs are made of, and JSON that comes from outside.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Jansson takes NULL for what could not be made, and then fails to set it: a row of calls is or-ed together and looked at once.
 */
#ifndef PENSTOCK_CORE_JSON_OBJECT_H
#define PENSTOCK_CORE_JSON_OBJECT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* Sets key. Text that is no UTF-8 (it was stored by somebody else) has its other bytes as \xHH. Each returns 0, or -1 out of memory. */
int put_text(json_t *object, const char *key, const char *text, size_t length);
int put_string(json_t *object, const char *key, const char *text);     /* NULL and the empty text are null */
int put_number(json_t *object, const char *key, uint64_t number);
int put_time(json_t *object, const char *key, int64_t micros);         /* since 1970, UTC; 0 is null */
int put_document(json_t *object, const char *key, const char *json, size_t length); /* parsed; a string where it is no JSON of ours */

/* What a member is: "" and 0 where there is none of this kind. The text is borrowed. */
const char *get_text(const json_t *object, const char *key);
unsigned long long get_number(const json_t *object, const char *key);

/* A text as JSON, nested no deeper than depth_fits (json_depth.h) allows, without a key twice in an object. NULL where it is none, or out of memory; then
 * why (of size bytes, may be NULL) says so in words. */
json_t *json_read(const char *text, size_t length, char *why, size_t size);

#endif
