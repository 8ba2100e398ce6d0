/* source.c - the http source: with a url it fetches pages; without, its rows are the bodies of requests to `penstock serve`.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/http/source.h"

#include <stdio.h>

#include "connectors/http/pull.h"

struct http_source {
	struct http_options options; /* first: the engine binds them here */
	struct pull *pull;           /* NULL: not open, or without a url */
};

static bool source_takes_requests(const void *bound)
{
	return !((const struct http_source *)bound)->options.url;
}

static int source_check(const void *bound, struct error *error)
{
	const struct http_options *options = &((const struct http_source *)bound)->options;

	if (http_options_check(options, error) < 0)
		return -1;
	return options->url ? pull_check(options, error) : 0;
}

static int source_open(void *self, const struct source_context *context, struct error *error)
{
	struct http_source *source = self;

	if (source->options.url) {
		source->pull = pull_new(&source->options, context, error);
		return source->pull ? 0 : -1;
	}
	if (!context->preview)
		return error_set(error, ERROR_CONFIG, "http source",
			"the rows of this step are the body of a request: use penstock serve with a file that lists this pipeline");
	return 0;
}

static int source_identify(void *self, bool hash, struct source_identity *out, struct error *error)
{
	const struct http_source *source = self;

	(void)hash; /* it has none */
	(void)error;
	*out = (struct source_identity){ .known = false };
	if (source->pull)
		pull_identify(source->pull, out);
	else
		snprintf(out->path, sizeof out->path, "the body of a request");
	return 0;
}

static enum source_result source_read(void *self, struct batch *batch, struct error *error)
{
	struct http_source *source = self;

	return source->pull ? pull_read(source->pull, batch, error) : SOURCE_END; /* a preview reads nothing */
}

static int source_explain(void *self, struct buffer *out, struct error *error)
{
	const struct http_source *source = self;

	return source->pull ? pull_explain(source->pull, out, error) : 0;
}

static void source_close(void *self)
{
	struct http_source *source = self;

	pull_free(source->pull);
	source->pull = NULL;
}

const struct source_ops http_source_ops = {
	.name = "http",
	.summary = http_source_summary,
	.size = sizeof(struct http_source),
	.options = http_options,
	.check = source_check,
	.open = source_open,
	.identify = source_identify,
	.read = source_read,
	.explain = source_explain,
	.takes_requests = source_takes_requests,
	.close = source_close,
};
