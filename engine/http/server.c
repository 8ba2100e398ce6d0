/* server.c - HTTP: everything that a request must pass before a handler sees it. The only user of <civetweb.h>.
 * SPDX-License-Identifier: Apache-2.0
 *
 * civetweb accepts, has a thread for each connection, parses heads and answers nothing by itself: there is no document root, and each
 * request ends in on_request. What is refused with a part of its body unread ends its connection.
 */
#ifdef HAVE_CIVETWEB
#include <civetweb.h>
#endif

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "engine/core/clock.h"
#include "engine/core/json_text.h"
#include "engine/http/parts.h"

#ifdef HAVE_CIVETWEB

enum {
	CHUNK = 16384,           /* of a body or an answer: each must pass within limits.header_time */
	CREDENTIAL_MAX = 512,    /* bytes of a key as presented */
	LINGER_MS = 1000,        /* for a client to see its answer before the connection is cut */
	LINGER_BYTES = 4 << 20,
	QUIET_MS = 250,          /* without a request, when leaving */
	WATCH_MS = 100,          /* how often deadlines are looked at */
	DESCRIPTORS_SPARE = 512, /* beyond connections: databases, files */
};

struct server {
	struct service *service;
	struct mg_context *context;
	char failure[256];       /* what civetweb said when it could not start */
	int listener;            /* descriptor of the listening socket; -1: not found */
	unsigned port;
	atomic_int busy;
	atomic_llong last_ms;    /* when a request last began */
	atomic_ullong bodies;    /* bytes of bodies in memory */
	pthread_mutex_t lock;    /* of what follows */
	pthread_cond_t changed;
	struct exchange *exchanges; /* all under way */
	bool ending;
	pthread_t watcher;
};

enum phase { PHASE_WORK = 0, PHASE_READ, PHASE_WRITE };

/* A request from its head to its answer. */
struct exchange {
	struct exchange *next, **link; /* of server->exchanges */
	enum phase phase;              /* these three under the server's lock */
	int64_t deadline_ms;           /* of a phase that waits for the client */
	bool cut;                      /* the deadline has passed, and the socket ends */
	struct server *server;
	struct service *service;
	struct mg_connection *connection;
	const struct mg_request_info *info;
	const struct route *route;
	struct http_request request;
	struct http_answer answer;
	struct error error;
	struct buffer body;
	const char *host;
	const struct serve_key *key;
	struct rate rate;
	bool rated;
	char client[64];
	char *text;             /* what decoded texts are kept in */
	uint64_t length, taken; /* of the body: announced, read */
	uint64_t reserved;      /* of server->bodies */
	uint64_t sent;
	bool expects;           /* the client waits for 100 Continue */
	bool last;              /* the connection ends behind this answer */
};

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* --- deadlines: civetweb goes on waiting as long as a byte comes now and then, so somebody else looks at the clock --- */

static void enter(struct exchange *x, enum phase phase, int64_t deadline_ms)
{
	pthread_mutex_lock(&x->server->lock);
	x->phase = phase;
	x->deadline_ms = deadline_ms;
	pthread_mutex_unlock(&x->server->lock);
}

static bool was_cut(struct exchange *x)
{
	bool cut;

	pthread_mutex_lock(&x->server->lock);
	cut = x->cut;
	pthread_mutex_unlock(&x->server->lock);
	return cut;
}

static int socket_of(const struct exchange *x);

/* The thread of the exchange is waiting on this very socket, so it is still open; and leaves with what it has. */
static void cut_off(struct exchange *x)
{
	int fd = socket_of(x);

	x->cut = true;
	if (fd >= 0)
		shutdown(fd, x->phase == PHASE_READ ? SHUT_RD : SHUT_RDWR);
}

static void *watch(void *arg)
{
	struct server *server = arg;

	pthread_mutex_lock(&server->lock);
	while (!server->ending) {
		struct timespec until;
		int64_t now = clock_elapsed_ms();
		bool all = cancel_requested(&server->service->cancel);

		for (struct exchange *x = server->exchanges; x; x = x->next)
			if (x->phase != PHASE_WORK && !x->cut && (all || now > x->deadline_ms))
				cut_off(x);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += WATCH_MS * 1000000;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		pthread_cond_timedwait(&server->changed, &server->lock, &until);
	}
	pthread_mutex_unlock(&server->lock);
	return NULL;
}

