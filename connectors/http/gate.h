/* gate.h - which addresses a client may connect to, looked at when the name was resolved: what a name said before counts for nothing.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The configured host is its author's decision, wherever it is; but once it was public it does not become private. Any other may not be private.
 * Behind a proxy, which resolves names itself, only what stands in the address can be judged: connections to the proxy are let through.
 */
#ifndef PENSTOCK_CONNECTORS_HTTP_GATE_H
#define PENSTOCK_CONNECTORS_HTTP_GATE_H

#include <stdbool.h>
#include <sys/socket.h>

#include "connectors/http/url.h"

struct gate {
	bool allow_private;
	bool own;         /* the exchange at hand goes to the configured host */
	bool own_public, own_private; /* what it was when it was first connected to */
	char refused[64]; /* the address that was not let through; empty: none */
};

void gate_init(struct gate *gate, bool allow_private);

/* Before an exchange. ERROR_SOURCE where the host is a private address as it stands. */
int gate_prepare(struct gate *gate, const struct url *target, bool own, const char *place, struct error *error) MUST_CHECK;

/* Whether it may connect there. */
bool gate_lets(struct gate *gate, const struct sockaddr *address, socklen_t length);

/* Why an exchange failed after an address was refused: ERROR_SOURCE. Returns -1. */
int gate_say(const struct gate *gate, const char *place, struct error *error);

#endif
