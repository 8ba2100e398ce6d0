/* Reading container files: headers and blocks written by hand, limits, damage, places, files that change.
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

#include "engine/core/digest.h"
#include "tests/support/avro_made.h"
#include "tests/support/container_made.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { MEASURED = 0 };
#else
enum { MEASURED = 1 };
#endif

/* ---- headers ---- */

/* As the specification spells it: a length of 11 is 0x16, of 6 is 0x0c. */
static const char by_hand[] = "Obj\1"
	"\x04" "\x16" "avro.schema" "\x0c" "\"null\"" "\x14" "avro.codec" "\x08" "null" "\x00" MADE_SYNC
	"\x06" "\x0a" "abcde" MADE_SYNC;

static void test_by_hand(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	struct container_block block;
	const struct container_entry *entries;
	char hash[SHA256_HEX_SIZE];
	made_store(by_hand, sizeof by_hand - 1);
	struct container_in *in = container_in_open(made_path, NULL, &error);
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
	buffer_init(&file, MADE_FILE_MAX);
	made_put(&file, "Obj\1", 4);
	made_put_long(&file, -1);
	made_put_long(&file, 9);
	made_put_text(&file, "user.key");
	made_put_text(&file, "");
	made_put_long(&file, 1);
	made_put_text(&file, "avro.schema");
	made_put_text(&file, "\"null\"");
	made_put_long(&file, 0);
	made_put(&file, MADE_SYNC, 16);
	made_put_block(&file, 3, "abc", 3);
	made_gives(&file, "abc", 3);
	buffer_fini(&file);
	/* An empty name of a codec is none. */
	made_begin(&file, "");
	made_put_block(&file, 3, "abc", 3);
	made_gives(&file, "abc", 3);
	buffer_fini(&file);
	/* A value may hold anything. */
	buffer_init(&file, MADE_FILE_MAX);
	made_put(&file, "Obj\1", 4);
	made_put_long(&file, 2);
	made_put_text(&file, "avro.schema");
	made_put_text(&file, "\"null\"");
	made_put_text(&file, "k");
	made_put_long(&file, 3);
	made_put(&file, "a\0b\0" MADE_SYNC, 4 + 16);
	made_put_block(&file, 3, "", 0);
	made_gives(&file, "", 0);
	buffer_fini(&file);
}

static void test_headers_refused(void **state)
{
	(void)state;
	struct buffer file;
	buffer_init(&file, MADE_FILE_MAX);
	REFUSED(&file, "no Avro");
	made_put(&file, "Obj", 3);
	REFUSED(&file, "no Avro");
	made_put(&file, "Obj\0\2", 5);
	REFUSED(&file, "no Avro");
	made_put(&file, "PAR1aaaaaaa", 11);
	REFUSED(&file, "no Avro");

	made_put(&file, "Obj\1\0" MADE_SYNC, 21);
	REFUSED(&file, "at byte 0", "no avro.schema");
	made_begin(&file, "lz4");
	REFUSED(&file, "\"lz4\"", "no codec");
	made_begin(&file, "null\x1b[31m");
	REFUSED(&file, "at byte 0", "codec");
	/* Numbers of more than 64 bits: eleven bytes, and ten with too much in the last. */
	made_put(&file, "Obj\1\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x00", 15);
	REFUSED(&file, "at byte 0", "64 bits");
	made_put(&file, "Obj\1\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02", 14);
	REFUSED(&file, "at byte 0", "64 bits");
	/* -2^63 entries, 2^62 entries. */
	made_put(&file, "Obj\1", 4);
	made_put_long(&file, INT64_MIN);
	REFUSED(&file, "too many entries");
	made_put(&file, "Obj\1", 4);
	made_put_long(&file, INT64_MAX / 2);
	REFUSED(&file, "at byte 0");
	/* Lengths: negative, huge, beyond the end of the file. */
	const int64_t lengths[] = { -1, INT64_MIN, INT64_MAX, (int64_t)1 << 40, CONTAINER_HEADER_MAX + 1, CONTAINER_HEADER_MAX - 100, 20 };
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
		for (int value = 0; value < 2; value++) {
			made_put(&file, "Obj\1\2", 5);
			if (value)
				made_put_text(&file, "avro.schema");
			made_put_long(&file, lengths[i]);
			made_put(&file, "abcd", 4);
			REFUSED(&file, "at byte 0", i < 5 ? "length" : "cut");
		}
	/* Twice the same name; a NUL in one. */
	made_put(&file, "Obj\1\4", 5);
	for (int i = 0; i < 2; i++) {
		made_put_text(&file, "avro.schema");
		made_put_text(&file, "\"null\"");
	}
	made_put(&file, "\0" MADE_SYNC, 17);
	REFUSED(&file, "at byte 0", "twice");
	made_put(&file, "Obj\1\2\6a\0b\2c\0" MADE_SYNC, 5 + 4 + 2 + 1 + 16);
	REFUSED(&file, "at byte 0", "NUL");
	/* Too many entries, too many bytes of them. */
	made_put(&file, "Obj\1", 4);
	made_put_long(&file, 300);
	for (int i = 0; i < 300; i++) {
		char name[16];
		snprintf(name, sizeof name, "key%d", i);
		made_put_text(&file, name);
		made_put_text(&file, "");
	}
	REFUSED(&file, "too many entries");
	char *mebibyte = calloc(1, 1 << 20);
	assert_non_null(mebibyte);
	made_put(&file, "Obj\1", 4);
	made_put_long(&file, 4);
	for (int i = 0; i < 4; i++) {
		char name[2] = { (char)('a' + i), '\0' };
		made_put_text(&file, name);
		made_put_long(&file, 1 << 20);
		made_put(&file, mebibyte, 1 << 20);
	}
	REFUSED(&file, "at byte 0", "length");
	free(mebibyte);
}

