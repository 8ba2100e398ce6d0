/* address.h - which network addresses are nobody's business: private, loopback, link-local and their like.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONNECTORS_HTTP_ADDRESS_H
#define PENSTOCK_CONNECTORS_HTTP_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* Whether anybody on the internet may have this address. Everything but IPv4 and IPv6 is not public; of IPv6 addresses that carry one of IPv4
 * (mapped, NAT64, 6to4) that one decides. After the IANA registries of special-purpose addresses. */
bool address_is_public(const struct sockaddr *address);

/* A host of a URL that is such an address itself ("10.0.0.1", "[::1]"), or localhost: known before any name is resolved. */
bool host_is_private(const char *host);

#endif
