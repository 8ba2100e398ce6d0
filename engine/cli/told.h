/* told.h - runs a plan for a person or a script: progress and notes on the way, and at the end a summary, or one JSON object.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CLI_TOLD_H
#define PENSTOCK_CLI_TOLD_H

#include "engine/cli/log.h"

/* Returns the exit code. cancel and progress of the options are set here: signals cancel the run. json: one summary object to standard output, and
 * nothing else there. metrics_file: where the figures of the run are to be; NULL: nowhere. lineage: who is told of the run; may be NULL. */
struct lineage_target;
int told_run(struct log *log, const struct plan *plan, const struct run_options *options, bool json, const char *metrics_file,
	const struct lineage_target *lineage);

/* For a run that could not begin: whoever reads --json gets one object whatever happens. Returns the exit code. */
int told_no_run(bool json, const char *file, const struct error *why);

/* Whether rows of the plan, or of that step alone, go to standard output, where then nothing else may be. */
bool told_prints_rows(const struct plan *plan, const char *step);

#endif
