/* commit.c - deciding how often a step commits.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/commit.h"

enum { PIECE_ROWS = 100000, PIECE_MS = 1000 };
static const uint64_t AT_ONCE_MAX = (uint64_t)1 << 30; /* bytes of a source that a step commits once by itself */

struct option_commit commit_decide(const struct plan_step *step, const struct sink_info *info,
	const struct source_identity *identity)
{
	const struct option_commit at_once = { .kind = COMMIT_STEP };
	/* A file appears whole, and a table is replaced whole. */
	if (!step->connection || step->policy == KEYS_REPLACE || !step->source->resume || !identity->known)
		return at_once;
	if (step->commit.kind != COMMIT_AUTO)
		return step->commit;
	if (info->creates_table && info->loads_faster_at_once && identity->size <= AT_ONCE_MAX)
		return at_once;
	return (struct option_commit){ .kind = COMMIT_PIECES, .rows = PIECE_ROWS, .every_ms = PIECE_MS };
}
