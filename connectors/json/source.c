/* source.c - the json source: its options and hooks.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/json/source.h"


static const char *const lines_values[] = { [JSON_LINES_AUTO] = "auto", [JSON_LINES_TRUE] = "true", [JSON_LINES_FALSE] = "false", NULL };

static const struct option json_options[] = {
	{ .name = "path", .kind = OPTION_LIST, .flags = OPTION_REQUIRED, .offset = offsetof(struct json_source, file.options.path),
	  .help = "The file to read, relative to the working directory, or a glob (data/*.json), or a list of both; \"-\" is standard input." },
	{ .name = "file_field", .kind = OPTION_STRING, .minimum = 1, .offset = offsetof(struct json_source, file.options.file_field),
	  .help = "A field of the table that is not in the files: it gets the path of the file that a record is of." },
	{ .name = "pointer", .kind = OPTION_STRING, .offset = offsetof(struct json_source, options.pointer), .fallback = "",
	  .help = "JSON pointer (RFC 6901) to the array of records, such as /data/rows; without one the document itself is the array." },
	{ .name = "lines", .kind = OPTION_ENUM, .offset = offsetof(struct json_source, options.lines), .fallback = "auto",
	  .values = lines_values,
	  .help = "Whether each line is a record (NDJSON); auto: where the file begins with an object and there is no pointer." },
	{ .name = "once", .kind = OPTION_BOOLEAN, .offset = offsetof(struct json_source, file.options.once), .fallback = "true",
	  .help = "Whether a file whose content this step has loaded into this table before is skipped (append only)." },
	{ .name = NULL },
};

/* --- one file --- */

static int one_open(void *self, const void *options, const char *path, const struct source_context *context, struct error *error)
{
	((struct json_reader *)self)->stream.window.fd = -1;
	return json_reader_open(self, options, path, context, error);
}

static struct window *one_window(void *self)
{
	return &((struct json_reader *)self)->stream.window;
}

static struct reading *one_reading(void *self)
{
	return &((struct json_reader *)self)->reading;
}

static enum source_result one_read(void *self, struct batch *batch, struct error *error)
{
	return json_reader_read(self, batch, error);
}

static int one_resume(void *self, const struct position *at, bool replay, struct error *error)
{
	return json_reader_resume(self, at, replay, error);
}

static void one_close(void *self)
{
	json_reader_close(self);
}

static const struct file_reader_ops one_file = {
	.size = sizeof(struct json_reader),
	.open = one_open,
	.window = one_window,
	.reading = one_reading,
	.read = one_read,
	.resume = one_resume,
	.close = one_close,
};

/* --- all of them --- */

static int source_check(const void *bound, struct error *error)
{
	const struct json_source *source = bound;

	return paths_check(&source->file.options.path, "json source", error) < 0 ? -1 : json_options_check(&source->options, NULL, error);
}

static int source_open(void *self, const struct source_context *context, struct error *error)
{
	struct json_source *source = self;
	return file_source_open(&source->file, &one_file, "json source", &source->options, context, error);
}

const struct source_ops json_source_ops = {
	.name = "json",
	.summary = "Reads JSON of any size, packed with gzip or zstd or not: an array, in a document or alone, or one record a line; goes on where an interrupted run stopped.",
	.size = sizeof(struct json_source),
	.options = json_options,
	.check = source_check,
	.open = source_open,
	FILE_SOURCE_HOOKS,
};
