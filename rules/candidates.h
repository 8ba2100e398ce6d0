/* candidates.h - values at the boundary of a rule of a field: that break it, and one that just keeps it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Private to rules/.
 */
#ifndef PENSTOCK_RULES_CANDIDATES_H
#define PENSTOCK_RULES_CANDIDATES_H

#include "rules/compile.h"
#include "rules/sample.h"

enum { CANDIDATES_MAX = 24 };

/* Values of which each breaks the rule; the first that it alone refuses is the proof. */
struct candidates {
	struct sample items[CANDIDATES_MAX];
	size_t count;
	bool sure; /* each of them must be refused; else some may be good after all */
};

/* good: the field's value in a good row. Free with candidates_fini. */
void candidates_breaking(enum field_rule kind, const struct field *field, const struct field_rules *rules, const struct sample *good,
	struct candidates *out);
void candidates_fini(struct candidates *candidates);

/* The value that just keeps the rule; false: there is none to be made. */
bool candidate_keeping(enum field_rule kind, const struct field *field, const struct field_rules *rules, struct sample *out);

#endif
