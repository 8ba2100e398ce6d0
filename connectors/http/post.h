/* post.h - sends a JSON text to an address of the web, once.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONNECTORS_HTTP_POST_H
#define PENSTOCK_CONNECTORS_HTTP_POST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/error.h"

/* Whether it has been waited for long enough, before timeout_ms is over: asked several times a second at best, once at worst. */
struct post_patience {
	bool (*enough)(void *arg);
	void *arg;
};

/* POSTs length bytes as application/json, with further headers ("Name: value", NULL at the end; or NULL). No redirect is followed, certificates are
 * checked, and what is answered is dropped. The address itself, which often is a secret, appears in no message. -1 and error (ERROR_CONFIG: not an address, or a build without libcurl; ERROR_SOURCE: not reached within timeout_ms, or a
 * status other than 2xx). patience may be NULL. */
int http_post(const char *url, const char *const *headers, const char *json, size_t length, int64_t timeout_ms, const struct post_patience *patience,
	const char *place, struct error *error) MUST_CHECK;

#endif
