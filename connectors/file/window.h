/* window.h - the part of a file that is in memory, and the hash of everything before it.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   0 ............ base ......... position ........ end ......... (the rest of the file)
 *   |   given back   |   consumed    |    to come    |   not yet read
 *                    `--------- in data -------------'
 *
 * Offsets are bytes from the beginning of the file's text: of the file itself, unless layers (layer.h) make its text of what it holds.
 * base <= position <= end; only window_more moves base and data.
 */
#ifndef PENSTOCK_CONNECTORS_FILE_WINDOW_H
#define PENSTOCK_CONNECTORS_FILE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "connectors/file/layer.h"
#include "engine/core/cancel.h"
#include "engine/core/digest.h"
#include "engine/core/error.h"

enum {
	WINDOW_BLOCK = 256 * 1024, /* the least that is asked of the system at once */
	WINDOW_LAYERS = 2,
};

struct window {
	const char *path;      /* borrowed; "-" and "/dev/stdin" are standard input, always a stream */
	struct cancel *cancel; /* borrowed */
	int fd;                /* -1: not open */
	bool regular;          /* a file that can be read twice; otherwise a stream */
	uint64_t size;         /* of a regular file when it was opened */
	int64_t mtime_ns;
	char *data;
	size_t room;           /* allocated */
	size_t most;           /* room never exceeds it */
	uint64_t base, position, end;
	uint64_t hashed;       /* the digest covers the bytes before it; base <= hashed <= position */
	bool eof;              /* end is the end of the file */
	struct digest *digest; /* of the text */
	struct layer *layers[WINDOW_LAYERS]; /* owned; the first takes what the file holds */
	unsigned layer_count;
	struct digest *kept;   /* with layers: of what the file holds, as far as it was read */
	uint64_t kept_end;     /* how far that is */
	const char *encoding;  /* of which the text was made; NULL: it is UTF-8 as it stands */
};

/* Opens path; nothing is read yet. ahead: how many bytes behind the position a caller may want to see at once. Close it
 * also after a failure. ERROR_SOURCE, naming the path. */
int window_open(struct window *window, const char *path, uint64_t ahead, struct cancel *cancel, struct error *error)
	MUST_CHECK;

/* The same over a regular file that is open already, from its first byte; name stands for a path in messages. fd is not taken: it must stay open. */
int window_open_fd(struct window *window, const char *name, int fd, uint64_t ahead, struct cancel *cancel, struct error *error)
	MUST_CHECK;

/* May be called twice. */
void window_close(struct window *window);

/* Reads on: afterwards end is larger or eof is true. Addresses in the window change. Not to be called at eof. Looks at
 * cancel first (ERROR_CANCELLED). */
int window_more(struct window *window, struct error *error) MUST_CHECK;

/* From here on the text is what the layer makes of it: of what was read so far, of which nothing was consumed, and of all that comes. Takes the
 * layer, also when it fails (out of memory). */
int window_put(struct window *window, struct layer *layer, struct error *error) MUST_CHECK;

/* Bytes of the file itself that were needed for what was consumed, more or less: for showing how far it is. */
static inline uint64_t window_taken(const struct window *window)
{
	return window->layer_count > 0 ? window->kept_end : window->position;
}

/* The byte at an offset, base <= offset <= end; valid until window_more. */
static inline const char *window_at(const struct window *window, uint64_t offset)
{
	return window->data + (offset - window->base);
}

/* Everything before offset (position <= offset <= end) is done with. */
static inline void window_consume(struct window *window, uint64_t offset)
{
	window->position = offset;
}

/* SHA-256 of the bytes before the position. With layers: of the text before it, but at the end (eof) that of what the file holds, by which it is
 * known. */
void window_hash(struct window *window, char out[SHA256_HEX_SIZE]);

/* Hash of the whole regular file, without moving anything. */
int window_hash_all(struct window *window, char out[SHA256_HEX_SIZE], struct error *error) MUST_CHECK;

/* At the end: the file is as large and as old as it was when it was opened, and all of it was read. ERROR_CONFIG. */
int window_check_unchanged(const struct window *window, struct error *error) MUST_CHECK;

#endif
