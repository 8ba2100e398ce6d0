/* ledger.h - the books of a step with the counters by rule.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CORE_LEDGER_H
#define PENSTOCK_CORE_LEDGER_H

#include <stddef.h>

#include "engine/core/counts.h"
#include "engine/core/error.h"

/* Rules by index of the step's rule set. */
struct ledger {
	struct counts counts;
	uint64_t judged;   /* of the load, earlier attempts included in committed */
	uint64_t rejected;
	uint64_t read;     /* of the load */
	uint64_t *by_rule; /* rule_count */
};

/* Room for the counters of count rules. */
int ledger_init(struct ledger *ledger, size_t count, struct error *error) MUST_CHECK;
void ledger_fini(struct ledger *ledger);
void ledger_clear(struct ledger *ledger, size_t count);
void ledger_add(struct ledger *sum, const struct ledger *more, size_t count);

#endif
