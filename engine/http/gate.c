/* gate.c - what a request must pass before its body is read.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/core/clock.h"
#include "engine/http/exchange.h"

/* --- heads --- */

/* "Name : value" (RFC 9112, 5.1: to be refused). civetweb takes the space away: zeros stand in its place and in that of the colon. */
static bool is_spaced(const struct http_pair *header)
{
	const char *end = header->name + strlen(header->name);

	return header->value > end + 1 && end[1] == '\0';
}

/* civetweb takes more for a header than RFC 9112 does, such as brackets in its name. Somebody in front of us may read such a head differently, and
 * find another end of the body. */
static int check_form(struct exchange *x)
{
	for (size_t i = 0; i < x->header_count; i++) {
		const char *name = x->headers[i].name, *value = x->headers[i].value;
		size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~");

		while (((unsigned char)*value >= ' ' && *value != 127) || *value == '\t')
			value++;
		if (length > 0 && !name[length] && !*value && !is_spaced(&x->headers[i]))
			continue;
		x->unframed = true;
		return REFUSE(x, 400, "header %zu has a name or a value that no header may have", i + 1);
	}
	return 0;
}

static int check_length(struct exchange *x)
{
	size_t count, codings;
	const char *length = exchange_header(x, "Content-Length", &count), *coding = exchange_header(x, "Transfer-Encoding", &codings), *expect;
	char *end;

	x->unframed = codings > 0 || count > 1;
	if (codings > 0 && count > 0)
		return REFUSE(x, 400, "Content-Length and Transfer-Encoding in one request");
	if (codings > 0 && strcasecmp(coding, "chunked") != 0) /* of others than identity civetweb says the same */
		return REFUSE(x, 400, "this Transfer-Encoding is not supported: send the body with a Content-Length");
	if (codings > 0)
		return REFUSE(x, 411, "a body needs a Content-Length; chunked bodies are not supported");
	if (count > 1)
		return REFUSE(x, 400, "more than one Content-Length");
	if (count == 1) {
		if (!length[0] || length[strspn(length, "0123456789")] || strlen(length) > 18) {
			x->unframed = true;
			return REFUSE(x, 400, "Content-Length is not a number");
		}
		x->length = strtoull(length, &end, 10);
	}
	expect = exchange_header(x, "Expect", &count);
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

	snprintf(x->client, sizeof(x->client), "%s", x->peer);
	x->request.client = x->client;
	/* Without keys whoever the proxy lets in could do everything. */
	if (!file->behind_proxy || file->key_count == 0) {
		for (size_t i = 0; i < x->header_count; i++)
			if (strcasecmp(x->headers[i].name, forwarded[0]) == 0 ||
				strncasecmp(x->headers[i].name, "X-Forwarded-", 12) == 0)
				return REFUSE(x, 403, "%s: %s is refused (keys and behind_proxy: true in the serve file allow it)",
					file->key_count ? "this service is not behind a proxy" : "this service has no keys, so it serves this machine alone",
					x->headers[i].name);
		return 0;
	}
	value = exchange_header(x, forwarded[1], &count);
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

	x->host = exchange_header(x, "Host", &count);
	if (count != 1)
		return REFUSE(x, 400, count ? "more than one Host" : "Host is missing");
	if (!auth_host(x->service->file, x->host))
		return REFUSE(x, 403, "this Host is not the listen address, localhost, or one of `hosts` in the serve file");
	origin = exchange_header(x, "Origin", &count);
	if (count > 1 || (origin && !auth_origin(x->service->file, origin, x->host)))
		return REFUSE(x, 403, "requests from pages of this Origin are refused");
	return 0;
}

int gate_head(struct exchange *x)
{
	if (x->header_count >= EXCHANGE_HEADERS_MAX) {
		/* Those beyond are not seen; one of them could matter. */
		x->unframed = true;
		return REFUSE(x, 431, "a request has less than %d headers", EXCHANGE_HEADERS_MAX);
	}
	if (check_form(x) < 0 || check_client(x) < 0 || check_length(x) < 0 || check_host(x) < 0)
		return -1;
	return 0;
}

