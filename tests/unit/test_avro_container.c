/* Reading container files: headers and blocks written by hand, every codec, every limit, every kind of damage.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#ifdef HAVE_SNAPPY
#include <snappy-c.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif
#ifdef HAVE_BZIP2
#include <bzlib.h>
#endif
#ifdef HAVE_LZMA
#include <lzma.h>
#endif

#include "connectors/avro/container.h"
#include "engine/core/digest.h"
#include "tests/support/avro_made.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { MEASURED = 0 };
#else
enum { MEASURED = 1 };
#endif

enum { FILE_MAX = 64 << 20 };
#define SYNC "0123456789abcdef"

static char folder[64], path[96];

static int make_folder(void **state)
{
	(void)state;
	avro_folder_make(folder);
	snprintf(path, sizeof path, "%s/file.avro", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	avro_folder_remove(folder);
	return 0;
}

/* ---- files by hand ---- */

static void put(struct buffer *to, const void *data, size_t length)
{
	struct error error = ERROR_INIT;
	assert_int_equal(buffer_append(to, data, length, &error), 0);
}

static void put_long(struct buffer *to, int64_t value)
{
	uint64_t bits = (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
	do {
		unsigned char byte = (unsigned char)((bits & 0x7F) | (bits > 0x7F ? 0x80 : 0));
		put(to, &byte, 1);
		bits >>= 7;
	} while (bits > 0);
}

static void put_text(struct buffer *to, const char *text)
{
	put_long(to, (int64_t)strlen(text));
	put(to, text, strlen(text));
}

/* A header with schema "null" and, where it is not NULL, a codec. */
static void begin(struct buffer *file, const char *codec)
{
	buffer_init(file, FILE_MAX);
	put(file, "Obj\1", 4);
	put_long(file, codec ? 2 : 1);
	put_text(file, "avro.schema");
	put_text(file, "\"null\"");
	if (codec) {
		put_text(file, "avro.codec");
		put_text(file, codec);
	}
	put_long(file, 0);
	put(file, SYNC, 16);
}

static void put_block(struct buffer *file, int64_t records, const char *data, size_t length)
{
	put_long(file, records);
	put_long(file, (int64_t)length);
	put(file, data, length);
	put(file, SYNC, 16);
}

static void store(const char *data, size_t length)
{
	FILE *out = fopen(path, "wb");
	assert_non_null(out);
	assert_int_equal(fwrite(data, 1, length, out), length);
	assert_int_equal(fclose(out), 0);
}

/* ---- what is read ---- */

struct seen {
	int result; /* 0, or -1 and error */
	size_t blocks;
	uint64_t records;
	struct buffer data; /* of all blocks */
	char hash[SHA256_HEX_SIZE];
};

static void read_file(struct seen *seen, struct error *error)
{
	struct container_block block;
	*seen = (struct seen){ .result = -1 };
	buffer_init(&seen->data, FILE_MAX);
	error_clear(error);
	struct container_in *in = container_in_open(path, NULL, error);
	if (!in)
		return;
	while ((seen->result = container_in_next(in, &block, error)) > 0) {
		seen->blocks++;
		seen->records += block.records;
		put(&seen->data, block.data, block.length);
	}
	container_in_hash(in, seen->hash);
	if (seen->result == 0)
		assert_int_equal(container_in_next(in, &block, error), 0); /* the end repeats */
	container_in_close(in);
}

/* The file gives these bytes in one block of three records. */
static void gives(const struct buffer *file, const char *data, size_t length)
{
	struct seen seen;
	struct error error;
	char hash[SHA256_HEX_SIZE];
	store(file->data, file->length);
	read_file(&seen, &error);
	if (seen.result < 0)
		fail_msg("%s: %s", error.place, error.message);
	assert_int_equal(seen.blocks, 1);
	assert_int_equal(seen.records, 3);
	assert_int_equal(seen.data.length, length);
	assert_memory_equal(buffer_text(&seen.data), data, length);
	digest_of(file->data, file->length, hash);
	assert_string_equal(seen.hash, hash);
	buffer_fini(&seen.data);
}

/* The file is refused with a message that has all the words; the file is gone afterwards. */
static void refused(struct buffer *file, const char *const *words)
{
	struct seen seen;
	struct error error;
	store(buffer_text(file), file->length);
	read_file(&seen, &error);
	assert_int_equal(seen.result, -1);
	if (error.kind != ERROR_SOURCE || strcmp(error.place, path) != 0)
		fail_msg("kind %d, %s: %s", (int)error.kind, error.place, error.message);
	for (; *words; words++)
		if (!strstr(error.message, *words))
			fail_msg("\"%s\" does not say \"%s\"", error.message, *words);
	buffer_fini(&seen.data);
	buffer_fini(file);
}
#define REFUSED(file, ...) refused((file), (const char *const[]){ __VA_ARGS__, NULL })

/* ---- headers ---- */

/* As the specification spells it: a length of 11 is 0x16, of 6 is 0x0c. */
static const char by_hand[] = "Obj\1"
	"\x04" "\x16" "avro.schema" "\x0c" "\"null\"" "\x14" "avro.codec" "\x08" "null" "\x00" SYNC
	"\x06" "\x0a" "abcde" SYNC;

static void test_by_hand(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	struct container_block block;
	const struct container_entry *entries;
	char hash[SHA256_HEX_SIZE];
	store(by_hand, sizeof by_hand - 1);
	struct container_in *in = container_in_open(path, NULL, &error);
	assert_non_null(in);
	assert_int_equal(container_in_entries(in, &entries), 2);
	assert_string_equal(entries[1].key, "avro.codec");
	assert_string_equal(container_in_find(in, "avro.schema")->value, "\"null\"");
	assert_int_equal(container_in_find(in, "avro.schema")->length, 6);
	assert_null(container_in_find(in, "avro"));
	assert_int_equal(container_in_codec(in), CODEC_NULL);
	assert_int_equal(container_in_size(in), sizeof by_hand - 1);
	assert_int_equal(container_in_next(in, &block, &error), 1);
	assert_int_equal(block.offset, 4 + 1 + 12 + 7 + 11 + 5 + 1 + 16);
	assert_int_equal(block.records, 3);
	assert_int_equal(block.length, 5);
	assert_memory_equal(block.data, "abcde", 5);
	assert_int_equal(container_in_next(in, &block, &error), 0);
	container_in_hash(in, hash);
	/* By sha256sum. */
	assert_string_equal(hash, "3f9b2a3c8038b0e382b6fd382211d2249e77e238a97b6b9cae7d696fe6eaaf38");
	container_in_close(in);
}

static void test_headers(void **state)
{
	(void)state;
	struct buffer file;
	/* Negative counts with their sizes, several pieces, no codec. */
	buffer_init(&file, FILE_MAX);
	put(&file, "Obj\1", 4);
	put_long(&file, -1);
	put_long(&file, 9);
	put_text(&file, "user.key");
	put_text(&file, "");
	put_long(&file, 1);
	put_text(&file, "avro.schema");
	put_text(&file, "\"null\"");
	put_long(&file, 0);
	put(&file, SYNC, 16);
	put_block(&file, 3, "abc", 3);
	gives(&file, "abc", 3);
	buffer_fini(&file);
	/* An empty name of a codec is none. */
	begin(&file, "");
	put_block(&file, 3, "abc", 3);
	gives(&file, "abc", 3);
	buffer_fini(&file);
	/* A value may hold anything. */
	buffer_init(&file, FILE_MAX);
	put(&file, "Obj\1", 4);
	put_long(&file, 2);
	put_text(&file, "avro.schema");
	put_text(&file, "\"null\"");
	put_text(&file, "k");
	put_long(&file, 3);
	put(&file, "a\0b\0" SYNC, 4 + 16);
	put_block(&file, 3, "", 0);
	gives(&file, "", 0);
	buffer_fini(&file);
}

static void test_headers_refused(void **state)
{
	(void)state;
	struct buffer file;
	buffer_init(&file, FILE_MAX);
	REFUSED(&file, "no Avro");
	put(&file, "Obj", 3);
	REFUSED(&file, "no Avro");
	put(&file, "Obj\0\2", 5);
	REFUSED(&file, "no Avro");
	put(&file, "PAR1aaaaaaa", 11);
	REFUSED(&file, "no Avro");

	put(&file, "Obj\1\0" SYNC, 21);
	REFUSED(&file, "at byte 0", "no avro.schema");
	begin(&file, "lz4");
	REFUSED(&file, "\"lz4\"", "no codec");
	begin(&file, "null\x1b[31m");
	REFUSED(&file, "at byte 0", "codec");
	/* Numbers of more than 64 bits: eleven bytes, and ten with too much in the last. */
	put(&file, "Obj\1\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x00", 15);
	REFUSED(&file, "at byte 0", "64 bits");
	put(&file, "Obj\1\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02", 14);
	REFUSED(&file, "at byte 0", "64 bits");
	/* -2^63 entries, 2^62 entries. */
	put(&file, "Obj\1", 4);
	put_long(&file, INT64_MIN);
	REFUSED(&file, "too many entries");
	put(&file, "Obj\1", 4);
	put_long(&file, INT64_MAX / 2);
	REFUSED(&file, "at byte 0");
	/* Lengths: negative, huge, beyond the end of the file. */
	const int64_t lengths[] = { -1, INT64_MIN, INT64_MAX, (int64_t)1 << 40, CONTAINER_HEADER_MAX + 1, CONTAINER_HEADER_MAX - 100, 20 };
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
		for (int value = 0; value < 2; value++) {
			put(&file, "Obj\1\2", 5);
			if (value)
				put_text(&file, "avro.schema");
			put_long(&file, lengths[i]);
			put(&file, "abcd", 4);
			REFUSED(&file, "at byte 0", i < 5 ? "length" : "cut");
		}
	/* Twice the same name; a NUL in one. */
	put(&file, "Obj\1\4", 5);
	for (int i = 0; i < 2; i++) {
		put_text(&file, "avro.schema");
		put_text(&file, "\"null\"");
	}
	put(&file, "\0" SYNC, 17);
	REFUSED(&file, "at byte 0", "twice");
	put(&file, "Obj\1\2\6a\0b\2c\0" SYNC, 5 + 4 + 2 + 1 + 16);
	REFUSED(&file, "at byte 0", "NUL");
	/* Too many entries, too many bytes of them. */
	put(&file, "Obj\1", 4);
	put_long(&file, 300);
	for (int i = 0; i < 300; i++) {
		char name[16];
		snprintf(name, sizeof name, "key%d", i);
		put_text(&file, name);
		put_text(&file, "");
	}
	REFUSED(&file, "too many entries");
	char *mebibyte = calloc(1, 1 << 20);
	assert_non_null(mebibyte);
	put(&file, "Obj\1", 4);
	put_long(&file, 4);
	for (int i = 0; i < 4; i++) {
		char name[2] = { (char)('a' + i), '\0' };
		put_text(&file, name);
		put_long(&file, 1 << 20);
		put(&file, mebibyte, 1 << 20);
	}
	REFUSED(&file, "at byte 0", "length");
	free(mebibyte);
}

/* ---- codecs ---- */

/* With the library of the codec; false where this build lacks it. For deflate a zlib stream without header and checksum. */
static bool compressed(enum codec codec, const char *data, size_t length, struct buffer *out)
{
	size_t size = length + length / 100 + 1000;
	char *to = malloc(size);
	assert_non_null(to);
	buffer_init(out, FILE_MAX);
	bool there = true;
	switch (codec) {
	case CODEC_NULL:
		memcpy(to, data, size = length);
		break;
	case CODEC_DEFLATE: {
		uLongf long_size = (uLongf)size;
		assert_int_equal(compress2((Bytef *)to, &long_size, (const Bytef *)data, (uLong)length, 6), Z_OK);
		size = (size_t)long_size - 6;
		memmove(to, to + 2, size);
		break;
	}
#ifdef HAVE_SNAPPY
	case CODEC_SNAPPY: {
		free(to);
		size = snappy_max_compressed_length(length);
		to = malloc(size + 4);
		assert_non_null(to);
		assert_int_equal(snappy_compress(data, length, to, &size), SNAPPY_OK);
		uLong crc = crc32(0, (const Bytef *)data, (uInt)length);
		const char sum[4] = { (char)(crc >> 24), (char)(crc >> 16), (char)(crc >> 8), (char)crc };
		memcpy(to + size, sum, 4);
		size += 4;
		break;
	}
#endif
#ifdef HAVE_ZSTD
	case CODEC_ZSTANDARD: {
		ZSTD_CCtx *context = ZSTD_createCCtx();
		ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
		size = ZSTD_compress2(context, to, size, data, length);
		assert_false(ZSTD_isError(size));
		ZSTD_freeCCtx(context);
		break;
	}
#endif
#ifdef HAVE_BZIP2
	case CODEC_BZIP2: {
		unsigned most = (unsigned)size;
		assert_int_equal(BZ2_bzBuffToBuffCompress(to, &most, (char *)(uintptr_t)data, (unsigned)length, 9, 0, 0), BZ_OK);
		size = most;
		break;
	}
#endif
#ifdef HAVE_LZMA
	case CODEC_XZ: {
		size_t used = 0;
		/* The preset with the largest dictionary, which some writers always take. */
		assert_int_equal(lzma_easy_buffer_encode(length > 1 << 20 ? 1 : 9, LZMA_CHECK_CRC64, NULL, (const uint8_t *)data, length, (uint8_t *)to,
				&used, size), LZMA_OK);
		size = used;
		break;
	}
#endif
	default:
		there = false;
	}
	if (there)
		put(out, to, size);
	free(to);
	if (!there)
		print_message("# this build lacks the codec %s\n", codec_name(codec));
	assert_int_equal(there, codec_available(codec));
	return there;
}

static void test_codecs(void **state)
{
	(void)state;
	/* Text that repeats, and bytes that do not. */
	size_t length = 300000;
	char *data = malloc(length);
	assert_non_null(data);
	uint32_t chance = 1;
	for (size_t i = 0; i < length; i++)
		data[i] = i < length / 2 ? "penstock\n"[i % 9] : (char)((chance = chance * 1664525 + 1013904223) >> 24);
	const size_t lengths[] = { 0, 1, 9, 1000, 262144, 262145, length };
	for (enum codec codec = CODEC_NULL; codec < CODECS; codec++)
		for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
			struct buffer packed, file;
			if (compressed(codec, data, lengths[i], &packed)) {
				begin(&file, codec_name(codec));
				put_block(&file, 3, buffer_text(&packed), packed.length);
				gives(&file, data, lengths[i]);
				buffer_fini(&file);
			}
			buffer_fini(&packed);
		}
	free(data);
}

