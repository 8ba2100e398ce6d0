/* pull.c - pages into batches.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/http/pull.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "connectors/http/fetch.h"
#include "connectors/http/paging.h"
#include "connectors/registry.h"
#include "engine/core/unnamed.h"

enum { CURSOR_MAX = 64 * 1024 };

struct pull {
	const struct http_options *options;
	struct source_context context;
	const struct format_ops *format;
	struct url own, base; /* url; and with its parameters */
	struct paging paging;
	struct fetch fetch;
	struct fetched page;
	int fd;                  /* the page at hand */
	void *reader;            /* of the format; NULL: no page is open */
	char place[ERROR_PLACE_MAX];
	uint64_t given, counted; /* rows of the page so far; those that are records */
	bool ended;
};

const char http_source_summary[] =
	"Fetches pages of JSON, NDJSON or CSV from a url (with libcurl); without a url it takes the rows of requests to `penstock serve`.";

const char *http_library_version(void)
{
	return curl_version_info(CURLVERSION_NOW)->version;
}

/* url with parameters. */
static int make_base(const struct http_options *options, struct url *own, struct url *base, struct error *error)
{
	if (url_init(own, options->url, NULL, ERROR_CONFIG, "url", error) < 0 || url_init(base, own->text, NULL, ERROR_CONFIG, "url", error) < 0)
		return -1;
	for (size_t i = 0; i < options->parameters.count; i++)
		if (url_add(base, options->parameters.keys[i], options->parameters.values[i], error) < 0)
			return -1;
	return 0;
}

int pull_check(const struct http_options *options, struct error *error)
{
	struct url own = { .text = NULL }, base = { .text = NULL };
	struct paging paging = { .options = NULL };
	int result = make_base(options, &own, &base, error);

	if (result == 0)
		result = paging_init(&paging, options, &base, error);
	paging_fini(&paging);
	url_fini(&own);
	url_fini(&base);
	return result;
}

static void name_page(struct pull *pull)
{
	if (pull->options->paging == PAGING_NONE)
		snprintf(pull->place, sizeof pull->place, "%.400s", pull->own.shown);
	else
		snprintf(pull->place, sizeof pull->place, "%.400s page %" PRIu64, pull->own.shown, pull->paging.page);
}

static const char *accept_of(const struct http_options *options)
{
	static const char *const types[] = {
		[HTTP_JSON] = "application/json", [HTTP_NDJSON] = "application/x-ndjson, application/json;q=0.9", [HTTP_CSV] = "text/csv",
	};

	return types[options->format];
}

struct pull *pull_new(const struct http_options *options, const struct source_context *context, struct error *error)
{
	struct pull *pull = calloc(1, sizeof *pull);

	if (!pull) {
		error_memory(error, "an HTTP source");
		return NULL;
	}
	pull->options = options;
	pull->context = *context;
	pull->context.preview = false; /* for the format, which reads what was fetched */
	pull->format = connector_format(http_format_name(options));
	pull->fd = -1;
	if (make_base(options, &pull->own, &pull->base, error) < 0 || paging_init(&pull->paging, options, &pull->base, error) < 0)
		goto bad;
	name_page(pull);
	if (context->preview && (!context->probe || options->method == HTTP_POST))
		return pull;
	pull->fd = unnamed_open("the temporary file of a page", error);
	if (pull->fd < 0)
		goto bad;
	pull->fetch = (struct fetch){ .options = options, .own = &pull->own, .cancel = context->cancel, .delimited = pull->format->delimited };
	pull->fetch.client = client_new(options, &pull->own, accept_of(options), pull->fd, context->cancel, error);
	if (!pull->fetch.client || (context->preview && fetch_probe(&pull->fetch, &pull->paging.next, pull->place, error) < 0))
		goto bad;
	return pull;
bad:
	pull_free(pull);
	return NULL;
}

static void close_page(struct pull *pull)
{
	if (pull->reader)
		pull->format->close(pull->reader);
	free(pull->reader);
	pull->reader = NULL;
}

void pull_free(struct pull *pull)
{
	if (!pull)
		return;
	close_page(pull);
	fetched_fini(&pull->page);
	client_free(pull->fetch.client);
	paging_fini(&pull->paging);
	url_fini(&pull->own);
	url_fini(&pull->base);
	if (pull->fd >= 0)
		close(pull->fd);
	free(pull);
}

void pull_identify(const struct pull *pull, struct source_identity *out)
{
	bool unasked = pull->context.probe && pull->options->method == HTTP_POST;

	*out = (struct source_identity){ .known = false };
	snprintf(out->path, sizeof out->path, "%s%s", pull->own.shown, unasked ? " (not asked, since it is a POST)" : "");
}

/* --- pages -------------------------------------------------------------------------------------- */

/* The next page, fetched; its reader open unless there is nothing in it. */
static int open_page(struct pull *pull, struct error *error)
{
	const struct http_options *options = pull->options;
	bool missing = options->page_end == END_NOT_FOUND && pull->paging.page > 1;
	const struct format_input input = { .fd = pull->fd, .name = pull->place, .pointer = options->pointer };

	name_page(pull);
	pull->given = pull->counted = 0;
	if (fetch_page(&pull->fetch, &pull->paging.next, missing, pull->place, &pull->page, error) < 0)
		return -1;
	if (pull->page.answer.status != 200)
		return 0;
	pull->reader = calloc(1, pull->format->size);
	if (!pull->reader)
		return error_memory(error, "a page");
	return pull->format->open(pull->reader, &input, &pull->context, error);
}

