/* server.c - HTTP: everything that a request must pass before a handler sees it. The only user of <civetweb.h>.
 * SPDX-License-Identifier: Apache-2.0
 *
 * civetweb accepts, has a thread for each connection, parses heads and answers nothing by itself: there is no document root, and each
 * request ends in on_request. What is refused with a part of its body unread ends its connection.
 */
#include <civetweb.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "engine/core/clock.h"
#include "engine/http/exchange.h"
#include "engine/http/measure.h"

_Static_assert((int)MG_MAX_HEADERS == (int)EXCHANGE_HEADERS_MAX, "headers that civetweb sees are headers that the gate sees");

/* --- what the gate and bodies ask of a connection --- */

const char *exchange_header(const struct exchange *x, const char *name, size_t *count)
{
	const char *value = NULL;

	*count = 0;
	for (size_t i = 0; i < x->header_count; i++)
		if (strcasecmp(x->headers[i].name, name) == 0) {
			value = x->headers[i].value;
			++*count;
		}
	return value;
}

int exchange_go_on(struct exchange *x)
{
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";

	if (!x->expects)
		return 0;
	x->expects = false;
	return mg_write(x->connection, text, sizeof(text) - 1) > 0 ? 0 : -1;
}

int exchange_read(struct exchange *x, char *at, size_t size)
{
	return mg_read(x->connection, at, size);
}

int exchange_busy(struct exchange *x, const char *why)
{
	answer_problem(&x->answer, 503, "%s", why);
	(void)!answer_header(&x->answer, &x->error, "Retry-After", "1");
	return -1;
}

/* --- handlers --- */

static void handle(void *arg)
{
	struct exchange *x = arg;
	struct error error = ERROR_INIT;

	if (x->route->handle(x->service, &x->request, &x->answer, &error) < 0) {
		answer_problem(&x->answer, 500, "the request failed; the log of the service says why");
		x->error = error;
	}
}

static void process(struct exchange *x)
{
	if (gate_head(x) < 0 || gate_route(x) < 0 || gate_key(x) < 0 || gate_body(x) < 0 || body_read(x) < 0)
		return;
	/* What needs neither a key nor a database is answered however busy the workers are. */
	if (x->route->verb == VERB_NONE)
		handle(x);
	else if (workers_do(x->service->workers, handle, x) < 0)
		(void)exchange_busy(x, "the queue is full; try again");
}

/* --- answers --- */

static size_t answer_length(const struct http_answer *answer)
{
	return answer->fixed ? answer->fixed_length : answer->body.length;
}

static int put_head(struct exchange *x, struct buffer *head)
{
	struct error *error = &x->error;
	time_t now = time(NULL);
	struct tm parts;
	char date[40], length[48] = "";
	bool cached = false;

	gmtime_r(&now, &parts);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &parts);
	for (size_t i = 0; i < x->answer.header_count; i++)
		cached = cached || strcmp(x->answer.headers[i].name, "Cache-Control") == 0;
	if (x->answer.status != 304 && !x->answer.stream) /* which has none, and says nothing of that of the whole answer; a stream ends with its connection */
		snprintf(length, sizeof(length), "Content-Length: %zu\r\n", answer_length(&x->answer));
	if (buffer_printf(head, error, "HTTP/1.1 %d %s\r\nDate: %s\r\n%s%sX-Content-Type-Options: nosniff\r\n", x->answer.status,
		status_title(x->answer.status), date, length, cached ? "" : "Cache-Control: no-store\r\n") < 0)
		return -1;
	if ((answer_length(&x->answer) > 0 || x->answer.stream) && buffer_printf(head, error, "Content-Type: %s\r\n", x->answer.content_type) < 0)
		return -1;
	for (size_t i = 0; i < x->answer.header_count; i++)
		if (buffer_printf(head, error, "%s: %s\r\n", x->answer.headers[i].name, x->answer.headers[i].value) < 0)
			return -1;
	if (x->rated && buffer_printf(head, error, "RateLimit-Limit: %lld\r\nRateLimit-Remaining: %lld\r\nRateLimit-Reset: %lld\r\n",
		(long long)x->rate.limit, (long long)x->rate.remaining, (long long)x->rate.reset_s) < 0)
		return -1;
	return buffer_puts(head, x->last ? "Connection: close\r\n\r\n" : "\r\n", error);
}

