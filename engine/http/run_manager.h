/* run_manager.h - pipelines that requests have started: a bounded queue, a few threads, and what is known of each run while it goes on.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   start -> queued -> running -> finished; the last few that have finished are remembered here, all others are in the history
 *
 * A run that waits is `running` with `queued: true`, as the states of a run have no other word for it. Figures of a run that goes on are at
 * most a quarter of a second old, and are given without touching any database.
 */
#ifndef PENSTOCK_HTTP_RUN_MANAGER_H
#define PENSTOCK_HTTP_RUN_MANAGER_H

#include <jansson.h>

#include "engine/config/load.h"
#include "engine/core/lineage.h"
#include "engine/core/store.h"

enum { MANAGED_KEPT = 64 /* that have finished */, MANAGED_KEPT_BYTES = 4 << 20 /* of their summaries */ };

struct run_manager;

/* runs: how many go on at once; queue: how many wait; metrics is borrowed, and may be NULL. NULL and error. */
struct metrics;
struct run_manager *run_manager_new(size_t runs, size_t queue, struct metrics *metrics, struct error *error) MUST_CHECK;

/* Those that wait are cancelled, those that run are told to stop and waited for. */
void run_manager_free(struct run_manager *manager);

/* Takes the pipeline, and of a replay what it is (NULL: a run), where it returns 1: the run is named by its plan's run_id. 0: all places in the queue
 * are taken. -1 and error. lineage, which is copied: who is told of it. */
struct replay;
int run_manager_start(struct run_manager *manager, struct pipeline *pipeline, struct replay *replay, const struct lineage_target *lineage,
	struct error *error) MUST_CHECK;

/* The summary of a run as `run --json` prints it, with kind, finished_at, while it goes on exit_code null, and note: the last thing it had to say.
 * A new reference; NULL where the run is not known here (or memory ran out). */
json_t *run_manager_find(struct run_manager *manager, const char *run_id);

/* Of all runs known here, newest first: appends the same objects to list. 0, or -1 out of memory. */
int run_manager_list(struct run_manager *manager, json_t *list);

/* True while a run of that pipeline goes on or waits. */
bool run_manager_busy(struct run_manager *manager, const char *pipeline);

enum cancelled { CANCEL_UNKNOWN = 0, CANCEL_TOLD, CANCEL_TOO_LATE };
enum cancelled run_manager_cancel(struct run_manager *manager, const char *run_id);

/* How many go on and wait, for metrics. */
void run_manager_counts(struct run_manager *manager, size_t *running, size_t *queued);

#endif
