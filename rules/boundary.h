/* boundary.h - rows made at the boundary of every rule of a table, and the proof that each rule fires, alone, and that good rows pass.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Rows are made of values, as a source with types of its own gives them, so that spellings of the dictionary do not matter; what is wrong with a
 * record or a cell is made as a source says it. Parents of references are made in the same way, and given.
 */
#ifndef PENSTOCK_RULES_BOUNDARY_H
#define PENSTOCK_RULES_BOUNDARY_H

#include "engine/core/cancel.h"
#include "engine/core/limits.h"
#include "rules/dictionary.h"

enum boundary_state {
	BOUNDARY_PROVED = 0,
	BOUNDARY_FAILED, /* the rule did not fire, or another fired for a row that is good */
	BOUNDARY_UNMADE, /* no row could be made that only this rule refuses */
};

struct boundary {
	const char *rule;   /* its id; of the good rows: the table, with .good-rows behind it */
	enum boundary_state state;
	const char *detail; /* what was made: "100000001 is refused, 100000000 passes"; or why nothing was */
};

/* Tells of each rule of the table, in the order in which they run. table: a name of the dictionary. 0, or -1 and error where that is not possible at all. */
int boundary_prove(const struct dictionary *dictionary, const char *table, const struct limits *limits, struct cancel *cancel,
	void (*tell)(void *arg, const struct boundary *boundary), void *arg, struct error *error) MUST_CHECK;

#endif