/* Blocks by hand. The CRC-32 of "123456789" is the check value of its catalogues, cbf43926; its Adler-32 is 091e01de. */
static void test_codecs_by_hand(void **state)
{
	(void)state;
	struct buffer file;
	/* One stored block of RFC 1951. */
	static const char deflated[] = "\x01\x09\x00\xf6\xff" "123456789" "\x09\x1e\x01\xde" "\x00";
	for (size_t rest = 0; rest <= 5; rest++) { /* python3-avro leaves three bytes of the checksum there */
		begin(&file, "deflate");
		put_block(&file, 3, deflated, 14 + rest);
		if (rest <= 4)
			gives(&file, "123456789", 9);
		else
			REFUSED(&file, "at byte 60", "behind the end", "deflate");
		buffer_fini(&file);
	}
	begin(&file, "deflate");
	put_block(&file, 3, "\x01\x09\x00\xf6\xff" "123456789" "\x09\x1e\x02", 17);
	REFUSED(&file, "behind the end");
#ifdef HAVE_SNAPPY
	static const char snapped[] = "\x09\x20" "123456789" "\xcb\xf4\x39\x26";
	begin(&file, "snappy");
	put_block(&file, 3, snapped, 15);
	gives(&file, "123456789", 9);
	buffer_fini(&file);
	begin(&file, "snappy");
	put_block(&file, 3, "\x09\x20" "123456789" "\x26\x39\xf4\xcb", 15);
	REFUSED(&file, "checksum", "snappy");
	begin(&file, "snappy");
	put_block(&file, 3, "\xcb\xf4\x39", 3);
	REFUSED(&file, "checksum");
	begin(&file, "snappy"); /* claims 16 MiB in a few bytes */
	put_block(&file, 3, "\x80\x80\x80\x08\x20" "123456789" "\xcb\xf4\x39\x26", 18);
	REFUSED(&file, "inflated");
	begin(&file, "snappy"); /* claims 4 GiB less one */
	put_block(&file, 3, "\xff\xff\xff\xff\x0f\x20" "123456789" "\xcb\xf4\x39\x26", 19);
	REFUSED(&file, "16 MiB");
#endif
#ifdef HAVE_ZSTD
	/* RFC 8878: magic, single segment with one byte of content size, one raw block that is the last. */
	begin(&file, "zstandard");
	put_block(&file, 3, "\x28\xb5\x2f\xfd\x20\x09\x49\x00\x00" "123456789", 18);
	gives(&file, "123456789", 9);
	buffer_fini(&file);
	begin(&file, "zstandard"); /* a window of 2 GiB */
	put_block(&file, 3, "\x28\xb5\x2f\xfd\x00\xa8\x49\x00\x00" "123456789", 18);
	REFUSED(&file, "more memory", "zstandard");
	begin(&file, "zstandard"); /* one of 128 MiB, as the highest levels have it */
	put_block(&file, 3, "\x28\xb5\x2f\xfd\x00\x88\x49\x00\x00" "123456789", 18);
	gives(&file, "123456789", 9);
	buffer_fini(&file);
#endif
}

