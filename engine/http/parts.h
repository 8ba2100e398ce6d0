/* parts.h - what the files of this room share beyond service.h: the service itself, its gate, its workers.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_HTTP_PARTS_H
#define PENSTOCK_HTTP_PARTS_H

#include <stdatomic.h>

#include "engine/core/metrics.h"
#include "engine/http/access.h"
#include "engine/http/rate.h"
#include "engine/http/server.h"
#include "engine/http/service.h"
#include "engine/http/workers.h"

/* A service is what one reading of the serve file and its pipelines has made. A reload makes another, which takes over what lasts: threads, runs under way,
 * schedule, figures. Requests stay with the one that they began with. */
struct service {
	const struct serve_file *file;
	unsigned users;                /* requests under way; under the server's lock */
	bool passed_on;                /* what lasts belongs to another one */
	struct service_limits limits;  /* workers is never 0 here */
	struct pipeline **pipelines;
	bool *replaces;                /* a sink of it replaces what a table holds */
	size_t pipeline_count;
	struct rates *rates;
	struct workers *workers;
	struct ingest_room *ingest;
	struct runs_room *runs;
	struct schedule_room *schedule;
	struct metrics *metrics;
	const struct server *server;   /* that listens for it; NULL before and behind that */
	struct cancel cancel;
	atomic_bool stopping;          /* nothing new is accepted */
	atomic_bool verifying;         /* a backup: one at a time */
};


/* All routes of all rooms; NULL at the end. */
extern const struct route *const routes_of_all[];

/* --- answer.c --- */

enum { ANSWER_MAX = 1 << 30 };
void answer_init(struct http_answer *answer);
void answer_fini(struct http_answer *answer);
const char *status_title(int status);

/* --- target.c: what a request is addressed to --- */

enum { TARGET_MAX = 16384 };

/* The route of a method and a raw path; the parts of its pattern, decoded, go to values, the decoded path to path, both kept in
 * text (which has room for TARGET_MAX bytes; the path has no more). NULL: *status is 400, 404 or 405, and then allow has the methods that the path
 * knows. HEAD finds GET. */
enum { ALLOW_SIZE = 64 };
const struct route *target_route(const char *method, const char *raw, struct http_request *request, char *text, int *status,
	char allow[ALLOW_SIZE]);

/* Splits and decodes a query within text (at least its length + 1). Returns 0, or -1: not decodable, a name twice, too many. */
int target_query(const char *raw, struct http_request *request, char *text);

/* --- auth.c: who is asking, and from where --- */

/* The key whose text this is, or NULL. Takes as long for each text: every key is compared. */
const struct serve_key *auth_key(const struct serve_file *file, const char *text);
bool auth_scope(const struct serve_key *key, enum verb verb, const char *pipeline);
/* True for a Host header that names the listen address, localhost or one of `hosts`. */
bool auth_host(const struct serve_file *file, const char *host);
/* True for an Origin that is the Host itself or one of `hosts`. */
bool auth_origin(const struct serve_file *file, const char *origin, const char *host);

/* --- depth.c --- */

#endif
