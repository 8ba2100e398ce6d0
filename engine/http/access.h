/* access.h - the log of the service: one JSON object a line on stderr.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_HTTP_ACCESS_H
#define PENSTOCK_HTTP_ACCESS_H

#include <stdint.h>

#include "engine/core/error.h"

struct access {
	int64_t begun_us;       /* since 1970 */
	int64_t took_us;
	const char *client, *key, *method, *path; /* NULL: not known */
	int status;
	uint64_t received, sent;
	const struct error *error; /* set: what went wrong, for whoever runs the service */
};

void access_log(const struct access *access);

/* An event of the service itself: {"time":...,"event":EVENT,KEY:VALUE}; key may be NULL. */
void access_event(const char *event, const char *key, const char *value);

#endif