static void test_names(void **state)
{
	(void)state;
	/* As the specification has them; it has no others. */
	static const char *const names[CODECS] = { "null", "deflate", "snappy", "zstandard", "bzip2", "xz" };
	enum codec codec;
	for (int i = 0; i < CODECS; i++) {
		assert_string_equal(codec_name((enum codec)i), names[i]);
		assert_true(codec_find(names[i], &codec));
		assert_int_equal(codec, i);
	}
	assert_false(codec_find("zstd", &codec));
	assert_false(codec_find("Snappy", &codec));
	assert_false(codec_find("", &codec));
}

/* Exactly the ceiling is read; one byte more is not, and says which limit. */
static void test_bombs(void **state)
{
	(void)state;
	char *zeros = calloc(1, CONTAINER_BLOCK_MAX + 1);
	assert_non_null(zeros);
	for (enum codec codec = CODEC_NULL; codec < CODECS; codec++)
		for (size_t more = 0; more <= 1; more++) {
			struct buffer packed, file;
			if (compressed(codec, zeros, CONTAINER_BLOCK_MAX + more, &packed)) {
				begin(&file, codec_name(codec));
				put_block(&file, 3, packed.data, packed.length);
				if (more)
					REFUSED(&file, "at byte ", codec == CODEC_NULL ? "16777216" : "16 MiB", codec == CODEC_NULL ? "" : codec_name(codec));
				else
					gives(&file, zeros, CONTAINER_BLOCK_MAX);
				buffer_fini(&file);
			}
			buffer_fini(&packed);
		}
	free(zeros);
}

