/* keystage_parts.h - what the files of stage 3 share; nobody else includes it.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_RULES_KEYSTAGE_PARTS_H
#define PENSTOCK_RULES_KEYSTAGE_PARTS_H

#include "rules/keystage.h"
#include "rules/keyview.h"
#include "rules/waiters.h"

/* One key of the table, as it is checked. */
struct check {
	const struct key_draft *draft;
	struct keyview *view;
	const struct rule *rule, *also; /* also: NULL, or a second rule that is broken with the first */
	const char *detail;             /* NULL: the rule's own text */
	struct keymaker maker;
	struct keystore found; /* what the target answered for the batch at hand */
	struct keyvalue key;   /* of the row at hand */
	bool complete;         /* the row at hand has one */
};

struct keystage {
	const struct program *program;
	struct judge_context context;
	struct keyworld world;
	struct keyview *views;
	size_t view_count;
	struct check *checks; /* as program->keys, and also_key */
	size_t check_count;
	struct keystage *const *earlier;
	size_t earlier_count;
	bool handed_over; /* the rules thread has stopped judging keys */
	uint32_t *rows;   /* of a batch */
	size_t row_capacity;
	bool itself;      /* the table refers to itself */
	bool within;      /* records wait within their batch, and no longer */
	struct waiters *waiters; /* NULL until the first one of again; see keyself.c */
	uint64_t pass, ticket;   /* of the record at hand of again */
	struct keymaker settling; /* of the sink's thread, while the rules thread uses those of the checks */
};

/* --- keystage.c --- */

/* The key of the row that the check is about, into the check; check->complete: it has one. */
int keystage_key(struct check *check, const struct batch *batch, uint32_t row, struct error *error) MUST_CHECK;

/* The row breaks the rule of the check. */
int keystage_violate(struct batch *batch, uint32_t row, const struct check *check, struct error *error) MUST_CHECK;

/* Gives memory back until the keys of so many rows have room, or nothing is left to give. */
int keystage_relieve(struct keystage *stage, size_t rows, struct error *error) MUST_CHECK;

/* The row has passed: its keys are taken. */
int keystage_accept(struct keystage *stage, struct batch *batch, uint32_t row, struct error *error) MUST_CHECK;

/* --- keyself.c: a table that refers to itself --- */

/* Fills view->own. */
int keyself_init(struct keystage *stage, struct keyview *view, struct error *error) MUST_CHECK;

/* The rows of a batch, once the target was asked about them. */
int keyself_judge(struct keystage *stage, struct batch *batch, struct error *error) MUST_CHECK;

/* The rows that were written are parents from now on. */
int keyself_settled(struct keystage *stage, const struct batch *batch, struct error *error) MUST_CHECK;

#endif
