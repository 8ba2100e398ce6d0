/* openapi_answers.h - what the routes answer, and what they take beside their paths, for the description of the service.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_HTTP_OPENAPI_ANSWERS_H
#define PENSTOCK_HTTP_OPENAPI_ANSWERS_H

#include <jansson.h>

#include "engine/http/service.h"

/* A new object with the schema of each answer by its name; NULL where memory ran out. */
json_t *openapi_answer_schemas(void);
/* Appends the parameters in query and head of a route. 0, or -1 out of memory. */
int openapi_add_parameters(const struct route *route, json_t *parameters);
/* A new responses object of a route; NULL where memory ran out. */
json_t *openapi_responses(const struct route *route);

#endif
