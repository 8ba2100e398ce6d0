/* server.h - the service on a socket.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_HTTP_SERVER_H
#define PENSTOCK_HTTP_SERVER_H

#include <stdint.h>

#include "engine/config/serve.h"
#include "engine/core/diagnostics.h"
#include "engine/core/error.h"

struct service;
struct server;

/* Loads the pipelines of a serve file, which is borrowed. NULL when diagnostics got an error. */
struct service *service_new(const struct serve_file *file, struct diagnostics *diagnostics);
/* Opens the rooms and starts the workers. Returns 0 or -1; service_free undoes it in both cases. */
int service_start(struct service *service, struct error *error) MUST_CHECK;
void service_free(struct service *service);

/* Listens and answers from now on, with threads of its own. NULL and error. The service is borrowed. */
struct server *server_open(struct service *service, struct error *error) MUST_CHECK;
/* The port, also where the serve file left it open. */
unsigned server_port(const struct server *server);

/* Requests under way, and bytes of their bodies in memory. NULL: none. */
void server_load(const struct server *server, uint64_t *requests, uint64_t *body_bytes);

/* From now on no connection is accepted; each that there is gets one more answer. */
void server_leave(struct server *server);
/* True while a request is under way, or was a moment ago. */
bool server_busy(const struct server *server);
/* Work under way stops as soon as it can. */
void server_cancel(struct server *server, int signal);
/* Closes all connections; whoever is not answered by now never is. NULL is fine. */
void server_close(struct server *server);

/* Version of the library that speaks HTTP; NULL where this program was built without it. */
const char *server_library_version(void);

#endif
