/* keystage.h - stage 3: primary, unique and foreign keys of the records that passed so far, exact at any number.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Two threads take part. While every set of keys is in memory, the rules thread judges. When the budget is used up it
 * stops at a batch boundary for good, and the sink's thread goes on: by then all earlier batches are written, so the
 * target can be asked for what they held.
 */
#ifndef PENSTOCK_RULES_KEYSTAGE_H
#define PENSTOCK_RULES_KEYSTAGE_H

#include "engine/core/judge.h"
#include "rules/compile.h"

struct keystage;

/* rules: the interned rules, by draft. also_key: a further key to check, with the rule at its index (an upsert key that
 * is no key of the dictionary); may be NULL; borrowed. earlier: stages of the earlier judges (dry run), borrowed. NULL
 * and error. */
struct keystage *keystage_new(const struct program *program, const struct judge_context *context,
			      const struct rule *const *rules, const struct key_draft *also_key,
			      struct keystage *const *earlier, size_t earlier_count, struct error *error) MUST_CHECK;
void keystage_free(struct keystage *stage);

/* As judge_ops of the same names. */
int keystage_prepare(struct keystage *stage, struct lookup *lookup, struct error *error) MUST_CHECK;
int keystage_judge(struct keystage *stage, struct batch *batch, bool at_sink, struct error *error) MUST_CHECK;
int keystage_settled(struct keystage *stage, const struct batch *batch, struct error *error) MUST_CHECK;
bool keystage_waits(const struct keystage *stage);
int keystage_again(struct keystage *stage, struct batch *batch, uint64_t ticket, bool last, struct error *error) MUST_CHECK;
int keystage_woken(struct keystage *stage, bool all, uint64_t *ticket, struct error *error) MUST_CHECK;
int keystage_orphans(struct keystage *stage, struct batch *batch, size_t *count, struct error *error) MUST_CHECK;
bool keystage_in_memory(const struct keystage *stage);
size_t keystage_memory(const struct keystage *stage);

#endif
