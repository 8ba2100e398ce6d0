/* metrics_file.h - the figures of a run in a file, for those who run penstock by cron and have them collected (node_exporter's textfile collector).
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_SCHEDULE_METRICS_FILE_H
#define PENSTOCK_SCHEDULE_METRICS_FILE_H

#include "engine/core/run.h"

/* Replaces the file, which is there complete or as it was before, by the figures of this run. When the pipeline succeeded last is taken over from the
 * file where this run did not. ERROR_SINK. */
int metrics_file_write(const char *path, const char *pipeline, const struct run_report *report, struct error *error) MUST_CHECK;

#endif
