/* source.h - what the sources of files have alike: their first options, and the hooks that are about files alone.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A source of files has a struct file_source as its first member and its own options behind it; it brings check and open, and a reader of one
 * file (struct file_reader_ops).
 */
#ifndef PENSTOCK_CONNECTORS_FILE_SOURCE_H
#define PENSTOCK_CONNECTORS_FILE_SOURCE_H

#include "connectors/file/files.h"

struct file_options {
	struct option_list path;
	const char *file_field; /* NULL: none */
	bool once;              /* for the engine */
};

struct file_source {
	struct file_options options;
	struct files *files; /* NULL: not open */
};

/* what: "csv source", for messages. reader_options are for ops->open, borrowed like all else. 0, or -1 and error. */
int file_source_open(struct file_source *source, const struct file_reader_ops *ops, const char *what, const void *reader_options,
	const struct source_context *context, struct error *error) MUST_CHECK;

/* The hooks of source.h of these names; self is a struct file_source. */
int file_source_identify(void *self, bool hash, struct source_identity *out, struct error *error) MUST_CHECK;
int file_source_file(void *self, size_t number, bool hash, struct source_identity *out, struct error *error) MUST_CHECK;
int file_source_pass(void *self, size_t number, const char *hash, struct error *error) MUST_CHECK;
enum source_result file_source_read(void *self, struct batch *batch, struct error *error);
int file_source_resume(void *self, const struct position *at, bool replay, struct error *error) MUST_CHECK;
void file_source_close(void *self);

/* They stand in the ops of each source of files. */
#define FILE_SOURCE_HOOKS \
	.identify = file_source_identify, .file = file_source_file, .pass = file_source_pass, .read = file_source_read, \
	.resume = file_source_resume, .close = file_source_close

#endif
