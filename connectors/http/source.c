/* source.c - the http source: the body of a request to `penstock serve`, which nobody else can read.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/http/source.h"

#include <stdio.h>

struct http_source {
	bool open;
};

static const struct option options[] = {
	{ .name = NULL },
};

static bool source_takes_requests(const void *bound)
{
	(void)bound;
	return true;
}

static int source_open(void *self, const struct source_context *context, struct error *error)
{
	struct http_source *source = self;
	if (!context->preview)
		return error_set(error, ERROR_CONFIG, "http source",
			"the rows of this step are the body of a request: use penstock serve with a file that lists this pipeline");
	source->open = true;
	return 0;
}

static int source_identify(void *self, bool hash, struct source_identity *out, struct error *error)
{
	(void)self;
	(void)hash;
	(void)error;
	*out = (struct source_identity){ .known = false };
	snprintf(out->path, sizeof out->path, "the body of a request");
	return 0;
}

static enum source_result source_read(void *self, struct batch *batch, struct error *error)
{
	(void)self;
	(void)batch;
	(void)error;
	return SOURCE_END; /* a preview reads nothing */
}

static void source_close(void *self)
{
	struct http_source *source = self;
	source->open = false;
}

const struct source_ops http_source_ops = {
	.name = "http",
	.summary = "Takes the rows of requests to `penstock serve`: JSON objects by field name, or arrays in field order.",
	.size = sizeof(struct http_source),
	.options = options,
	.open = source_open,
	.identify = source_identify,
	.read = source_read,
	.takes_requests = source_takes_requests,
	.close = source_close,
};
