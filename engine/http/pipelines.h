/* pipelines.h - GET /v1/pipelines: what this service can be asked for.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_HTTP_PIPELINES_H
#define PENSTOCK_HTTP_PIPELINES_H

#include "engine/http/service.h"

/* A handler (see struct route). */
int pipelines_get(struct service *service, const struct http_request *request, struct http_answer *answer, struct error *error);

#endif
