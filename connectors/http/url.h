/* url.h - an address of the web: taken apart, made of another and a link, given parameters, and shown without its secrets.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Only http and https, without user and password in it; a fragment is dropped.
 */
#ifndef PENSTOCK_CONNECTORS_HTTP_URL_H
#define PENSTOCK_CONNECTORS_HTTP_URL_H

#include <stdbool.h>

#include "engine/core/error.h"
#include "engine/core/option.h"

enum { URL_MAX = 16 * 1024 }; /* bytes of an address */

struct url {
	char *text;  /* all of it, secrets included */
	char *shown; /* scheme, host and path alone: what messages have, since a query often holds keys */
	char *host;  /* as it stands, IPv6 in brackets */
	unsigned port;
	bool tls;
};

/* text, which base (may be NULL) completes where it is relative. Any trouble is told as kind, and without the text itself. Call fini also after a
 * failure; target is zeroed before. */
int url_init(struct url *target, const char *text, const struct url *base, enum error_kind kind, const char *place, struct error *error) MUST_CHECK;
void url_fini(struct url *target);

/* Appends name=value to the query, encoded. */
int url_add(struct url *target, const char *name, const char *value, struct error *error) MUST_CHECK;

/* Whether the query has a parameter of this name already. */
bool url_has(const struct url *target, const char *name);

/* Scheme, host and port are the same. */
bool url_same_origin(const struct url *a, const struct url *b);

/* Whether requests may go to other: the host of own, on the port of own or the usual one of the scheme, or one that the list names. From https
 * never to http. */
bool url_may_lead(const struct url *own, const struct option_list *allowed, const struct url *other);

#endif
