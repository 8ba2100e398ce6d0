/* counts.c - adding up and balancing the books of a step.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/counts.h"

const char *skip_reason_name(enum skip_reason reason)
{
	static const char *const names[SKIP_REASONS] = {
		[SKIP_ALREADY_LOADED] = "already_loaded",
		[SKIP_ALREADY_COMMITTED] = "already_committed",
		[SKIP_ROLLED_BACK] = "rolled_back",
		[SKIP_DRY_RUN] = "dry_run",
		[SKIP_BLANK] = "blank",
		[SKIP_LIMIT] = "limit",
		[SKIP_FILTERED] = "filtered",
		[SKIP_ALREADY_RESOLVED] = "already_resolved",
		[SKIP_REPEATED] = "repeated",
		[SKIP_NO_SUCH_REJECT] = "no_such_reject",
		[SKIP_UNPUBLISHED] = "unpublished",
		[SKIP_MASKED] = "masked",
		[SKIP_SOURCE_GONE] = "source_gone",
	};
	return reason < SKIP_REASONS ? names[reason] : "unknown";
}

uint64_t counts_skipped(const struct counts *counts)
{
	uint64_t sum = 0;
	for (int i = 0; i < SKIP_REASONS; i++)
		sum += counts->skipped[i];
	return sum;
}

bool counts_balance(const struct counts *counts)
{
	return counts->read == counts->written + counts->rejected + counts_skipped(counts);
}

void counts_add(struct counts *sum, const struct counts *more)
{
	sum->read += more->read;
	sum->written += more->written;
	sum->rejected += more->rejected;
	for (int i = 0; i < SKIP_REASONS; i++)
		sum->skipped[i] += more->skipped[i];
	sum->bytes += more->bytes;
}
