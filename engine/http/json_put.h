/* json_put.h - answers of JSON.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_HTTP_JSON_PUT_H
#define PENSTOCK_HTTP_JSON_PUT_H

#include "engine/core/json_object.h"
#include "engine/http/service.h"

/* The answer becomes the object, which is taken, with that status. -1 and error where it is NULL, failed is not 0, or memory ran out. */
int answer_json(struct http_answer *answer, int status, json_t *object, int failed, struct error *error) MUST_CHECK;

/* What the world did, as an answer: 503 with Retry-After where the database cannot be had now. Else -1, and the error stays. */
int answer_trouble(struct http_answer *answer, struct error *error) MUST_CHECK;

#endif
