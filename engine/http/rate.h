/* rate.h - token buckets: how many requests a key or a client may make.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Memory is fixed: one bucket a key, and a table of 4,096 clients in which, of the few that share a row, the one that was not seen for longest gives
 * way. A client is an IPv4 address or a /64 of IPv6.
 */
#ifndef PENSTOCK_HTTP_RATE_H
#define PENSTOCK_HTTP_RATE_H

#include "engine/config/serve.h"

struct rates;

struct rate {
	bool allowed;
	int64_t limit;     /* the burst */
	int64_t remaining; /* whole tokens */
	int64_t reset_s;   /* until the bucket is full */
	int64_t retry_s;   /* until there is a token; at least 1 where not allowed */
};

struct rates *rates_new(const struct serve_rates *limits, size_t keys, struct error *error) MUST_CHECK;
void rates_free(struct rates *rates);
/* New rates take over what keys and clients have used up: was[i] is the index that key i had before (SIZE_MAX: it is new). */
void rates_inherit(struct rates *rates, struct rates *before, const size_t *was);

/* Takes a token of a key (by index), or of a client where there are no keys (SIZE_MAX). now_us: of a clock that never goes back. */
void rate_request(struct rates *rates, size_t key, const char *client, int64_t now_us, struct rate *out);
/* Without taking: may this client still fail? And takes one for a failure. */
void rate_failures(struct rates *rates, const char *client, bool take, int64_t now_us, struct rate *out);

#endif
