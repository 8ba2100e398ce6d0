/* attempt.h - one try at one step: opening its parts, carrying batches to the sink, commits, and the end.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Private to the run: run.c, step.c and group.c (tries), attempt.c (opening), resume.c (what is there already), station.c (batches),
 * publish.c (commits and the end). A step is tried again after an error that a retry may mend; each try starts at the last
 * commit, by the same way that a new process would.
 *
 *   committed   what the database has, by the checkpoint        pending   what the open transaction adds to it
 */
#ifndef PENSTOCK_CORE_ATTEMPT_H
#define PENSTOCK_CORE_ATTEMPT_H

#include "engine/core/fingerprint.h"
#include "engine/core/flow.h"
#include "engine/core/ledger.h"
#include "engine/core/run.h"
#include "engine/core/shared.h"
#include "engine/core/spool.h"
#include "engine/core/waiting.h"

enum { FIRST_REJECT_MAX = 512 };

/* What lives as long as the step, over all its tries. */
struct step_state {
	const struct plan *plan;
	const struct plan_step *step;
	const struct run_options *options;
	const char *run_id;
	struct shared *shared;
	struct step_report *report;
	struct run_report *run_report;
	size_t report_index;
	struct judge **earlier;      /* of the steps before: in a dry run all judges, else those that plan_has_children; this step's is added to them */
	size_t *earlier_count;
	struct ledger committed, pending;
	char **rule_ids;             /* copies, by index; the rule set lives with a try */
	size_t rule_count;
	bool resumed;                /* committed holds records of an earlier process */
	bool restarted;              /* --restart was done */
	bool progressed;             /* a commit succeeded in this try */
	bool keys_first;             /* a try failed to add keys after the rows: a table is made with them */
	bool refused;                /* a try met a refused row that it could not tell from others (sink.h) */
	int64_t last_progress_ms;
};

struct attempt {
	struct step_state *state;
	const struct plan_step *step;
	struct store *store;         /* NULL: a sink without a database */
	void *source, *sink;
	struct source_identity identity;
	const struct expectation *expected; /* of the source's manifest; NULL: none */
	struct fingerprints prints;  /* of the rows written in this try, where somebody wants them */
	bool wants_prints;
	struct rule_set rules;
	struct transform *transform; /* NULL: none */
	struct judge *judge;
	struct sink_info info;
	struct step_key key;
	struct option_map tables;    /* table of the dictionary -> target, its own first; keys and values are one piece of memory */
	struct checkpoint checkpoint;
	struct flow *flow;
	struct spool *spool;         /* a step that commits once: its rejects */
	struct waiting *waiting;     /* a table that refers to itself: its records that wait for a parent; else NULL */
	struct buffer scratch;
	struct buffer work;          /* for fingerprints */
	struct position position;    /* behind the last batch that the station took */
	bool claimed;
	bool recording;              /* writes a checkpoint: neither --dry-run nor --limit */
	bool once;
	bool keys_wait;              /* the sink makes its table, and adds its keys after the rows */
	bool grouped;                /* the transaction belongs to a group of steps, which begins, commits and rolls back */
	bool resumed;                /* goes on behind a checkpoint */
	bool skip;                   /* already loaded: nothing to do */
	bool in_transaction;
	bool dropped_unpublished;
	bool done;                   /* the step succeeded */
	bool reached_end;            /* the batch that the source called its last was taken */
	char first_reject[FIRST_REJECT_MAX]; /* of this try, for messages: where it stands, its rule and its message */
	const char *first_file;      /* its file, of a source of several files; else NULL */
	uint64_t *passed;            /* a source of several files: of each that was loaded before its records, else 0; NULL: none of them was */
	size_t passed_count;         /* how many files there are */
	size_t passed_next;          /* those before it are in the books */
	const struct source_file **ended; /* several files: those that ended since the last commit; they are the source's */
	size_t ended_count, ended_room;
	uint64_t piece_rows;
	int64_t piece_started_ms;
	struct option_commit commit;
};

/* What the locks, checkpoint and loaded files of a step belong to. Texts are the plan's. */
struct step_key step_key_of(const struct plan *plan, const struct plan_step *step);