static void enlist(struct exchange *x)
{
	pthread_mutex_lock(&x->server->lock);
	x->next = x->server->exchanges;
	x->link = &x->server->exchanges;
	if (x->next)
		x->next->link = &x->next;
	x->server->exchanges = x;
	pthread_mutex_unlock(&x->server->lock);
}

static void strike(struct exchange *x)
{
	if (!x->link)
		return;
	pthread_mutex_lock(&x->server->lock);
	*x->link = x->next;
	if (x->next)
		x->next->link = x->link;
	pthread_mutex_unlock(&x->server->lock);
}

/* --- heads --- */

/* The value of a header; *count is how many there are of it. */
static const char *header(const struct exchange *x, const char *name, size_t *count)
{
	const char *value = NULL;

	*count = 0;
	for (int i = 0; i < x->info->num_headers; i++)
		if (strcasecmp(x->info->http_headers[i].name, name) == 0) {
			value = x->info->http_headers[i].value;
			++*count;
		}
	return value;
}

/* Fills the answer and returns -1. */
#define REFUSE(x, ...) (answer_problem(&(x)->answer, __VA_ARGS__), -1)

static int check_length(struct exchange *x)
{
	size_t count, codings;
	const char *length = header(x, "Content-Length", &count), *coding = header(x, "Transfer-Encoding", &codings), *expect;
	char *end;

	x->last = x->last || codings > 0 || count > 1;
	if (codings > 0 && count > 0)
		return REFUSE(x, 400, "Content-Length and Transfer-Encoding in one request");
	if (codings > 0 && strcasecmp(coding, "chunked") != 0)
		return REFUSE(x, 501, "this Transfer-Encoding is not supported: send the body with a Content-Length");
	if (codings > 0)
		return REFUSE(x, 411, "a body needs a Content-Length; chunked bodies are not supported");
	if (count > 1)
		return REFUSE(x, 400, "more than one Content-Length");
	if (count == 1) {
		if (!length[0] || length[strspn(length, "0123456789")] || strlen(length) > 18) {
			x->last = true;
			return REFUSE(x, 400, "Content-Length is not a number");
		}
		x->length = strtoull(length, &end, 10);
	}
	expect = header(x, "Expect", &count);
	x->expects = expect && strcasecmp(expect, "100-continue") == 0 && x->length > 0;
	return 0;
}

static int check_client(struct exchange *x)
{
	static const char *const forwarded[] = {"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", NULL};
	const struct serve_file *file = x->service->file;
	const char *value, *comma;
	unsigned char address[16];
	size_t count;

	snprintf(x->client, sizeof(x->client), "%s", x->info->remote_addr);
	x->request.client = x->client;
	if (!file->behind_proxy) {
		for (int i = 0; i < x->info->num_headers; i++)
			if (strcasecmp(x->info->http_headers[i].name, forwarded[0]) == 0 ||
				strncasecmp(x->info->http_headers[i].name, "X-Forwarded-", 12) == 0)
				return REFUSE(x, 403, "this service is not behind a proxy: %s is refused (behind_proxy: true in the serve file allows it)",
					x->info->http_headers[i].name);
		return 0;
	}
	value = header(x, forwarded[1], &count);
	if (count == 0)
		return 0;
	comma = strrchr(value, ',');
	value = comma ? comma + 1 : value;
	value += strspn(value, " \t");
	if (strlen(value) >= sizeof(x->client) || (inet_pton(AF_INET, value, address) != 1 && inet_pton(AF_INET6, value, address) != 1))
		return REFUSE(x, 400, "the last X-Forwarded-For is no address");
	snprintf(x->client, sizeof(x->client), "%s", value);
	return 0;
}

static int check_host(struct exchange *x)
{
	size_t count;
	const char *origin;

	x->host = header(x, "Host", &count);
	if (count != 1)
		return REFUSE(x, 400, count ? "more than one Host" : "Host is missing");
	if (!auth_host(x->service->file, x->host))
		return REFUSE(x, 403, "this Host is not the listen address, localhost, or one of `hosts` in the serve file");
	origin = header(x, "Origin", &count);
	if (count > 1 || (origin && !auth_origin(x->service->file, origin, x->host)))
		return REFUSE(x, 403, "requests from pages of this Origin are refused");
	return 0;
}

