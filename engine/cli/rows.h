/* rows.h - rows of the state tables as JSON and as lines of text.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CLI_ROWS_H
#define PENSTOCK_CLI_ROWS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "engine/core/error.h"
#include "engine/core/value.h"

/* Sets key; text that is no UTF-8 (it was stored by somebody else) is escaped. Each returns 0, or -1 out of memory. */
int row_put_text(json_t *object, const char *key, const char *text, size_t length);
int row_put_string(json_t *object, const char *key, const char *text); /* the empty text is null */
int row_put_number(json_t *object, const char *key, uint64_t number);
int row_put_time(json_t *object, const char *key, int64_t micros);     /* 0 is null */
int row_put_document(json_t *object, const char *key, const char *json, size_t length); /* parsed; as a string where it is no JSON */

/* Prints the object (compact on one line, or indented) and frees it. Returns 0, or -1 and error when it is NULL or failed is not 0. */
int row_finish(json_t *object, int failed, bool compact, struct error *error) MUST_CHECK;

/* "name:      value" with the value escaped; nothing where value is empty. */
void field_print(const char *name, const char *value);
void field_print_text(const char *name, const char *value, size_t length);

/* "2021-11-07 02:48:42" (UTC), or "" for 0. Returns out. */
char *time_print(int64_t micros, char out[VALUE_TEXT_MAX]);

#endif
