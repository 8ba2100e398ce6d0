/* runid.h - what the name of a backup's folder must be: the id of a run, a UUID of version 7 in lower case.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_AVRO_RUNID_H
#define PENSTOCK_AVRO_RUNID_H

#include <stdbool.h>
#include <stdint.h>

/* True where text is one; *ms (may be NULL) is its time, milliseconds since 1970. Such ids are ordered as their texts are. */
bool runid_read(const char *text, int64_t *ms);

#endif
