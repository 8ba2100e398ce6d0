/* mend.h - which rejects a command is about, where their records come from, and how they are given to a run.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   a file   rows that a person has mended, each naming its reject (replay --from)
 *   a run    the originals: from the source, at their place, as long as it has the hash that the load recorded; else from `record`,
 *            where that is whole and unmasked; else they are gone (replay --run, export)
 *
 * Lives above connectors and rules, below the commands.
 */
#ifndef PENSTOCK_MEND_MEND_H
#define PENSTOCK_MEND_MEND_H

#include "engine/core/mend.h"

struct mend_job {
	const struct plan *plan;
	const char *file;             /* of mended rows; NULL: originals of a run */
	const char *file_name;        /* what messages call it; NULL: its path */
	const char *run;              /* its id, whole */
	const char *rule, *table;     /* only those, of a run; may be NULL */
	const char *step;             /* of this one alone; may be NULL */
	const char *found_at;         /* where the source of the run is now; NULL: where it was */
	const struct plan_connection *connection; /* where the rejects are; NULL: where the step writes to */
	bool exporting;               /* nobody but a person will see the rows: sensitive values are masked, which steps they are of does not matter */
	struct cancel *cancel;
	void (*note)(void *arg, const char *level, const char *text);
	void *note_arg;

	/* of a survey, or set by who exports */
	bool *wanted;                      /* of each step of the plan */
	char of_run[RUN_ID_SIZE];          /* whose rejects they are, whole; with several_runs one of them */
	bool several_runs;
	const struct plan_step *strangers; /* counts the rows that are of none of them */
};

/* Finds out which steps have something to do. ERROR_CONFIG where none can: of another pipeline, of a step that replaces its table. Call fini in
 * any case. */
int mend_survey(struct mend_job *job, struct error *error) MUST_CHECK;
void mend_job_fini(struct mend_job *job);

/* What messages call that which is replayed: the file, or the run. */
static inline const char *mend_job_name(const struct mend_job *job)
{
	return job->file_name ? job->file_name : job->file ? job->file : job->run;
}

/* What run_options takes; valid as long as the job. */
struct mend mend_of(struct mend_job *job);

/* The source behind it; its instance begins with a struct mend_binding whose arg is the job. */
extern const struct source_ops mend_source_ops;

/* Whether values of this column of the step's source are masked wherever a person could see them; behind a transform, which may make anything of it,
 * it must have the name of a field that is not sensitive to be shown. */
bool mend_is_hidden(const struct plan_step *step, size_t column);

/* Of a row of the batch that was read last: what the store says of its reject, and what of the record is of no field. Only while exporting. */
struct mend_label {
	struct text rule, message, extra;
};
struct mend_label mend_label_of(const void *instance, size_t row);
/* While exporting, once it is open: some record has such an extra; how many are left out, by reason. */
bool mend_has_extra(const void *instance);
const uint64_t *mend_left_out(const void *instance);

#endif
