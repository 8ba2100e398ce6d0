/* log.h - what a command tells on stderr: errors and notes as text, or one JSON object a line.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every line is one write, and the progress line is taken away before it. May be called from any thread.
 */
#ifndef PENSTOCK_CLI_LOG_H
#define PENSTOCK_CLI_LOG_H

#include <pthread.h>

#include "engine/cli/progress.h"
#include "engine/core/diagnostics.h"
#include "engine/core/run.h"

enum log_format { LOG_TEXT = 0, LOG_JSON };

struct log {
	FILE *out;
	enum log_format format;
	bool quiet;               /* only errors */
	const char *run_id;       /* borrowed; NULL while there is none */
	const char *pipeline;     /* borrowed; may be NULL */
	struct progress progress;
	pthread_mutex_t lock;
};

/* stderr; progress: draw a line where that is possible (text only). */
void log_init(struct log *log, enum log_format format, bool quiet, bool progress);
void log_fini(struct log *log);

/* level: "info" or "warning". step may be NULL. */
void log_note(struct log *log, const char *level, const char *step, const char *text);

/* An error with its place. Returns the exit code it stands for; ERROR_CANCELLED gives ERROR_CANCELLED, which the caller knows better. */
int log_error(struct log *log, const char *step, const struct error *error);

/* Everything found, in order. Returns the exit code of a load that failed. */
int log_diagnostics(struct log *log, const struct diagnostics *diagnostics);

/* Events of a run: lines in JSON only. */
void log_run_started(struct log *log);
void log_run_finished(struct log *log, const struct run_report *report);
void log_step_started(struct log *log, const struct step_report *step);
void log_step_finished(struct log *log, const struct step_report *step);

/* Draws the progress line; view NULL takes it away. */
void log_progress(struct log *log, const struct progress_view *view);

/* For commands without a log of their own: "penstock: PLACE: MESSAGE" on stderr; returns the exit code. */
int complain(const struct error *error);

/* The error as a hint on how to call: the message, then where the help is. Returns 2. */
int complain_usage(const struct error *error, const char *command);

#endif