/* Opens and claims everything; sets skip when the file was loaded before. 0 or -1; attempt_close in any case. */
int attempt_open(struct attempt *attempt, struct step_state *state, struct store *store, struct error *error) MUST_CHECK;

/* Reads the keys that are needed and starts the threads. Not for one that is skipped. */
int attempt_start(struct attempt *attempt, struct error *error) MUST_CHECK;

/* --- resume.c --- */

/* Takes the step's lock and its checkpoint, where there is a database and something will be written. */
int resume_claim(struct attempt *attempt, struct error *error) MUST_CHECK;

/* Goes on behind the checkpoint, or sets skip where there is nothing to do. */
int resume_decide(struct attempt *attempt, struct error *error) MUST_CHECK;

/* --- station.c --- */

/* Carries all batches to the sink, committing in pieces where the step does; the last part stays open. */
int station_carry(struct attempt *attempt, struct error *error) MUST_CHECK;

/* Writes a judged batch, keeps its rejects and counts its records. In the transaction. judged_here: its keys were judged by the station. */
int station_write(struct attempt *attempt, struct batch *batch, bool judged_here, struct error *error) MUST_CHECK;

/* Tells whoever watches how far the step is, several times a second at most. */
void station_show(struct attempt *attempt);

/* The store's transaction and the sink's part in it, where they are not open yet. */
int station_begin(struct attempt *attempt, struct error *error) MUST_CHECK;

/* Has the sink add the keys of the table that it made, where they wait: no longer than the judge has all of them in memory. */
int station_add_keys(struct attempt *attempt, struct error *error) MUST_CHECK;

/* --- station_late.c --- */

/* The source is at its end: carries the records to the sink whose parent in their own table came after them, and rejects the others. */
int station_carry_late(struct attempt *attempt, struct error *error) MUST_CHECK;

/* --- attempt_files.c: a source of several files --- */

/* Has the source pass over the files that this step loaded before; sets skip where nothing is left to do. After a resume. */
int attempt_pass_loaded(struct attempt *attempt, struct error *error) MUST_CHECK;

/* The files passed over before this one come into the books: they are part of the load from here on. */
void attempt_count_passed(struct attempt *attempt, size_t number);

/* The file ended in the open transaction, which is going to say so. */
int attempt_end_file(struct attempt *attempt, const struct source_file *file, struct error *error) MUST_CHECK;

/* Into the open transaction: which files it completes. */
int attempt_record_files(struct attempt *attempt, struct error *error) MUST_CHECK;

/* --- publish.c --- */

/* Whether the limit of rejects is passed; a share is decided at the end alone. */
int publish_check_limit(const struct attempt *attempt, bool at_end, struct error *error) MUST_CHECK;

/* Commits what is open. complete: the source was read to its end. */
int publish_commit(struct attempt *attempt, bool complete, struct error *error) MUST_CHECK;

/* The end of the source: limits and the manifest decide, then everything is published and committed. 0: done. */
int publish_finish(struct attempt *attempt, struct error *error) MUST_CHECK;

/* The same in parts, for steps that are published together: judge decides, place puts rows and rejects in their places, record writes
 * the checkpoint into the open transaction, done moves the books once that was committed. */
int publish_judge(struct attempt *attempt, struct error *error) MUST_CHECK;
int publish_place(struct attempt *attempt, bool complete, struct error *error) MUST_CHECK;
int publish_record(struct attempt *attempt, struct error *error) MUST_CHECK;
void publish_done(struct attempt *attempt);

/* Rolls back what is open. */
void publish_roll_back(struct attempt *attempt);

/* After a failure that will not be tried again: rolls back, keeps the rejects of a step that commits once (published = 0) if the
 * database lets us, and settles the books. */
void publish_settle(struct attempt *attempt, const struct error *cause);

/* --- reject_file.c --- */

/* Writes all rejects of the spool into the step's file of rejects, one JSON object a line; without any a file that is there is removed, since it
 * would tell of an earlier run. Appears complete or not at all. */
int reject_file_write(const struct attempt *attempt, bool published, struct error *error) MUST_CHECK;

/* Rolls back what is open and closes all parts; judges that later steps ask stay. */
void attempt_close(struct attempt *attempt);

/* What a step's report shows while it runs: committed and pending together. */
void step_show(struct step_state *state, bool force);

#endif
