/* program.h - the rules of a table compiled into columnar checks, and the judge that runs them.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_RULES_PROGRAM_H
#define PENSTOCK_RULES_PROGRAM_H

#include "engine/core/buffer.h"
#include "engine/core/judge.h"
#include "rules/dictionary.h"

struct program;

/* Compiles all rules of a table. The program borrows the table. NULL and error. */
struct program *program_compile(const struct table *table, struct error *error) MUST_CHECK;
void program_free(struct program *program);

/* One line a rule, in the order in which they run: "ID  what it demands". */
int program_print(const struct program *program, struct buffer *out, struct error *error) MUST_CHECK;

/* Calls each with every rule in that order: the fields that it is about by their indexes, none where it is about the record. Stops where each
 * returns nonzero, and returns that. */
int program_each(const struct program *program,
	int (*each)(void *arg, const char *id, const char *demand, const size_t *fields, size_t field_count), void *arg);

/* A judge for one run of a step; its type fits plan_step.judge_new. program is a struct program. NULL and error. */
struct judge *program_judge(const void *program, const struct judge_context *context, struct error *error) MUST_CHECK;

#endif
