/* reading.c - ends of batches, positions, and going on from one.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/file/reading.h"

#include <inttypes.h>
#include <string.h>

int reading_identify(struct window *window, bool hash, struct source_identity *out, struct error *error)
{
	*out = (struct source_identity){ .known = window->regular };
	memcpy(out->path, window->path, strlen(window->path) + 1);
	if (!window->regular)
		return 0;
	out->size = window->size;
	out->mtime_ns = window->mtime_ns;
	return hash ? window_hash_all(window, out->hash, error) : 0;
}

int reading_changed_before(const struct window *window, uint64_t offset, struct error *error)
{
	return error_set(error, ERROR_CONFIG, window->path,
		"changed before byte %" PRIu64 " since the interrupted run; --restart loads it from the beginning", offset);
}

int reading_no_position(const struct window *window, const struct position *at, const char *format, struct error *error)
{
	return error_set(error, ERROR_CONFIG, window->path,
		"the recorded position \"%s\" is none of a %s file; --restart loads it from the beginning", at->token, format);
}

enum source_result reading_end(struct reading *reading, struct window *window, bool end, struct batch *batch, struct error *error)
{
	window_hash(window, batch->position.hash);
	batch->bytes = window_taken(window) - reading->given;
	reading->given = window_taken(window);
	if (batch->replayed && (end || window->position >= reading->replay_to)) {
		/* Records end where they did before, unless they are others. */
		if (strcmp(batch->position.token, reading->replay_at.token) != 0 || strcmp(batch->position.hash, reading->replay_at.hash) != 0) {
			reading_changed_before(window, reading->replay_to, error);
			return SOURCE_ERROR;
		}
		/* What is behind the position, be it nothing, is in a batch of its own. */
		return SOURCE_BATCH;
	}
	if (end) {
		if (window_check_unchanged(window, error) < 0)
			return SOURCE_ERROR;
		batch->last = true;
		reading->ended = true;
	}
	return SOURCE_BATCH;
}

enum reading_way reading_resume(struct reading *reading, struct window *window, const struct position *at, uint64_t offset, uint64_t records,
	bool replay, struct error *error)
{
	char hash[SHA256_HEX_SIZE];

	if (!window->regular) {
		error_set(error, ERROR_CONFIG, window->path,
			"is a stream, which cannot be read again from a position; --restart loads it from the beginning");
		return READING_FAILED;
	}
	if (offset < window->position) {
		reading_changed_before(window, offset, error);
		return READING_FAILED;
	}
	if (replay && offset > window->position) {
		reading->replay_to = offset;
		reading->replay_at = *at;
		return READING_REPLAYS;
	}
	for (;;) {
		window_consume(window, offset < window->end ? offset : window->end);
		if (window->position == offset)
			break;
		if (window->eof) {
			reading_changed_before(window, offset, error);
			return READING_FAILED;
		}
		if (window_more(window, error) < 0)
			return READING_FAILED;
	}
	/* The hash at the end of a packed or recoded file is another one: whether this is the end must be known. */
	while (window->position == window->end && !window->eof)
		if (window_more(window, error) < 0)
			return READING_FAILED;
	window_hash(window, hash);
	if (strcmp(hash, at->hash) != 0) {
		reading_changed_before(window, offset, error);
		return READING_FAILED;
	}
	reading->records = records;
	if (!replay)
		reading->given = window_taken(window);
	return READING_MOVED;
}
