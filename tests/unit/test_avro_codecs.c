/* What the codecs of container files give: blocks of their own libraries, blocks by hand, bombs, and damage of every bit and every length.
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

#include "tests/support/container_made.h"

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
			if (made_compressed(codec, data, lengths[i], &packed)) {
				made_begin(&file, codec_name(codec));
				made_put_block(&file, 3, buffer_text(&packed), packed.length);
				made_gives(&file, data, lengths[i]);
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
		made_begin(&file, "deflate");
		made_put_block(&file, 3, deflated, 14 + rest);
		if (rest <= 4)
			made_gives(&file, "123456789", 9);
		else
			REFUSED(&file, "at byte 60", "behind the end", "deflate");
		buffer_fini(&file);
	}
	made_begin(&file, "deflate");
	made_put_block(&file, 3, "\x01\x09\x00\xf6\xff" "123456789" "\x09\x1e\x02", 17);
	REFUSED(&file, "behind the end");
#ifdef HAVE_SNAPPY
	static const char snapped[] = "\x09\x20" "123456789" "\xcb\xf4\x39\x26";
	made_begin(&file, "snappy");
	made_put_block(&file, 3, snapped, 15);
	made_gives(&file, "123456789", 9);
	buffer_fini(&file);
	made_begin(&file, "snappy");
	made_put_block(&file, 3, "\x09\x20" "123456789" "\x26\x39\xf4\xcb", 15);
	REFUSED(&file, "checksum", "snappy");
	made_begin(&file, "snappy");
	made_put_block(&file, 3, "\xcb\xf4\x39", 3);
	REFUSED(&file, "checksum");
	made_begin(&file, "snappy"); /* claims 16 MiB in a few bytes */
	made_put_block(&file, 3, "\x80\x80\x80\x08\x20" "123456789" "\xcb\xf4\x39\x26", 18);
	REFUSED(&file, "inflated");
	made_begin(&file, "snappy"); /* claims 4 GiB less one */
	made_put_block(&file, 3, "\xff\xff\xff\xff\x0f\x20" "123456789" "\xcb\xf4\x39\x26", 19);
	REFUSED(&file, "16 MiB");
#endif
#ifdef HAVE_ZSTD
	/* RFC 8878: magic, single segment with one byte of content size, one raw block that is the last. */
	made_begin(&file, "zstandard");
	made_put_block(&file, 3, "\x28\xb5\x2f\xfd\x20\x09\x49\x00\x00" "123456789", 18);
	made_gives(&file, "123456789", 9);
	buffer_fini(&file);
	made_begin(&file, "zstandard"); /* a window of 2 GiB */
	made_put_block(&file, 3, "\x28\xb5\x2f\xfd\x00\xa8\x49\x00\x00" "123456789", 18);
	REFUSED(&file, "more memory", "zstandard");
	made_begin(&file, "zstandard"); /* one of 128 MiB, as the highest levels have it */
	made_put_block(&file, 3, "\x28\xb5\x2f\xfd\x00\x88\x49\x00\x00" "123456789", 18);
	made_gives(&file, "123456789", 9);
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
			if (made_compressed(codec, zeros, CONTAINER_BLOCK_MAX + more, &packed)) {
				made_begin(&file, codec_name(codec));
				made_put_block(&file, 3, packed.data, packed.length);
				if (more)
					REFUSED(&file, "at byte ", codec == CODEC_NULL ? "16777216" : "16 MiB", codec == CODEC_NULL ? "" : codec_name(codec));
				else
					made_gives(&file, zeros, CONTAINER_BLOCK_MAX);
				buffer_fini(&file);
			}
			buffer_fini(&packed);
		}
	free(zeros);
}

/* ---- damage ---- */

static const char sample[] = "the same water turns the same wheel, the same wheel turns the same stone";

/* Cut at every length: refused, or whole blocks less. */
static void test_truncated(void **state)
{
	(void)state;
	for (enum codec codec = CODEC_NULL; codec < CODECS; codec++) {
		struct buffer packed, file;
		if (made_compressed(codec, sample, sizeof sample, &packed)) {
			size_t ends[3];
			made_begin(&file, codec_name(codec));
			ends[0] = file.length;
			for (int i = 1; i < 3; i++) {
				made_put_block(&file, 3, packed.data, packed.length);
				ends[i] = file.length;
			}
			for (size_t length = 0; length <= file.length; length++) {
				struct made_seen seen;
				struct error error;
				size_t whole = 3;
				for (size_t i = 0; i < 3; i++)
					if (length == ends[i])
						whole = i;
				made_store(file.data, length);
				made_read(&seen, &error);
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
		if (!made_compressed(codec, sample, sizeof sample, &packed)) {
			buffer_fini(&packed);
			continue;
		}
		made_begin(&file, codec_name(codec));
		size_t header = file.length, from = header + 1 + (packed.length > 63 ? 2 : 1), to = from + packed.length;
		made_put_block(&file, 3, packed.data, packed.length);
		size_t unseen = 0;
		for (size_t bit = 0; bit < 8 * file.length; bit++) {
			size_t at = bit / 8;
			struct made_seen seen;
			struct error error;
			file.data[at] = (char)(file.data[at] ^ 1 << bit % 8);
			made_store(file.data, file.length);
			made_read(&seen, &error);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codecs),
		cmocka_unit_test(test_codecs_by_hand),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_flipped),
	};
	return cmocka_run_group_tests(tests, made_folder_make, made_folder_remove);
}
