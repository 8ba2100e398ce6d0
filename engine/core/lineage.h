/* lineage.h - where OpenLineage events of runs go; what files and arguments may say of that.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CORE_LINEAGE_H
#define PENSTOCK_CORE_LINEAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/error.h"

enum { LINEAGE_TIMEOUT_MS = 5000, LINEAGE_HEADERS_MAX = 32 };

struct lineage_target {
	const char *url;            /* each event is posted to it; secret; NULL: to none */
	const char *file;           /* to which each event is appended, one JSON object a line; NULL: to none */
	const char *job_namespace;  /* of the jobs */
	const char *const *headers; /* "Name: value", secret; NULL at the end, or NULL: none */
	int64_t timeout_ms;         /* for one event */
};

static inline bool lineage_wanted(const struct lineage_target *target)
{
	return target->url || target->file;
}

/* Either a file or an address of the web without user and password, and headers that are such. ERROR_CONFIG without a place. */
int lineage_target_check(const struct lineage_target *target, struct error *error) MUST_CHECK;

#endif
