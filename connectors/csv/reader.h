/* reader.h - one open CSV file: the records behind its header, batch by batch, and where the reading stands.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONNECTORS_CSV_READER_H
#define PENSTOCK_CONNECTORS_CSV_READER_H

#include "connectors/csv/fill.h"
#include "connectors/csv/frame.h"
#include "connectors/file/window.h"
#include "engine/core/source.h"

struct csv_options {
	const char *path;
	bool header;
	char delimiter;
	char quote;
	bool trim;
	bool once; /* of interest to the engine alone */
};

struct reader {
	const struct csv_options *options;
	const struct schema *schema;
	const struct limits *limits;
	struct window window;
	struct framer framer;
	struct fill fill;
	size_t *fields;      /* of the cells in file order */
	uint64_t records;    /* before the window's position */
	uint64_t line_no;    /* of the window's position, from 1 */
	uint64_t given;      /* bytes before it are in batches that were given, or were passed over by a resume */
	uint64_t replay_to;  /* records before it are replayed */
	struct position replay_at;
	bool ended;
};

/* Opens the file and reads its header. reader is zeroed; close it also after a failure. */
int reader_open(struct reader *reader, const struct csv_options *options, const struct source_context *context,
	struct error *error) MUST_CHECK;
/* The same for a file that is open already (see window_open_fd); options->path stands for its path in messages. */
int reader_open_fd(struct reader *reader, const struct csv_options *options, int fd, const struct source_context *context,
	struct error *error) MUST_CHECK;
void reader_close(struct reader *reader);

/* As source_ops says for its hooks of these names. */
enum source_result reader_read(struct reader *reader, struct batch *batch, struct error *error);
int reader_resume(struct reader *reader, const struct position *at, bool replay, struct error *error) MUST_CHECK;

#endif
