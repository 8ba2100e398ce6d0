/* reader.h - one open file of JSON: its records, batch by batch, and where the reading stands.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A position is "OFFSET:RECORDS:LINE:COLUMN:PLACE": all before it is done with, it stands in this line and column (of bytes, from 1), and PLACE is
 * an enum json_place (never JSON_AT_END
 * of lines, since a line may be added).
 */
#ifndef PENSTOCK_CONNECTORS_JSON_READER_H
#define PENSTOCK_CONNECTORS_JSON_READER_H

#include "connectors/file/reading.h"
#include "connectors/json/pointer.h"
#include "connectors/json/record.h"
#include "engine/core/source.h"

enum json_lines { JSON_LINES_AUTO = 0, JSON_LINES_TRUE, JSON_LINES_FALSE };

/* What a reader of one file is told. */
struct json_options {
	const char *pointer;
	int lines; /* enum json_lines */
};

enum json_place {
	JSON_AT_ELEMENT = 0, /* an element of the array follows */
	JSON_AT_LINE,        /* a line follows, or nothing */
	JSON_AT_END,         /* nothing follows */
};

struct json_reader {
	const struct json_options *options;
	const char *path;   /* for messages; the options may name another, or several */
	const struct limits *limits;
	struct json_stream stream;
	struct json_pointer pointer;
	struct json_record record;
	bool lines;         /* each line is a record: the place is JSON_AT_LINE, or JSON_AT_END while nothing follows */
	enum json_place place;
	struct reading reading;
};

/* What in the options does not go together; no I/O. ERROR_CONFIG at place (may be NULL). */
int json_options_check(const struct json_options *options, const char *place, struct error *error);

/* Opens the file at path and goes to its first record. reader is zeroed; options and path are borrowed; close it also after a failure. */
int json_reader_open(struct json_reader *reader, const struct json_options *options, const char *path, const struct source_context *context,
	struct error *error) MUST_CHECK;
/* The same for a file that is open already (see window_open_fd); name stands for its path in messages. */
int json_reader_open_fd(struct json_reader *reader, const struct json_options *options, const char *name, int fd,
	const struct source_context *context, struct error *error) MUST_CHECK;
void json_reader_close(struct json_reader *reader);

/* As source_ops says for its hooks of these names. */
enum source_result json_reader_read(struct json_reader *reader, struct batch *batch, struct error *error);
int json_reader_resume(struct json_reader *reader, const struct position *at, bool replay, struct error *error) MUST_CHECK;

#endif
