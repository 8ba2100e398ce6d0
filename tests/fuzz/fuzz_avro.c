/* fuzz_avro.c - any bytes as a container file: blocks within their limits or damage; the same from any block; what is read can be written.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An input is a file. sh tests/support/fuzz.sh avro searches with libFuzzer. Records are another target's, fuzz_avro_records.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "connectors/avro/codec.h"
#include "engine/core/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition) ((condition) ? (void)0 : (fprintf(stderr, "%d: %s\n", __LINE__, #condition), abort()))

enum { PLACES_MAX = 64 };

/* Blocks that were read, and where. */
struct places {
	uint64_t offsets[PLACES_MAX];
	char sums[PLACES_MAX][SHA256_HEX_SIZE];
	size_t count;
};

static void check_header(const struct container_in *in)
{
	const struct container_entry *entries;
	size_t count = container_in_entries(in, &entries), bytes = 0;
	CHECK(count > 0 && count <= CONTAINER_METADATA_MAX && container_in_find(in, "avro.schema"));
	for (size_t i = 0; i < count; i++) {
		CHECK(entries[i].value[entries[i].length] == '\0' && container_in_find(in, entries[i].key) == &entries[i]);
		bytes += strlen(entries[i].key) + entries[i].length;
	}
	CHECK(bytes <= CONTAINER_HEADER_MAX);
}

/* A block that was read is packed and unpacked again. */
static void check_again(const struct container_block *block, enum codec codec)
{
	struct error error = ERROR_INIT;
	struct buffer packed, plain;
	const char *why;
	if (codec == CODEC_BZIP2 || codec == CODEC_XZ || block->length > 1 << 16)
		return;
	buffer_init(&packed, 2 * CONTAINER_BLOCK_MAX);
	buffer_init(&plain, block->length);
	struct packer *packer = packer_new(codec, 0, &error);
	struct unpacker *unpacker = unpacker_new(codec, "f", &error);
	CHECK(packer && unpacker && packer_pack(packer, block->data, block->length, &packed, &error) == 0);
	CHECK(unpacker_unpack(unpacker, buffer_text(&packed), packed.length, &plain, &why, &error) == 0);
	CHECK(plain.length == block->length && memcmp(buffer_text(&plain), block->data, plain.length) == 0);
	packer_free(packer);
	unpacker_free(unpacker);
	buffer_fini(&packed);
	buffer_fini(&plain);
}

static void read_all(struct container_in *in, const uint8_t *data, size_t size, struct places *places)
{
	static struct error error;
	struct container_block block;
	char hash[SHA256_HEX_SIZE], expected[SHA256_HEX_SIZE];
	uint64_t last = 0;
	int any;
	error_clear(&error);
	while ((any = container_in_next(in, &block, &error)) > 0) {
		CHECK(block.offset > last && block.offset < size && block.length <= CONTAINER_BLOCK_MAX && block.records <= INT64_MAX);
		last = block.offset;
		if (places->count < PLACES_MAX) {
			places->offsets[places->count] = block.offset;
			digest_of(block.data, block.length, places->sums[places->count++]);
			check_again(&block, container_in_codec(in));
		}
	}
	if (any < 0) {
		CHECK(error.kind == ERROR_SOURCE && strstr(error.message, "at byte "));
		return;
	}
	container_in_hash(in, hash);
	digest_of(data, size, expected);
	CHECK(strcmp(hash, expected) == 0);
}

/* From each block that was read, without those before it. */
static void read_again(const char *path, const uint8_t *data, const struct places *places)
{
	for (size_t i = 0; i < places->count; i++) {
		struct error error = ERROR_INIT;
		struct container_block block;
		char hash[SHA256_HEX_SIZE], expected[SHA256_HEX_SIZE];
		struct container_in *in = container_in_open(path, NULL, &error);
		CHECK(in && container_in_skip_to(in, places->offsets[i], &error) == 0);
		container_in_hash(in, hash);
		digest_of(data, places->offsets[i], expected);
		CHECK(strcmp(hash, expected) == 0);
		CHECK(container_in_next(in, &block, &error) == 1 && block.offset == places->offsets[i]);
		digest_of(block.data, block.length, hash);
		CHECK(strcmp(hash, places->sums[i]) == 0);
		container_in_close(in);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct error error;
	static struct places places;
	char path[64];
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	error_clear(&error);
	places.count = 0;
	struct container_in *in = container_in_open(path, NULL, &error);
	if (in) {
		check_header(in);
		read_all(in, data, size, &places);
		container_in_close(in);
		if (size < 4096)
			read_again(path, data, &places);
	} else {
		CHECK(error.kind == ERROR_SOURCE);
	}
	close(fd);
	return 0;
}
