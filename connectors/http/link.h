/* link.h - the next page in a Link header (RFC 8288).
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONNECTORS_HTTP_LINK_H
#define PENSTOCK_CONNECTORS_HTTP_LINK_H

#include <stddef.h>

/* Looks in the value of a header for the first link with the relation "next" whose context is the page itself (no anchor). Returns 1 and where
 * its address begins and ends; 0 where there is none; -1 where the header cannot be read: then nobody knows whether a page follows. */
int link_next(const char *value, const char **address, size_t *length);

#endif
