/* plan.h - a pipeline ready to run: every option bound, every rule compiled. Immutable; one plan may be run many times.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Made by engine/config, run by engine/core/run. All strings and parts belong to the plan.
 */
#ifndef PENSTOCK_CORE_PLAN_H
#define PENSTOCK_CORE_PLAN_H

#include "engine/core/cron.h"
#include "engine/core/judge.h"
#include "engine/core/sink.h"
#include "engine/core/source.h"
#include "engine/core/store.h"
#include "engine/core/transform.h"

/* `max_rejects`: the step fails when more than this are rejected. */
struct reject_limit {
	bool share;      /* a part of the records judged instead of a number */
	double fraction; /* share: 0 to 1 */
	uint64_t number;
};

struct plan_connection {
	const char *name;
	const char *type;         /* "odbc" */
	const char *connect;      /* secret */
	const char *state_schema; /* NULL: default */
	int64_t lock_timeout_ms;  /* 30,000 by default */
};

struct plan_step {
	const char *name;
	const char *table;              /* of the dictionary */
	const char *target;             /* what the sink writes to: its table, as written in the pipeline */

	const struct source_ops *source;
	const void *source_options;     /* source->size bytes with the options bound; to be copied into an instance */
	const struct plan_connection *source_connection; /* of the source; NULL: it has none */
	bool once;                      /* a file that was loaded completely is skipped (append only) */

	const struct sink_ops *sink;
	const void *sink_options;       /* sink->size bytes */
	const struct plan_connection *connection; /* of the sink; NULL: a sink without a database */
	bool prints;                    /* its rows go to standard output, where then nothing else may be */
	enum key_policy policy;
	struct key upsert_key;          /* KEYS_UPSERT: field indexes */
	struct option_commit commit;

	const struct schema *source_schema; /* what is read: the columns of the transform; schema where there is none */
	const void *transform;          /* NULL: records are judged as they come */
	const char *transform_sql;      /* for people; NULL: there is none */
	struct transform *(*transform_new)(const void *transform, const struct transform_context *context, struct error *error);

	const struct schema *schema;    /* of the table: what is judged and written */
	const void *program;            /* compiled rules */
	struct judge *(*judge_new)(const void *program, const struct judge_context *context, struct error *error);
	bool check_types_only;
	bool abort_on_violation;
	bool allow_empty;               /* replace: a source that gives no row may empty the table */
	struct reject_limit max_rejects;
	struct option_map labels;       /* rules.columns */
	const char *rejects_path;       /* a sink without a database: where rejects are kept, one JSON object a line; else NULL */
	const char *table_json;         /* the table as a Table Schema descriptor (JSON) */

	unsigned each;                  /* steps of one for_each have the same number, from 1; 0: outside of one */
	bool every_table;               /* for_each "*" */
	struct option_map each_tables;  /* dictionary table -> `table` of the source, of this for_each (shared by its steps) */

	char step_hash[SHA256_HEX_SIZE];       /* of the step's definition after interpolation, secrets left out */
	char dictionary_hash[SHA256_HEX_SIZE]; /* of the dictionary's table */
};

/* `schedule`: when the service runs the pipeline by itself. */
enum schedule_overlap { OVERLAP_SKIP = 0, OVERLAP_QUEUE };
enum schedule_missed { MISSED_SKIP = 0, MISSED_RUN_ONCE };

struct plan_schedule {
	const char *cron;               /* as written; NULL: it has none */
	struct cron times;
	const char *timezone;           /* "UTC" */
	struct zone *zone;              /* NULL: UTC */
	enum schedule_overlap overlap;  /* its time comes while an earlier run goes on */
	enum schedule_missed missed;    /* its time passed while nobody was there */
};

/* `on_failure`: who is told of a run that did not succeed. */
struct plan_failure {
	struct option_list command;     /* count 0: none; gets the summary on standard input */
	const char *url;                /* NULL: none; the summary is posted to it; secret */
	int64_t timeout_ms;             /* 30 s by default */
};

struct test_case; /* engine/core/testing.h */

struct plan {
	const char *name;
	const char *description;
	const char *file;               /* the pipeline file as named by the user */
	const char *run_id;             /* UUIDv7 made before interpolation, since ${run.id} may be in it */
	struct limits limits;
	struct plan_connection *connections;
	size_t connection_count;
	const struct plan_connection *state; /* where runs are recorded; NULL: no history is kept */
	struct plan_step *steps;
	size_t step_count;
	const struct test_case *tests;  /* `tests:`, in the order of the file */
	size_t test_count;
	struct option_map tables;       /* resource of the dictionary -> target table, from the steps of this pipeline */
	const struct store_ops *store;  /* how a connection of type odbc is opened */
	struct plan_schedule schedule;
	struct plan_failure on_failure;
};

/* A new instance of a connector of this size with the options that the plan has bound, malloc'd; NULL and error when out of memory. */
void *plan_instance(size_t size, const void *options, struct error *error) MUST_CHECK;

/* What a source or a sink of a step is told when it is opened; what the caller of plan_sink_context knows better he sets himself: store, rules,
 * dry_run, source, run_id. */
struct source_context plan_source_context(const struct plan *plan, const struct plan_step *step, struct shared *shared,
	struct cancel *cancel);
struct sink_context plan_sink_context(const struct plan *plan, const struct plan_step *step, struct shared *shared,
	struct cancel *cancel);

/* Of a sink without a database: the parents that a record refers to are the rows that earlier steps like it wrote in this run. The first of
 * the steps before this one that knows the keys of its rows of this table; NULL: there is none. */
const struct plan_step *plan_parents(const struct plan *plan, const struct plan_step *step, const char *table);

/* True where a record of the step has to have a parent among such rows, and the table is not its own. */
bool plan_needs_parents(const struct plan_step *step, const char *table);

/* True where a later step looks for the parents of its records among the rows of this one. */
bool plan_has_children(const struct plan *plan, const struct plan_step *step);

/* True where the rows of the step are those of requests to the service: nobody else can run it. */
bool plan_takes_requests(const struct plan_step *step);

#endif
