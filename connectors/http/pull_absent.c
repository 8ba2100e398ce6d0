/* pull_absent.c - what the http source, and whoever posts, says in a build without libcurl.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/http/post.h"
#include "connectors/http/pull.h"

#include <assert.h>

const char *http_library_version(void)
{
	return "not in this build: no http source with a url";
}

const char http_source_summary[] =
	"Takes the rows of requests to `penstock serve`. This build has no libcurl, so that it cannot fetch pages from a url.";

static int absent(struct error *error)
{
	return error_set(error, ERROR_CONFIG, NULL,
		"this build of penstock has no libcurl, so that it cannot read from a url; build it again where pkg-config finds libcurl (apt-get install libcurl4-openssl-dev)");
}

int pull_check(const struct http_options *options, struct error *error)
{
	(void)options;
	return absent(error);
}

struct pull *pull_new(const struct http_options *options, const struct source_context *context, struct error *error)
{
	(void)options;
	(void)context;
	absent(error);
	return NULL;
}

void pull_free(struct pull *pull)
{
	(void)pull;
}

void pull_identify(const struct pull *pull, struct source_identity *out)
{
	(void)pull;
	*out = (struct source_identity){ .known = false };
	assert(!"there is no pull to identify");
}

enum source_result pull_read(struct pull *pull, struct batch *batch, struct error *error)
{
	(void)pull;
	(void)batch;
	absent(error);
	return SOURCE_ERROR;
}

int pull_explain(const struct pull *pull, struct buffer *out, struct error *error)
{
	(void)pull;
	(void)out;
	return absent(error);
}

int http_post(const char *url, const char *const *headers, const char *json, size_t length, int64_t timeout_ms, const struct post_patience *patience,
	const char *place, struct error *error)
{
	(void)url;
	(void)headers;
	(void)json;
	(void)length;
	(void)timeout_ms;
	(void)patience;
	return error_set(error, ERROR_CONFIG, place,
		"this build of penstock has no libcurl, so that it cannot send to a url; use a command or a file, or build it again where pkg-config finds libcurl");
}