static int check_head(struct exchange *x)
{
	if (x->info->num_headers >= MG_MAX_HEADERS) {
		/* Those beyond are not seen; one of them could matter. */
		x->last = true;
		return REFUSE(x, 431, "a request has less than %d headers", MG_MAX_HEADERS);
	}
	if (check_client(x) < 0 || check_length(x) < 0 || check_host(x) < 0)
		return -1;
	return 0;
}

/* --- the route, its values, the query --- */

static int find_route(struct exchange *x)
{
	const char *raw = x->info->request_uri, *query = x->info->query_string;
	char allow[ALLOW_SIZE];
	size_t count;
	int status;

	if (!raw || strlen(raw) > TARGET_MAX || (query && strlen(query) > TARGET_MAX))
		return REFUSE(x, 414, "the address is too long");
	x->text = malloc(4 * (size_t)TARGET_MAX);
	if (!x->text)
		return error_memory(&x->error, "a request");
	x->route = target_route(x->request.method, raw, &x->request, x->text, &status, allow);
	if (!x->route && status == 405) {
		answer_problem(&x->answer, 405, "%s is not for this path, but %s", x->request.method, allow);
		(void)!answer_header(&x->answer, &x->error, "Allow", "%s", allow);
		return -1;
	}
	if (!x->route)
		return REFUSE(x, status, status == 404 ? "there is nothing at this path" : "the path cannot be decoded");
	if (query && target_query(query, &x->request, x->text + 3 * (size_t)TARGET_MAX) < 0)
		return REFUSE(x, 400, "the query cannot be decoded, holds a name twice, or has more than %d parameters", HTTP_QUERY_MAX);
	x->request.idempotency_key = header(x, "Idempotency-Key", &count);
	if (count > 0) {
		const char *c = x->request.idempotency_key;

		while (*c > ' ' && *c <= '~')
			c++;
		if (count > 1 || *c || c == x->request.idempotency_key || c - x->request.idempotency_key > 255)
			return REFUSE(x, 400, "one Idempotency-Key of 1 to 255 visible ASCII characters");
	}
	return 0;
}

/* --- keys and rates --- */

static int too_many(struct exchange *x)
{
	answer_problem(&x->answer, 429, "too many requests; come back in %lld s", (long long)x->rate.retry_s);
	(void)!answer_header(&x->answer, &x->error, "Retry-After", "%lld", (long long)x->rate.retry_s);
	x->rated = true;
	return -1;
}

/* 401, counted against the client; many of them are 429. */
static int deny(struct exchange *x, const char *why)
{
	rate_failures(x->service->rates, x->client, true, now_us(), &x->rate);
	if (!x->rate.allowed)
		return too_many(x);
	answer_problem(&x->answer, 401, "%s", why);
	(void)!answer_header(&x->answer, &x->error, "WWW-Authenticate", "Bearer realm=\"penstock\"");
	return -1;
}

static int check_key(struct exchange *x)
{
	const struct serve_file *file = x->service->file;
	size_t bearers, keys, index = SIZE_MAX;
	const char *bearer = header(x, "Authorization", &bearers), *text = header(x, "X-API-Key", &keys);
	const char *pipeline = strchr(x->route->pattern, '{') && strncmp(x->route->pattern, "/v1/runs/", 9) != 0 ? x->request.values[0] : NULL;
	enum verb verb = x->route->verb;

	if (verb == VERB_NONE)
		return 0;
	if (file->key_count > 0) {
		rate_failures(x->service->rates, x->client, false, now_us(), &x->rate);
		if (!x->rate.allowed)
			return too_many(x);
		if (bearers + keys == 0)
			return deny(x, "this needs a key: Authorization: Bearer KEY, or X-API-Key: KEY");
		if (bearers + keys > 1)
			return deny(x, "more than one key");
		if (bearers && strncasecmp(bearer, "Bearer ", 7) != 0)
			return deny(x, "Authorization must be Bearer KEY");
		if (bearers)
			text = bearer + 7 + strspn(bearer + 7, " ");
		x->key = strlen(text) > CREDENTIAL_MAX ? NULL : auth_key(file, text);
		if (!x->key)
			return deny(x, "this key is not known");
		x->request.key_name = x->key->name;
		index = (size_t)(x->key - file->keys);
	}
	rate_request(x->service->rates, index, x->client, now_us(), &x->rate);
	x->rated = true;
	if (!x->rate.allowed)
		return too_many(x);
	/* Of the paths below /v1/runs/ the handler knows which pipeline they are about. */
	if (pipeline || verb == VERB_UPLOAD) {
		if (service_may(x->service, &x->request, verb, pipeline))
			return 0;
		if (file->key_count == 0)
			return deny(x, "uploads, and pipelines that replace a table, need a key: the serve file has none");
		return REFUSE(x, 403, "this key has no scope %s:%s", serve_verbs[verb - VERB_INGEST], pipeline ? pipeline : "*");
	}
	return 0;
}

