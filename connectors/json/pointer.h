/* pointer.h - to the array that a JSON pointer (RFC 6901) names within a document, and from its end to that of the document.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONNECTORS_JSON_POINTER_H
#define PENSTOCK_CONNECTORS_JSON_POINTER_H

#include "connectors/json/stream.h"

enum { JSON_POINTER_MAX = 32 }; /* tokens */

struct json_pointer {
	const char *text;               /* as given; borrowed */
	char *tokens;                   /* all of them, unescaped, each with a NUL */
	const char *token[JSON_POINTER_MAX];
	bool object[JSON_POINTER_MAX];  /* entered so far: what each token was looked for in */
	size_t count;
};

/* "" is the document itself. ERROR_CONFIG, naming place. Call fini also after a failure. */
int json_pointer_init(struct json_pointer *pointer, const char *text, const char *place, struct error *error) MUST_CHECK;
void json_pointer_fini(struct json_pointer *pointer);

/* From the beginning of the document to behind the [ of the array. ERROR_SOURCE where there is none. */
int json_pointer_enter(struct json_pointer *pointer, struct json_stream *stream, struct error *error) MUST_CHECK;

/* From the beginning of the document to the value, whatever it is. 1; 0 where the pointer leads nowhere; -1 and error. */
int json_pointer_seek(struct json_pointer *pointer, struct json_stream *stream, struct error *error) MUST_CHECK;

/* From behind the ] of the array to the end of the file. ERROR_SOURCE where the rest is no JSON, has a key of the way a second time, or does not end
 * with the document. */
int json_pointer_leave(const struct json_pointer *pointer, struct json_stream *stream, struct error *error) MUST_CHECK;

#endif
