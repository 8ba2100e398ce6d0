/* server_absent.c - what server.c is in a build without civetweb: none is ever opened, and the message says what to install.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stddef.h>

#include "engine/http/server.h"

struct server *server_open(struct service *service, struct error *error)
{
	(void)service;
	error_set(error, ERROR_CONFIG, NULL, "this penstock was built without civetweb: install libcivetweb-dev and build it again");
	return NULL;
}

void server_load(const struct server *server, uint64_t *requests, uint64_t *body_bytes)
{
	(void)server;
	*requests = *body_bytes = 0;
}

unsigned server_port(const struct server *server)
{
	(void)server;
	return 0;
}

bool server_may_replace(const struct server *server)
{
	(void)server;
	return false;
}

bool server_has_retired(const struct server *server)
{
	(void)server;
	return false;
}

struct service *server_service(const struct server *server)
{
	(void)server;
	return NULL;
}

void server_replace(struct server *server, struct service *next)
{
	(void)server;
	(void)next;
}

struct service *server_take_retired(struct server *server)
{
	(void)server;
	return NULL;
}

void server_leave(struct server *server)
{
	(void)server;
}

bool server_busy(const struct server *server)
{
	(void)server;
	return false;
}

void server_cancel(struct server *server, int signal)
{
	(void)server;
	(void)signal;
}

void server_stop(struct server *server)
{
	(void)server;
}

void server_close(struct server *server)
{
	(void)server;
}

const char *server_library_version(void)
{
	return NULL;
}
