/* ledger.c - the books of a step with the counters by rule.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/ledger.h"

#include <stdlib.h>
#include <string.h>

int ledger_init(struct ledger *ledger, size_t count, struct error *error)
{
	*ledger = (struct ledger){ .by_rule = calloc(count ? count : 1, sizeof(uint64_t)) };
	return ledger->by_rule ? 0 : error_memory(error, "the books of a step");
}

void ledger_fini(struct ledger *ledger)
{
	free(ledger->by_rule);
	ledger->by_rule = NULL;
}

void ledger_clear(struct ledger *ledger, size_t count)
{
	uint64_t *by_rule = ledger->by_rule;
	if (by_rule)
		memset(by_rule, 0, count * sizeof *by_rule);
	*ledger = (struct ledger){ .by_rule = by_rule };
}

void ledger_add(struct ledger *sum, const struct ledger *more, size_t count)
{
	counts_add(&sum->counts, &more->counts);
	sum->judged += more->judged;
	sum->rejected += more->rejected;
	sum->read += more->read;
	for (size_t i = 0; i < count; i++)
		sum->by_rule[i] += more->by_rule[i];
}
