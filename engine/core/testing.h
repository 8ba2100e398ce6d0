/* testing.h - cases of a pipeline's `tests:`: records through a step's transform and rules, without its source and its databases.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a database alone would refuse, and how rows get there, is not tried. Tables that a case does not give are there and empty.
 */
#ifndef PENSTOCK_CORE_TESTING_H
#define PENSTOCK_CORE_TESTING_H

#include "engine/core/plan.h"

/* A cell as written: what is not said at all is absent. */
struct test_cell {
	enum { TEST_ABSENT = 0, TEST_NULL, TEST_TEXT } kind;
	const char *text;
};

struct test_row {
	const struct test_cell *cells; /* by field of the schema that they are of */
	bool extra;                    /* it has more cells than there are fields */
	unsigned line;                 /* where it is written */
};

struct test_rows {
	const struct test_row *rows;
	size_t count;
};

struct test_given {
	const struct schema *schema;
	const void *program;
	struct judge *(*judge_new)(const void *program, const struct judge_context *context, struct error *error);
	struct test_rows rows;
};

struct test_reject {
	uint64_t row;      /* record number */
	struct option_list rules; /* of all its violations, in their order; NULL items are not compared */
	bool first_only;   /* rules has one item: the first violation's */
};

struct test_case {
	const char *name;
	const char *place;               /* FILE:LINE:COLUMN */
	size_t step;                     /* of the plan */
	struct option_map params;        /* the plan must be loaded with them: whoever runs it does so */
	const struct test_given *given;
	size_t given_count;
	struct test_rows rows;           /* of the source's columns; or: */
	const char *text;                /* what a file of the source would hold; NULL: rows */
	bool has_rows, has_filtered;     /* of what is expected */
	struct test_rows expected;       /* of the table's fields; TEST_ABSENT: any value */
	const struct test_reject *rejects;
	size_t reject_count;
	uint64_t filtered;
};

struct test_outcome {
	struct buffer differences; /* one a line; empty: the case passed */
	uint64_t read, written, rejected, filtered;
};

/* Runs a case. -1 and error where it could not be run. */
int testing_run(const struct plan *plan, const struct test_case *one, struct cancel *cancel, struct test_outcome *outcome,
	struct error *error) MUST_CHECK;
void test_outcome_fini(struct test_outcome *outcome);

#endif