/* ---- damage ---- */

static void test_blocks_refused(void **state)
{
	(void)state;
	struct buffer file;
	begin(&file, NULL);
	uint64_t at = file.length;
	char where[32];
	snprintf(where, sizeof where, "at byte %d:", (int)at);
	put_block(&file, -1, "abc", 3);
	REFUSED(&file, where, "negative number");
	const int64_t lengths[] = { -1, INT64_MIN, (int64_t)1 << 40, CONTAINER_BLOCK_MAX + 1, CONTAINER_BLOCK_MAX, 4 };
	const char *const words[] = { "negative length", "negative length", "1099511627776 bytes", "16777217 bytes", "cut", "cut" };
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		begin(&file, NULL);
		put_long(&file, 1);
		put_long(&file, lengths[i]);
		put(&file, "abc", 3);
		REFUSED(&file, where, words[i]);
	}
	begin(&file, NULL);
	put_long(&file, 1);
	put_long(&file, 3);
	put(&file, "abc0123456789abcdeF", 19);
	REFUSED(&file, where, "sync marker");
	/* The offset is that of the second block. */
	begin(&file, NULL);
	put_block(&file, 1, "abc", 3);
	put(&file, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11);
	snprintf(where, sizeof where, "at byte %d:", (int)at + 21);
	REFUSED(&file, where, "64 bits");
}

