/* service.h - the HTTP service: what a request is, what an answer is, and which handler makes one of the other.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   civetweb thread: reads the head, checks Host, Origin, key, scope and limits, reads the body into memory (or streams an upload into the spool)
 *     -> a bounded queue -> worker thread of our own (8 MiB stack): the handler -> civetweb thread: writes the answer
 *
 * server.c alone includes <civetweb.h>. A handler knows nothing of sockets.
 */
#ifndef PENSTOCK_HTTP_SERVICE_H
#define PENSTOCK_HTTP_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/config/load.h"
#include "engine/config/serve.h"
#include "engine/core/buffer.h"
#include "engine/core/cancel.h"
#include "engine/core/error.h"

enum { HTTP_VALUES_MAX = 4, HTTP_HEADERS_MAX = 8, HTTP_QUERY_MAX = 64 };

struct http_pair {
	const char *name;
	const char *value;
};

struct http_request {
	const char *method;
	const char *path;                           /* decoded, without the query */
	const char *values[HTTP_VALUES_MAX];        /* of the {parts} of the route's pattern, decoded; in order */
	struct http_pair query[HTTP_QUERY_MAX];     /* decoded; twice the same name is 400 before any handler */
	size_t query_count;
	const char *idempotency_key;                /* NULL: none; 1 to 255 visible ASCII characters */
	const char *if_none_match;                  /* as sent; NULL: not there */
	const char *key_name;                       /* of the API key; NULL where none is needed */
	const char *client;                         /* address, for the access log */
	const char *body;                           /* body_length bytes; terminated */
	size_t body_length;
	int upload;                                 /* an upload: the body as a file without a name (0600, in TMPDIR; linkat can give it one), read from its
	                                             * beginning; closed behind the handler; body is empty, body_length the file's. Else -1 */
	struct cancel *cancel;                      /* set when the service is told to stop at once */
};

/* What goes on behind the head of an answer, event by event, in text/event-stream; malloc'd, and freed with its answer. */
struct service;
struct http_stream {
	/* Appends the next event, if there is one, or sets ended. Called a few times a second, by a worker. -1 and error end it. */
	int (*next)(struct service *service, struct http_stream *stream, struct cancel *cancel, struct buffer *out, struct error *error);
	char id[40];
	struct buffer last;  /* what was sent last */
	int64_t looked_ms;
	bool ended;
};

struct http_answer {
	int status;
	const char *content_type;                   /* static; "application/json" by default */
	struct buffer body;
	const unsigned char *fixed;                 /* bytes that outlive every answer, instead of body; NULL: body */
	size_t fixed_length;
	struct http_stream *stream;                 /* NULL: the answer is whole as it is */
	struct http_pair headers[HTTP_HEADERS_MAX]; /* values are copied by answer_header */
	size_t header_count;
};

/* Adds a header; value is printf-like. 0 or -1 (too many, out of memory). */
int answer_header(struct http_answer *answer, struct error *error, const char *name, const char *format, ...)
	PRINTF_LIKE(4, 5) MUST_CHECK;

/* application/problem+json (RFC 9457): type "about:blank", title of the status, detail. Replaces what the answer held. */
void answer_problem(struct http_answer *answer, int status, const char *format, ...) PRINTF_LIKE(3, 4);

enum verb { VERB_NONE = 0 /* no key needed */, VERB_ANY /* any key, where there are keys */, VERB_INGEST, VERB_RUN, VERB_READ, VERB_REPORT,
	VERB_UPLOAD, VERB_CANCEL };
enum body_kind { BODY_NONE = 0, BODY_JSON, BODY_UPLOAD, BODY_JSON_OR_UPLOAD /* by its Content-Type */ };

struct service; /* pipelines, keys, limits, run manager, ingest lanes */

struct route {
	const char *method;
	const char *pattern;     /* "/v1/ingest/{pipeline}/{table}" */
	enum verb verb;          /* the scope is VERB:PIPELINE, PIPELINE being the first {part}; handlers of /v1/runs/{id} ask service_may themselves */
	enum body_kind body;
	const char *summary;     /* for /openapi.json */
	/* Fills the answer. -1 and error: 500, logged, with nothing of it in the answer. */
	int (*handle)(struct service *service, const struct http_request *request, struct http_answer *answer, struct error *error);
};

/* Each room's routes, ending with a NULL method; server.c puts them together. */
extern const struct route routes_of_health[];  /* health.c: /healthz /readyz /openapi.json */
extern const struct route routes_of_ingest[];  /* ingest.c */
extern const struct route routes_of_runs[];    /* runs.c: /v1/pipelines, /v1/runs..., uploads */
extern const struct route routes_of_reports[]; /* reports.c */
extern const struct route routes_of_replay[];  /* replay.c */
extern const struct route routes_of_plan[];    /* plan_text.c */
extern const struct route routes_of_events[];  /* events.c */
extern const struct route routes_of_dictionary[]; /* dictionary.c */
extern const struct route routes_of_console[]; /* console.c: / and /console/{file} */

/* True when the key of the request (or the want of one) may do that to that pipeline. */
bool service_may(const struct service *service, const struct http_request *request, enum verb verb, const char *pipeline);

/* The pipelines named in the serve file, by index; loaded and valid, their params at their defaults. */
size_t service_pipeline_count(const struct service *service);
const struct pipeline *service_pipeline(const struct service *service, size_t index);
/* SIZE_MAX where there is none of that name. */
size_t service_find_pipeline(const struct service *service, const char *name);

/* What the rooms keep in the service; made at start, before any request, and closed at the end, in the opposite order. */
struct ingest_room;
struct runs_room;
struct ingest_room *service_ingest(const struct service *service);
struct runs_room *service_runs(const struct service *service);

/* ingest.c. before: the room of the service that this one takes the place of, or NULL: sessions with a database for whose pipelines nothing has changed are
 * shared with it. */
int ingest_room_open(struct service *service, const struct ingest_room *before, struct ingest_room **out, struct error *error) MUST_CHECK;
void ingest_room_cancel(struct ingest_room *room, int signal); /* what its sessions do, also for another room; NULL is fine */
void ingest_room_close(struct ingest_room *room); /* waits for what was accepted */
bool ingest_room_ready(const struct ingest_room *room, char *why, size_t size); /* for /readyz; from memory alone */
int runs_room_open(struct service *service, struct runs_room **out, struct error *error) MUST_CHECK; /* runs.c */
void runs_room_close(struct runs_room *room);     /* cancels what runs, waits */

struct schedule_room;
int schedule_room_open(struct service *service, struct schedule_room **out, struct error *error) MUST_CHECK; /* scheduled.c */
/* The room of the service before becomes that of this one, at once; or -1 and error, and nothing has changed. */
int schedule_room_pass(struct service *service, const struct service *before, struct error *error) MUST_CHECK;
void schedule_room_close(struct schedule_room *room); /* nothing is started from now on */
/* When a pipeline comes next by its schedule, in seconds since 1970; 0: it has none. */
int64_t service_next_run(const struct service *service, size_t pipeline);

/* Starts a run of a pipeline with its params at their defaults, as its file is now; for the schedule. */
int runs_room_start(struct service *service, size_t pipeline, struct error *error) MUST_CHECK; /* runs.c */
void runs_room_counts(const struct service *service, size_t *running, size_t *queued);
bool runs_room_busy(const struct service *service, size_t pipeline); /* a run of it goes on or waits */

/* Where what happens is counted; never NULL once the service is started. */
struct metrics;
struct metrics *service_metrics(const struct service *service);

/* Of the serve file. */
const struct service_limits *service_limits(const struct service *service);

#endif
