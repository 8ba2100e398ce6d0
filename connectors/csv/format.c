/* format.c - the CSV reader over a file that somebody else has opened.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/csv/format.h"

#include "connectors/csv/reader.h"

struct csv_format {
	struct csv_options options;
	struct reader reader;
	bool opened;
};

static int format_open(void *self, const struct format_input *input, const struct source_context *context, struct error *error)
{
	struct csv_format *format = self;

	format->opened = true;
	format->reader.window.fd = -1;
	format->options = (struct csv_options)CSV_OPTIONS_DEFAULT;
	return reader_open_fd(&format->reader, &format->options, input->name, input->fd, context, error);
}

static enum source_result format_read(void *self, struct batch *batch, struct error *error)
{
	return reader_read(&((struct csv_format *)self)->reader, batch, error);
}

static void format_close(void *self)
{
	struct csv_format *format = self;

	if (format->opened)
		reader_close(&format->reader);
	format->opened = false;
}

const struct format_ops csv_format_ops = {
	.name = "csv",
	.size = sizeof(struct csv_format),
	.open = format_open,
	.read = format_read,
	.close = format_close,
};
