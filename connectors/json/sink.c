/* sink.c - rows of a step into a JSON file, or as JSON to standard output.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/json/sink.h"

#include "connectors/file/json_text.h"
#include "connectors/file/rows_out.h"

struct json_sink {
	struct rows_out rows; /* first: its functions are the hooks */
	struct json_style style;
	const char *path;
};

static const struct option options[] = {
	{ .name = "path", .kind = OPTION_STRING, .flags = OPTION_REQUIRED, .offset = offsetof(struct json_sink, path),
	  .help = "Path of the file, relative to the working directory; it appears there complete, or not at all. \"-\" is standard output." },
	{ .name = "lines", .kind = OPTION_BOOLEAN, .offset = offsetof(struct json_sink, style.lines), .fallback = "false",
	  .help = "One object a line (NDJSON); otherwise one array of objects." },
	{ .name = "compression", .kind = OPTION_ENUM, .offset = offsetof(struct json_sink, rows.compression), .fallback = "none", .values = pack_names,
	  .help = "How the file is packed: none (not at all), gzip, zstd." },
	{ .name = NULL },
};

static int sink_check(const void *bound, struct error *error)
{
	return rows_out_check(((const struct json_sink *)bound)->path, error);
}

static int sink_open(void *self, const struct sink_context *context, struct sink_info *info, struct error *error)
{
	struct json_sink *sink = self;

	if (!*sink->path)
		return error_set(error, ERROR_CONFIG, NULL, "path of the json sink is empty");
	sink->rows.format = &json_text;
	sink->rows.style = &sink->style;
	sink->rows.path = sink->path;
	return rows_out_open(&sink->rows, context, info, error);
}

const struct sink_ops json_sink_ops = {
	.name = "json",
	.summary = "Writes a file of JSON, as one array or one object a line, or such text to standard output.",
	.size = sizeof(struct json_sink),
	.options = options,
	.prints = PRINTS_TO_DASH,
	.check = sink_check,
	.open = sink_open,
	.begin = rows_out_begin,
	.write = rows_out_write,
	.publish = rows_out_publish,
	.rollback = rows_out_rollback,
	.explain = rows_out_explain,
	.close = rows_out_close,
};
