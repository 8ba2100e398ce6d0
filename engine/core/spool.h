/* spool.h - rejects of a step that commits once, kept in an unlinked file until its end.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The file has no name from its beginning (O_TMPFILE, or unlinked at once), mode 0600, in TMPDIR; it dies with the process.
 */
#ifndef PENSTOCK_CORE_SPOOL_H
#define PENSTOCK_CORE_SPOOL_H

#include "engine/core/reject.h"

struct spool;

/* ceiling: bytes (limits.reject_spool). NULL and ERROR_RESOURCE naming the folder. */
struct spool *spool_new(uint64_t ceiling, struct error *error) MUST_CHECK;
void spool_free(struct spool *spool);

/* Copies the reject. Beyond the ceiling ERROR_REJECTS; a full disk is ERROR_RESOURCE. */
int spool_add(struct spool *spool, const struct reject *reject, struct error *error) MUST_CHECK;

uint64_t spool_count(const struct spool *spool);

/* Forgets all but the first count rejects; nothing may be added afterwards. */
void spool_cut(struct spool *spool, uint64_t count);

/* From the first reject again. */
int spool_rewind(struct spool *spool, struct error *error) MUST_CHECK;
/* 1 and the next reject (valid until the next call), 0 at the end, -1 and error. */
int spool_next(struct spool *spool, struct reject *out, struct error *error) MUST_CHECK;

#endif