/* ---- damage ---- */

static void test_blocks_refused(void **state)
{
	(void)state;
	struct buffer file;
	made_begin(&file, NULL);
	uint64_t at = file.length;
	char where[32];
	snprintf(where, sizeof where, "at byte %d:", (int)at);
	made_put_block(&file, -1, "abc", 3);
	REFUSED(&file, where, "negative number");
	const int64_t lengths[] = { -1, INT64_MIN, (int64_t)1 << 40, CONTAINER_BLOCK_MAX + 1, CONTAINER_BLOCK_MAX, 4 };
	const char *const words[] = { "negative length", "negative length", "1099511627776 bytes", "16777217 bytes", "cut", "cut" };
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		made_begin(&file, NULL);
		made_put_long(&file, 1);
		made_put_long(&file, lengths[i]);
		made_put(&file, "abc", 3);
		REFUSED(&file, where, words[i]);
	}
	made_begin(&file, NULL);
	made_put_long(&file, 1);
	made_put_long(&file, 3);
	made_put(&file, "abc0123456789abcdeF", 19);
	REFUSED(&file, where, "sync marker");
	/* The offset is that of the second block. */
	made_begin(&file, NULL);
	made_put_block(&file, 1, "abc", 3);
	made_put(&file, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11);
	snprintf(where, sizeof where, "at byte %d:", (int)at + 21);
	REFUSED(&file, where, "64 bits");
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
		buffer_init(&file, MADE_FILE_MAX);
		snprintf(name, sizeof name, "%s/%s", suite, names[i]);
		FILE *in = fopen(name, "rb");
		assert_non_null(in);
		for (size_t got; (got = fread(chunk, 1, sizeof chunk, in)) > 0;)
			made_put(&file, chunk, got);
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
	made_begin(&file, NULL);
	for (int i = 0; i < 4; i++) {
		starts[i] = file.length;
		made_put_block(&file, i, "abcd", (size_t)i);
	}
	made_store(file.data, file.length);
	for (size_t i = 0; i <= 4; i++) {
		uint64_t at = i < 4 ? starts[i] : file.length;
		struct container_in *in = container_in_open(made_path, NULL, &error);
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
		struct container_in *in = container_in_open(made_path, NULL, &error);
		assert_non_null(in);
		assert_int_equal(container_in_skip_to(in, wrong[i], &error), -1);
		assert_int_equal(error.kind, ERROR_CONFIG);
		error_clear(&error);
		container_in_close(in);
	}
	/* What is passed over must be whole, too. */
	file.data[starts[2] - 1] ^= 1;
	made_store(file.data, file.length);
	struct container_in *in = container_in_open(made_path, NULL, &error);
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
	unlink(made_path);
	cannot_open(made_path, "No such file");
	cannot_open(made_folder, "no regular file");
	cannot_open("/dev/zero", "no regular file");
	assert_int_equal(mkfifo(made_path, 0600), 0);
	cannot_open(made_path, "no regular file");
	assert_int_equal(unlink(made_path), 0);
}

static void test_changing(void **state)
{
	(void)state;
	struct buffer file;
	struct container_block block;
	made_begin(&file, NULL);
	made_put_block(&file, 1, "abc", 3);
	for (int way = 0; way < 3; way++) {
		struct error error = ERROR_INIT;
		made_store(file.data, file.length);
		struct container_in *in = container_in_open(made_path, NULL, &error);
		assert_non_null(in);
		assert_int_equal(container_in_next(in, &block, &error), 1);
		if (way == 0) {
			FILE *more = fopen(made_path, "ab");
			assert_non_null(more);
			assert_int_equal(fwrite("x", 1, 1, more), 1);
			fclose(more);
		} else if (way == 1) {
			assert_int_equal(truncate(made_path, (off_t)file.length - 1), 0);
		} else {
			const struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
			assert_int_equal(utimensat(AT_FDCWD, made_path, times, 0), 0);
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
	made_begin(&file, NULL);
	for (int i = 0; i < 3; i++)
		made_put_block(&file, 1, data, 1 << 20);
	free(data);
	made_store(file.data, file.length);
	buffer_fini(&file);
	struct container_in *in = container_in_open(made_path, &cancel, &error);
	assert_non_null(in);
	assert_int_equal(container_in_next(in, &block, &error), 1);
	cancel.signal = 15;
	assert_int_equal(container_in_next(in, &block, &error), -1);
	assert_int_equal(error.kind, ERROR_CANCELLED);
	container_in_close(in);
	error_clear(&error);
	assert_null(container_in_open(made_path, &cancel, &error));
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
	made_begin(&file, "deflate");
	assert_true(made_compressed(CODEC_DEFLATE, zeros, CONTAINER_BLOCK_MAX, &packed));
	made_put_block(&file, 1, packed.data, packed.length);
	buffer_fini(&packed);
	assert_true(made_compressed(CODEC_DEFLATE, zeros, 10, &packed));
	for (int i = 0; i < 3; i++)
		made_put_block(&file, 1, packed.data, packed.length);
	buffer_fini(&packed);
	free(zeros);
	made_store(file.data, file.length);
	buffer_fini(&file);
	malloc_trim(0);
	struct container_in *in = container_in_open(made_path, NULL, &error);
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
		cmocka_unit_test(test_blocks_refused),
		cmocka_unit_test(test_suite),
		cmocka_unit_test(test_skip),
		cmocka_unit_test(test_no_files),
		cmocka_unit_test(test_changing),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_memory),
	};
	return cmocka_run_group_tests(tests, made_folder_make, made_folder_remove);
}
