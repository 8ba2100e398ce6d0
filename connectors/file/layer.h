/* layer.h - bytes that are made of other bytes on their way into a window: what compression and encodings need.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   the file -> [unpack] -> [recode] -> window          each pulls from the one before it, a buffer at a time
 */
#ifndef PENSTOCK_CONNECTORS_FILE_LAYER_H
#define PENSTOCK_CONNECTORS_FILE_LAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "engine/core/error.h"

/* Bytes that came from below and were not taken yet. Set up by window_put. */
struct feed {
	ssize_t (*read)(void *from, char *to, size_t size, struct error *error); /* at most size bytes, 0 at the end, -1 and error */
	void *from;
	char *data;          /* owned */
	size_t begin, end;   /* what is left: data[begin..end) */
	size_t room;
	uint64_t offset;     /* of data[begin] in what comes from below */
	bool eof;            /* nothing comes behind end */
};

struct layer {
	struct feed in;
	const char *path; /* borrowed, for messages */
	/* Makes at most size bytes (WINDOW_BLOCK or more); 0 at the end only; -1 and error. Called again after the end it says the end again. */
	ssize_t (*read)(struct layer *layer, char *to, size_t size, struct error *error);
	/* Frees all but what is in `in`. */
	void (*free)(struct layer *layer);
};

/* Reads more behind what is left, or finds the end (eof). Not to be called at eof. */
int feed_more(struct feed *feed, struct error *error) MUST_CHECK;

static inline size_t feed_left(const struct feed *feed)
{
	return feed->end - feed->begin;
}

static inline void feed_take(struct feed *feed, size_t count)
{
	feed->begin += count;
	feed->offset += count;
}

#endif
