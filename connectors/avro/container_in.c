/* container_in.c - reading a container file: header, blocks, damage.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "connectors/avro/codec.h"
#include "engine/core/digest.h"

enum { INPUT_BYTES = 128 * 1024, VARINT_BYTES = 10, KEEP_BYTES = 1 << 20, MAGIC_BYTES = 4 };

static const char magic[MAGIC_BYTES] = { 'O', 'b', 'j', 1 };

struct container_in {
	char *path;
	int fd;
	uint64_t size;
	int64_t mtime_ns;
	struct cancel *cancel;
	struct digest *digest; /* of everything before offset */

	char input[INPUT_BYTES]; /* bytes of the file that were read ahead: [at, filled) */
	size_t at, filled;
	uint64_t offset;         /* in the file, of the next byte that is taken */

	struct container_entry entries[CONTAINER_METADATA_MAX];
	size_t entry_count;
	enum codec codec;
	char sync[CONTAINER_SYNC_BYTES];
	struct unpacker *unpacker;
	struct buffer stored, plain;
	bool ended;
};

/* ---- bytes ---- */

static int damage(const struct container_in *in, uint64_t block, struct error *error, const char *what)
{
	return error_set(error, ERROR_SOURCE, in->path, "damaged at byte %" PRIu64 ": %s", block, what);
}

/* 1 there is at least a byte, 0 the end of the file, -1 and error. */
static int fill(struct container_in *in, struct error *error)
{
	if (in->at < in->filled)
		return 1;
	if (cancel_requested(in->cancel))
		return error_set(error, ERROR_CANCELLED, in->path, "cancelled");
	/* Not beyond the size it had when it was opened: somebody may be appending faster than we read. */
	uint64_t left = in->size - in->offset;
	ssize_t got;
	do
		got = read(in->fd, in->input, left < sizeof in->input ? (size_t)left : sizeof in->input);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_errno(error, ERROR_SOURCE, in->path, errno, "cannot be read");
	in->at = 0;
	in->filled = (size_t)got;
	return got > 0;
}

/* Takes length bytes; into may be NULL. 1, 0 when the file ends before, -1 and error. */
static int take(struct container_in *in, char *into, size_t length, struct error *error)
{
	while (length > 0) {
		int any = fill(in, error);
		if (any <= 0)
			return any;
		size_t piece = in->filled - in->at < length ? in->filled - in->at : length;
		digest_add(in->digest, in->input + in->at, piece);
		if (into) {
			memcpy(into, in->input + in->at, piece);
			into += piece;
		}
		in->at += piece;
		in->offset += piece;
		length -= piece;
	}
	return 1;
}

/* A zigzag varint of at most 64 bits. 1; 0 when the file ends in it; -1 and error. */
static int take_long(struct container_in *in, uint64_t block, int64_t *out, struct error *error)
{
	uint64_t bits = 0;
	for (int i = 0; i < VARINT_BYTES; i++) {
		char byte;
		int any = take(in, &byte, 1, error);
		if (any <= 0)
			return any;
		bits |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (i == VARINT_BYTES - 1 && (unsigned char)byte > 1)
			return damage(in, block, error, "a number has more than 64 bits");
		if (!(byte & 0x80)) {
			*out = (int64_t)(bits >> 1) ^ -(int64_t)(bits & 1);
			return 1;
		}
	}
	return damage(in, block, error, "a number has more than 64 bits");
}

/* The same where the end of the file is damage, too. */
static int need_long(struct container_in *in, uint64_t block, int64_t *out, struct error *error)
{
	int any = take_long(in, block, out, error);
	return any > 0 ? 0 : any == 0 ? damage(in, block, error, "the file ends here, it was cut") : -1;
}

static int need(struct container_in *in, uint64_t block, char *into, size_t length, struct error *error)
{
	int any = take(in, into, length, error);
	return any > 0 ? 0 : any == 0 ? damage(in, block, error, "the file ends before this block does, it was cut") : -1;
}

/* ---- header ---- */

/* Bytes with their length in front, malloc'd and terminated. */
static int take_bytes(struct container_in *in, uint64_t *left, char **out, size_t *out_length, struct error *error)
{
	int64_t length;
	if (need_long(in, 0, &length, error) < 0)
		return -1;
	if (length < 0 || (uint64_t)length > *left)
		return damage(in, 0, error, "the header has a text of a length that cannot be");
	if ((uint64_t)length > in->size - in->offset)
		return damage(in, 0, error, "the file ends within its header, it was cut");
	*left -= (uint64_t)length;
	*out = malloc((size_t)length + 1);
	if (!*out)
		return error_memory(error, "the header of an Avro file");
	(*out)[length] = '\0';
	*out_length = (size_t)length;
	return need(in, 0, *out, (size_t)length, error);
}

