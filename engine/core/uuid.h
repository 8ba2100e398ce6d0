/* uuid.h - identifiers of runs: UUID version 7 (RFC 9562), sortable by time.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CORE_UUID_H
#define PENSTOCK_CORE_UUID_H

#include "engine/core/error.h"

/* 36 characters and a NUL. Returns 0, or -1 when the system gives no random bytes. */
int uuid_v7(char out[37], struct error *error) MUST_CHECK;

#endif
