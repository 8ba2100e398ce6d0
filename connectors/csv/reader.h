/* reader.h - one open CSV file: the records behind its header, batch by batch, and where the reading stands.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONNECTORS_CSV_READER_H
#define PENSTOCK_CONNECTORS_CSV_READER_H

#include "connectors/csv/fill.h"
#include "connectors/csv/frame.h"
#include "connectors/csv/style.h"
#include "connectors/file/reading.h"
#include "engine/core/source.h"

struct reader {
	const struct csv_options *options;
	const char *path;    /* for messages; the options may name another, or several */
	const struct schema *schema;
	const struct limits *limits;
	struct window window;
	struct framer framer;
	struct fill fill;
	size_t *fields;      /* of the cells in file order */
	uint64_t line_no;    /* of the window's position, from 1 */
	struct reading reading;
};

/* Opens the file at path and reads its header. reader is zeroed; options and path are borrowed; close it also after a failure. */
int reader_open(struct reader *reader, const struct csv_options *options, const char *path, const struct source_context *context,
	struct error *error) MUST_CHECK;
/* The same for a file that is open already (see window_open_fd); name stands for its path in messages. */
int reader_open_fd(struct reader *reader, const struct csv_options *options, const char *name, int fd, const struct source_context *context,
	struct error *error) MUST_CHECK;
void reader_close(struct reader *reader);

/* As source_ops says for its hooks of these names. */
enum source_result reader_read(struct reader *reader, struct batch *batch, struct error *error);
int reader_resume(struct reader *reader, const struct position *at, bool replay, struct error *error) MUST_CHECK;

#endif