/* --- bodies --- */

/* "type/subtype" and nothing behind it but charset=utf-8. */
static bool is_type(const char *value, const char *type)
{
	size_t length = strlen(type);

	if (strncasecmp(value, type, length) != 0)
		return false;
	value += length;
	value += strspn(value, " \t");
	if (*value == ';') {
		value += 1 + strspn(value + 1, " \t");
		if (*value && strcasecmp(value, "charset=utf-8") != 0 && strcasecmp(value, "charset=\"utf-8\"") != 0)
			return false;
		return true;
	}
	return !*value;
}

static int check_body(struct exchange *x)
{
	const struct service_limits *limits = &x->service->limits;
	bool upload = x->route->body == BODY_UPLOAD;
	uint64_t most = upload ? limits->upload : limits->body;
	size_t count;
	const char *type = header(x, "Content-Type", &count), *coding;

	if (x->route->body == BODY_NONE) {
		if (x->length > 0)
			return REFUSE(x, 413, "no body belongs here");
		return 0;
	}
	if (count > 1)
		return REFUSE(x, 400, "more than one Content-Type");
	coding = header(x, "Content-Encoding", &count);
	if (count > 0 && (count > 1 || strcasecmp(coding, "identity") != 0))
		return REFUSE(x, 415, "bodies with a Content-Encoding are not supported: send it as it is");
	if (!upload && (type ? !is_type(type, "application/json") : x->length > 0))
		return REFUSE(x, 415, "the body must be application/json");
	if (upload && type && !is_type(type, "text/csv") && !is_type(type, "application/octet-stream"))
		return REFUSE(x, 415, "the body must be text/csv");
	if (upload && x->length == 0)
		return REFUSE(x, 411, "an upload needs a Content-Length above 0");
	if (x->length > most)
		return REFUSE(x, 413, "the body has %llu bytes; the limit is %llu (limits.%s in the serve file)", (unsigned long long)x->length,
			(unsigned long long)most, upload ? "upload" : "body");
	return 0;
}

static int go_on(struct exchange *x)
{
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";

	if (!x->expects)
		return 0;
	x->expects = false;
	return mg_write(x->connection, text, sizeof(text) - 1) > 0 ? 0 : -1;
}

static int busy(struct exchange *x, const char *why)
{
	answer_problem(&x->answer, 503, "%s", why);
	(void)!answer_header(&x->answer, &x->error, "Retry-After", "1");
	return -1;
}

/* One piece of the body into at: as long as CHUNK or what is left of it. */
static int read_piece(struct exchange *x, char *at, size_t size, int64_t deadline_ms)
{
	int64_t soon = clock_elapsed_ms() + x->service->limits.header_ms;
	int got;

	enter(x, PHASE_READ, soon < deadline_ms ? soon : deadline_ms);
	got = mg_read(x->connection, at, size);
	enter(x, PHASE_WORK, 0);
	x->taken += got > 0 ? (uint64_t)got : 0;
	if (got == (int)size)
		return 0;
	x->last = true;
	/* civetweb's own patience is the same, by another clock. */
	if (was_cut(x) || clock_elapsed_ms() >= soon - x->service->limits.header_ms / 10)
		return REFUSE(x, 408, "the body came too slowly");
	return REFUSE(x, 400, "the body ended before its Content-Length");
}

