/* making.h - one step of the plan while it is made: shared by step.c, ends.c and demands.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONFIG_MAKING_H
#define PENSTOCK_CONFIG_MAKING_H

#include <stdint.h>

#include "engine/config/keys.h"
#include "engine/config/planning.h"

struct making {
	struct planning *planning;
	struct diagnostics *diagnostics;
	struct scope scope;
	struct node *tree;       /* the step, interpolated; sections that it lacks are added */
	struct plan_step *step;
	struct node *source, *rules, *sink; /* sections of tree; NULL: missing or no map (reported) */
	size_t table;            /* index in the dictionary; SIZE_MAX: not known (reported) */
	struct rules_keys keys;
	bool failed;             /* something was reported that does not keep the rest from being looked at */
};

/* --- ends.c: where records come from and where they go. Each returns 0, or -1 after reporting. --- */

int bind_source(struct making *making);
int find_sink(struct making *making); /* which connector; the table must be known before its options are bound */
int bind_sink(struct making *making);

/* What a bound option of this name and kind holds; NULL where the connector has none. */
const void *bound_source(const struct plan_step *step, const char *name, enum option_kind kind);
const void *bound_sink(const struct plan_step *step, const char *name, enum option_kind kind);

/* The name of the table at hand may come from a database that was discovered: in a path that is written to it must be one name, so that it leads
 * nowhere else. path: NULL, or what was made of the scalar of this section. 0, or -1 after reporting. */
int check_written_path(const struct making *making, const struct node *section, const char *path);

/* --- demands.c: the table, its rules, and what follows for keys and commits. --- */

int find_table(struct making *making);
int bind_rules(struct making *making);
int compile_rules(struct making *making);

/* Mode, key and commit of the sink, once the table is known; reports into making->failed. */
void read_mode(struct making *making);
void read_key(struct making *making);
void read_commit(struct making *making);

/* --- transform.c --- */

/* Which columns are read, and what is made of them, once the table and its rules are known. Returns 0, or -1 after reporting. */
int bind_transform(struct making *making);

/* --- rejects.c --- */

/* Where rejected records are kept, once the sink is bound. Returns 0, or -1 after reporting. */
int plan_rejects(struct making *making);

const struct schema *schema_of(const struct making *making);
struct binder binder_for(const struct making *making, const char *owner);

#endif
