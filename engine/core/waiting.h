/* waiting.h - records whose parent is a record of the same table that has not come yet, kept in an unlinked file until the end of the source.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A record is kept as its batch had it: what it was read from, its typed cells, and what is wrong with it so far. Its ticket is its place in the
 * file, so that tickets ascend in source order, and nothing in memory grows with the number of records.
 * The file has no name, mode 0600, in TMPDIR; it dies with the process.
 */
#ifndef PENSTOCK_CORE_WAITING_H
#define PENSTOCK_CORE_WAITING_H

#include "engine/core/batch.h"

struct waiting;

/* capacity: rows of the batches that records come back in; ceiling: bytes (limits.reject_spool). NULL and ERROR_RESOURCE naming the folder. */
struct waiting *waiting_new(size_t capacity, uint64_t ceiling, struct error *error) MUST_CHECK;
void waiting_free(struct waiting *waiting);

/* Takes the rows that are ROW_WAITING, with their violations: to the batch they are ROW_ASIDE from now on. Beyond the ceiling ERROR_REJECTS; a
 * full disk is ERROR_RESOURCE. */
int waiting_put(struct waiting *waiting, struct batch *batch, struct error *error) MUST_CHECK;

/* Records that were put. */
uint64_t waiting_count(const struct waiting *waiting);

/* From the first record again; nothing is put any more. */
int waiting_rewind(struct waiting *waiting, struct error *error) MUST_CHECK;
/* 1 and the ticket of the next record, 0 at the end, -1 and error. */
int waiting_next(struct waiting *waiting, uint64_t *ticket, struct error *error) MUST_CHECK;

/* Adds the record to a batch of the same schemas (of the table behind a transform, then turned already) that has room for a row: its status is
 * ROW_LIVE, or ROW_REJECTED where something is wrong with it already. The batch's `places` are borrowed from waiting. */
int waiting_get(struct waiting *waiting, uint64_t ticket, struct batch *batch, struct error *error) MUST_CHECK;
/* Takes back the last row of the batch, which waiting_get has added. */
void waiting_unget(struct waiting *waiting, struct batch *batch);

#endif