static size_t piece_size(const struct exchange *x)
{
	return x->length - x->taken < CHUNK ? (size_t)(x->length - x->taken) : CHUNK;
}

/* Memory is taken as bytes arrive, not as they are announced. */
static int read_memory(struct exchange *x)
{
	int64_t deadline = clock_elapsed_ms() + x->service->limits.body_ms;

	buffer_init(&x->body, (size_t)x->length);
	while (x->taken < x->length) {
		size_t size = piece_size(x);
		unsigned long long all = atomic_fetch_add(&x->server->bodies, size) + size;

		x->reserved += size;
		if (all > x->service->limits.bodies)
			return busy(x, "all bodies in flight are more than limits.bodies; try again");
		if (buffer_reserve(&x->body, size, &x->error) < 0)
			return busy(x, "out of memory for the body; try again");
		if (read_piece(x, x->body.data + x->body.length, size, deadline) < 0)
			return -1;
		x->body.length += size;
		x->body.data[x->body.length] = '\0';
	}
	x->request.body = buffer_text(&x->body);
	x->request.body_length = x->body.length;
	if (!depth_fits(x->request.body, x->request.body_length))
		return REFUSE(x, 400, "the JSON nests more than %d deep", JSON_DEPTH_MAX);
	return 0;
}

static int open_spool(struct error *error)
{
	const char *folder = getenv("TMPDIR");
	int fd;

	folder = folder && folder[0] ? folder : "/tmp";
	fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return fd >= 0 ? fd : error_errno(error, ERROR_RESOURCE, folder, errno, "cannot make a file for an upload (TMPDIR)");
}

static int read_upload(struct exchange *x)
{
	int64_t deadline = clock_elapsed_ms() + x->service->limits.upload_ms;

	x->request.upload = open_spool(&x->error);
	if (x->request.upload < 0)
		return -1;
	buffer_init(&x->body, CHUNK);
	if (buffer_reserve(&x->body, CHUNK, &x->error) < 0)
		return busy(x, "out of memory; try again");
	while (x->taken < x->length) {
		size_t size = piece_size(x);

		if (read_piece(x, x->body.data, size, deadline) < 0)
			return -1;
		for (size_t done = 0; done < size;) {
			ssize_t wrote = write(x->request.upload, x->body.data + done, size - done);

			if (wrote < 0 && errno == EINTR)
				continue;
			if (wrote <= 0) {
				error_errno(&x->error, ERROR_RESOURCE, NULL, wrote < 0 ? errno : ENOSPC, "cannot keep an upload");
				return REFUSE(x, 507, "there is no room for this upload");
			}
			done += (size_t)wrote;
		}
	}
	x->request.body_length = (size_t)x->length;
	return lseek(x->request.upload, 0, SEEK_SET) == 0 ? 0 : error_errno(&x->error, ERROR_RESOURCE, NULL, errno, "cannot read an upload");
}

static int read_body(struct exchange *x)
{
	if (x->length == 0)
		return 0;
	if (go_on(x) < 0) {
		x->last = true;
		return REFUSE(x, 400, "the client went away");
	}
	return x->route->body == BODY_UPLOAD ? read_upload(x) : read_memory(x);
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
	if (check_head(x) < 0 || find_route(x) < 0 || check_key(x) < 0 || check_body(x) < 0 || read_body(x) < 0)
		return;
	/* What needs neither a key nor a database is answered however busy the workers are. */
	if (x->route->verb == VERB_NONE)
		handle(x);
	else if (workers_do(x->service->workers, handle, x) < 0)
		(void)busy(x, "the queue is full; try again");
}

/* --- answers --- */

