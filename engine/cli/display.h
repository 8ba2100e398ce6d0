/* display.h - texts of strangers on a terminal: how wide they are, and without what could steer it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A rejected record, a file name or a database's words may hold escape sequences. Everything that a person gets to see on stdout or
 * stderr goes through display_escape (JSON output is escaped by its own rules).
 */
#ifndef PENSTOCK_CLI_DISPLAY_H
#define PENSTOCK_CLI_DISPLAY_H

#include <stdbool.h>
#include <stdio.h>

#include "engine/core/buffer.h"

/* Appends text with control characters, invalid UTF-8 and invisible format characters (also those that turn the direction of writing)
 * as \n, \t, \xHH or \u{HHHH}. Returns 0, or -1 and error. */
int display_escape(struct buffer *out, const char *text, size_t length, struct error *error) MUST_CHECK;

/* Columns that escaped text takes: 2 for wide characters, 0 for combining ones. */
size_t display_width(const char *text, size_t length);

/* Bytes of the longest prefix that takes at most columns. */
size_t display_cut(const char *text, size_t length, size_t columns);

/* Writes text escaped, with line breaks as spaces. */
void display_puts(FILE *out, const char *text);

/* Writes text escaped, line by line, each behind indent; a line break is added at the end where there is none. */
void display_lines(FILE *out, const char *text, const char *indent);

/* Columns of the terminal behind a stream, or 0 where it is none. */
unsigned display_columns(FILE *stream);

/* "1.2 MiB": at least 8 and at most 16 bytes of out are used. Returns out. */
char *display_bytes(double bytes, char out[16]);

#endif