int exchange_write(struct exchange *x, const char *data, size_t length)
{
	while (length > 0) {
		size_t size = length < CHUNK ? length : CHUNK;

		if (mg_write(x->connection, data, size) != (int)size)
			return -1;
		x->sent += size;
		data += size;
		length -= size;
	}
	return 0;
}

static void send_answer(struct exchange *x)
{
	bool silent = strcmp(x->request.method ? x->request.method : "", "HEAD") == 0 || x->answer.status == 204;
	const char *data = x->answer.fixed ? (const char *)x->answer.fixed : buffer_text(&x->answer.body);
	size_t length = answer_length(&x->answer);
	struct buffer head;

	buffer_init(&head, 1 << 16);
	/* A reader that takes too long is given up. */
	deadline_enter(x, PHASE_WRITE, clock_elapsed_ms() + x->service->limits.answer_ms);
	if (put_head(x, &head) < 0) {
		x->last = true;
	} else if (!silent && length > 0 && length <= CHUNK - head.length % CHUNK && buffer_append(&head, data, length, &x->error) == 0) {
		/* Small answers are one packet. */
		x->last = exchange_write(x, head.data, head.length) < 0 || x->last;
	} else if (exchange_write(x, head.data, head.length) < 0 ||
		(!silent && exchange_write(x, data, length) < 0)) {
		x->last = true;
	} else if (!silent && x->answer.stream) {
		stream_send(x);
	}
	deadline_enter(x, PHASE_WORK, 0);
	buffer_fini(&head);
}

static void log_exchange(const struct exchange *x, int64_t begun_us, int64_t since_us)
{
	const struct access access = {.begun_us = begun_us, .took_us = clock_elapsed_us() - since_us, .client = x->client,
		.key = x->request.key_name, .method = x->request.method, .path = x->raw_path, .status = x->answer.status,
		.received = x->taken, .sent = x->sent, .error = &x->error};

	access_log(&access);
	measure_exchange(x->service->metrics, x->request.method, x->route ? x->route->pattern : NULL, x->answer.status, access.took_us);
}

static struct exchange *exchange_new(struct mg_connection *connection)
{
	const struct mg_request_info *info = mg_get_request_info(connection);
	struct exchange *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	x->connection = connection;
	x->server = info->user_data;
	pthread_mutex_lock(&x->server->lock);
	x->service = x->server->service;
	x->service->users++;
	pthread_mutex_unlock(&x->server->lock);
	x->request.method = info->request_method;
	x->raw_path = info->request_uri;
	x->raw_query = info->query_string;
	x->version = info->http_version;
	x->peer = info->remote_addr;
	x->peer_port = (unsigned)info->remote_port;
	for (int i = 0; i < info->num_headers && x->header_count < EXCHANGE_HEADERS_MAX; i++)
		x->headers[x->header_count++] = (struct http_pair){info->http_headers[i].name, info->http_headers[i].value};
	x->request.body = "";
	x->request.upload = -1;
	x->request.cancel = &x->service->cancel;
	answer_init(&x->answer);
	snprintf(x->client, sizeof(x->client), "%s", x->peer);
	return x;
}

static void exchange_free(struct exchange *x)
{
	deadline_strike(x);
	if (x->request.upload >= 0)
		close(x->request.upload);
	atomic_fetch_sub(&x->server->bodies, x->reserved);
	answer_fini(&x->answer);
	buffer_fini(&x->body);
	free(x->text);
	/* Behind this the service may go, and its keys with it. */
	pthread_mutex_lock(&x->server->lock);
	x->service->users--;
	pthread_mutex_unlock(&x->server->lock);
	free(x);
}

static bool wants_close(const struct exchange *x)
{
	size_t count;
	const char *value = exchange_header(x, "Connection", &count);

	return !x->version || strcmp(x->version, "1.1") != 0 || (value && strcasestr(value, "close"));
}

/* Since when a connection waits for a head, or for more of it: kept where a pointer to something of ours could be. */
static void *this_moment(void)
{
	return (void *)(uintptr_t)clock_elapsed_ms();
}