static int put_head(struct exchange *x, struct buffer *head)
{
	struct error *error = &x->error;
	time_t now = time(NULL);
	struct tm parts;
	char date[40];

	gmtime_r(&now, &parts);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &parts);
	if (buffer_printf(head, error, "HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Length: %zu\r\nCache-Control: no-store\r\n"
		"X-Content-Type-Options: nosniff\r\n", x->answer.status, status_title(x->answer.status), date, x->answer.body.length) < 0)
		return -1;
	if (x->answer.body.length > 0 && buffer_printf(head, error, "Content-Type: %s\r\n", x->answer.content_type) < 0)
		return -1;
	for (size_t i = 0; i < x->answer.header_count; i++)
		if (buffer_printf(head, error, "%s: %s\r\n", x->answer.headers[i].name, x->answer.headers[i].value) < 0)
			return -1;
	if (x->rated && buffer_printf(head, error, "RateLimit-Limit: %lld\r\nRateLimit-Remaining: %lld\r\nRateLimit-Reset: %lld\r\n",
		(long long)x->rate.limit, (long long)x->rate.remaining, (long long)x->rate.reset_s) < 0)
		return -1;
	return buffer_puts(head, x->last ? "Connection: close\r\n\r\n" : "\r\n", error);
}

static int send_bytes(struct exchange *x, const char *data, size_t length)
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
	struct buffer head;

	buffer_init(&head, 1 << 16);
	/* A reader that takes too long is given up. */
	enter(x, PHASE_WRITE, clock_elapsed_ms() + x->service->limits.answer_ms);
	if (put_head(x, &head) < 0) {
		x->last = true;
	} else if (!silent && x->answer.body.length > 0 && x->answer.body.length <= CHUNK - head.length % CHUNK &&
		buffer_append(&head, x->answer.body.data, x->answer.body.length, &x->error) == 0) {
		/* Small answers are one packet. */
		x->last = send_bytes(x, head.data, head.length) < 0 || x->last;
	} else if (send_bytes(x, head.data, head.length) < 0 ||
		(!silent && send_bytes(x, buffer_text(&x->answer.body), x->answer.body.length) < 0)) {
		x->last = true;
	}
	enter(x, PHASE_WORK, 0);
	buffer_fini(&head);
}

/* The descriptor of a connection, which civetweb does not tell; -1: not found. */
static int socket_of(const struct exchange *x)
{
	int most = (int)x->service->limits.connections + 2 * DESCRIPTORS_SPARE;

	for (int fd = 3; fd < most; fd++) {
		struct sockaddr_storage peer, self;
		socklen_t peer_size = sizeof(peer), self_size = sizeof(self);
		char address[INET6_ADDRSTRLEN] = "";
		unsigned port = 0, own = 0;

		if (getpeername(fd, (struct sockaddr *)&peer, &peer_size) < 0 || getsockname(fd, (struct sockaddr *)&self, &self_size) < 0)
			continue;
		if (peer.ss_family == AF_INET && self.ss_family == AF_INET) {
			const struct sockaddr_in *in = (const void *)&peer;

			inet_ntop(AF_INET, &in->sin_addr, address, sizeof(address));
			port = ntohs(in->sin_port);
			own = ntohs(((const struct sockaddr_in *)(const void *)&self)->sin_port);
		} else if (peer.ss_family == AF_INET6 && self.ss_family == AF_INET6) {
			const struct sockaddr_in6 *in = (const void *)&peer;

			inet_ntop(AF_INET6, &in->sin6_addr, address, sizeof(address));
			port = ntohs(in->sin6_port);
			own = ntohs(((const struct sockaddr_in6 *)(const void *)&self)->sin6_port);
		}
		if (port != 0 && own == x->server->port && port == (unsigned)x->info->remote_port && strcmp(address, x->info->remote_addr) == 0)
			return fd;
	}
	return -1;
}

/* Closing with bytes unread resets the connection, and the answer is lost with it: what comes is thrown away for a moment. Then nothing more can
 * come, since civetweb would wait for the rest of the body. */
static void linger(const struct exchange *x)
{
	int fd = socket_of(x);
	int64_t deadline = clock_elapsed_ms() + LINGER_MS;
	char waste[4096];
	size_t bytes = 0;

	if (fd < 0)
		return;
	shutdown(fd, SHUT_WR);
	for (int64_t left; bytes < LINGER_BYTES && (left = deadline - clock_elapsed_ms()) > 0;) {
		struct pollfd in = {.fd = fd, .events = POLLIN};
		ssize_t got;

		if (poll(&in, 1, (int)left) <= 0)
			break;
		got = recv(fd, waste, sizeof(waste), MSG_DONTWAIT);
		if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
			break;
		bytes += got > 0 ? (size_t)got : 0;
	}
	shutdown(fd, SHUT_RDWR);
}

