/* fetch.h - a page, whole, in a file: over redirects, and again and again where that may help, within bounds.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONNECTORS_HTTP_FETCH_H
#define PENSTOCK_CONNECTORS_HTTP_FETCH_H

#include "connectors/http/exchange.h"

struct fetch {
	const struct http_options *options; /* borrowed, as all else */
	const struct url *own;
	struct client *client;
	struct cancel *cancel;
	bool delimited;     /* the format itself tells a cut-off text from a whole one */
	uint64_t bytes;     /* of all pages so far */
};

struct fetched {
	struct reply answer; /* 200, 204, or 404 where that was asked for */
	struct url from;   /* where it came from in the end */
};

/* place: what the page is called in messages. missing: 404 is an answer, not an error. Returns 0, or -1 and ERROR_SOURCE, ERROR_CANCELLED or
 * ERROR_RESOURCE. fetched: zeroed before the first use; fetched_fini at the end. */
int fetch_page(struct fetch *fetch, const struct url *target, bool missing, const char *place, struct fetched *fetched, struct error *error) MUST_CHECK;
void fetched_fini(struct fetched *fetched);

/* Asks once for a page and looks at the status alone. ERROR_SOURCE. */
int fetch_probe(struct fetch *fetch, const struct url *target, const char *place, struct error *error) MUST_CHECK;

#endif
