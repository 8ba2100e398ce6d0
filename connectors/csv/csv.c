/* csv.c - the CSV source: its options and hooks.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/csv/csv.h"

#include "connectors/csv/reader.h"
#include "connectors/file/recode.h"

static const char *const short_rows[] = { "reject", "pad", NULL };
static const char *const long_rows[] = { "reject", "drop_empty", "drop", NULL };

static const struct option csv_options[] = {
	{ .name = "path", .kind = OPTION_LIST, .flags = OPTION_REQUIRED, .offset = offsetof(struct csv_source, file.options.path),
	  .help = "The file to read, relative to the working directory, or a glob (data/*.csv), or a list of both; \"-\" is standard input." },
	{ .name = "file_field", .kind = OPTION_STRING, .minimum = 1, .offset = offsetof(struct csv_source, file.options.file_field),
	  .help = "A field of the table that is not in the files: it gets the path of the file that a record is of." },
	{ .name = "header", .kind = OPTION_BOOLEAN, .offset = offsetof(struct csv_source, options.header), .fallback = "true",
	  .help = "Whether the first line holds labels, which then say which cell belongs to which field; otherwise the cells "
	          "stand in the order of the fields." },
	{ .name = "delimiter", .kind = OPTION_STRING, .offset = offsetof(struct csv_source, options.delimiter), .fallback = ",", .minimum = 1,
	  .help = "What stands between two cells: a character, or several; \"\\t\" is a tab." },
	{ .name = "quote", .kind = OPTION_STRING, .offset = offsetof(struct csv_source, options.quote), .fallback = "\"", .minimum = 1,
	  .help = "The character around a cell that holds delimiters, line ends or quotes; none: there is none." },
	{ .name = "double_quote", .kind = OPTION_BOOLEAN, .offset = offsetof(struct csv_source, options.double_quote), .fallback = "true",
	  .help = "Whether a quote, twice in a row within quotes, is one." },
	{ .name = "escape", .kind = OPTION_STRING, .offset = offsetof(struct csv_source, options.escape), .minimum = 1,
	  .help = "The character that takes their meaning from the quote, the delimiter, the line end or itself behind it, within quotes "
	          "and outside of them; before anything else it stays as it is." },
	{ .name = "escape_codes", .kind = OPTION_BOOLEAN, .offset = offsetof(struct csv_source, options.escape_codes), .fallback = "false",
	  .help = "Whether escape and b, n, r, t or Z is a control character, as MySQL's LOAD DATA and PostgreSQL's COPY read it." },
	{ .name = "comment", .kind = OPTION_STRING, .offset = offsetof(struct csv_source, options.comment), .minimum = 1,
	  .help = "Lines that begin with it, where a record could begin, are no records and are passed over." },
	{ .name = "skip_lines", .kind = OPTION_INTEGER, .offset = offsetof(struct csv_source, options.skip_lines), .fallback = "0",
	  .minimum = 0, .maximum = SKIP_LINES_MAX, .help = "How many lines at the beginning of the file are passed over, whatever stands on them." },
	{ .name = "header_rows", .kind = OPTION_INTEGER, .offset = offsetof(struct csv_source, options.header_rows), .fallback = "1",
	  .minimum = 1, .maximum = HEADER_ROWS_MAX, .help = "How many lines the header has: what stands in them above each other is one label." },
	{ .name = "header_join", .kind = OPTION_STRING, .offset = offsetof(struct csv_source, options.header_join), .fallback = " ",
	  .help = "What stands between the parts of a label that come from several lines." },
	{ .name = "skip_initial_space", .kind = OPTION_BOOLEAN, .offset = offsetof(struct csv_source, options.skip_initial_space), .fallback = "false",
	  .help = "Whether spaces before a cell, or before the quote that opens it, are taken away." },
	{ .name = "trim", .kind = OPTION_BOOLEAN, .offset = offsetof(struct csv_source, options.trim), .fallback = "false",
	  .help = "Whether spaces and tabs around every cell, quoted or not, are taken away." },
	{ .name = "encoding", .kind = OPTION_STRING, .minimum = 1, .offset = offsetof(struct csv_source, options.encoding), .fallback = "utf-8",
	  .help = "The file's encoding: utf-8, utf-16, utf-16le, utf-16be, latin-1, windows-1252 or any that iconv knows. A file that begins with the "
	          "byte order mark of UTF-16 or UTF-32 is read as that where utf-8 stands here." },
	{ .name = "short_rows", .kind = OPTION_ENUM, .offset = offsetof(struct csv_source, options.short_rows), .fallback = "reject",
	  .values = short_rows, .help = "A record with too few cells: reject (a missing-cell for each), or pad: they are null." },
	{ .name = "long_rows", .kind = OPTION_ENUM, .offset = offsetof(struct csv_source, options.long_rows), .fallback = "reject",
	  .values = long_rows, .help = "A record with too many cells: reject (an extra-cell), drop_empty: those at its end are dropped if nothing "
	                               "stands in them, or drop: they are dropped whatever they hold." },
	{ .name = "once", .kind = OPTION_BOOLEAN, .offset = offsetof(struct csv_source, file.options.once), .fallback = "true",
	  .help = "Whether a file whose content this step has loaded into this table before is skipped (append only)." },
	{ .name = NULL },
};

static int csv_check(const void *bound, struct error *error)
{
	const struct csv_source *source = bound;
	struct grammar grammar;
	if (paths_check(&source->file.options.path, "csv source", error) < 0 || csv_grammar(&source->options, &grammar, error) < 0)
		return -1;
	return recode_check(source->options.encoding, error);
}

/* --- one file --- */

static int one_open(void *self, const void *options, const char *path, const struct source_context *context, struct error *error)
{
	((struct reader *)self)->window.fd = -1;
	return reader_open(self, options, path, context, error);
}

static struct window *one_window(void *self)
{
	return &((struct reader *)self)->window;
}

static struct reading *one_reading(void *self)
{
	return &((struct reader *)self)->reading;
}

static enum source_result one_read(void *self, struct batch *batch, struct error *error)
{
	return reader_read(self, batch, error);
}

static int one_resume(void *self, const struct position *at, bool replay, struct error *error)
{
	return reader_resume(self, at, replay, error);
}

static void one_close(void *self)
{
	reader_close(self);
}

static const struct file_reader_ops one_file = {
	.size = sizeof(struct reader),
	.open = one_open,
	.window = one_window,
	.reading = one_reading,
	.read = one_read,
	.resume = one_resume,
	.close = one_close,
};

/* --- all of them --- */

static int csv_open(void *self, const struct source_context *context, struct error *error)
{
	struct csv_source *source = self;
	return file_source_open(&source->file, &one_file, "csv source", &source->options, context, error);
}

const struct source_ops csv_source_ops = {
	.name = "csv",
	.summary = "Reads CSV files in any encoding, packed with gzip or zstd or not, in any dialect, with or without a header; goes on where an interrupted run stopped.",
	.size = sizeof(struct csv_source),
	.options = csv_options,
	.check = csv_check,
	.open = csv_open,
	FILE_SOURCE_HOOKS,
};