/* --- the route, its values, the query --- */

int gate_route(struct exchange *x)
{
	const char *raw = x->raw_path, *query = x->raw_query;
	char allow[ALLOW_SIZE];
	size_t count;
	int status;

	if (!raw || strlen(raw) > TARGET_MAX || (query && strlen(query) > TARGET_MAX))
		return REFUSE(x, 400, "the address is too long"); /* than a head may be */
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
	x->request.if_none_match = exchange_header(x, "If-None-Match", &count);
	x->request.idempotency_key = exchange_header(x, "Idempotency-Key", &count);
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
	rate_failures(x->service->rates, x->client, true, clock_elapsed_us(), &x->rate);
	if (!x->rate.allowed)
		return too_many(x);
	answer_problem(&x->answer, 401, "%s", why);
	(void)!answer_header(&x->answer, &x->error, "WWW-Authenticate", "Bearer realm=\"penstock\"");
	return -1;
}

int gate_key(struct exchange *x)
{
	const struct serve_file *file = x->service->file;
	size_t bearers, keys, index = SIZE_MAX;
	const char *bearer = exchange_header(x, "Authorization", &bearers), *text = exchange_header(x, "X-API-Key", &keys);
	const char *pipeline = strchr(x->route->pattern, '{') && strncmp(x->route->pattern, "/v1/runs/", 9) != 0 ? x->request.values[0] : NULL;
	enum verb verb = x->route->verb;

	if (verb == VERB_NONE)
		return 0;
	if (file->key_count > 0) {
		rate_failures(x->service->rates, x->client, false, clock_elapsed_us(), &x->rate);
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
	rate_request(x->service->rates, index, x->client, clock_elapsed_us(), &x->rate);
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

/* --- what the head says of the body --- */

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

/* Who may upload nothing at all fills no disk with what the handler would refuse. */
static int may_upload(struct exchange *x)
{
	const struct service *service = x->service;

	for (size_t i = 0; i < service->pipeline_count; i++)
		if (service_may(service, &x->request, VERB_UPLOAD, pipeline_plan(service->pipelines[i])->name))
			return 0;
	if (service->file->key_count == 0)
		return deny(x, "mended rows are an upload, which needs a key: the serve file has none");
	return REFUSE(x, 403, "this key has no scope upload:PIPELINE, which mended rows need");
}

int gate_body(struct exchange *x)
{
	const struct service_limits *limits = &x->service->limits;
	enum body_kind kind = x->route->body;
	size_t count;
	const char *type = exchange_header(x, "Content-Type", &count), *coding;
	bool upload = x->uploads = kind == BODY_UPLOAD || (kind == BODY_JSON_OR_UPLOAD && type && is_type(type, "text/csv"));
	uint64_t most = upload ? limits->upload : limits->body;

	if (kind == BODY_NONE) {
		if (x->length > 0)
			return REFUSE(x, 413, "no body belongs here");
		return 0;
	}
	if (count > 1)
		return REFUSE(x, 400, "more than one Content-Type");
	coding = exchange_header(x, "Content-Encoding", &count);
	if (count > 0 && (count > 1 || strcasecmp(coding, "identity") != 0))
		return REFUSE(x, 415, "bodies with a Content-Encoding are not supported: send it as it is");
	if (!upload && (type ? !is_type(type, "application/json") : x->length > 0))
		return REFUSE(x, 415, kind == BODY_JSON ? "the body must be application/json" : "the body must be text/csv or application/json");
	if (upload && type && !is_type(type, "text/csv") && !is_type(type, "application/octet-stream"))
		return REFUSE(x, 415, "the body must be text/csv");
	if (upload && x->length == 0)
		return REFUSE(x, 411, "an upload needs a Content-Length above 0");
	if (x->length > most)
		return REFUSE(x, 413, "the body has %llu bytes; the limit is %llu (limits.%s in the serve file)", (unsigned long long)x->length,
			(unsigned long long)most, upload ? "upload" : "body");
	return upload && kind != BODY_UPLOAD ? may_upload(x) : 0;
}
