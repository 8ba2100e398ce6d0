/* source.c - the json source: its options and hooks.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/json/source.h"

#include <stdlib.h>
#include <string.h>

#include "connectors/json/reader.h"

struct json_source {
	struct json_options options; /* first: the engine binds them here */
	struct json_reader *reader;  /* NULL: not open */
};

static const char *const lines_values[] = { [JSON_LINES_AUTO] = "auto", [JSON_LINES_TRUE] = "true", [JSON_LINES_FALSE] = "false", NULL };

static const struct option options[] = {
	{ .name = "path", .kind = OPTION_STRING, .flags = OPTION_REQUIRED, .offset = offsetof(struct json_source, options.path),
	  .help = "The file to read, relative to the working directory; \"-\" is standard input." },
	{ .name = "pointer", .kind = OPTION_STRING, .offset = offsetof(struct json_source, options.pointer), .fallback = "",
	  .help = "JSON pointer (RFC 6901) to the array of records, such as /data/rows; without one the document itself is the array." },
	{ .name = "lines", .kind = OPTION_ENUM, .offset = offsetof(struct json_source, options.lines), .fallback = "auto",
	  .values = lines_values,
	  .help = "Whether each line is a record (NDJSON); auto: where the file begins with an object and there is no pointer." },
	{ .name = "once", .kind = OPTION_BOOLEAN, .offset = offsetof(struct json_source, options.once), .fallback = "true",
	  .help = "Whether a file whose content this step has loaded into this table before is skipped (append only)." },
	{ .name = NULL },
};

static int source_open(void *self, const struct source_context *context, struct error *error)
{
	struct json_source *source = self;

	if (!*source->options.path)
		return error_set(error, ERROR_CONFIG, NULL, "path of the json source is empty");
	if (strlen(source->options.path) >= sizeof ((struct source_identity *)NULL)->path)
		return error_set(error, ERROR_CONFIG, NULL, "path of the json source is too long");
	source->reader = calloc(1, sizeof *source->reader);
	if (!source->reader)
		return error_memory(error, "a JSON reader");
	source->reader->stream.window.fd = -1;
	return json_reader_open(source->reader, &source->options, source->options.path, context, error);
}

static int source_identify(void *self, bool hash, struct source_identity *out, struct error *error)
{
	return reading_identify(&((struct json_source *)self)->reader->stream.window, hash, out, error);
}

static enum source_result source_read(void *self, struct batch *batch, struct error *error)
{
	return json_reader_read(((struct json_source *)self)->reader, batch, error);
}

static int source_resume(void *self, const struct position *at, bool replay, struct error *error)
{
	return json_reader_resume(((struct json_source *)self)->reader, at, replay, error);
}

static void source_close(void *self)
{
	struct json_source *source = self;

	if (!source->reader)
		return;
	json_reader_close(source->reader);
	free(source->reader);
	source->reader = NULL;
}

const struct source_ops json_source_ops = {
	.name = "json",
	.summary = "Reads JSON of any size, packed with gzip or zstd or not: an array, in a document or alone, or one record a line; goes on where an interrupted run stopped.",
	.size = sizeof(struct json_source),
	.options = options,
	.open = source_open,
	.identify = source_identify,
	.read = source_read,
	.resume = source_resume,
	.close = source_close,
};
