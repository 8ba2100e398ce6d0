/* rows.h - rows of the state tables as JSON and as lines of text.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CLI_ROWS_H
#define PENSTOCK_CLI_ROWS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "engine/core/error.h"
#include "engine/core/json_object.h"
#include "engine/core/value.h"

/* Prints the object (compact on one line, or indented) and frees it. Returns 0, or -1 and error when it is NULL or failed is not 0. */
int row_finish(json_t *object, int failed, bool compact, struct error *error) MUST_CHECK;

/* "name:      value" with the value escaped; nothing where value is empty. */
void field_print(const char *name, const char *value);
void field_print_text(const char *name, const char *value, size_t length);

/* "2021-11-07 02:48:42" (UTC), or "" for 0. Returns out. */
char *time_print(int64_t micros, char out[VALUE_TEXT_MAX]);

#endif