static const char sample[] = "the same water turns the same wheel, the same wheel turns the same stone";

/* Cut at every length: refused, or whole blocks less. */
static void test_truncated(void **state)
{
	(void)state;
	for (enum codec codec = CODEC_NULL; codec < CODECS; codec++) {
		struct buffer packed, file;
		if (compressed(codec, sample, sizeof sample, &packed)) {
			size_t ends[3];
			begin(&file, codec_name(codec));
			ends[0] = file.length;
			for (int i = 1; i < 3; i++) {
				put_block(&file, 3, packed.data, packed.length);
				ends[i] = file.length;
			}
			for (size_t length = 0; length <= file.length; length++) {
				struct seen seen;
				struct error error;
				size_t whole = 3;
				for (size_t i = 0; i < 3; i++)
					if (length == ends[i])
						whole = i;
				store(file.data, length);
				read_file(&seen, &error);
				if (whole < 3) {
					assert_int_equal(seen.result, 0);
					assert_int_equal(seen.blocks, whole);
				} else {
					assert_int_equal(seen.result, -1);
					assert_int_equal(error.kind, ERROR_SOURCE);
				}
				buffer_fini(&seen.data);
			}
			buffer_fini(&file);
		}
		buffer_fini(&packed);
	}
}

/* Each bit flipped: refused, or (in a codec with a checksum) harmless in the data. */
static void test_flipped(void **state)
{
	(void)state;
	for (enum codec codec = CODEC_NULL; codec < CODECS; codec++) {
		struct buffer packed, file;
		if (!compressed(codec, sample, sizeof sample, &packed)) {
			buffer_fini(&packed);
			continue;
		}
		begin(&file, codec_name(codec));
		size_t header = file.length, from = header + 1 + (packed.length > 63 ? 2 : 1), to = from + packed.length;
		put_block(&file, 3, packed.data, packed.length);
		size_t unseen = 0;
		for (size_t bit = 0; bit < 8 * file.length; bit++) {
			size_t at = bit / 8;
			struct seen seen;
			struct error error;
			file.data[at] = (char)(file.data[at] ^ 1 << bit % 8);
			store(file.data, file.length);
			read_file(&seen, &error);
			file.data[at] = (char)(file.data[at] ^ 1 << bit % 8);
			if (seen.result < 0) {
				assert_int_equal(error.kind, ERROR_SOURCE);
			} else if (at >= from && at < to) {
				bool same = seen.data.length == sizeof sample && memcmp(seen.data.data, sample, sizeof sample) == 0;
				if (!same && codec != CODEC_NULL && codec != CODEC_DEFLATE)
					fail_msg("%s: flipping bit %zu of byte %zu went unnoticed", codec_name(codec), bit % 8, at - from);
				unseen += !same;
			} else if (at < 4 || at >= to || (at >= header - 16 && at != header)) { /* magic, length and both sync markers */
				fail_msg("%s: flipping bit %zu of byte %zu of the file went unnoticed", codec_name(codec), bit % 8, at);
			}
			buffer_fini(&seen.data);
		}
		/* Without a codec nothing protects the data: that is what manifests are for. */
		if (codec == CODEC_NULL)
			assert_int_equal(unseen, 8 * sizeof sample);
		buffer_fini(&file);
		buffer_fini(&packed);
	}
}

