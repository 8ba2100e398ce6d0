/* paging.h - which address the next page has, and whether there is one.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONNECTORS_HTTP_PAGING_H
#define PENSTOCK_CONNECTORS_HTTP_PAGING_H

#include <stdint.h>

#include "connectors/http/options.h"
#include "connectors/http/url.h"
#include "engine/core/batch.h"

struct paging {
	const struct http_options *options; /* borrowed */
	const struct url *base;          /* url with its parameters; borrowed */
	struct url next;                 /* of the page that is to be fetched */
	uint64_t page;                      /* its number, from 1 */
	uint64_t records;                   /* of the pages before it */
	uint64_t first_records;             /* of the first page */
	char last_hash[SHA256_HEX_SIZE];    /* of the page before it */
	/* One address or cursor in memory finds every loop (Brent): it is kept anew at each power of two, so that a loop of any length comes to stand
	 * behind it and runs into it. */
	char seen[SHA256_HEX_SIZE];
	uint64_t steps, power;
};

/* What a page turned out to be. */
struct page_facts {
	long status;               /* 200, 204 or 404 */
	uint64_t records;
	const char *hash;
	const char *link;          /* values of its Link headers */
	const char *cursor;        /* paging cursor: what is there, or NULL */
	const struct url *from; /* where it came from */
};

/* The first page. Call fini also after a failure. */
int paging_init(struct paging *paging, const struct http_options *options, const struct url *base, struct error *error) MUST_CHECK;
void paging_fini(struct paging *paging);

/* Behind a page: 1 and the next one in paging; 0: it was the last; -1 and ERROR_SOURCE: a loop, an address that must not be followed, too many. */
int paging_go_on(struct paging *paging, const struct page_facts *facts, const char *place, struct error *error) MUST_CHECK;

#endif
