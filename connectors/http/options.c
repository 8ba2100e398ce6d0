/* options.c - the table of the options, and the checks between them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/http/options.h"

#include <string.h>
#include <strings.h>

#include "connectors/registry.h"

#define AT(field) offsetof(struct http_options, field)

static const char *const methods[] = { [HTTP_GET] = "GET", [HTTP_POST] = "POST", NULL };
static const char *const formats[] = { [HTTP_JSON] = "json", [HTTP_NDJSON] = "ndjson", [HTTP_CSV] = "csv", NULL };
static const char *const pagings[] = {
	[PAGING_NONE] = "none", [PAGING_LINK] = "link", [PAGING_CURSOR] = "cursor", [PAGING_PAGE] = "page", [PAGING_OFFSET] = "offset", NULL,
};
static const char *const page_ends[] = { [END_EMPTY] = "empty", [END_SHORT] = "short", [END_NOT_FOUND] = "not_found", NULL };

const struct option http_options[] = {
	{ .name = "url", .kind = OPTION_STRING, .offset = AT(url), .minimum = 1,
	  .help = "Address to read from, http or https, without user and password in it; without url the rows are the bodies of requests to `penstock serve`." },
	{ .name = "method", .kind = OPTION_ENUM, .offset = AT(method), .fallback = "GET", .values = methods,
	  .help = "How to ask. A POST may be sent again, so it must be one that only asks." },
	{ .name = "parameters", .kind = OPTION_MAP, .flags = OPTION_SECRET, .offset = AT(parameters),
	  .help = "Parameters of the query, added to those of url and encoded." },
	{ .name = "headers", .kind = OPTION_MAP, .flags = OPTION_SECRET, .offset = AT(headers),
	  .help = "Headers of the request, sent to the host of url alone." },
	{ .name = "body", .kind = OPTION_STRING, .flags = OPTION_SECRET, .offset = AT(body),
	  .help = "Body of a POST; application/json unless headers has a Content-Type." },
	{ .name = "user", .kind = OPTION_STRING, .offset = AT(user), .minimum = 1, .help = "User of basic authentication." },
	{ .name = "password", .kind = OPTION_STRING, .flags = OPTION_SECRET, .offset = AT(password), .help = "Its password." },
	{ .name = "token", .kind = OPTION_STRING, .flags = OPTION_SECRET, .offset = AT(token), .minimum = 1,
	  .help = "Bearer token." },
	{ .name = "api_key", .kind = OPTION_STRING, .flags = OPTION_SECRET, .offset = AT(api_key), .minimum = 1,
	  .help = "Key that is sent in a header of its own." },
	{ .name = "api_key_header", .kind = OPTION_STRING, .offset = AT(api_key_header), .minimum = 1, .fallback = "X-API-Key",
	  .help = "Name of that header." },
	{ .name = "format", .kind = OPTION_ENUM, .offset = AT(format), .fallback = "json", .values = formats,
	  .help = "What a page is: a JSON document, one JSON record a line, or CSV with commas and a header." },
	{ .name = "pointer", .kind = OPTION_STRING, .offset = AT(pointer), .fallback = "",
	  .help = "json: JSON pointer (RFC 6901) to the array of records; without one the document itself is the array." },
	{ .name = "paging", .kind = OPTION_ENUM, .offset = AT(paging), .fallback = "none", .values = pagings,
	  .help = "Where the next page is: in the Link header (rel=next), in the document (cursor), by its number, or by the number of records before it." },
	{ .name = "cursor", .kind = OPTION_STRING, .offset = AT(cursor), .minimum = 1,
	  .help = "paging cursor: JSON pointer to the next cursor, which is absent, null, false or empty on the last page." },
	{ .name = "cursor_parameter", .kind = OPTION_STRING, .offset = AT(cursor_parameter), .minimum = 1,
	  .help = "paging cursor: parameter that takes the cursor; without one the cursor is the address of the next page." },
	{ .name = "page_parameter", .kind = OPTION_STRING, .offset = AT(page_parameter), .minimum = 1, .fallback = "page",
	  .help = "paging page: parameter that takes the number of the page." },
	{ .name = "first_page", .kind = OPTION_INTEGER, .offset = AT(first_page), .minimum = 0, .maximum = 1000000000, .fallback = "1",
	  .help = "paging page: number of the first page." },
	{ .name = "offset_parameter", .kind = OPTION_STRING, .offset = AT(offset_parameter), .minimum = 1, .fallback = "offset",
	  .help = "paging offset: parameter that takes the number of records before the page, counted as they came." },
	{ .name = "size_parameter", .kind = OPTION_STRING, .offset = AT(size_parameter), .minimum = 1,
	  .help = "Parameter that takes page_size, such as limit or per_page." },
	{ .name = "page_size", .kind = OPTION_INTEGER, .offset = AT(page_size), .minimum = 1, .maximum = 10000000, .fallback = "100",
	  .help = "Records to ask for in a page; only with size_parameter." },
	{ .name = "page_end", .kind = OPTION_ENUM, .offset = AT(page_end), .fallback = "empty", .values = page_ends,
	  .help = "paging page and offset: what ends them: a page without records; also one with fewer than the first; also status 404 behind the first page." },
	{ .name = "max_pages", .kind = OPTION_INTEGER, .offset = AT(max_pages), .minimum = 1, .maximum = 1000000000, .fallback = "100000",
	  .help = "Pages at most; when one more would follow, the step fails." },
	{ .name = "max_page", .kind = OPTION_SIZE, .offset = AT(max_page), .minimum = 1024, .maximum = INT64_MAX, .fallback = "1GiB",
	  .help = "Bytes of a page at most, decompressed; it is kept in a temporary file." },
	{ .name = "max_bytes", .kind = OPTION_SIZE, .offset = AT(max_bytes), .minimum = 1024, .maximum = INT64_MAX, .fallback = "64GiB",
	  .help = "Bytes of all pages at most, decompressed." },
	{ .name = "min_speed", .kind = OPTION_SIZE, .offset = AT(min_speed), .minimum = 1, .maximum = INT32_MAX, .fallback = "100",
	  .help = "Bytes a second below which an answer is too slow when it lasts for stall_time." },
	{ .name = "stall_time", .kind = OPTION_DURATION, .offset = AT(stall_ms), .minimum = 1000, .maximum = 86400000, .fallback = "60s",
	  .help = "How long an answer may be slower than min_speed; the wait for its first byte counts." },
	{ .name = "connect_timeout", .kind = OPTION_DURATION, .offset = AT(connect_timeout_ms), .minimum = 1, .maximum = 86400000, .fallback = "10s",
	  .help = "How long a connection may take, with names and TLS." },
	{ .name = "timeout", .kind = OPTION_DURATION, .offset = AT(timeout_ms), .minimum = 1, .maximum = 86400000, .fallback = "10m",
	  .help = "How long one request may take in all." },
	{ .name = "retries", .kind = OPTION_INTEGER, .offset = AT(retries), .minimum = 0, .maximum = 100, .fallback = "5",
	  .help = "How often a page is asked for again after a failed connection, an answer that was cut off, or status 408, 429 or 5xx." },
	{ .name = "retry_wait", .kind = OPTION_DURATION, .offset = AT(retry_wait_ms), .minimum = 1, .maximum = 3600000, .fallback = "500ms",
	  .help = "Wait before the first retry, about; it doubles each time, up to 30s or what Retry-After asks for." },
	{ .name = "retry_time", .kind = OPTION_DURATION, .offset = AT(retry_time_ms), .minimum = 1, .maximum = 86400000, .fallback = "5m",
	  .help = "How long after the first failure of a page a retry may begin; a Retry-After beyond it ends the step at once." },
	{ .name = "max_redirects", .kind = OPTION_INTEGER, .offset = AT(max_redirects), .minimum = 0, .maximum = 50, .fallback = "5",
	  .help = "Redirects that are followed for a page." },
	{ .name = "allow_hosts", .kind = OPTION_LIST, .offset = AT(allow_hosts),
	  .help = "Other hosts (host or host:port) that redirects and next pages may lead to; credentials, headers and body are never sent there." },
	{ .name = "allow_private", .kind = OPTION_BOOLEAN, .offset = AT(allow_private), .fallback = "false",
	  .help = "Whether redirects and next pages may lead to private, loopback and link-local addresses." },
	{ .name = "ca_file", .kind = OPTION_STRING, .offset = AT(ca_file), .minimum = 1,
	  .help = "File with the certificates (PEM) that servers are verified by, instead of those of the system." },
	{ .name = NULL },
};

const char *http_format_name(const struct http_options *options)
{
	return formats[options->format];
}

static int wrong(struct error *error, const char *text)
{
	return error_set(error, ERROR_CONFIG, NULL, "%s", text);
}

/* A name or value that goes into a line of the request as it stands. */
static bool is_line(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7F)
			return false;
	return true;
}