/* Hostile files of the suite: only those whose blocks are to blame, the others need a schema to be found out. */
static void test_suite(void **state)
{
	(void)state;
	static const char *const names[] = { "hugeblk.avro", "negblk.avro", "bomb.avro" };
	static const char *const words[] = { "bytes, more than", "negative", "16 MiB" };
	char suite[2048];
	if (!avro_suite("derived-avro-faults", suite, sizeof suite)) {
		print_message("# skipped: %s is not there\n", suite);
		skip();
	}
	for (size_t i = 0; i < 3; i++) {
		char name[4096];
		struct buffer file;
		char chunk[4096];
		buffer_init(&file, FILE_MAX);
		snprintf(name, sizeof name, "%s/%s", suite, names[i]);
		FILE *in = fopen(name, "rb");
		assert_non_null(in);
		for (size_t got; (got = fread(chunk, 1, sizeof chunk, in)) > 0;)
			put(&file, chunk, got);
		fclose(in);
		REFUSED(&file, "at byte ", words[i]);
	}
}

/* ---- places ---- */

static void test_skip(void **state)
{
	(void)state;
	struct buffer file;
	struct error error = ERROR_INIT;
	struct container_block block;
	char hash[SHA256_HEX_SIZE], expected[SHA256_HEX_SIZE];
	size_t starts[4];
	begin(&file, NULL);
	for (int i = 0; i < 4; i++) {
		starts[i] = file.length;
		put_block(&file, i, "abcd", (size_t)i);
	}
	store(file.data, file.length);
	for (size_t i = 0; i <= 4; i++) {
		uint64_t at = i < 4 ? starts[i] : file.length;
		struct container_in *in = container_in_open(path, NULL, &error);
		assert_non_null(in);
		assert_int_equal(container_in_skip_to(in, at, &error), 0);
		container_in_hash(in, hash);
		digest_of(file.data, at, expected);
		assert_string_equal(hash, expected);
		assert_int_equal(container_in_next(in, &block, &error), i < 4);
		if (i < 4) {
			assert_int_equal(block.offset, at);
			assert_int_equal(block.records, i);
		}
		container_in_close(in);
	}
	const uint64_t wrong[] = { 0, starts[0] - 1, starts[1] + 1, file.length + 1, UINT64_MAX };
	for (size_t i = 0; i < 5; i++) {
		struct container_in *in = container_in_open(path, NULL, &error);
		assert_non_null(in);
		assert_int_equal(container_in_skip_to(in, wrong[i], &error), -1);
		assert_int_equal(error.kind, ERROR_CONFIG);
		error_clear(&error);
		container_in_close(in);
	}
	/* What is passed over must be whole, too. */
	file.data[starts[2] - 1] ^= 1;
	store(file.data, file.length);
	struct container_in *in = container_in_open(path, NULL, &error);
	assert_non_null(in);
	assert_int_equal(container_in_skip_to(in, starts[3], &error), -1);
	assert_int_equal(error.kind, ERROR_SOURCE);
	container_in_close(in);
	buffer_fini(&file);
}

