/* sink.c - rows of a step into a CSV file, or as CSV to standard output.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/csv/sink.h"

#include "connectors/csv/style.h"
#include "connectors/file/csv_text.h"
#include "connectors/file/rows_out.h"

enum line_end { LINE_LF = 0, LINE_CRLF };

static const char *const line_ends[] = { "lf", "crlf", NULL };

struct csv_sink {
	struct rows_out rows; /* first: its functions are the hooks */
	struct csv_style style;
	const char *path;
	int line_end;
};

static const struct option options[] = {
	{ .name = "path", .kind = OPTION_STRING, .flags = OPTION_REQUIRED, .minimum = 1, .offset = offsetof(struct csv_sink, path),
	  .help = "Path of the file, relative to the working directory; it appears there complete, or not at all. \"-\" is standard output." },
	{ .name = "header", .kind = OPTION_BOOLEAN, .offset = offsetof(struct csv_sink, style.header), .fallback = "true",
	  .help = "Whether the first line holds the names of the fields." },
	{ .name = "delimiter", .kind = OPTION_BYTE, .offset = offsetof(struct csv_sink, style.delimiter), .fallback = ",",
	  .help = "The character between two cells." },
	{ .name = "quote", .kind = OPTION_BYTE, .offset = offsetof(struct csv_sink, style.quote), .fallback = "\"", .minimum = 1,
	  .apart = "delimiter",
	  .help = "The character around a cell that holds delimiters, line ends or quotes, or is empty without being null; twice in a row it is one." },
	{ .name = "line_end", .kind = OPTION_ENUM, .offset = offsetof(struct csv_sink, line_end), .fallback = "lf", .values = line_ends,
	  .help = "How lines end: lf, or crlf." },
	{ .name = "compression", .kind = OPTION_ENUM, .offset = offsetof(struct csv_sink, rows.compression), .fallback = "none", .values = pack_names,
	  .help = "How the file is packed: none (not at all), gzip, zstd." },
	{ .name = NULL },
};

static int sink_check(const void *bound, struct error *error)
{
	return rows_out_check(((const struct csv_sink *)bound)->path, error);
}

static int sink_open(void *self, const struct sink_context *context, struct sink_info *info, struct error *error)
{
	struct csv_sink *sink = self;

	if (csv_check_path(sink->path, "csv sink", error) < 0 ||
	    csv_check_characters(sink->path, sink->style.delimiter, sink->style.quote, error) < 0)
		return -1;
	sink->style.crlf = sink->line_end == LINE_CRLF;
	sink->rows.format = &csv_text;
	sink->rows.style = &sink->style;
	sink->rows.path = sink->path;
	return rows_out_open(&sink->rows, context, info, error);
}

const struct sink_ops csv_sink_ops = {
	.name = "csv",
	.summary = "Writes a CSV file, or CSV to standard output.",
	.size = sizeof(struct csv_sink),
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
