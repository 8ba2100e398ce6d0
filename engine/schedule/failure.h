/* failure.h - tells whoever wants to know of a run that did not succeed.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_SCHEDULE_FAILURE_H
#define PENSTOCK_SCHEDULE_FAILURE_H

#include "engine/core/buffer.h"
#include "engine/core/cancel.h"
#include "engine/core/plan.h"
#include "engine/core/run.h"

/* Gives the summary of the run to the command or address of the plan's on_failure, and waits for it. Does nothing where the plan has none, or where the run
 * succeeded or was cancelled. Once cancel is set, which may be NULL, it has a few seconds left. What a command prints goes to standard error, or
 * where said is no NULL, the beginning of it into that, up to its ceiling. -1 and error where it could not be told, which changes nothing about the run. */
int failure_tell(const struct plan *plan, const struct run_report *report, struct cancel *cancel, struct buffer *said, struct error *error) MUST_CHECK;

#endif
