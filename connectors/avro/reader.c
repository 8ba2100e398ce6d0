/* reader.c - blocks into batches, and going on where an interrupted run stopped.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/avro/reader.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/core/digest.h"
#include "engine/core/plural.h"
#include "engine/core/position.h"

int avro_reader_open(struct avro_reader *reader, const char *path, struct cancel *cancel, struct error *error)
{
	reader->path = path;
	reader->cancel = cancel;
	reader->in = container_in_open(path, cancel, error);
	if (!reader->in)
		return -1;
	const struct container_entry *entry = container_in_find(reader->in, "avro.schema");
	if (!entry)
		return error_set(error, ERROR_SOURCE, path, "has no avro.schema in its header");
	reader->schema = avro_schema_parse(entry->value, entry->length, path, error);
	return reader->schema ? 0 : -1;
}

void avro_reader_close(struct avro_reader *reader)
{
	decoder_free(reader->decoder);
	avro_schema_close(reader->schema);
	container_in_close(reader->in);
	reader->decoder = NULL;
	reader->schema = NULL;
	reader->in = NULL;
}

void avro_reader_hash_read(const struct avro_reader *reader, char out[SHA256_HEX_SIZE])
{
	container_in_hash(reader->in, out);
}

int avro_reader_hash(const struct avro_reader *reader, char out[SHA256_HEX_SIZE], struct error *error)
{
	enum { PIECE = 256 * 1024 };
	struct stat facts;
	struct digest *digest = digest_new(error);
	char *piece = malloc(PIECE);
	int fd = open(reader->path, O_RDONLY | O_CLOEXEC), result = -1;
	ssize_t got = 0;
	if (!digest || !piece) {
		error_memory(error, "the hash of a file");
		goto out;
	}
	if (fd < 0 || fstat(fd, &facts) < 0) {
		error_errno(error, ERROR_SOURCE, reader->path, errno, "cannot be opened");
		goto out;
	}
	if ((uint64_t)facts.st_size != container_in_size(reader->in) ||
	    (int64_t)facts.st_mtim.tv_sec * 1000000000 + facts.st_mtim.tv_nsec != container_in_mtime_ns(reader->in)) {
		error_set(error, ERROR_CONFIG, reader->path, "changed while it was read; run it again when nobody writes to the file");
		goto out;
	}
	while ((got = read(fd, piece, PIECE)) > 0 || (got < 0 && errno == EINTR)) {
		if (cancel_requested(reader->cancel)) {
			error_set(error, ERROR_CANCELLED, NULL, "cancelled");
			goto out;
		}
		if (got > 0)
			digest_add(digest, piece, (size_t)got);
	}
	if (got < 0) {
		error_errno(error, ERROR_SOURCE, reader->path, errno, "cannot be read");
		goto out;
	}
	digest_hex(digest, out);
	result = 0;
out:
	if (fd >= 0)
		close(fd);
	free(piece);
	digest_free(digest);
	return result;
}

/* ---- blocks ---- */

/* Adds to what the container says how many records came before. */
static int damaged_before(const struct avro_reader *reader, const struct error *inner, struct error *error)
{
	if (inner->kind != ERROR_SOURCE)
		return error_set(error, inner->kind, inner->place, "%s", inner->message);
	return error_set(error, ERROR_SOURCE, inner->place, "%s; %" PRIu64 " record%s read before it", inner->message, reader->records,
		plural(reader->records, " was", "s were"));
}

/* What the decoder says, with the place. */
static int damaged_here(const struct avro_reader *reader, uint64_t block, const char *where, const struct error *inner, struct error *error)
{
	if (inner->kind != ERROR_SOURCE)
		return error_set(error, inner->kind, inner->place[0] ? inner->place : reader->path, "%s", inner->message);
	return error_set(error, ERROR_SOURCE, reader->path, "damaged at byte %" PRIu64 ": %s%s; %" PRIu64 " records were read before it", block,
		where, inner->message, reader->records);
}

