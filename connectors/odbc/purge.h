/* purge.h - takes out of the state tables what nobody needs any more.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What goes is older than a limit and named by nothing that stays:
 *   rejects   resolved, by a run that ended before the limit
 *   answers   of requests (penstock_idempotency), once the day is over for which they are remembered
 *   runs      that ended before the limit, unless a reject, a file or a checkpoint that stays names them, or they are the newest, or the newest that
 *             succeeded, of their pipeline and kind: schedules and metrics ask for these
 * Never: a run that goes on, a reject that is not resolved, a file, a checkpoint.
 */
#ifndef PENSTOCK_ODBC_PURGE_H
#define PENSTOCK_ODBC_PURGE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/core/error.h"
#include "engine/core/store.h"

struct purge_limits {
	int64_t before;         /* microseconds since 1970, UTC */
	int64_t answers_before; /* the same */
	uint64_t piece;         /* rows of one transaction, at least 1 */
	bool dry_run;           /* counts and changes nothing */
};

/* Rows that went, also where it failed in the middle: each piece is committed by itself. */
struct purge_counts {
	uint64_t rejects, answers, runs;
	bool absent;            /* there are no state tables */
};

/* Connects as target says and disconnects again. Older tables are brought up to this version first, but for a dry run. ERROR_SINK; ERROR_CONFIG where the
 * tables are of a newer version; ERROR_CANCELLED between two pieces. */
int odbc_purge(const struct store_target *target, const struct purge_limits *limits, struct purge_counts *counts, struct error *error) MUST_CHECK;

#endif
