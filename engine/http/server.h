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
/* Pipelines are started by their schedules from now on: once it listens, behind server_open. */
void service_begin_schedule(struct service *service);
void service_free(struct service *service);
/* What is under way is told to end, with this signal. */
void service_cancel(struct service *service, int signal);

/* In place of service_start: next takes over from a service that runs; -1 and error: that one goes on as it was, and next is to be freed. *kept gets the
 * names of what the new file changes and only a restart can ("limits.connections, limits.runs"), or is empty. next is to be given to server_replace at once. */
enum { KEPT_SIZE = 256 };
int service_succeed(struct service *next, struct service *before, char kept[KEPT_SIZE], struct error *error) MUST_CHECK;
/* The serve file of a service; it outlives the service. */
const struct serve_file *service_file(const struct service *service);

/* Listens and answers from now on, with threads of its own. NULL and error. The service is borrowed. */
struct server *server_open(struct service *service, struct error *error) MUST_CHECK;
/* The port, also where the serve file left it open. */
unsigned server_port(const struct server *server);

/* Requests under way, and bytes of their bodies in memory. NULL: none. */
void server_load(const struct server *server, uint64_t *requests, uint64_t *body_bytes);

/* Requests that begin from now on are for next; the service before it is retired. There has to be room for that. */
enum { SERVER_RETIRED_MAX = 8 };
bool server_may_replace(const struct server *server);
void server_replace(struct server *server, struct service *next);
/* A retired service that no request needs any more, to be freed; NULL: none now. */
struct service *server_take_retired(struct server *server);
bool server_has_retired(const struct server *server);
/* The service of requests that begin now. */
struct service *server_service(const struct server *server);

/* From now on no connection is accepted; each that there is gets one more answer. */
void server_leave(struct server *server);
/* True while a request is under way, or was a moment ago. */
bool server_busy(const struct server *server);
/* Work under way stops as soon as it can. */
void server_cancel(struct server *server, int signal);
/* Closes all connections; whoever is not answered by now never is. */
void server_stop(struct server *server);
/* Stops it where it was not yet. NULL is fine. */
void server_close(struct server *server);

/* Version of the library that speaks HTTP; NULL where this program was built without it. */
const char *server_library_version(void);

#endif