static bool is_header_name(const char *text)
{
	static const char others[] = "!#$%&'*+-.^_`|~"; /* RFC 9110, token */

	if (!*text)
		return false;
	for (; *text; text++)
		if (!((*text | 0x20) >= 'a' && (*text | 0x20) <= 'z') && !(*text >= '0' && *text <= '9') && !strchr(others, *text))
			return false;
	return true;
}

static int check_headers(const struct http_options *options, struct error *error)
{
	static const char *const ours[] = { "Host", "Content-Length", "Transfer-Encoding", "Connection", "Accept-Encoding", "Expect", "TE", "Upgrade", NULL };

	if (!is_header_name(options->api_key_header))
		return wrong(error, "api_key_header is no name of a header");
	for (size_t i = 0; i < options->headers.count; i++) {
		const char *name = options->headers.keys[i];
		if (!is_header_name(name) || !is_line(options->headers.values[i]))
			return error_set(error, ERROR_CONFIG, NULL, "headers: entry %zu has a name that is none, or a value of more than one line", i + 1);
		for (size_t k = 0; ours[k]; k++)
			if (strcasecmp(name, ours[k]) == 0)
				return error_set(error, ERROR_CONFIG, NULL, "headers: %s is set by penstock itself", ours[k]);
		if (strcasecmp(name, "Authorization") == 0 && (options->user || options->token))
			return wrong(error, "headers: Authorization is set twice, here and by user or token");
	}
	return 0;
}