static void cannot_open(const char *what, const char *word)
{
	struct error error = ERROR_INIT;
	alarm(20); /* against a FIFO that is waited for */
	assert_null(container_in_open(what, NULL, &error));
	alarm(0);
	assert_int_equal(error.kind, ERROR_SOURCE);
	assert_string_equal(error.place, what);
	if (!strstr(error.message, word))
		fail_msg("%s", error.message);
}

static void test_no_files(void **state)
{
	(void)state;
	unlink(path);
	cannot_open(path, "No such file");
	cannot_open(folder, "no regular file");
	cannot_open("/dev/zero", "no regular file");
	assert_int_equal(mkfifo(path, 0600), 0);
	cannot_open(path, "no regular file");
	assert_int_equal(unlink(path), 0);
}

static void test_changing(void **state)
{
	(void)state;
	struct buffer file;
	struct container_block block;
	begin(&file, NULL);
	put_block(&file, 1, "abc", 3);
	for (int way = 0; way < 3; way++) {
		struct error error = ERROR_INIT;
		store(file.data, file.length);
		struct container_in *in = container_in_open(path, NULL, &error);
		assert_non_null(in);
		assert_int_equal(container_in_next(in, &block, &error), 1);
		if (way == 0) {
			FILE *more = fopen(path, "ab");
			assert_non_null(more);
			assert_int_equal(fwrite("x", 1, 1, more), 1);
			fclose(more);
		} else if (way == 1) {
			assert_int_equal(truncate(path, (off_t)file.length - 1), 0);
		} else {
			const struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
			assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
		}
		assert_int_equal(container_in_next(in, &block, &error), -1);
		assert_int_equal(error.kind, ERROR_CONFIG);
		assert_non_null(strstr(error.message, "changed"));
		container_in_close(in);
	}
	buffer_fini(&file);
}

