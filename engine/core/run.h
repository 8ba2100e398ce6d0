/* run.h - runs a plan: for each step source, rules and sink on threads, the books, commits, resume and retries.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CORE_RUN_H
#define PENSTOCK_CORE_RUN_H

#include <stdatomic.h>

#include "engine/core/mend.h"
#include "engine/core/plan.h"

enum run_status { RUN_RUNNING = 0, RUN_SUCCEEDED, RUN_FAILED, RUN_REJECTED, RUN_CANCELLED, RUN_INTERRUPTED };

/* "running", ... */
const char *run_status_name(enum run_status status);

/* What a step did; filled while it runs. */
struct step_report {
	const char *name;
	const char *table;
	enum run_status status;
	bool started;
	struct counts counts;
	struct {
		char *id;
		uint64_t count;
	} *rejects_by_rule;         /* by the first violation of each rejected record; only rules that fired */
	size_t rejects_by_rule_count;
	double duration_s;
	char note[512];             /* what the user should know ("already loaded by run ..."); or empty */
};

struct run_report {
	char run_id[RUN_ID_SIZE];
	enum run_status status;
	int exit_code;
	int64_t started_at;         /* microseconds since 1970, UTC */
	double duration_s;
	struct counts counts;       /* sum over steps */
	struct step_report *steps;  /* one a step of the plan that was chosen */
	size_t step_count;
	struct error error;         /* what ended the run, or none */
};

/* What a person may watch while a run goes on; called from the sink's thread several times a second at most, and at
 * the beginning and end of each step. */
struct run_progress {
	void (*step)(void *arg, const struct run_report *report, size_t step, uint64_t source_bytes_total);
	void (*note)(void *arg, const char *level, const char *text); /* level: "info" or "warning" */
	void *arg;
};

struct run_options {
	const char *only_step; /* NULL: all */
	bool dry_run;
	bool restart;          /* forget checkpoint and loaded files of the chosen steps first */
	bool yes;              /* restart of an append table without a key was confirmed */
	bool limited;
	uint64_t limit;        /* records of each step */
	const struct mend *mend; /* a replay of rejected records; NULL: a load */
	bool one_try;          /* no second try of a step: whoever asked waits for the answer, and can ask again */
	struct cancel *cancel; /* the signal; never NULL */
	struct run_progress progress; /* hooks may be NULL */
	const struct response *response; /* for whom the sinks of type response write; NULL: standard output */
};

/* Runs the plan. The report is always filled (free it with run_report_fini); its exit_code is the program's. */
void run_plan(const struct plan *plan, const struct run_options *options, struct run_report *report);

void run_report_fini(struct run_report *report);

/* The report as the one JSON object that `--json` prints; malloc'd, NULL when out of memory. */
char *run_report_json(const struct run_report *report, const char *pipeline);
/* The same as penstock_runs.summary keeps it, with `file`: the whole path of the pipeline, or null. And that alone, for a run that begins. */
char *run_report_kept(const struct run_report *report, const struct plan *plan);
char *run_file_json(const struct plan *plan);

#endif