/* The page is done with. 1: another one follows; 0: it was the last; -1 and error. */
static int leave_page(struct pull *pull, struct error *error)
{
	const struct http_options *options = pull->options;
	const struct format_input document = { .fd = pull->fd, .name = pull->place };
	const struct reply *answer = &pull->page.answer;
	struct buffer cursor;
	int found = 0, result = -1;

	close_page(pull);
	buffer_init(&cursor, CURSOR_MAX);
	if (options->paging == PAGING_CURSOR && answer->status == 200)
		found = pull->format->find(&document, options->cursor, &cursor, pull->context.cancel, error);
	if (found >= 0) {
		const struct page_facts facts = { .status = answer->status, .records = pull->counted, .hash = answer->hash,
			.link = buffer_text(&answer->link), .cursor = found ? buffer_text(&cursor) : NULL, .from = &pull->page.from };
		result = found && strlen(facts.cursor) != cursor.length ? error_set(error, ERROR_SOURCE, pull->place, "its cursor holds a NUL") :
									  paging_go_on(&pull->paging, &facts, pull->place, error);
	}
	buffer_fini(&cursor);
	return result;
}

/* A text that is no JSON or CSV says where in the page; which record that would have been is known here alone. */
static int name_record(const struct pull *pull, const struct batch *batch, struct error *error)
{
	size_t length = strlen(pull->place);
	char rest[ERROR_PLACE_MAX];

	if (error->kind != ERROR_SOURCE || strncmp(error->place, pull->place, length) != 0)
		return -1;
	snprintf(rest, sizeof rest, "%s", error->place + length);
	snprintf(error->place, sizeof error->place, "%.440s record %" PRIu64 "%.40s", pull->place, pull->given + batch->rows + 1, rest);
	return -1;
}

static void count_rows(struct pull *pull, const struct batch *batch)
{
	pull->given += batch->rows;
	for (size_t row = 0; row < batch->rows; row++)
		pull->counted += batch->status[row] != ROW_BLANK;
}

/* Rows of one page into the empty batch. 1: the page is at its end; 0: more are to come; -1 and error. */
static int read_page(struct pull *pull, struct batch *batch, struct error *error)
{
	if (!pull->reader && open_page(pull, error) < 0)
		return -1;
	if (!pull->reader)
		return 1;
	if (pull->format->read(pull->reader, batch, error) == SOURCE_ERROR)
		return name_record(pull, batch, error);
	count_rows(pull, batch);
	return batch->last;
}

enum source_result pull_read(struct pull *pull, struct batch *batch, struct error *error)
{
	uint64_t bytes = 0;

	if (pull->ended)
		return SOURCE_END;
	for (;;) {
		uint64_t page = pull->paging.page;
		int end = read_page(pull, batch, error);
		if (end < 0)
			return SOURCE_ERROR;
		bytes += batch->bytes;
		int more = end ? leave_page(pull, error) : 1;
		if (more < 0)
			return SOURCE_ERROR;
		pull->ended = !more;
		if (batch->rows > 0 || pull->ended) {
			batch->bytes = bytes;
			batch->page = pull->options->paging == PAGING_NONE ? 0 : page;
			batch->last = pull->ended;
			/* Nothing can be read again from here, so there is no position to come back to. */
			batch->position = (struct position){ .token = "" };
			return SOURCE_BATCH;
		}
		batch_reset(batch); /* an empty page in the middle */
	}
}

/* --- explaining --------------------------------------------------------------------------------- */

static int explain_paging(const struct http_options *options, struct buffer *out, struct error *error)
{
	static const char *const ends[] = { [END_EMPTY] = "a page without records", [END_SHORT] = "a page with fewer records than the first, or none",
					    [END_NOT_FOUND] = "a page without records, or status 404" };

	switch ((enum http_paging)options->paging) {
	case PAGING_NONE:
		return buffer_puts(out, "one page", error);
	case PAGING_LINK:
		return buffer_puts(out, "pages by the Link header (rel=next), until there is none", error);
	case PAGING_CURSOR:
		return options->cursor_parameter
			? buffer_printf(out, error, "pages by the cursor at %s, sent as %s, until there is none", options->cursor, options->cursor_parameter)
			: buffer_printf(out, error, "pages by the address at %s, until there is none", options->cursor);
	case PAGING_PAGE:
		return buffer_printf(out, error, "pages by %s from %" PRId64 ", until %s", options->page_parameter, options->first_page, ends[options->page_end]);
	case PAGING_OFFSET:
		return buffer_printf(out, error, "pages by %s from 0, until %s", options->offset_parameter, ends[options->page_end]);
	}
	return 0;
}

int pull_explain(const struct pull *pull, struct buffer *out, struct error *error)
{
	const struct http_options *options = pull->options;
	const char *with = options->user ? "user and password" : options->token ? "a token" : options->api_key ? "a key" : "no credentials";

	if (buffer_printf(out, error, "%s %s with %s; ", options->method == HTTP_POST ? "POST" : "GET", pull->own.shown, with) < 0 ||
	    buffer_printf(out, error, "%s%s%s; ", http_format_name(options), *options->pointer ? ", records at " : "", options->pointer) < 0 ||
	    explain_paging(options, out, error) < 0 ||
	    buffer_printf(out, error, "; at most %" PRId64 " retries of a page\n", options->retries) < 0)
		return -1;
	for (size_t i = 0; i < options->allow_hosts.count; i++)
		if (buffer_printf(out, error, "redirects and next pages may lead to %s\n", options->allow_hosts.items[i]) < 0)
			return -1;
	return 0;
}
