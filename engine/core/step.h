/* step.h - the steps of a plan, each by itself or several in one transaction: tries, retries with backoff, and their reports.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CORE_STEP_H
#define PENSTOCK_CORE_STEP_H

#include "engine/core/attempt.h"
#include "engine/core/sessions.h"

/* Runs a step of the plan; its report is the last one of report. judges: see struct step_state. */
int step_run(struct sessions *sessions, const struct plan_step *step, const struct run_options *options,
	struct run_report *report, struct judge **judges, size_t *judge_count, struct error *error) MUST_CHECK;

/* Runs steps that replace tables of one connection, parents first, in one transaction: their reports are the last count ones. Not for a dry run. */
int group_run(struct sessions *sessions, const struct plan_step *const *steps, size_t count, const struct run_options *options,
	struct run_report *report, struct error *error) MUST_CHECK;

/* --- what both have in common --- */

/* What of a step outlives its tries; at: which report of the run is its own. */
struct step_state step_state_of(struct sessions *sessions, const struct plan_step *step, const struct run_options *options,
	struct run_report *report, size_t at, struct judge **judges, size_t *judge_count);

/* Settles report and books after the last try; cause may be empty. Adds what it finds wrong to failed. */
void step_conclude(struct step_state *state, struct error *failed, int64_t started_ms);

/* After a failed try: whether another one should be made, with the session dropped and the waiting done. */
bool step_try_again(struct sessions *sessions, struct step_state *state, unsigned *tries, struct error *failed);

#endif