static int on_request(struct mg_connection *connection)
{
	struct server *server = mg_get_request_info(connection)->user_data;
	int64_t begun = clock_wall_us(), since = clock_elapsed_us();
	struct exchange *x;

	atomic_fetch_add(&server->busy, 1);
	atomic_store(&server->last_ms, clock_elapsed_ms());
	x = exchange_new(connection);
	if (x) {
		deadline_enlist(x);
		x->last = wants_close(x);
		process(x);
		if (error_is_set(&x->error) && x->answer.status < 400)
			answer_problem(&x->answer, 500, "the request failed; the log of the service says why");
		x->unframed = x->unframed || x->taken < x->length;
		bool streams = stream_begin(x);
		x->last = x->last || x->unframed || x->answer.stream || atomic_load(&x->service->stopping);
		send_answer(x);
		if (streams)
			stream_end(x);
		log_exchange(x, begun, since);
	}
	if (!x || x->last)
		mg_disable_connection_keep_alive(connection);
	if (x && x->unframed)
		socket_linger(x);
	if (x)
		exchange_free(x);
	mg_set_user_connection_data(connection, this_moment());
	atomic_store(&server->last_ms, clock_elapsed_ms());
	atomic_fetch_sub(&server->busy, 1);
	return 200; /* any number: it is answered */
}

static int on_connection(const struct mg_connection *connection, void **data)
{
	(void)connection;
	*data = this_moment();
	return 0;
}

/* What civetweb finds wrong by itself, mostly with a head. */
static int on_error(struct mg_connection *connection, int status, const char *message)
{
	uintptr_t waited = (uintptr_t)clock_elapsed_ms() - (uintptr_t)mg_get_user_connection_data(connection);
	struct exchange *x = exchange_new(connection);
	int64_t begun = clock_wall_us(), since = clock_elapsed_us();

	if (!x)
		return 1;
	x->request.method = NULL;
	x->last = true;
	/* A head that did not come in time is malformed to civetweb. */
	if (status == 400 && (int64_t)waited >= x->service->limits.header_ms * 9 / 10)
		answer_problem(&x->answer, 408, "the head of the request came too slowly");
	else if (status == 505)
		answer_problem(&x->answer, 505, "this service speaks HTTP/1.1 and HTTP/1.0");
	else if (status >= 500)
		answer_problem(&x->answer, 500, "%s", message && message[0] ? message : "no request can be taken now");
	else
		/* Whatever is wrong with a head; 411 is what it says of a Content-Length that is negative. */
		answer_problem(&x->answer, 400, "this is no HTTP request, or its head has more than %d bytes", HEAD_MAX);
	send_answer(x);
	access_log(&(struct access){.begun_us = begun, .took_us = clock_elapsed_us() - since, .client = x->client, .status = x->answer.status,
		.sent = x->sent});
	measure_exchange(x->service->metrics, NULL, NULL, x->answer.status, 0);
	mg_disable_connection_keep_alive(connection);
	exchange_free(x);
	return 0;
}

static int on_message(const struct mg_connection *connection, const char *message)
{
	struct server *server = connection ? mg_get_user_data(mg_get_context(connection)) : NULL;

	if (!server)
		return 1;
	pthread_mutex_lock(&server->lock);
	if (!server->started && !server->failure[0])
		snprintf(server->failure, sizeof(server->failure), "%s", message);
	pthread_mutex_unlock(&server->lock);
	return 1;
}

/* --- starting and stopping --- */

static struct mg_context *start(struct server *server, const struct serve_file *file, const struct service_limits *limits)
{
	char listening[96], threads[24], header_time[24], head_size[24];
	const char *const options[] = {
		"listening_ports", listening,
		"num_threads", threads,
		"request_timeout_ms", header_time,
		"keep_alive_timeout_ms", header_time,
		"enable_keep_alive", "yes",
		"tcp_nodelay", "1",
		"listen_backlog", "1024",
		"max_request_size", head_size,
		/* It would answer preflights itself, with a * for all. */
		"access_control_allow_origin", "",
		"access_control_allow_methods", "",
		"access_control_allow_headers", "",
		"enable_auth_domain_check", "no",
		"enable_directory_listing", "no",
		"decode_url", "no",
		NULL,
	};
	const struct mg_callbacks callbacks = {.begin_request = on_request, .http_error = on_error, .log_message = on_message,
		.init_connection = on_connection};
	bool six = strchr(file->address, ':') != NULL;

