/* request_load.h - a pipeline with the params that a request gives it: loaded anew for each request, since a plan has its values in it.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_HTTP_REQUEST_LOAD_H
#define PENSTOCK_HTTP_REQUEST_LOAD_H

#include "engine/http/service.h"

enum { REQUEST_VALUE_MAX = 4096 /* bytes of a value */, REQUEST_PARAMS_MAX = 64 /* that one request sets */ };

struct request_params {
	struct http_pair pairs[REQUEST_PARAMS_MAX]; /* borrowed */
	size_t count;
};

/* Whether a file that was loaded again is the pipeline that keys and schedules know by its name. -1 and error where it has another one by now. */
int request_same_name(const struct plan *plan, const struct plan *known, struct error *error) MUST_CHECK;

/* Loads the pipeline file again with these values. Returns 1 and *out; 0 where the answer says 422 and why, naming the param; -1 and
 * error where the file itself cannot be loaded any more. */
int request_load(const struct service *service, size_t pipeline, const struct request_params *params, struct pipeline **out,
	struct http_answer *answer, struct error *error) MUST_CHECK;

/* Appends a text that a client gets, in which the pipeline's file is named without its folder, which is nobody's business. 0, or -1 and error. */
int append_without_folder(const struct plan *plan, const char *text, size_t length, struct buffer *out, struct error *error) MUST_CHECK;

/* What a pipeline is asked for: a report answers with its rows, an ingest pipeline takes them, all else runs. */
enum pipeline_kind { PIPELINE_RUN = 0, PIPELINE_REPORT, PIPELINE_INGEST };
enum pipeline_kind pipeline_kind_of(const struct plan *plan);

/* True where the run would replace what a table holds. */
bool pipeline_replaces(const struct plan *plan);

/* A number in a query within minimum..maximum; fallback where it is not there. 0; or -1 and the answer says 422. */
int query_number(const struct http_request *request, const char *name, uint64_t minimum, uint64_t maximum, uint64_t fallback,
	uint64_t *out, struct http_answer *answer);

/* NULL where the query has none of that name. */
const char *query_find(const struct http_request *request, const char *name);

/* True when the query has no other names than these (NULL at the end); else the answer says 422 and which. */
bool query_only(const struct http_request *request, const char *const *names, struct http_answer *answer);

#endif