/* The next block with a record, unless the file ends. Until it is there, the position is behind the block before it. */
static int next_block(struct avro_reader *reader, struct error *error)
{
	struct error inner = ERROR_INIT;
	struct container_block block;
	char hash[SHA256_HEX_SIZE];
	do {
		block = (struct container_block){ 0 };
		container_in_hash(reader->in, hash);
		int got = container_in_next(reader->in, &block, &inner);
		if (got < 0)
			return damaged_before(reader, &inner, error);
		reader->at_end = got == 0;
		if (got > 0 && (decoder_begin(reader->decoder, block.data, block.length, block.records, &inner) < 0 ||
				(block.records == 0 && decoder_end(reader->decoder, &inner) < 0)))
			return damaged_here(reader, block.offset, "", &inner, error);
	} while (block.records == 0 && !reader->at_end);
	reader->block = block;
	reader->index = 0;
	memcpy(reader->block_hash, hash, sizeof hash);
	return 0;
}

/* One record of the block into the batch; without a batch it is passed over. */
static int take_record(struct avro_reader *reader, struct batch *batch, struct error *error)
{
	struct error inner;
	inner.kind = ERROR_NONE; /* for each record: not all of it */
	inner.place[0] = inner.message[0] = '\0';
	if ((batch ? decoder_add(reader->decoder, batch, &inner) : decoder_skip(reader->decoder, &inner)) < 0) {
		char where[64];
		snprintf(where, sizeof where, "record %" PRIu64 " of the block: ", reader->index + 1);
		return damaged_here(reader, reader->block.offset, where, &inner, error);
	}
	reader->index++;
	reader->records++;
	if (batch) {
		struct origin *origin = &batch->origins[batch->rows - 1];
		origin->record_no = origin->line_no = reader->records;
		origin->byte_offset = reader->block.offset;
	}
	if (reader->index == reader->block.records && decoder_end(reader->decoder, &inner) < 0)
		return damaged_here(reader, reader->block.offset, "", &inner, error);
	return 0;
}

/* ---- positions ---- */

static int changed_before(const struct avro_reader *reader, uint64_t offset, struct error *error)
{
	return error_set(error, ERROR_CONFIG, reader->path,
		"changed before byte %" PRIu64 " since the interrupted run; --restart loads it from the beginning", offset);
}

/* Of a replay: what is damaged now was not, then. */
static int changed_replayed(const struct avro_reader *reader, struct error *error)
{
	return changed_before(reader, strtoull(reader->replay_at.token, NULL, 10), error);
}

/* "BLOCK:INDEX:RECORDS": the block of the next record, how many of its records come before it, and how many of the file. */
static void mark_position(const struct avro_reader *reader, struct position *position)
{
	uint64_t offset = reader->at_end ? container_in_size(reader->in) : reader->block.offset;
	snprintf(position->token, sizeof position->token, "%" PRIu64 ":%" PRIu64 ":%" PRIu64, offset, reader->index, reader->records);
	memcpy(position->hash, reader->block_hash, sizeof position->hash);
}

static bool same_position(const struct position *a, const struct position *b)
{
	return strcmp(a->token, b->token) == 0 && strcmp(a->hash, b->hash) == 0;
}

/* What the batch holds now is given. */
static void give(struct avro_reader *reader, struct batch *batch)
{
	uint64_t reached = reader->at_end ? container_in_size(reader->in) : reader->block.offset;
	mark_position(reader, &batch->position);
	batch->bytes = reached - reader->given;
	reader->given = reached;
}

/* A replayed batch ends at the position, in the one or the other way to say it: behind a block, or before the next. */
static enum source_result end_replay(struct avro_reader *reader, struct batch *batch, struct error *error)
{
	struct position here;
	mark_position(reader, &here);
	if (!same_position(&here, &reader->replay_at)) {
		if (reader->index == reader->block.records && next_block(reader, error) < 0)
			return SOURCE_ERROR;
		mark_position(reader, &here);
		if (!same_position(&here, &reader->replay_at)) {
			changed_replayed(reader, error);
			return SOURCE_ERROR;
		}
	}
	give(reader, batch);
	reader->replay_to = 0;
	return SOURCE_BATCH;
}

