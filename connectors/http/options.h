/* options.h - the options of the http source, and what of them does not go together.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONNECTORS_HTTP_OPTIONS_H
#define PENSTOCK_CONNECTORS_HTTP_OPTIONS_H

#include "engine/core/error.h"
#include "engine/core/option.h"

enum http_method { HTTP_GET = 0, HTTP_POST };
enum http_format { HTTP_JSON = 0, HTTP_NDJSON, HTTP_CSV };
enum http_paging { PAGING_NONE = 0, PAGING_LINK, PAGING_CURSOR, PAGING_PAGE, PAGING_OFFSET };
enum http_page_end { END_EMPTY = 0, END_SHORT, END_NOT_FOUND };

struct http_options {
	const char *url; /* NULL: the rows are the bodies of requests to penstock serve, and nothing else is looked at */
	int method;      /* enum http_method */
	struct option_map parameters, headers;
	const char *body;
	const char *user, *password, *token, *api_key, *api_key_header;

	int format; /* enum http_format */
	const char *pointer;

	int paging; /* enum http_paging */
	const char *cursor, *cursor_parameter;
	const char *page_parameter, *offset_parameter, *size_parameter;
	int64_t first_page, page_size;
	int page_end; /* enum http_page_end */

	int64_t max_pages;
	uint64_t max_page, max_bytes, min_speed;
	int64_t connect_timeout_ms, timeout_ms, stall_ms;
	int64_t retries, retry_wait_ms, retry_time_ms;
	int64_t max_redirects;

	struct option_list allow_hosts;
	bool allow_private;
	const char *ca_file;
};

extern const struct option http_options[];

/* Without I/O, and without looking into the URL. ERROR_CONFIG without a place. */
int http_options_check(const struct http_options *options, struct error *error) MUST_CHECK;

/* "json", as the registry of formats knows it. */
const char *http_format_name(const struct http_options *options);

#endif