static int check_auth(const struct http_options *options, struct error *error)
{
	if (options->password && !options->user)
		return wrong(error, "password goes with user");
	if (options->user && options->token)
		return wrong(error, "user and token exclude each other");
	if (options->user && strchr(options->user, ':'))
		return wrong(error, "user holds a colon, which basic authentication cannot send");
	if ((options->user && !is_line(options->user)) || (options->password && !is_line(options->password)) ||
	    (options->token && !is_line(options->token)) || (options->api_key && !is_line(options->api_key)))
		return wrong(error, "user, password, token and api_key are one line each");
	return 0;
}

static int check_paging(const struct http_options *options, const struct format_ops *format, struct error *error)
{
	if (*options->pointer && !format->check_pointer)
		return error_set(error, ERROR_CONFIG, NULL, "pointer goes with format: json, not with %s", format->name);
	if (format->check_pointer && format->check_pointer(options->pointer, error) < 0)
		return -1;
	if ((options->paging == PAGING_CURSOR) != (options->cursor != NULL))
		return wrong(error, options->cursor ? "cursor goes with paging: cursor" : "paging: cursor needs cursor, the JSON pointer to it");
	if (options->cursor && !format->find)
		return error_set(error, ERROR_CONFIG, NULL, "paging: cursor looks into the document, which format %s is none", format->name);
	if (options->cursor && format->check_pointer(options->cursor, error) < 0)
		return -1;
	if (options->cursor_parameter && !options->cursor)
		return wrong(error, "cursor_parameter goes with paging: cursor");
	if (options->page_end != END_EMPTY && options->paging != PAGING_PAGE && options->paging != PAGING_OFFSET)
		return wrong(error, "page_end goes with paging: page or offset; the others say themselves where they end");
	return 0;
}

int http_options_check(const struct http_options *options, struct error *error)
{
	if (!options->url) {
		if (options->body || options->user || options->token || options->api_key || options->headers.count > 0 || options->parameters.count > 0 ||
		    options->paging != PAGING_NONE || *options->pointer || options->ca_file || options->allow_hosts.count > 0)
			return wrong(error, "these options need url; without it the rows are the bodies of requests to penstock serve");
		return 0;
	}
	if (options->body && options->method != HTTP_POST)
		return wrong(error, "body goes with method: POST");
	if (check_auth(options, error) < 0 || check_headers(options, error) < 0)
		return -1;
	return check_paging(options, connector_format(http_format_name(options)), error);
}
