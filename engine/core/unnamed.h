/* unnamed.h - a temporary file without a name.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CORE_UNNAMED_H
#define PENSTOCK_CORE_UNNAMED_H

#include "engine/core/error.h"

/* A file in TMPDIR (or /tmp) that has no name from its beginning, or is unlinked at once: mode 0600, closed on exec, dead with its last
 * descriptor. Returns the descriptor, or -1 and ERROR_RESOURCE naming the folder and what it is for ("the temporary file of rejects"). */
int unnamed_open(const char *what, struct error *error) MUST_CHECK;

#endif
