/* replay.h - rejects on their way back through the pipeline that rejected them, as a request has asked for it.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_HTTP_REPLAY_H
#define PENSTOCK_HTTP_REPLAY_H

#include "engine/core/uuid.h"
#include "engine/mend/mend.h"

enum { REPLAY_PATH_SIZE = 64 };

struct replay {
	struct mend_job job;            /* its texts are those below */
	int file;                       /* mended rows, in a file without a name; -1: the originals of the run */
	char path[REPLAY_PATH_SIZE];    /* by which this process can open that file, each time from its beginning */
	char run[RUN_ID_SIZE];          /* whose rejects they are */
	char *rule, *table, *step;      /* NULL: whatever they are of */
};

/* NULL is fine. Before the pipeline whose plan the job has. */
void replay_free(struct replay *replay);

#endif
