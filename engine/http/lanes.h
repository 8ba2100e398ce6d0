/* lanes.h - requests that wait for a database, and the threads that carry them into it.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   handlers -> waiting -> thread 0, with a lane for each pipeline   SQLite: this one alone, some tens of requests in one commit
 *                       -> thread 1, the same                        servers: as many as asked for, a commit for each request
 *
 * One struct lanes for each database. A thread begins its transaction first and then takes who is waiting, so that whoever comes while another
 * process has the database locked is in the next commit. Lost connections are opened again.
 */
#ifndef PENSTOCK_HTTP_LANES_H
#define PENSTOCK_HTTP_LANES_H

#include "engine/core/ingest.h"

enum { LANES_GROUP_MAX = 64 };

struct lanes;

/* sets: the http steps of count pipelines that write to this database; borrowed, as cancel is. threads: at most, where the database has many
 * writers. What is wrong with a pipeline or its tables is an error; a database that cannot be reached is tried again later. NULL and error. */
struct lanes *lanes_open(const struct ingest_steps *const *sets, size_t count, size_t threads, struct cancel *cancel, struct error *error)
	MUST_CHECK;
/* Waits for what was submitted. NULL is fine. */
void lanes_close(struct lanes *lanes);

/* Runs a request of the pipeline set and returns when it is durable, refused or failed; from any thread. Waits for its turn lock_timeout at most.
 * -1 and error: nothing of it was written (with error->retry: but that is not known for certain). */
int lanes_run(struct lanes *lanes, size_t set, struct ingest_request *request, struct error *error) MUST_CHECK;

/* From memory alone: false and why where the database was last found unreachable. */
bool lanes_ready(struct lanes *lanes, char *why, size_t size);

#endif
