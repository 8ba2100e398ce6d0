/* waiters.h - which records wait for which key, and those whose key has come, in the order in which they are tried again. Over SQLite.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Records are tickets, ascending in source order; keys are hashes of 64 bits: should two keys have the same one, a record is tried in vain and waits
 * again. The order is that of passes over all records that wait, one after the other, each in source order: a key that comes in a
 * pass wakes the records behind it in the same pass, and those before it in the next one. No pass is made for it: a record is only
 * touched when its key has come.
 * One temporary file, unlinked at once, with a bounded cache, so memory stays flat at any number of records.
 */
#ifndef PENSTOCK_RULES_WAITERS_H
#define PENSTOCK_RULES_WAITERS_H

#include <stdint.h>

#include "engine/core/error.h"

struct waiters;

/* NULL and error. */
struct waiters *waiters_open(struct error *error) MUST_CHECK;
void waiters_close(struct waiters *waiters);

/* Each returns -1 and error (ERROR_RESOURCE when there is no space left) where it fails. */

int waiters_add(struct waiters *waiters, uint64_t key, uint64_t ticket, struct error *error) MUST_CHECK;

/* The key came, with the record of this ticket in this pass. */
int waiters_wake(struct waiters *waiters, uint64_t key, uint64_t pass, uint64_t ticket, struct error *error) MUST_CHECK;

/* All that still wait are woken in this pass. */
int waiters_wake_all(struct waiters *waiters, uint64_t pass, struct error *error) MUST_CHECK;

/* 1 and the next record, which waits no more; 0: none. */
int waiters_next(struct waiters *waiters, uint64_t *pass, uint64_t *ticket, struct error *error) MUST_CHECK;

#endif
