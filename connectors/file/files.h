/* files.h - one file after another through the readers of a room.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One file is read as it is. Several are read in turn, each by a reader of its own; no batch has records of two. Their positions are
 * "@NUMBER:CHAIN:TOKEN": files before this number (from 0) are done with, CHAIN is the SHA-256 over their names and hashes, and TOKEN is where the
 * reader of that file stands, empty at its beginning; the position's hash is that of this file alone.
 */
#ifndef PENSTOCK_CONNECTORS_FILE_FILES_H
#define PENSTOCK_CONNECTORS_FILE_FILES_H

#include "connectors/file/paths.h"
#include "connectors/file/reading.h"
#include "engine/core/source.h"

/* A reader of one file. */
struct file_reader_ops {
	size_t size;
	/* self is zeroed; path is borrowed. After a failure only close is called. */
	int (*open)(void *self, const void *options, const char *path, const struct source_context *context, struct error *error);
	struct window *(*window)(void *self);
	struct reading *(*reading)(void *self);
	/* As of a source. */
	enum source_result (*read)(void *self, struct batch *batch, struct error *error);
	int (*resume)(void *self, const struct position *at, bool replay, struct error *error);
	void (*close)(void *self);
};

struct files;

/* What the options of a room say of its files. */
struct files_options {
	const struct option_list *path;
	const char *field; /* the field that gets each file's path; NULL: none */
	const void *reader; /* options of the readers */
};

/* As the hooks of a source of these names. All that is given is borrowed. NULL and error; ERROR_CONFIG where field is none of the table. */
struct files *files_open(const struct file_reader_ops *ops, const struct files_options *options, const struct source_context *context,
	struct error *error) MUST_CHECK;
int files_identify(struct files *files, bool hash, struct source_identity *out, struct error *error) MUST_CHECK;
int files_file(struct files *files, size_t number, bool hash, struct source_identity *out, struct error *error) MUST_CHECK;
int files_pass(struct files *files, size_t number, const char *hash, struct error *error) MUST_CHECK;
enum source_result files_read(struct files *files, struct batch *batch, struct error *error);
int files_resume(struct files *files, const struct position *at, bool replay, struct error *error) MUST_CHECK;
void files_close(struct files *files); /* NULL is fine */

#endif
