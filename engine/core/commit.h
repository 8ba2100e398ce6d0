/* commit.h - how often a step commits: what the pipeline says, and what `auto` means for this source and target.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CORE_COMMIT_H
#define PENSTOCK_CORE_COMMIT_H

#include "engine/core/plan.h"

/* Never COMMIT_AUTO. info is the sink's once it is open; identity the source's. A source that cannot be read again from a position commits once,
 * whatever the pipeline says: it must not be half committed. */
struct option_commit commit_decide(const struct plan_step *step, const struct sink_info *info,
	const struct source_identity *identity);

#endif
