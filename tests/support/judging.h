/* judging.h - a judge over a dictionary written in a test, and batches filled from texts.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_TESTS_JUDGING_H
#define PENSTOCK_TESTS_JUDGING_H

#include "engine/core/judge.h"
#include "rules/dictionary.h"
#include "rules/program.h"

struct judging {
	struct node *root;
	struct dictionary *dictionary;
	const struct table *table;
	const struct schema *schema;
	struct program *program;
	struct limits limits;
	struct rule_set rules;
	struct judge *judge;
};

/* Reads the dictionary (YAML, or JSON) and compiles a table of it, the first where table is NULL; whatever fails fails
 * the test. */
void judging_open(struct judging *judging, const char *text, const char *table);

/* A judge; context's limits and rules are filled in. Prepared with lookup, which may be NULL. */
void judging_start(struct judging *judging, struct judge_context context, struct lookup *lookup);
void judging_stop(struct judging *judging);
void judging_close(struct judging *judging);

struct batch *judging_batch(const struct judging *judging, size_t capacity);

/* Adds a record; cells is a text with | between cells, NULL for none at all. A field without a cell is absent. */
uint32_t judging_add(struct batch *batch, const char *cells);
/* The same with the length of each cell (bytes may hold anything). */
uint32_t judging_add_cells(struct batch *batch, const char *const *cells, const size_t *lengths, size_t count);

/* cells, then keys as the rules thread, then, where it left them, as the sink's. */
void judging_judge(const struct judging *judging, struct batch *batch);

/* "1: t.id.type t.a.minimum; 2: ..." with rows from 1, into out. */
const char *judging_verdict(const struct batch *batch, char *out, size_t size);

#endif