/* Records as long as there is room. 0, or -1: what was wrong is in reader->failed. */
static int fill(struct avro_reader *reader, struct batch *batch)
{
	while (!batch_is_full(batch) && !(batch->replayed && reader->records == reader->replay_to)) {
		if (reader->index == reader->block.records) {
			if (next_block(reader, &reader->failed) < 0)
				return -1;
			if (reader->at_end)
				return 0;
		}
		if (take_record(reader, batch, &reader->failed) < 0)
			return -1;
	}
	/* What is behind is looked at now, since the last batch must say that it is the last. */
	if (reader->index == reader->block.records && !batch->replayed)
		return next_block(reader, &reader->failed);
	return 0;
}

enum source_result avro_reader_read(struct avro_reader *reader, struct batch *batch, struct error *error)
{
	if (reader->ended)
		return SOURCE_END;
	if (cancel_requested(reader->cancel)) {
		error_set(error, ERROR_CANCELLED, NULL, "cancelled");
		return SOURCE_ERROR;
	}
	batch->replayed = reader->replay_to > 0;
	if (!error_is_set(&reader->failed) && fill(reader, batch) < 0 && batch->rows > 0 && reader->failed.kind == ERROR_SOURCE &&
	    !batch->replayed) {
		give(reader, batch);
		return SOURCE_BATCH;
	}
	if (batch->replayed && (reader->failed.kind == ERROR_SOURCE || (reader->at_end && reader->records < reader->replay_to))) {
		changed_replayed(reader, error);
		return SOURCE_ERROR;
	}
	if (error_is_set(&reader->failed)) {
		error_set(error, reader->failed.kind, reader->failed.place, "%s", reader->failed.message);
		return SOURCE_ERROR;
	}
	if (batch->replayed && reader->records == reader->replay_to)
		return end_replay(reader, batch, error);
	give(reader, batch);
	if (reader->at_end) {
		batch->last = true;
		reader->ended = true;
	}
	return SOURCE_BATCH;
}

/* From the beginning of the block at the position to the record in it. */
static int go_to(struct avro_reader *reader, uint64_t offset, uint64_t index, uint64_t records, const struct position *at,
	struct error *error)
{
	struct error inner = ERROR_INIT;
	if (offset > container_in_size(reader->in))
		return changed_before(reader, offset, error);
	if (container_in_skip_to(reader->in, offset, &inner) < 0)
		return inner.kind == ERROR_SOURCE ? changed_before(reader, offset, error)
						  : error_set(error, inner.kind, inner.place, "%s", inner.message);
	container_in_hash(reader->in, reader->block_hash);
	if (strcmp(reader->block_hash, at->hash) != 0)
		return changed_before(reader, offset, error);
	reader->records = records - index;
	if (next_block(reader, error) < 0)
		return -1;
	if (index > reader->block.records || (index > 0 && reader->block.offset != offset))
		return changed_before(reader, offset, error);
	while (reader->index < index)
		if (take_record(reader, NULL, error) < 0)
			return -1;
	return 0;
}

int avro_reader_resume(struct avro_reader *reader, const struct position *at, bool replay, struct error *error)
{
	const char *text = at->token;
	uint64_t offset, index, records;
	if (at->token[0] == '\0')
		return 0;
	if (!position_take(&text, ':', &offset) || !position_take(&text, ':', &index) || !position_take(&text, '\0', &records) || index > records ||
	    strlen(at->hash) != SHA256_HEX_SIZE - 1)
		return error_set(error, ERROR_CONFIG, reader->path,
			"the recorded position \"%s\" is none of an Avro file; --restart loads it from the beginning", at->token);
	if (replay && records > 0) {
		reader->replay_to = records;
		reader->replay_at = *at;
		return 0;
	}
	if (go_to(reader, offset, index, records, at, error) < 0)
		return -1;
	reader->given = replay ? 0 : offset;
	return 0;
}