static void test_cancel(void **state)
{
	(void)state;
	struct buffer file;
	struct container_block block;
	struct error error = ERROR_INIT;
	struct cancel cancel = { .signal = 0 };
	char *data = calloc(1, 1 << 20);
	assert_non_null(data);
	begin(&file, NULL);
	for (int i = 0; i < 3; i++)
		put_block(&file, 1, data, 1 << 20);
	free(data);
	store(file.data, file.length);
	buffer_fini(&file);
	struct container_in *in = container_in_open(path, &cancel, &error);
	assert_non_null(in);
	assert_int_equal(container_in_next(in, &block, &error), 1);
	cancel.signal = 15;
	assert_int_equal(container_in_next(in, &block, &error), -1);
	assert_int_equal(error.kind, ERROR_CANCELLED);
	container_in_close(in);
	error_clear(&error);
	assert_null(container_in_open(path, &cancel, &error));
	assert_int_equal(error.kind, ERROR_CANCELLED);
}

static long resident(void)
{
	long all = 0, pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%ld %ld", &all, &pages), 2);
	fclose(file);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* One huge block does not keep its memory for the rest of the file. */
static void test_memory(void **state)
{
	(void)state;
	struct buffer packed, file;
	struct container_block block;
	struct error error = ERROR_INIT;
	char *zeros = calloc(1, CONTAINER_BLOCK_MAX);
	assert_non_null(zeros);
	/* Otherwise malloc keeps for itself what is given back. */
	mallopt(M_MMAP_THRESHOLD, 128 * 1024);
	begin(&file, "deflate");
	assert_true(compressed(CODEC_DEFLATE, zeros, CONTAINER_BLOCK_MAX, &packed));
	put_block(&file, 1, packed.data, packed.length);
	buffer_fini(&packed);
	assert_true(compressed(CODEC_DEFLATE, zeros, 10, &packed));
	for (int i = 0; i < 3; i++)
		put_block(&file, 1, packed.data, packed.length);
	buffer_fini(&packed);
	free(zeros);
	store(file.data, file.length);
	buffer_fini(&file);
	malloc_trim(0);
	struct container_in *in = container_in_open(path, NULL, &error);
	assert_non_null(in);
	long before = resident();
	assert_int_equal(container_in_next(in, &block, &error), 1);
	long high = resident();
	for (int i = 0; i < 3; i++)
		assert_int_equal(container_in_next(in, &block, &error), 1);
	long after = resident();
	container_in_close(in);
	if (MEASURED && (high - before < 15 * 1024 || high - before > 20 * 1024 || after - before > 2 * 1024))
		fail_msg("%ld KiB before, %ld with the block, %ld after it", before, high, after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_headers_refused),
		cmocka_unit_test(test_codecs),
		cmocka_unit_test(test_codecs_by_hand),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_blocks_refused),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_flipped),
		cmocka_unit_test(test_suite),
		cmocka_unit_test(test_skip),
		cmocka_unit_test(test_no_files),
		cmocka_unit_test(test_changing),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_memory),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
