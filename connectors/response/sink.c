/* sink.c - rows of a step as the answer to whoever asked for them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Who asked over HTTP gave a struct response (engine/core/sink.h) with a format and a place for the bytes; without one, under
 * `penstock run`, the answer is CSV to standard output. Values of sensitive fields are masked in answers.
 */
#include "connectors/response/sink.h"

#include "connectors/file/csv_text.h"
#include "connectors/file/json_text.h"
#include "connectors/file/rows_out.h"

struct response_sink {
	struct rows_out rows; /* first: its functions are the hooks */
};

static const struct option options[] = {
	{ .name = NULL },
};

static const struct csv_style as_csv = { .delimiter = ',', .quote = '"', .header = true, .masked = true };
static const struct json_style as_json = { .masked = true };

static int sink_open(void *self, const struct sink_context *context, struct sink_info *info, struct error *error)
{
	struct response_sink *sink = self;
	bool json = context->response && context->response->format == RESPONSE_JSON;

	sink->rows.response = context->response;
	sink->rows.format = json ? &json_text : &csv_text;
	sink->rows.style = json ? (const void *)&as_json : (const void *)&as_csv;
	return rows_out_open(&sink->rows, context, info, error);
}

const struct sink_ops response_sink_ops = {
	.name = "response",
	.summary = "Gives rows to whoever asked for them: a report. Under `penstock run` they go to standard output, as CSV.",
	.size = sizeof(struct response_sink),
	.options = options,
	.prints = PRINTS_ALWAYS,
	.open = sink_open,
	.begin = rows_out_begin,
	.write = rows_out_write,
	.publish = rows_out_publish,
	.rollback = rows_out_rollback,
	.explain = rows_out_explain,
	.close = rows_out_close,
};
