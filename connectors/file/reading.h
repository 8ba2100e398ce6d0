/* reading.h - where the reading of one file of records stands: how its batches end, and how it goes on from a position.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Shared by the rooms that read records out of a window. A position's token is the room's own; its hash is that of the bytes before it.
 */
#ifndef PENSTOCK_CONNECTORS_FILE_READING_H
#define PENSTOCK_CONNECTORS_FILE_READING_H

#include "connectors/file/window.h"
#include "engine/core/source.h"

struct reading {
	uint64_t records;   /* before the window's position */
	uint64_t given;     /* bytes before it are in batches that were given, or were passed over by a resume */
	uint64_t replay_to; /* records before it are replayed */
	struct position replay_at;
	bool ended;         /* the last batch was given */
};

/* What a resume came to. */
enum reading_way {
	READING_FAILED = -1,
	READING_REPLAYS = 0, /* the window stays, and what is before the position comes first */
	READING_MOVED = 1,   /* the window is at the position, and the bytes before it are those of then */
};

/* As identify of a source. */
int reading_identify(struct window *window, bool hash, struct source_identity *out, struct error *error) MUST_CHECK;

/* Called first for each batch. */
static inline void reading_begin(const struct reading *reading, const struct window *window, struct batch *batch)
{
	batch->replayed = window->position < reading->replay_to;
}

/* True where a batch must take no further record. */
static inline bool reading_is_full(const struct reading *reading, const struct window *window, const struct batch *batch)
{
	return batch_is_full(batch) || (batch->replayed && window->position >= reading->replay_to);
}

/* Called last, with the token of the position in the batch already; end: nothing follows. SOURCE_BATCH, or SOURCE_ERROR: what was replayed
 * is not what was read then, or the file changed while it was read. */
enum source_result reading_end(struct reading *reading, struct window *window, bool end, struct batch *batch, struct error *error);

/* Goes to a position, before which there are offset bytes and records, as its token says. */
enum reading_way reading_resume(struct reading *reading, struct window *window, const struct position *at, uint64_t offset, uint64_t records,
	bool replay, struct error *error);

/* ERROR_CONFIG: the token is none of this format. Returns -1. */
int reading_no_position(const struct window *window, const struct position *at, const char *format, struct error *error);

/* ERROR_CONFIG: what is before offset is not what it was. Returns -1. */
int reading_changed_before(const struct window *window, uint64_t offset, struct error *error);

#endif
