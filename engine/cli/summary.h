/* summary.h - what a run did, for a person: a table of its steps, its rejects by rule, and what to do next.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CLI_SUMMARY_H
#define PENSTOCK_CLI_SUMMARY_H

#include <stdio.h>

#include "engine/core/run.h"

struct summary_options {
	bool dry_run;
	bool mends; /* a replay of rejects: those that were rejected again stay those of their run */
	const char *mended; /* that run; NULL: of several */
	const struct plan *plan; /* whose steps may keep their rejects in files; NULL: none does */
	const char *state; /* CONNECTION to be given to --state in hints; NULL: the default is right */
};

/* Prints to out. Returns 0, or -1 and error (out of memory). */
int summary_print(FILE *out, const struct run_report *report, const struct summary_options *options, struct error *error)
	MUST_CHECK;

#endif