static int take_entry(struct container_in *in, uint64_t *left, struct error *error)
{
	size_t key_length;
	if (in->entry_count == CONTAINER_METADATA_MAX)
		return damage(in, 0, error, "the header has too many entries");
	struct container_entry *entry = &in->entries[in->entry_count++];
	if (take_bytes(in, left, &entry->key, &key_length, error) < 0)
		return -1;
	if (strlen(entry->key) != key_length)
		return damage(in, 0, error, "a name in the header holds a NUL");
	for (size_t i = 0; i + 1 < in->entry_count; i++)
		if (strcmp(in->entries[i].key, entry->key) == 0)
			return damage(in, 0, error, "a name stands twice in the header");
	return take_bytes(in, left, &entry->value, &entry->length, error);
}

static int take_metadata(struct container_in *in, struct error *error)
{
	uint64_t left = CONTAINER_HEADER_MAX;
	for (;;) {
		int64_t count, bytes;
		if (need_long(in, 0, &count, error) < 0)
			return -1;
		if (count == 0)
			return 0;
		/* A negative count is followed by the size in bytes, which nobody needs. */
		if (count < 0 && (count < -CONTAINER_METADATA_MAX || need_long(in, 0, &bytes, error) < 0))
			return damage(in, 0, error, "the header has too many entries");
		for (int64_t i = 0; i < (count < 0 ? -count : count); i++)
			if (take_entry(in, &left, error) < 0)
				return -1;
	}
}

/* An empty name is what some writers put for none. */
static int find_codec(struct container_in *in, struct error *error)
{
	const struct container_entry *entry = container_in_find(in, "avro.codec");
	if (!entry || entry->length == 0)
		return 0;
	if (strlen(entry->value) == entry->length && codec_find(entry->value, &in->codec))
		return 0;
	/* It goes into a message: what is no plain name is not repeated. */
	for (size_t i = 0; i < entry->length; i++)
		if (entry->value[i] <= ' ' || entry->value[i] > '~')
			return damage(in, 0, error, "the name of its codec is no name");
	return error_set(error, ERROR_SOURCE, in->path, "is compressed with \"%.64s\", which is no codec that penstock knows", entry->value);
}

static int read_header(struct container_in *in, struct error *error)
{
	char head[MAGIC_BYTES];
	int any = take(in, head, sizeof head, error);
	if (any < 0)
		return -1;
	if (any == 0 || memcmp(head, magic, sizeof magic) != 0)
		return error_set(error, ERROR_SOURCE, in->path, "is no Avro object container file");
	if (take_metadata(in, error) < 0 || need(in, 0, in->sync, sizeof in->sync, error) < 0)
		return -1;
	if (!container_in_find(in, "avro.schema"))
		return damage(in, 0, error, "the header has no avro.schema");
	if (find_codec(in, error) < 0)
		return -1;
	in->unpacker = unpacker_new(in->codec, in->path, error);
	return in->unpacker ? 0 : -1;
}

/* ---- opening ---- */

