/* failure.h - tells whoever wants to know of a run that did not succeed.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_SCHEDULE_FAILURE_H
#define PENSTOCK_SCHEDULE_FAILURE_H

#include "engine/core/cancel.h"
#include "engine/core/plan.h"
#include "engine/core/run.h"

/* Gives the summary of the run to the command or address of the plan's on_failure, and waits for it. Does nothing where the plan has none, or where the run
 * succeeded or was cancelled. Once cancel is set, which may be NULL, it has a few seconds left. -1 and error where it could not be told, which changes
 * nothing about the run. */
int failure_tell(const struct plan *plan, const struct run_report *report, struct cancel *cancel, struct error *error) MUST_CHECK;

#endif