static void log_exchange(const struct exchange *x, int64_t begun_us)
{
	const struct access access = {.begun_us = begun_us, .took_us = clock_wall_us() - begun_us, .client = x->client,
		.key = x->request.key_name, .method = x->request.method, .path = x->info->request_uri, .status = x->answer.status,
		.received = x->taken, .sent = x->sent, .error = &x->error};

	access_log(&access);
}

static struct exchange *exchange_new(struct mg_connection *connection)
{
	struct exchange *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	x->info = mg_get_request_info(connection);
	x->connection = connection;
	x->server = x->info->user_data;
	x->service = x->server->service;
	x->request.method = x->info->request_method;
	x->request.body = "";
	x->request.upload = -1;
	x->request.cancel = &x->service->cancel;
	answer_init(&x->answer);
	snprintf(x->client, sizeof(x->client), "%s", x->info->remote_addr);
	return x;
}

static void exchange_free(struct exchange *x)
{
	strike(x);
	if (x->request.upload >= 0)
		close(x->request.upload);
	atomic_fetch_sub(&x->server->bodies, x->reserved);
	answer_fini(&x->answer);
	buffer_fini(&x->body);
	free(x->text);
	free(x);
}

static bool wants_close(const struct exchange *x)
{
	size_t count;
	const char *value = header(x, "Connection", &count);

	return !x->info->http_version || strcmp(x->info->http_version, "1.1") != 0 || (value && strcasestr(value, "close"));
}

/* Since when a connection waits for a head, or for more of it: kept where a pointer to something of ours could be. */
static void *this_moment(void)
{
	return (void *)(uintptr_t)clock_elapsed_ms();
}

static int on_request(struct mg_connection *connection)
{
	struct server *server = mg_get_request_info(connection)->user_data;
	int64_t begun = clock_wall_us();
	struct exchange *x;

	atomic_fetch_add(&server->busy, 1);
	atomic_store(&server->last_ms, clock_elapsed_ms());
	x = exchange_new(connection);
	if (x) {
		enlist(x);
		x->last = wants_close(x);
		process(x);
		if (error_is_set(&x->error) && x->answer.status < 400)
			answer_problem(&x->answer, 500, "the request failed; the log of the service says why");
		x->last = x->last || x->taken < x->length || atomic_load(&x->service->stopping);
		send_answer(x);
		log_exchange(x, begun);
	}
	if (!x || x->last)
		mg_disable_connection_keep_alive(connection);
	if (x && x->taken < x->length)
		linger(x);
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
	int64_t begun = clock_wall_us();

	if (!x)
		return 1;
	x->request.method = NULL;
	x->last = true;
	/* A head that did not come in time is malformed to civetweb. */
	if (status == 400 && (int64_t)waited >= x->service->limits.header_ms * 9 / 10)
		answer_problem(&x->answer, 408, "the head of the request came too slowly");
	else
		answer_problem(&x->answer, status >= 400 && status < 600 ? status : 400, "%s",
			message && message[0] ? message : "this is no request that can be understood");
	send_answer(x);
	access_log(&(struct access){.begun_us = begun, .took_us = clock_wall_us() - begun, .client = x->client, .status = x->answer.status,
		.sent = x->sent});
	mg_disable_connection_keep_alive(connection);
	exchange_free(x);
	return 0;
}

static int on_message(const struct mg_connection *connection, const char *message)
{
	struct server *server = connection ? mg_get_user_data(mg_get_context(connection)) : NULL;

	if (server && !server->context && !server->failure[0])
		snprintf(server->failure, sizeof(server->failure), "%s", message);
	return 1;
}

/* --- the socket --- */

static void raise_descriptors(uint64_t connections)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < connections + DESCRIPTORS_SPARE) {
		limit.rlim_cur = connections + DESCRIPTORS_SPARE < limit.rlim_max ? (rlim_t)connections + DESCRIPTORS_SPARE : limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static unsigned port_of(int fd)
{
	struct sockaddr_storage self;
	socklen_t size = sizeof(self);

	if (getsockname(fd, (struct sockaddr *)&self, &size) < 0)
		return 0;
	return self.ss_family == AF_INET ? ntohs(((const struct sockaddr_in *)(const void *)&self)->sin_port) :
		self.ss_family == AF_INET6 ? ntohs(((const struct sockaddr_in6 *)(const void *)&self)->sin6_port) : 0;
}

/* civetweb does not tell the descriptor of the socket that it listens on. */
static int find_listener(unsigned port)
{
	for (int fd = 3; fd < 4096; fd++) {
		int listens = 0;
		socklen_t size = sizeof(listens);

		if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens && port_of(fd) == port)
			return fd;
	}
	return -1;
}

