/* json_put.c - answers of JSON.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/http/json_put.h"

#include <stdlib.h>

#include "engine/http/parts.h"

enum { RETRY_SECONDS = 5 };

int answer_json(struct http_answer *answer, int status, json_t *object, int failed, struct error *error)
{
	char *text = object && !failed ? json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6)) : NULL;
	int result = -1;

	json_decref(object);
	if (!text)
		return error_memory(error, "an answer");
	buffer_clear(&answer->body);
	if (buffer_puts(&answer->body, text, error) == 0 && buffer_puts(&answer->body, "\n", error) == 0) {
		answer->status = status;
		answer->content_type = "application/json";
		result = 0;
	}
	free(text);
	return result;
}

int answer_trouble(struct http_answer *answer, struct error *error)
{
	if (!error->retry && error->kind != ERROR_SINK && error->kind != ERROR_BUSY && error->kind != ERROR_CANCELLED)
		return -1;
	answer_problem(answer, 503, "the database cannot be had now, or is locked; try again");
	error_clear(error);
	return answer_header(answer, error, "Retry-After", "%d", RETRY_SECONDS);
}
