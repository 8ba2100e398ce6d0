/* json_write.h - writes JSON piece by piece: for documents whose keys have an order that means something to their reader.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What goes wrong (memory, the ceiling of the buffer) is remembered in `failed` and in the error, so that a document is written without
 * looking back and looked at once, at its end. Every member is a jw_key and then one value; every element a jw_item and then one.
 */
#ifndef PENSTOCK_CORE_JSON_WRITE_H
#define PENSTOCK_CORE_JSON_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/core/buffer.h"

struct jw {
	struct buffer *out;  /* borrowed */
	struct error *error; /* borrowed */
	unsigned indent;     /* spaces a level, each member on a line of its own; 0: no spaces at all */
	unsigned depth;
	bool failed;
	bool empty; /* nothing was written into the innermost object or list yet */
};

/* Begins and ends an object ("{", "}") or a list ("[", "]"). */
void jw_open(struct jw *writer, const char *bracket);
void jw_close(struct jw *writer, const char *bracket);

/* Before each member of an object, and before each element of a list. */
void jw_key(struct jw *writer, const char *key);
void jw_item(struct jw *writer);

/* A value: JSON as it is, or a text as a string. */
void jw_raw(struct jw *writer, const char *json);
void jw_string(struct jw *writer, const char *text, size_t length);

/* Whole members and elements. */
void jw_text(struct jw *writer, const char *key, const char *text);
void jw_number(struct jw *writer, const char *key, int64_t number);
void jw_flag(struct jw *writer, const char *key, bool flag);
void jw_item_text(struct jw *writer, const char *text);

#endif
