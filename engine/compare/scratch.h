/* scratch.h - an empty SQLite database in a folder of its own that nobody else can look into.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_COMPARE_SCRATCH_H
#define PENSTOCK_COMPARE_SCRATCH_H

#include "engine/core/error.h"

struct scratch {
	char *folder;  /* 0700, below $TMPDIR or /tmp; NULL: not made */
	char *connect; /* connection string */
};

/* ERROR_RESOURCE where the folder cannot be made. scratch_close in any case. */
int scratch_open(struct scratch *scratch, struct error *error) MUST_CHECK;
/* Removes the folder with everything in it. */
void scratch_close(struct scratch *scratch);

#endif
