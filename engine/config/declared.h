/* declared.h - the values of params by the type that they declare.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONFIG_DECLARED_H
#define PENSTOCK_CONFIG_DECLARED_H

#include "engine/core/error.h"
#include "engine/core/value.h"

/* Names of the types a param may declare, NULL at the end, and what each is in a statement; string is the first. */
extern const char *const declared_names[];
enum value_type declared_type(int index);

/* The canonical text of a value of a type other than string. Returns 1, 0 where text is no such value, -1 and error when
 * out of memory. Dates and times are ISO 8601; a datetime without an offset is UTC. */
int declared_read(enum value_type type, const char *text, char out[VALUE_TEXT_MAX], struct error *error) MUST_CHECK;

#endif
