/* planning.h - what the parts of engine/config share while they make a plan of a pipeline file.
 * SPDX-License-Identifier: Apache-2.0
 *
 * pipeline.c reads the top of the file and puts the plan together; expand.c makes one unit of each step and table; step.c (with
 * ends.c and demands.c) turns a unit into a step of the plan; definition.c hashes what makes a step the same step
 * tomorrow. Every mistake goes to diagnostics and the work goes on as long as it makes sense, so that one look shows all.
 */
#ifndef PENSTOCK_CONFIG_PLANNING_H
#define PENSTOCK_CONFIG_PLANNING_H

#include <stdatomic.h>

#include "engine/config/connections.h"
#include "engine/config/interpolate.h"
#include "engine/config/params.h"
#include "engine/config/stash.h"
#include "engine/core/diagnostics.h"
#include "engine/core/plan.h"
#include "rules/dictionary.h"
#include "rules/program.h"

enum { PLAN_STEPS_MAX = 4096 };

struct pipeline {
	struct stash stash;          /* all strings and options of the plan */
	struct plan plan;
	struct dictionary *dictionary;
	struct program **programs;   /* one a table of the dictionary, compiled when a step needs it */
	const char **descriptors;    /* beside each program: the table as JSON */
	struct params params;        /* as loaded */
	atomic_uint holders;         /* beside the one that loaded it */
};

/* A step as written, for one table of its for_each. */
struct unit {
	const struct node *written;
	const char *table;           /* NULL: no for_each */
	unsigned each;               /* which for_each of the file, from 1; 0: none */
	bool every;                  /* for_each "*" */
};

/* Texts that stand in for files (text.c); JSON. */
struct given {
	const char *pipeline;
	const char *dictionary;      /* NULL: the pipeline names its file */
};

struct planning {
	struct pipeline *pipeline;
	const struct given *given;   /* NULL: everything is read from files */
	struct diagnostics *diagnostics;
	struct params params;
	struct connections connections;
	struct scope scope;          /* without a table */
	bool dictionary_wanted;      /* the file names one, well or not: its absence was complained of */
	const struct node *rejects;  /* `rejects` at the top, as written, for steps without their own; NULL: none */
	unsigned each;               /* how many for_each were read */
	struct unit *units;
	size_t unit_count;
	bool too_many;               /* more than PLAN_STEPS_MAX; reported */
};

/* pipeline_load, from texts where given is not NULL. */
struct pipeline *pipeline_load_given(const char *file, const struct given *given, const struct load_options *options,
	struct diagnostics *diagnostics);

/* The text of a scalar at the top of the file, interpolated; NULL where it is not there or wrong (then reported). */
const char *top_text(struct planning *planning, struct node *root, const char *key);

/* Reads `schedule` and `on_failure` at the top of the file into the plan. */
void read_schedule(struct planning *planning, struct node *root);
void read_failure(struct planning *planning, struct node *root);

/* What a schedule needs of the steps, once they are read. */
void check_schedule(struct planning *planning, const struct node *root);

/* Reads the dictionary that the file names, where it does. */
void read_dictionary(struct planning *planning, struct node *root);

/* Makes units of the steps (a sequence), parents first within a for_each. */
int expand_steps(struct planning *planning, const struct node *steps);

/* Fills a step from a unit; returns 0, or -1 after mistakes were reported. */
int step_plan(struct planning *planning, const struct unit *unit, struct plan_step *step);

/* What follows from all steps together: the tables of each for_each, and paths that two of them would write. */
void relate_steps(struct planning *planning);

/* Compiles the rules of a table of the dictionary (by index), where that was not done yet. Returns 0, or -1 after reporting. */
int need_program(struct planning *planning, size_t table);

/* Reads `tests` at the top of the file, once all steps were planned without a mistake. */
void read_tests(struct planning *planning, struct node *root);

/* SHA-256 over the definition of a step: tree is its map interpolated with scope.definition. */
int definition_hash(const struct node *tree, const struct source_ops *source, const struct sink_ops *sink,
	char out[SHA256_HEX_SIZE], struct error *error);

/* A table of the dictionary by name, as index; SIZE_MAX where there is none. */
size_t dictionary_index(const struct dictionary *dictionary, const char *name);

/* Reports that a scalar names no table of the dictionary, with a guess. */
void report_unknown_table(struct planning *planning, const struct node *name);

/* Reports each ${...} in a name of a table, schema or column, or in a list of them (NULL: none), that must not be part of one;
 * what stands there was not interpolated. Returns 0, or -1 after reporting. */
int check_name(struct planning *planning, const struct node *name);

/* Copies `text` into the stash of the plan. */
const char *plan_text(struct planning *planning, const char *text);

#endif
