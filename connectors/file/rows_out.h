/* rows_out.h - what the sinks of type csv, json and response have in common: rows as text into a file, to standard output, or to whoever
 * asked.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A sink has a struct rows_out as its first member, so that rows_out_* are its hooks; its own open says in what format and where.
 */
#ifndef PENSTOCK_FILE_ROWS_OUT_H
#define PENSTOCK_FILE_ROWS_OUT_H

#include "connectors/file/pack.h"
#include "engine/core/file_out.h"
#include "engine/core/folder.h"
#include "engine/core/sink.h"

struct rows_out {
	const struct text_format *format;
	const void *style;              /* of the format; lives as long as the sink */
	const char *path;               /* NULL: no file */
	const struct response *response; /* neither: standard output */
	int compression;                /* enum pack_kind; none for a response */

	struct sink_context context;
	bool opened;
	char folder[FOLDER_PATH_MAX];   /* of path */
	struct file_claim *claim;       /* on the file or standard output; NULL: none */
	struct file_out *out;           /* between begin and publish; NULL for a response */
	struct pack *pack;              /* between text and out; NULL: the text goes out as it is */
	struct text_to to;
	uint64_t rows;
	bool pending;                   /* a response was begun and is not complete */
};

/* Whether a path can be that of a file, or is "-"; no I/O. ERROR_CONFIG. */
int rows_out_check(const char *path, struct error *error) MUST_CHECK;

/* Once format, style and path or response are set; path "-" means standard output. Checks and claims, writes nothing. 0 or -1. */
int rows_out_open(struct rows_out *rows, const struct sink_context *context, struct sink_info *info, struct error *error) MUST_CHECK;

/* The other hooks of struct sink_ops; self is a struct rows_out. */
int rows_out_begin(void *self, struct error *error);
int rows_out_write(void *self, struct batch *batch, struct error *error);
int rows_out_publish(void *self, enum publish_phase phase, const struct outcome *outcome, struct error *error);
void rows_out_rollback(void *self);
int rows_out_explain(void *self, struct buffer *out, struct error *error);
void rows_out_close(void *self);

#endif
