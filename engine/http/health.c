/* health.c - whether the service lives, and whether it can do its work: from memory alone.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>

#include "engine/http/measure.h"
#include "engine/http/openapi.h"
#include "engine/http/parts.h"

static int get_health(struct service *service, const struct http_request *request, struct http_answer *answer, struct error *error)
{
	(void)service;
	(void)request;
	return buffer_puts(&answer->body, "{\"status\":\"ok\"}\n", error);
}

static int get_ready(struct service *service, const struct http_request *request, struct http_answer *answer, struct error *error)
{
	char why[256] = "";

	(void)request;
	if (atomic_load(&service->stopping)) {
		answer_problem(answer, 503, "the service is stopping");
		return answer_header(answer, error, "Retry-After", "5");
	}
	if (!ingest_room_ready(service->ingest, why, sizeof(why))) {
		answer_problem(answer, 503, "%s", why);
		return answer_header(answer, error, "Retry-After", "1");
	}
	return buffer_puts(&answer->body, "{\"status\":\"ready\"}\n", error);
}

static int get_metrics(struct service *service, const struct http_request *request, struct http_answer *answer, struct error *error)
{
	struct measured_now now = {0};

	(void)request;
	runs_room_counts(service, &now.running, &now.waiting);
	server_load(service->server, &now.requests, &now.body_bytes);
	measure_now(service->metrics, &now);
	for (size_t i = 0; i < service_pipeline_count(service); i++)
		if (service_next_run(service, i) > 0)
			measure_next(service->metrics, pipeline_plan(service_pipeline(service, i))->name, service_next_run(service, i));
	answer->content_type = "text/plain; version=0.0.4; charset=utf-8";
	return metrics_write(service->metrics, &answer->body, error);
}

static int get_openapi(struct service *service, const struct http_request *request, struct http_answer *answer, struct error *error)
{
	(void)request;
	return openapi_write(service, &answer->body, error);
}

const struct route routes_of_health[] = {
	{.method = "GET", .pattern = "/healthz", .summary = "Whether the service lives", .handle = get_health},
	{.method = "GET", .pattern = "/readyz", .summary = "Whether the service can do its work", .handle = get_ready},
	{.method = "GET", .pattern = "/metrics", .verb = VERB_ANY, .summary = "Counters for Prometheus", .handle = get_metrics},
	{.method = "GET", .pattern = "/openapi.json", .verb = VERB_ANY, .summary = "This description", .handle = get_openapi},
	{.method = NULL},
};
