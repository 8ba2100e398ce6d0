/* exchange.h - one request and its answer over libcurl, whose body goes whole into a file: no redirect is followed and nothing tried again.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONNECTORS_HTTP_EXCHANGE_H
#define PENSTOCK_CONNECTORS_HTTP_EXCHANGE_H

#include <stdint.h>

#include "connectors/http/options.h"
#include "connectors/http/url.h"
#include "engine/core/batch.h"
#include "engine/core/buffer.h"
#include "engine/core/cancel.h"

/* Makes libcurl ready, once a process; whoever uses it without a client calls it first. */
void client_begin(void);

struct client; /* a handle of libcurl with its connections */

struct reply {
	long status;
	struct buffer link;   /* values of all Link headers, as one */
	char *location;       /* of a redirect, completed; or NULL */
	int64_t retry_after_ms; /* what the server asks to wait for, 0: nothing */
	bool bounded;         /* its end could be told from a cut: a length, chunks, or HTTP/2 */
	uint64_t bytes;       /* of the body in the file */
	char hash[SHA256_HEX_SIZE]; /* of the body */
};

/* own: the configured address, to which alone credentials, headers and body are sent. fd: an unnamed file that is emptied for each answer.
 * options and own are borrowed. NULL and error. */
struct client *client_new(const struct http_options *options, const struct url *own, const char *accept, int fd, struct cancel *cancel,
	struct error *error) MUST_CHECK;
void client_free(struct client *client);

enum exchange_way {
	EXCHANGE_ASK = 0, /* as the options say */
	EXCHANGE_GET,     /* without the body of a POST: what a redirect with 303 asks for */
	EXCHANGE_PROBE,   /* ends once the status is there: the body is of no interest */
};

/* Sends the request; room: bytes that the body may have. Returns 0 and the answer, whatever its status (the body of one that is not 200 is not kept), or -1
 * and error, with retry set where trying again may help. answer: zeroed before the first use and made anew each time; reply_fini at the end. */
int client_exchange(struct client *client, const struct url *target, enum exchange_way way, uint64_t room, const char *place,
	struct reply *answer, struct error *error) MUST_CHECK;
void reply_fini(struct reply *answer);

#endif
