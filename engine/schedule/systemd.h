/* systemd.h - a schedule as a service and a timer of systemd, for those who would rather have the system start their pipelines.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_SCHEDULE_SYSTEMD_H
#define PENSTOCK_SCHEDULE_SYSTEMD_H

#include "engine/core/buffer.h"
#include "engine/core/plan.h"

/* What the units name beside the plan; absolute paths. */
struct systemd_place {
	const char *program;
	const char *file;   /* of the pipeline */
	const char *folder; /* that its relative paths start from */
};

/* Appends the expressions of systemd.time(7) that stand for a schedule, one an OnCalendar= line: two where a day of the month or of the week will do. */
int systemd_calendar(const struct plan_schedule *schedule, struct buffer *out, struct error *error) MUST_CHECK;

/* Appends both units, each behind a comment that names its file. */
int systemd_units(const struct plan *plan, const struct systemd_place *place, struct buffer *out, struct error *error) MUST_CHECK;

#endif
