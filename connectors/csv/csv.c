/* csv.c - the CSV source: its options and hooks.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/csv/csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/csv/reader.h"
#include "connectors/csv/style.h"
#include "connectors/file/recode.h"

struct csv_source {
	struct csv_options options; /* first: the engine binds them here */
	struct reader *reader;      /* NULL: not open */
};

static const struct option csv_options[] = {
	{ .name = "path", .kind = OPTION_STRING, .flags = OPTION_REQUIRED, .minimum = 1, .offset = offsetof(struct csv_source, options.path),
	  .help = "The file to read, relative to the working directory; \"-\" is standard input." },
	{ .name = "header", .kind = OPTION_BOOLEAN, .offset = offsetof(struct csv_source, options.header), .fallback = "true",
	  .help = "Whether the first line holds labels, which then say which cell belongs to which field; otherwise the cells "
	          "stand in the order of the fields." },
	{ .name = "delimiter", .kind = OPTION_BYTE, .offset = offsetof(struct csv_source, options.delimiter), .fallback = ",",
	  .help = "The character between two cells." },
	{ .name = "quote", .kind = OPTION_BYTE, .offset = offsetof(struct csv_source, options.quote), .fallback = "\"", .minimum = 1,
	  .apart = "delimiter",
	  .help = "The character around a cell that holds delimiters, line ends or quotes; twice in a row it is one." },
	{ .name = "trim", .kind = OPTION_BOOLEAN, .offset = offsetof(struct csv_source, options.trim), .fallback = "false",
	  .help = "Whether spaces and tabs around every cell, quoted or not, are taken away." },
	{ .name = "encoding", .kind = OPTION_STRING, .minimum = 1, .offset = offsetof(struct csv_source, options.encoding), .fallback = "utf-8",
	  .help = "The file's encoding: utf-8, utf-16, utf-16le, utf-16be, latin-1, windows-1252 or any that iconv knows. A file that begins with the "
	          "byte order mark of UTF-16 or UTF-32 is read as that where utf-8 stands here." },
	{ .name = "once", .kind = OPTION_BOOLEAN, .offset = offsetof(struct csv_source, options.once), .fallback = "true",
	  .help = "Whether a file whose content this step has loaded into this table before is skipped (append only)." },
	{ .name = NULL },
};

static int csv_check(const void *bound, struct error *error)
{
	return recode_check(((const struct csv_options *)bound)->encoding, error);
}

static int csv_open(void *self, const struct source_context *context, struct error *error)
{
	struct csv_source *source = self;
	if (csv_check_path(source->options.path, "csv source", error) < 0 ||
		csv_check_characters(source->options.path, source->options.delimiter, source->options.quote, error) < 0)
		return -1;
	source->reader = calloc(1, sizeof *source->reader);
	if (!source->reader)
		return error_memory(error, "a CSV reader");
	source->reader->window.fd = -1;
	return reader_open(source->reader, &source->options, source->options.path, context, error);
}

static int csv_identify(void *self, bool hash, struct source_identity *out, struct error *error)
{
	return reading_identify(&((struct csv_source *)self)->reader->window, hash, out, error);
}

static enum source_result csv_read(void *self, struct batch *batch, struct error *error)
{
	struct csv_source *source = self;
	return reader_read(source->reader, batch, error);
}

static int csv_resume(void *self, const struct position *at, bool replay, struct error *error)
{
	struct csv_source *source = self;
	return reader_resume(source->reader, at, replay, error);
}

static void csv_close(void *self)
{
	struct csv_source *source = self;
	if (!source->reader)
		return;
	reader_close(source->reader);
	free(source->reader);
	source->reader = NULL;
}

const struct source_ops csv_source_ops = {
	.name = "csv",
	.summary = "Reads CSV files in any encoding, packed with gzip or zstd or not, with any delimiter, with or without a header; goes on where an interrupted run stopped.",
	.size = sizeof(struct csv_source),
	.options = csv_options,
	.check = csv_check,
	.open = csv_open,
	.identify = csv_identify,
	.read = csv_read,
	.resume = csv_resume,
	.close = csv_close,
};
