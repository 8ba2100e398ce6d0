/* check.h - the constraints of one field, checked column by column.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_RULES_CHECK_H
#define PENSTOCK_RULES_CHECK_H

#include "engine/core/batch.h"
#include "rules/table.h"

/* The rules of one field, in the order in which their violations are listed. */
enum field_rule {
	RULE_MISSING_CELL = 0,
	RULE_TYPE,
	RULE_REQUIRED,
	RULE_MIN_LENGTH,
	RULE_MAX_LENGTH,
	RULE_MINIMUM,
	RULE_MAXIMUM,
	RULE_EXCLUSIVE_MINIMUM,
	RULE_EXCLUSIVE_MAXIMUM,
	RULE_PATTERN,
	RULE_ENUM,
	FIELD_RULES,
};

/* Rules that a field has; NULL: it has none of that kind. */
struct field_rule_set {
	const struct rule *rules[FIELD_RULES];
};

/* CELL_NULL cells of a required field. */
int check_required(const struct rule *rule, struct batch *batch, size_t column, const uint32_t *rows, size_t count,
		   struct error *error) MUST_CHECK;

/* All other constraints, on CELL_VALUE cells, each on its own. matcher may be NULL where there is no pattern. */
int check_column(const struct field_rules *rules, const struct field_rule_set *set, struct matcher *matcher,
		 struct batch *batch, size_t column, const uint32_t *rows, size_t count,
		 struct error *error) MUST_CHECK;

#endif