static int open_file(struct container_in *in, struct error *error)
{
	struct stat facts;
	/* Not waiting for the other end of a FIFO, which is refused. */
	in->fd = open(in->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (in->fd < 0 || fstat(in->fd, &facts) < 0)
		return error_errno(error, ERROR_SOURCE, in->path, errno, "cannot be opened");
	if (!S_ISREG(facts.st_mode))
		return error_set(error, ERROR_SOURCE, in->path, "is no regular file");
	in->size = (uint64_t)facts.st_size;
	in->mtime_ns = (int64_t)facts.st_mtim.tv_sec * 1000000000 + facts.st_mtim.tv_nsec;
	return 0;
}

struct container_in *container_in_open(const char *path, struct cancel *cancel, struct error *error)
{
	struct container_in *in = calloc(1, sizeof *in);
	if (!in) {
		error_memory(error, "an Avro file");
		return NULL;
	}
	in->fd = -1;
	in->cancel = cancel;
	in->path = strdup(path);
	in->digest = digest_new(error);
	buffer_init(&in->stored, CONTAINER_BLOCK_MAX);
	buffer_init(&in->plain, CONTAINER_BLOCK_MAX);
	if (!in->path)
		error_memory(error, "an Avro file");
	if (!in->path || !in->digest || open_file(in, error) < 0 || read_header(in, error) < 0) {
		container_in_close(in);
		return NULL;
	}
	return in;
}

void container_in_close(struct container_in *in)
{
	if (!in)
		return;
	if (in->fd >= 0)
		close(in->fd);
	for (size_t i = 0; i < in->entry_count; i++) {
		free(in->entries[i].key);
		free(in->entries[i].value);
	}
	unpacker_free(in->unpacker);
	digest_free(in->digest);
	buffer_fini(&in->stored);
	buffer_fini(&in->plain);
	free(in->path);
	free(in);
}

const struct container_entry *container_in_find(const struct container_in *in, const char *key)
{
	for (size_t i = 0; i < in->entry_count; i++)
		if (strcmp(in->entries[i].key, key) == 0)
			return &in->entries[i];
	return NULL;
}

size_t container_in_entries(const struct container_in *in, const struct container_entry **out)
{
	*out = in->entries;
	return in->entry_count;
}

enum codec container_in_codec(const struct container_in *in)
{
	return in->codec;
}

uint64_t container_in_size(const struct container_in *in)
{
	return in->size;
}

int64_t container_in_mtime_ns(const struct container_in *in)
{
	return in->mtime_ns;
}

void container_in_hash(const struct container_in *in, char out[SHA256_HEX_SIZE])
{
	digest_hex(in->digest, out);
}

/* ---- blocks ---- */

static int end(struct container_in *in, struct error *error)
{
	struct stat facts;
	in->ended = true;
	if (fstat(in->fd, &facts) < 0)
		return error_errno(error, ERROR_SOURCE, in->path, errno, "cannot be looked at");
	if ((uint64_t)facts.st_size != in->size || in->offset != in->size ||
		(int64_t)facts.st_mtim.tv_sec * 1000000000 + facts.st_mtim.tv_nsec != in->mtime_ns)
		return error_set(error, ERROR_CONFIG, in->path, "changed while it was read; run it again when nobody writes to the file");
	return 0;
}

/* Count and size of the next block. 1, 0 at the end, -1. */
static int take_head(struct container_in *in, uint64_t *records, size_t *size, struct error *error)
{
	int64_t count, bytes;
	uint64_t block = in->offset;
	int any = in->ended ? 0 : fill(in, error);
	if (any == 0)
		return in->ended ? 0 : end(in, error);
	if (any < 0 || need_long(in, block, &count, error) < 0 || need_long(in, block, &bytes, error) < 0)
		return -1;
	if (count < 0)
		return damage(in, block, error, "the block has a negative number of records");
	if (bytes < 0)
		return damage(in, block, error, "the block has a negative length");
	if (bytes > CONTAINER_BLOCK_MAX)
		return error_set(error, ERROR_SOURCE, in->path, "damaged at byte %" PRIu64 ": the block has %" PRId64 " bytes, more than the %d that one may have",
			block, bytes, CONTAINER_BLOCK_MAX);
	if ((uint64_t)bytes > in->size - in->offset)
		return damage(in, block, error, "the file ends before this block does, it was cut");
	*records = (uint64_t)count;
	*size = (size_t)bytes;
	return 1;
}

static int take_sync(struct container_in *in, uint64_t block, struct error *error)
{
	char sync[CONTAINER_SYNC_BYTES];
	if (need(in, block, sync, sizeof sync, error) < 0)
		return -1;
	return memcmp(sync, in->sync, sizeof sync) == 0 ? 0 : damage(in, block, error, "the block does not end with the file's sync marker");
}

/* Gives back what one huge block took. */
static void trim(struct buffer *buffer)
{
	if (buffer->size > KEEP_BYTES && buffer->length < KEEP_BYTES / 2) {
		size_t ceiling = buffer->ceiling;
		buffer_fini(buffer);
		buffer_init(buffer, ceiling);
	}
	buffer_clear(buffer);
}

int container_in_next(struct container_in *in, struct container_block *out, struct error *error)
{
	uint64_t block = in->offset, records;
	size_t size;
	const char *why;
	int any = take_head(in, &records, &size, error);
	if (any <= 0)
		return any;
	trim(&in->stored);
	trim(&in->plain);
	if (buffer_reserve(&in->stored, size ? size : 1, error) < 0 || need(in, block, in->stored.data, size, error) < 0 ||
		take_sync(in, block, error) < 0)
		return -1;
	in->stored.length = size;
	*out = (struct container_block){ .offset = block, .records = records, .data = in->stored.data, .length = size };
	if (in->codec == CODEC_NULL)
		return 1;
	if (unpacker_unpack(in->unpacker, in->stored.data, size, &in->plain, &why, error) < 0) {
		if (!why)
			return -1;
		return error_set(error, ERROR_SOURCE, in->path, "damaged at byte %" PRIu64 ": the block %s (%s)", block, why, codec_name(in->codec));
	}
	out->data = buffer_text(&in->plain);
	out->length = in->plain.length;
	return 1;
}

int container_in_skip_to(struct container_in *in, uint64_t offset, struct error *error)
{
	while (in->offset < offset) {
		uint64_t block = in->offset, records;
		size_t size;
		int any = take_head(in, &records, &size, error);
		if (any < 0)
			return -1;
		if (any == 0)
			break;
		if (need(in, block, NULL, size, error) < 0 || take_sync(in, block, error) < 0)
			return -1;
	}
	return in->offset == offset ? 0 : error_set(error, ERROR_CONFIG, in->path, "has no block at byte %" PRIu64, offset);
}