static struct mg_context *start(struct server *server, const struct serve_file *file, const struct service_limits *limits)
{
	char listening[96], threads[24], header_time[24];
	const char *const options[] = {
		"listening_ports", listening,
		"num_threads", threads,
		"request_timeout_ms", header_time,
		"keep_alive_timeout_ms", header_time,
		"enable_keep_alive", "yes",
		"tcp_nodelay", "1",
		"listen_backlog", "1024",
		"max_request_size", "16384",
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
	snprintf(header_time, sizeof(header_time), "%lld", (long long)limits->header_ms);
	return mg_start(&callbacks, server, (const char **)(uintptr_t)options);
}

static void end_watch(struct server *server)
{
	pthread_mutex_lock(&server->lock);
	server->ending = true;
	pthread_cond_signal(&server->changed);
	pthread_mutex_unlock(&server->lock);
	pthread_join(server->watcher, NULL);
	pthread_cond_destroy(&server->changed);
	pthread_mutex_destroy(&server->lock);
}

struct server *server_open(struct service *service, struct error *error)
{
	struct server *server = calloc(1, sizeof(*server));
	struct mg_server_port ports[1];
	int failed;

	if (!server) {
		error_memory(error, "the server");
		return NULL;
	}
	server->service = service;
	server->port = service->file->port;
	pthread_mutex_init(&server->lock, NULL);
	pthread_cond_init(&server->changed, NULL);
	failed = pthread_create(&server->watcher, NULL, watch, server);
	if (failed) {
		error_errno(error, ERROR_RESOURCE, NULL, failed, "cannot start a thread");
		free(server);
		return NULL;
	}
	raise_descriptors(service->limits.connections);
	mg_init_library(0);
	server->context = start(server, service->file, &service->limits);
	if (!server->context) {
		error_set(error, ERROR_SINK, service->file->listen, "cannot listen: %s", server->failure[0] ? server->failure : "no reason was given");
		mg_exit_library();
		end_watch(server);
		free(server);
		return NULL;
	}
	server->port = mg_get_server_ports(server->context, 1, ports) == 1 ? (unsigned)ports[0].port : service->file->port;
	server->listener = find_listener(server->port);
	return server;
}

unsigned server_port(const struct server *server)
{
	return server->port;
}

/* civetweb would go on accepting until it is stopped. Its socket is closed, and something that is never readable has its place. */
void server_leave(struct server *server)
{
	int stand_in = eventfd(0, EFD_CLOEXEC);

	atomic_store(&server->service->stopping, true);
	atomic_store(&server->last_ms, clock_elapsed_ms());
	if (server->listener >= 0 && stand_in >= 0) {
		shutdown(server->listener, SHUT_RDWR);
		dup2(stand_in, server->listener);
	}
	if (stand_in >= 0)
		close(stand_in);
}

bool server_busy(const struct server *server)
{
	return atomic_load(&server->busy) > 0 || clock_elapsed_ms() - atomic_load(&server->last_ms) < QUIET_MS;
}

void server_cancel(struct server *server, int signal)
{
	atomic_store(&server->service->cancel.signal, signal);
}

void server_close(struct server *server)
{
	if (!server)
		return;
	mg_stop(server->context);
	mg_exit_library();
	end_watch(server);
	free(server);
}

const char *server_library_version(void)
{
	return mg_version();
}

#else

struct server *server_open(struct service *service, struct error *error)
{
	(void)service;
	error_set(error, ERROR_CONFIG, NULL, "this penstock was built without civetweb: install libcivetweb-dev and build it again");
	return NULL;
}

unsigned server_port(const struct server *server)
{
	(void)server;
	return 0;
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

void server_close(struct server *server)
{
	(void)server;
}

const char *server_library_version(void)
{
	return NULL;
}

#endif
