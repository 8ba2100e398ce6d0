/* counts.h - the books of a step: every record read is written, rejected, or skipped for one reason, exactly once.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CORE_COUNTS_H
#define PENSTOCK_CORE_COUNTS_H

#include <stdbool.h>
#include <stdint.h>

enum skip_reason {
	SKIP_ALREADY_LOADED = 0,
	SKIP_ALREADY_COMMITTED,
	SKIP_ROLLED_BACK,
	SKIP_DRY_RUN,
	SKIP_BLANK,
	SKIP_LIMIT,
	SKIP_FILTERED,
	/* of a replay: the reject that a row speaks of */
	SKIP_ALREADY_RESOLVED, /* is resolved */
	SKIP_REPEATED,         /* was given before, by an earlier row */
	SKIP_NO_SUCH_REJECT,   /* is none of this pipeline and step, or there is none */
	SKIP_UNPUBLISHED,      /* is of a step that was rolled back */
	SKIP_MASKED,           /* has a sensitive value, which is still masked */
	SKIP_SOURCE_GONE,      /* cannot be read again, and the store has not all of it */
	SKIP_REASONS,
};

struct counts {
	uint64_t read;
	uint64_t written;
	uint64_t rejected;
	uint64_t skipped[SKIP_REASONS];
	uint64_t bytes; /* of the source */
};

/* "already_loaded", ... */
const char *skip_reason_name(enum skip_reason reason);

uint64_t counts_skipped(const struct counts *counts);

/* read = written + rejected + skipped */
bool counts_balance(const struct counts *counts);

void counts_add(struct counts *sum, const struct counts *more);

#endif
