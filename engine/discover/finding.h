/* finding.h - what was found out about one file, on the way from its bytes to a dictionary.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Private to engine/discover. csv.c finds out, package.c makes the descriptor of it, about.c says in words what was seen.
 */
#ifndef PENSTOCK_DISCOVER_FINDING_H
#define PENSTOCK_DISCOVER_FINDING_H

#include "engine/discover/csv.h"
#include "engine/discover/describe.h"
#include "engine/discover/header.h"
#include "engine/discover/titles.h"

enum { KEY_LENGTH_MAX = 64 }; /* characters of a text that serves as a key */

struct finding {
	const struct discover_csv *how;
	struct discovered_csv *out;
	struct scan scan;
	struct header_found header;
	struct titles titles;
	char encoding[32]; /* empty: UTF-8, or what the byte order mark says */
	char marked[16];   /* that a byte order mark names; or empty */
	bool recoded;      /* the sample has characters beyond ASCII that are good UTF-8 */
	bool trim;
	struct described *columns;
	size_t key;        /* SIZE_MAX: none */
};

/* Records with fewer cells than others, or with more. */
static inline bool finding_is_short(const struct finding *finding)
{
	return finding->scan.profiles[finding->scan.columns - 1].absent > 0;
}

static inline bool finding_is_long(const struct finding *finding)
{
	return finding->scan.most > finding->scan.columns;
}

/* Fills out->package and out->source. */
int finding_package(struct finding *finding, struct error *error) MUST_CHECK;
/* Fills out->about. */
int finding_tell(struct finding *finding, struct error *error) MUST_CHECK;

#endif
