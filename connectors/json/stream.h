/* stream.h - JSON text as it is read: values one after another, and where the reading stands in lines.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONNECTORS_JSON_STREAM_H
#define PENSTOCK_CONNECTORS_JSON_STREAM_H

#include "connectors/file/window.h"
#include "connectors/json/walk.h"

enum { JSON_STREAM_END = -1 }; /* instead of a byte */

struct json_stream {
	struct window window;
	uint64_t limit;      /* bytes of a value that is kept whole */
	uint64_t line_no;    /* of the window's position, from 1 */
	uint64_t line_start; /* offset of the line's first byte */
};

/* A value: bytes [start, at) so far. */
struct json_element {
	struct json_walk walk;
	uint64_t start, at;
};

/* Everything before offset is done with: as window_consume, and counts lines. */
void json_stream_consume(struct json_stream *stream, uint64_t offset);

/* Consumes spaces; *byte: what is at the position then, or JSON_STREAM_END. Returns 0, or -1 and error. */
int json_stream_peek(struct json_stream *stream, int *byte, struct error *error) MUST_CHECK;

/* The value at the position, which stays. Returns 1 where all of it is in the window; 0 where it is longer than the limit: its first bytes are, and
 * json_stream_pass goes on; -1 and error (ERROR_SOURCE with line, column and byte where it is none). */
int json_stream_value(struct json_stream *stream, struct json_element *out, struct error *error) MUST_CHECK;

/* Consumes what is left of a value that was too long. Returns 0, or -1 and error. */
int json_stream_pass(struct json_stream *stream, struct json_element *element, struct error *error) MUST_CHECK;

/* Consumes a value of any length. Returns 0, or -1 and error. */
int json_stream_skip(struct json_stream *stream, struct error *error) MUST_CHECK;

/* The byte at offset, which is in the window or its end, cannot stand there. Consumes what is before it. ERROR_SOURCE; returns -1. */
int json_stream_wrong(struct json_stream *stream, uint64_t offset, const char *expected, struct error *error);

#endif
