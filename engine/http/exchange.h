/* exchange.h - a request from its head to its answer, as the files of the server pass it on: gate.c, body.c, deadline.c, server.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_HTTP_EXCHANGE_H
#define PENSTOCK_HTTP_EXCHANGE_H

#include <pthread.h>

#include "engine/http/parts.h"

struct mg_context;
struct mg_connection;

enum {
	EXCHANGE_HEADERS_MAX = 64, /* as many as civetweb sees */
	CHUNK = 16384,           /* of a body or an answer: each must pass within limits.header_time */
	HEAD_MAX = TARGET_MAX,   /* bytes of a head; so no address is longer */
	CREDENTIAL_MAX = 512,    /* bytes of a key as presented */
	LINGER_MS = 1000,        /* for a client to see its answer before the connection is cut */
	LINGER_BYTES = 64 << 20,
	QUIET_MS = 250,          /* without a request, when leaving */
	WATCH_MS = 100,          /* how often deadlines are looked at */
	DESCRIPTORS_SPARE = 512, /* beyond connections: databases, files */
};

struct server {
	struct service *service; /* of requests that begin now; under the lock, but for the thread that replaces it */
	struct service *retired[SERVER_RETIRED_MAX]; /* under the lock, the same; some requests of theirs may be under way */
	size_t retired_count;
	struct mg_context *context;
	int listener;            /* descriptor of the listening socket; -1: not found */
	atomic_uint port;        /* requests may be here before it is known */
	atomic_int busy;
	atomic_llong last_ms;    /* when a request last began */
	atomic_ullong bodies;    /* bytes of bodies in memory */
	atomic_int streams;      /* answers that go on */
	pthread_mutex_t lock;    /* of what follows */
	pthread_cond_t changed;
	struct exchange *exchanges; /* all under way */
	bool started;
	char failure[256];       /* what civetweb said when it could not start */
	bool ending;
	pthread_t watcher;
};

enum phase { PHASE_WORK = 0, PHASE_READ, PHASE_WRITE };

/* A request from its head to its answer. */
struct exchange {
	bool enlisted;                 /* of its own thread */
	struct exchange *next, **link; /* of server->exchanges; these four under the server's lock */
	enum phase phase;
	int64_t deadline_ms;           /* of a phase that waits for the client */
	bool cut;                      /* the deadline has passed, and the socket ends */
	struct server *server;
	struct service *service;
	struct mg_connection *connection;
	/* of the head; all borrowed from the connection */
	struct http_pair headers[EXCHANGE_HEADERS_MAX];
	size_t header_count;
	const char *raw_path, *raw_query; /* not decoded; NULL: none */
	const char *version;
	const char *peer;       /* address and port of the other end of the connection */
	unsigned peer_port;
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
	bool uploads;           /* the body goes to a file */
	bool expects;           /* the client waits for 100 Continue */
	bool last;              /* the connection ends behind this answer */
	bool unframed;          /* a part of the body may be unread, or nobody knows where it ends */
};

/* Fills the answer and returns -1. */
#define REFUSE(x, ...) (answer_problem(&(x)->answer, __VA_ARGS__), -1)

/* --- server.c --- */

/* The value of a header (the last one); *count is how many there are of it. */
const char *exchange_header(const struct exchange *x, const char *name, size_t *count);
/* Up to size bytes of the body; waits for all of them, longer than is good: only between deadline_enter and its end. */
int exchange_read(struct exchange *x, char *at, size_t size);
/* Tells a client that waits for it to send the body. Returns 0 or -1. */
int exchange_go_on(struct exchange *x);
/* All of it, in pieces. Returns 0 or -1: the connection is gone. */
int exchange_write(struct exchange *x, const char *data, size_t length);
/* 503 with Retry-After. Always -1. */
int exchange_busy(struct exchange *x, const char *why);

/* --- gate.c: everything before the body. Each returns 0, or -1 with the answer filled (or x->error set: 500). --- */

int gate_head(struct exchange *x);
int gate_route(struct exchange *x);
int gate_key(struct exchange *x);
int gate_body(struct exchange *x);

/* --- body.c --- */

/* Reads the body into memory, or an upload into a file. As above. */
int body_read(struct exchange *x);

/* --- deadline.c: civetweb goes on waiting as long as a byte comes now and then, so somebody else looks at the clock --- */

int deadlines_start(struct server *server, struct error *error) MUST_CHECK;
void deadlines_end(struct server *server);
void deadline_enlist(struct exchange *x);
void deadline_strike(struct exchange *x); /* also of one that never was enlisted */
void deadline_enter(struct exchange *x, enum phase phase, int64_t deadline_ms);
bool deadline_cut(struct exchange *x);    /* whether it was */

/* --- stream.c --- */

/* Sends events behind the head until there are no more, the client is gone or too slow, or the service is stopping. */
void stream_send(struct exchange *x);
/* True where it may begin; else the answer is 503. To be ended in any case. */
bool stream_begin(struct exchange *x);
void stream_end(struct exchange *x);

/* --- socket.c: descriptors, which civetweb does not tell --- */

void socket_raise_limit(uint64_t connections);
int socket_of(const struct exchange *x);  /* -1: not found */
int socket_listening(unsigned port);      /* -1: not found */
void socket_hang_up(int listener);
/* Closing with bytes unread resets the connection, and the answer is lost with it: what comes is thrown away for a moment. Then nothing more can
 * come, since civetweb would wait for the rest of the body. */
void socket_linger(const struct exchange *x);

#endif