	snprintf(listening, sizeof(listening), "%s%s%s:%u", six ? "[" : "", file->address, six ? "]" : "", file->port);
	snprintf(threads, sizeof(threads), "%llu", (unsigned long long)limits->connections);
	snprintf(head_size, sizeof(head_size), "%d", HEAD_MAX);
	snprintf(header_time, sizeof(header_time), "%lld", (long long)limits->header_ms);
	return mg_start(&callbacks, server, (const char **)(uintptr_t)options);
}

struct server *server_open(struct service *service, struct error *error)
{
	struct server *server = calloc(1, sizeof(*server));
	struct mg_server_port ports[1];

	if (!server) {
		error_memory(error, "the server");
		return NULL;
	}
	server->service = service;
	service->server = server;
	atomic_init(&server->port, service->file->port);
	if (deadlines_start(server, error) < 0) {
		service->server = NULL;
		free(server);
		return NULL;
	}
	socket_raise_limit(service->limits.connections);
	mg_init_library(0);
	server->context = start(server, service->file, &service->limits);
	if (!server->context) {
		error_set(error, ERROR_SINK, service->file->listen, "cannot listen: %s", server->failure[0] ? server->failure : "no reason was given");
		mg_exit_library();
		deadlines_end(server);
		service->server = NULL;
		free(server);
		return NULL;
	}
	pthread_mutex_lock(&server->lock);
	server->started = true;
	pthread_mutex_unlock(&server->lock);
	if (mg_get_server_ports(server->context, 1, ports) == 1)
		atomic_store(&server->port, (unsigned)ports[0].port);
	server->listener = socket_listening(atomic_load(&server->port));
	return server;
}

void server_load(const struct server *server, uint64_t *requests, uint64_t *body_bytes)
{
	int busy = server ? atomic_load(&server->busy) : 0;

	*requests = busy > 0 ? (uint64_t)busy : 0;
	*body_bytes = server ? atomic_load(&server->bodies) : 0;
}

unsigned server_port(const struct server *server)
{
	return atomic_load(&server->port);
}

bool server_may_replace(const struct server *server)
{
	return server->retired_count < SERVER_RETIRED_MAX;
}

bool server_has_retired(const struct server *server)
{
	return server->retired_count > 0;
}

struct service *server_service(const struct server *server)
{
	return server->service;
}

void server_replace(struct server *server, struct service *next)
{
	next->server = server;
	pthread_mutex_lock(&server->lock);
	server->retired[server->retired_count++] = server->service;
	server->service = next;
	pthread_mutex_unlock(&server->lock);
}

struct service *server_take_retired(struct server *server)
{
	struct service *found = NULL;

	pthread_mutex_lock(&server->lock);
	for (size_t i = 0; i < server->retired_count && !found; i++)
		if (server->retired[i]->users == 0) {
			found = server->retired[i];
			server->retired[i] = server->retired[--server->retired_count];
		}
	pthread_mutex_unlock(&server->lock);
	return found;
}

/* civetweb would go on accepting until it is stopped. */
void server_leave(struct server *server)
{
	atomic_store(&server->service->stopping, true);
	for (size_t i = 0; i < server->retired_count; i++)
		atomic_store(&server->retired[i]->stopping, true);
	atomic_store(&server->last_ms, clock_elapsed_ms());
	socket_hang_up(server->listener);
}

bool server_busy(const struct server *server)
{
	return atomic_load(&server->busy) > 0 || clock_elapsed_ms() - atomic_load(&server->last_ms) < QUIET_MS;
}

void server_cancel(struct server *server, int signal)
{
	service_cancel(server->service, signal);
	for (size_t i = 0; i < server->retired_count; i++)
		service_cancel(server->retired[i], signal);
}

void server_stop(struct server *server)
{
	if (!server->context)
		return;
	mg_stop(server->context);
	mg_exit_library();
	server->context = NULL;
}

void server_close(struct server *server)
{
	if (!server)
		return;
	server_stop(server);
	deadlines_end(server);
	free(server);
}

const char *server_library_version(void)
{
	return mg_version();
}
