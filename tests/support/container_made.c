/* container_made.c - container files by hand, packed with the libraries of the codecs themselves.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

#include "engine/core/digest.h"
#include "tests/support/avro_made.h"
#include "tests/support/container_made.h"

char made_folder[64], made_path[96];

int made_folder_make(void **state)
{
	(void)state;
	avro_folder_make(made_folder);
	snprintf(made_path, sizeof made_path, "%s/file.avro", made_folder);
	return 0;
}

int made_folder_remove(void **state)
{
	(void)state;
	avro_folder_remove(made_folder);
	return 0;
}

/* ---- files by hand ---- */

void made_put(struct buffer *to, const void *data, size_t length)
{
	struct error error = ERROR_INIT;
	assert_int_equal(buffer_append(to, data, length, &error), 0);
}

void made_put_long(struct buffer *to, int64_t value)
{
	uint64_t bits = (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
	do {
		unsigned char byte = (unsigned char)((bits & 0x7F) | (bits > 0x7F ? 0x80 : 0));
		made_put(to, &byte, 1);
		bits >>= 7;
	} while (bits > 0);
}

void made_put_text(struct buffer *to, const char *text)
{
	made_put_long(to, (int64_t)strlen(text));
	made_put(to, text, strlen(text));
}

void made_begin(struct buffer *file, const char *codec)
{
	buffer_init(file, MADE_FILE_MAX);
	made_put(file, "Obj\1", 4);
	made_put_long(file, codec ? 2 : 1);
	made_put_text(file, "avro.schema");
	made_put_text(file, "\"null\"");
	if (codec) {
		made_put_text(file, "avro.codec");
		made_put_text(file, codec);
	}
	made_put_long(file, 0);
	made_put(file, MADE_SYNC, 16);
}

void made_put_block(struct buffer *file, int64_t records, const char *data, size_t length)
{
	made_put_long(file, records);
	made_put_long(file, (int64_t)length);
	made_put(file, data, length);
	made_put(file, MADE_SYNC, 16);
}

void made_store(const char *data, size_t length)
{
	FILE *out = fopen(made_path, "wb");
	assert_non_null(out);
	assert_int_equal(fwrite(data, 1, length, out), length);
	assert_int_equal(fclose(out), 0);
}

/* ---- what is read ---- */

void made_read(struct made_seen *seen, struct error *error)
{
	struct container_block block;
	*seen = (struct made_seen){ .result = -1 };
	buffer_init(&seen->data, MADE_FILE_MAX);
	error_clear(error);
	struct container_in *in = container_in_open(made_path, NULL, error);
	if (!in)
		return;
	while ((seen->result = container_in_next(in, &block, error)) > 0) {
		seen->blocks++;
		seen->records += block.records;
		made_put(&seen->data, block.data, block.length);
	}
	container_in_hash(in, seen->hash);
	if (seen->result == 0)
		assert_int_equal(container_in_next(in, &block, error), 0); /* the end repeats */
	container_in_close(in);
}

void made_gives(const struct buffer *file, const char *data, size_t length)
{
	struct made_seen seen;
	struct error error;
	char hash[SHA256_HEX_SIZE];
	made_store(file->data, file->length);
	made_read(&seen, &error);
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

void made_refused(struct buffer *file, const char *const *words)
{
	struct made_seen seen;
	struct error error;
	made_store(buffer_text(file), file->length);
	made_read(&seen, &error);
	assert_int_equal(seen.result, -1);
	if (error.kind != ERROR_SOURCE || strcmp(error.place, made_path) != 0)
		fail_msg("kind %d, %s: %s", (int)error.kind, error.place, error.message);
	for (; *words; words++)
		if (!strstr(error.message, *words))
			fail_msg("\"%s\" does not say \"%s\"", error.message, *words);
	buffer_fini(&seen.data);
	buffer_fini(file);
}

/* ---- codecs ---- */

bool made_compressed(enum codec codec, const char *data, size_t length, struct buffer *out)
{
	size_t size = length + length / 100 + 1000;
	char *to = malloc(size);
	assert_non_null(to);
	buffer_init(out, MADE_FILE_MAX);
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
		made_put(out, to, size);
	free(to);
	if (!there)
		print_message("# this build lacks the codec %s\n", codec_name(codec));
	assert_int_equal(there, codec_available(codec));
	return there;
}

