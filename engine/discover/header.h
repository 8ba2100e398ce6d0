/* header.h - whether the first record of a file is its header, and what its columns are called.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_DISCOVER_HEADER_H
#define PENSTOCK_DISCOVER_HEADER_H

#include "engine/discover/scan.h"

struct header_found {
	bool there;
	bool sure;      /* types of the columns say so */
	bool as_it_is;  /* its labels can be names as they stand; otherwise the file is read past them */
	char **names;   /* scan->columns names, each another one whatever its letters' case */
	size_t count;
};

/* wanted: 1: there is one, -1: there is none, 0: find out. Where there is none, the first record goes into the profiles. Returns 0 or -1
 * (out of memory). Fini it also after a failure. */
int header_find(struct scan *scan, int wanted, struct header_found *out, struct error *error) MUST_CHECK;
void header_found_fini(struct header_found *found);

#endif
