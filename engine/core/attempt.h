/* attempt.h - one try at one step: opening its parts, carrying batches to the sink, commits, and the end.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Private to the run (run.c, step.c, attempt.c, station.c). A step is tried again after an error that a retry may mend; each
 * try starts at the last commit, by the same way that a new process would.
 *
 *   committed   what the database has, by the checkpoint        pending   what the open transaction adds to it
 */
#ifndef PENSTOCK_CORE_ATTEMPT_H
#define PENSTOCK_CORE_ATTEMPT_H

#include "engine/core/flow.h"
#include "engine/core/run.h"
#include "engine/core/spool.h"

enum { FIRST_REJECT_MAX = 512 };

/* The books of a step with the counters by rule; rules by index of the step's rule set. */
struct ledger {
	struct counts counts;
	uint64_t judged;   /* of the load, earlier attempts included in committed */
	uint64_t rejected;
	uint64_t read;     /* of the load */
	uint64_t *by_rule; /* rule_count */
};

/* What lives as long as the step, over all its tries. */
struct step_state {
	const struct plan *plan;
	const struct plan_step *step;
	const struct run_options *options;
	const char *run_id;
	struct step_report *report;
	struct run_report *run_report;
	size_t report_index;
	struct judge **earlier;      /* dry run: judges of the steps before; this step's is added to them */
	size_t *earlier_count;
	struct ledger committed, pending;
	char **rule_ids;             /* copies, by index; the rule set lives with a try */
	size_t rule_count;
	bool resumed;                /* committed holds records of an earlier process */
	bool restarted;              /* --restart was done */
	bool progressed;             /* a commit succeeded in this try */
	int64_t last_progress_ms;
};

struct attempt {
	struct step_state *state;
	const struct plan_step *step;
	struct store *store;         /* NULL: a sink without a database */
	void *source, *sink;
	struct source_identity identity;
	struct rule_set rules;
	struct judge *judge;
	struct sink_info info;
	struct step_key key;
	struct checkpoint checkpoint;
	struct flow *flow;
	struct spool *spool;         /* a step that commits once */
	struct buffer scratch;
	struct position position;    /* behind the last batch that the station took */
	bool claimed;
	bool recording;              /* writes a checkpoint: neither --dry-run nor --limit */
	bool once;
	bool skip;                   /* already loaded: nothing to do */
	bool in_transaction;
	bool dropped_unpublished;
	bool done;                   /* the step succeeded */
	bool reached_end;            /* the batch that the source called its last was taken */
	char first_reject[FIRST_REJECT_MAX]; /* of this try, for messages: where it stands, its rule and its message */
	uint64_t piece_rows;
	int64_t piece_started_ms;
	struct option_commit commit;
};

/* What the locks, checkpoint and loaded files of a step belong to. Texts are the plan's. */
struct step_key step_key_of(const struct plan *plan, const struct plan_step *step);

/* Opens and claims everything; sets skip when the file was loaded before. 0 or -1; attempt_close in any case. */
int attempt_open(struct attempt *attempt, struct step_state *state, struct store *store, struct error *error) MUST_CHECK;

/* Carries all batches; 0: everything is committed and decided. */
int station_run(struct attempt *attempt, struct error *error) MUST_CHECK;

/* After a failure that will not be tried again: rolls back, keeps the rejects of a step that commits once (published = 0) if the
 * database lets us, and settles the books. */
void station_settle(struct attempt *attempt, const struct error *cause);

/* Rolls back what is open and closes all parts; judges of a dry run stay for later steps. */
void attempt_close(struct attempt *attempt);

/* Room for the counters of count rules. */
int ledger_init(struct ledger *ledger, size_t count, struct error *error) MUST_CHECK;
void ledger_fini(struct ledger *ledger);
void ledger_clear(struct ledger *ledger, size_t count);
void ledger_add(struct ledger *sum, const struct ledger *more, size_t count);

/* What a step's report shows while it runs: committed and pending together. */
void step_show(struct step_state *state, bool force);

#endif
