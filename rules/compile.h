/* compile.h - the compiled program of a table: its rules by id, and which keys are checked by which of them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Private to rules/. Immutable; any number of judges may run it at once.
 */
#ifndef PENSTOCK_RULES_COMPILE_H
#define PENSTOCK_RULES_COMPILE_H

#include "engine/core/rule.h"
#include "rules/check.h"
#include "rules/program.h"
#include "rules/table.h"

#define NO_RULE ((size_t)-1)

/* A rule before it is interned in the set of a run. */
struct rule_draft {
	enum code code;
	const char *name; /* of a constraint; static; NULL: the code's own */
	size_t *fields;   /* malloc'd */
	size_t field_count;
	char *id;
	char *text;   /* "is longer than 50 characters" */
	char *demand; /* "must have at most 50 characters" */
};

/* A key that stage 3 looks at. */
struct key_draft {
	enum { KEY_PRIMARY = 0, KEY_UNIQUE, KEY_REFERENCE } kind;
	struct key_shape shape; /* KEY_REFERENCE: borrowed from the table */
	const char *resource;   /* whose keys they are */
	struct key key;         /* fields, borrowed from the schema */
	size_t rule;            /* index of a draft */
	size_t also;            /* KEY_PRIMARY: a unique key of the same fields, or NO_RULE */
};

struct program {
	const struct table *table;
	struct rule_draft *drafts; /* in the order in which they run */
	size_t draft_count;
	size_t encoding, record, extra; /* drafts of stage 1 */
	size_t (*fields)[FIELD_RULES];  /* drafts of each field, or NO_RULE */
	struct key_draft *keys;         /* primary, unique, foreign */
	size_t key_count;
	bool has_pattern;
};

#endif
