/* test_avro_container.c - container files: what is written reads back, every damage is found, nothing is believed.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "connectors/avro/container.h"

enum { PATH_BYTES = 256, BLOCKS = 40, HEADER_BYTES = 58 };

static char folder[PATH_BYTES - 64];

static const char *path_of(const char *name, char path[PATH_BYTES])
{
	snprintf(path, PATH_BYTES, "%s/%s", folder, name);
	return path;
}

static int set_up(void **state)
{
	const char *base = getenv("TMPDIR");
	(void)state;
	snprintf(folder, sizeof folder, "%.100s/penstock-container-XXXXXX", base ? base : "/tmp");
	return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[PATH_BYTES];
	(void)state;
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	return system(command);
}

/* Bytes that are easy to compress in part, the same for the same seed. */
static void fill(struct buffer *block, unsigned seed, size_t length)
{
	struct error error = ERROR_INIT;
	assert_int_equal(buffer_reserve(block, length ? length : 1, &error), 0);
	for (size_t i = 0; i < length; i++) {
		seed = seed * 1103515245 + 12345;
		block->data[i] = (char)(i % 3 ? seed >> 24 : 'a');
	}
	block->length = length;
}

static size_t length_of(int block)
{
	static const size_t lengths[] = { 0, 1, 17, 1000, 65536, 200000, 3 };
	return lengths[block % 7];
}

static struct container_out *open_out(const char *path, enum codec codec, int level, unsigned threads, struct error *error)
{
	static struct container_entry entries[] = {
		{ .key = (char *)(uintptr_t)"avro.schema", .value = (char *)(uintptr_t)"\"bytes\"", .length = 7 },
		{ .key = (char *)(uintptr_t)"x", .value = (char *)(uintptr_t)"a\0b", .length = 3 },
	};
	struct container_out_options options = { .path = path, .codec = codec, .level = level, .threads = threads, .entries = entries,
		.entry_count = 2 };
	return container_out_open(&options, error);
}

static void write_file(const char *path, enum codec codec, int level, unsigned threads, int blocks)
{
	struct error error = ERROR_INIT;
	uint64_t size;
	char hash[SHA256_HEX_SIZE];
	struct stat facts;
	unlink(path);
	struct container_out *out = open_out(path, codec, level, threads, &error);
	assert_non_null(out);
	for (int i = 0; i < blocks; i++) {
		struct buffer *block = container_out_block(out, &error);
		assert_non_null(block);
		fill(block, (unsigned)i, length_of(i));
		assert_int_equal(container_out_add(out, block, (uint64_t)i + 1, &error), 0);
	}
	assert_non_null(container_out_block(out, &error)); /* given out and never added */
	assert_int_not_equal(access(path, F_OK), 0);
	assert_int_equal(container_out_publish(out, &size, hash, &error), 0);
	container_out_close(out);
	assert_int_equal(stat(path, &facts), 0);
	assert_int_equal((uint64_t)facts.st_size, size);
}

/* Reads all blocks; gives the error, and how many records came before it. */
static uint64_t read_file(const char *path, bool check, struct error *error)
{
	uint64_t records = 0;
	struct container_block block;
	struct container_in *in = container_in_open(path, NULL, error);
	int any = -1;
	for (int i = 0; in && (any = container_in_next(in, &block, error)) > 0; i++) {
		records += block.records;
		if (!check)
			continue;
		struct buffer wanted;
		buffer_init(&wanted, 1 << 20);
		fill(&wanted, (unsigned)i, length_of(i));
		assert_int_equal(block.records, i + 1);
		assert_int_equal(block.length, wanted.length);
		assert_memory_equal(block.data, buffer_text(&wanted), wanted.length);
		buffer_fini(&wanted);
	}
	if (any == 0)
		assert_int_equal(container_in_next(in, &block, error), 0); /* the end again */
	container_in_close(in);
	return records;
}

static void test_round_trips(void **state)
{
	static const struct {
		enum codec codec;
		int level;
	} ways[] = { { CODEC_NULL, 0 }, { CODEC_DEFLATE, 0 }, { CODEC_DEFLATE, 9 }, { CODEC_SNAPPY, 0 }, { CODEC_ZSTANDARD, 0 },
		{ CODEC_ZSTANDARD, 19 } };
	char path[PATH_BYTES];
	(void)state;
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		if (!codec_available(ways[i].codec))
			continue;
		for (unsigned threads = 0; threads <= 4; threads += 2) {
			struct error error = ERROR_INIT;
			write_file(path_of("trip.avro", path), ways[i].codec, ways[i].level, threads, BLOCKS);
			assert_int_equal(read_file(path, true, &error), BLOCKS * (BLOCKS + 1) / 2);
			assert_false(error_is_set(&error));
		}
	}
}

static void test_metadata(void **state)
{
	char path[PATH_BYTES], first[SHA256_HEX_SIZE], last[SHA256_HEX_SIZE];
	struct error error = ERROR_INIT;
	struct container_block block;
	uint64_t third = 0;
	(void)state;
	write_file(path_of("meta.avro", path), CODEC_DEFLATE, 0, 1, BLOCKS);
	struct container_in *in = container_in_open(path, NULL, &error);
	assert_non_null(in);
	assert_int_equal(container_in_codec(in), CODEC_DEFLATE);
	assert_string_equal(container_in_find(in, "avro.schema")->value, "\"bytes\"");
	assert_int_equal(container_in_find(in, "x")->length, 3);
	assert_memory_equal(container_in_find(in, "x")->value, "a\0b", 3);
	assert_null(container_in_find(in, "y"));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(container_in_next(in, &block, &error), 1);
		third = block.offset;
	}
	container_in_close(in);
	/* To a block by its offset: the hash of what stands before it is that of the bytes, whichever way was taken. */
	for (int way = 0; way < 2; way++) {
		in = container_in_open(path, NULL, &error);
		assert_non_null(in);
		if (way == 0)
			assert_int_equal(container_in_skip_to(in, third, &error), 0);
		for (int i = 0; way == 1 && i < 2; i++)
			assert_int_equal(container_in_next(in, &block, &error), 1);
		container_in_hash(in, way == 0 ? first : last);
		assert_int_equal(container_in_next(in, &block, &error), 1);
		assert_int_equal(block.records, 3);
		container_in_close(in);
	}
	assert_string_equal(first, last);
	in = container_in_open(path, NULL, &error);
	assert_non_null(in);
	assert_int_equal(container_in_skip_to(in, third + 1, &error), -1);
	assert_int_equal(error.kind, ERROR_CONFIG);
	container_in_close(in);
}

static size_t load(const char *path, char **data)
{
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	*data = malloc(1 << 20);
	assert_non_null(*data);
	size_t length = fread(*data, 1, 1 << 20, file);
	fclose(file);
	return length;
}

static void store(const char *path, const char *data, size_t length)
{
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

/* By hand, from the specification: one block, codec null, no records' meaning. */
static const char small[] = "Obj\1"
			    "\2\x16"
			    "avro.schema"
			    "\x0e"
			    "\"bytes\"\0"
			    "0123456789abcdef"
			    "\4\x08"
			    "abcd"
			    "0123456789abcdef";
enum { SMALL_BYTES = sizeof small - 1, SMALL_BLOCK = SMALL_BYTES - 2 - 4 - 16 };

static void expect_damage(const char *path, const char *data, size_t length, const char *words)
{
	struct error error = ERROR_INIT;
	store(path, data, length);
	read_file(path, false, &error);
	assert_int_equal(error.kind, ERROR_SOURCE);
	if (!strstr(error.message, words))
		fail_msg("\"%s\" is not in \"%s\"", words, error.message);
}

static void test_by_hand(void **state)
{
	char path[PATH_BYTES], data[SMALL_BYTES + 64], words[64];
	struct error error = ERROR_INIT;
	(void)state;
	store(path_of("hand.avro", path), small, SMALL_BYTES);
	assert_int_equal(read_file(path, false, &error), 2);
	assert_false(error_is_set(&error));
	store(path, small, SMALL_BLOCK); /* no block at all is a file without records */
	assert_int_equal(read_file(path, false, &error), 0);
	assert_false(error_is_set(&error));
	for (size_t cut = 0; cut < SMALL_BYTES; cut++)
		if (cut != SMALL_BLOCK)
			expect_damage(path, small, cut, cut < 4 ? "no Avro" : "");
	snprintf(words, sizeof words, "byte %d:", SMALL_BLOCK);
	for (size_t at = SMALL_BLOCK; at < SMALL_BYTES; at++) {
		if (at == SMALL_BLOCK || (at >= SMALL_BLOCK + 2 && at < SMALL_BLOCK + 6))
			continue; /* a count, or what a codec without a checksum keeps */
		memcpy(data, small, SMALL_BYTES);
		data[at] ^= 1;
		expect_damage(path, data, SMALL_BYTES, words);
	}
	memcpy(data, small, SMALL_BYTES);
	data[SMALL_BLOCK] = 3;
	expect_damage(path, data, SMALL_BYTES, "negative number of records");
	memcpy(data, small, SMALL_BYTES);
	data[SMALL_BLOCK + 1] = 9;
	expect_damage(path, data, SMALL_BYTES, "negative length");
	memcpy(data, small, SMALL_BLOCK + 1);
	memcpy(data + SMALL_BLOCK + 1, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x7f", 10);
	expect_damage(path, data, SMALL_BLOCK + 11, "64 bits");
	memcpy(data + SMALL_BLOCK + 1, "\x80\x80\x80\x80\x40", 5);
	expect_damage(path, data, SMALL_BLOCK + 6, "more than the");
}

static void test_codecs_by_name(void **state)
{
	static const char lz4[] = "Obj\1\4\x14"
				  "avro.codec"
				  "\x06"
				  "lz4\x16"
				  "avro.schema"
				  "\x0e"
				  "\"bytes\"\0"
				  "0123456789abcdef";
	static const char twice[] = "Obj\1\4\x16"
				    "avro.schema\x0e\"bytes\"\x16"
				    "avro.schema\x0e\"bytes\"\0"
				    "0123456789abcdef";
	static const char none[] = "Obj\1\0"
				   "0123456789abcdef";
	char path[PATH_BYTES];
	enum codec codec;
	(void)state;
	path_of("codec.avro", path);
	expect_damage(path, lz4, sizeof lz4 - 1, "lz4");
	expect_damage(path, twice, sizeof twice - 1, "twice");
	expect_damage(path, none, sizeof none - 1, "avro.schema");
	assert_true(codec_find("zstandard", &codec));
	assert_int_equal(codec, CODEC_ZSTANDARD);
	assert_false(codec_find("zstd", &codec));
}

/* What a checksum or a compressed stream holds together is found broken, bit by bit. */
static void test_flipped_bits(void **state)
{
	char path[PATH_BYTES], *data;
	(void)state;
	if (!codec_available(CODEC_SNAPPY))
		return;
	struct error error = ERROR_INIT;
	struct container_block block;
	write_file(path_of("flip.avro", path), CODEC_SNAPPY, 0, 1, 4);
	struct container_in *in = container_in_open(path, NULL, &error);
	assert_non_null(in);
	assert_int_equal(container_in_next(in, &block, &error), 1);
	size_t first = (size_t)block.offset, length = load(path, &data), found = 0, tried = 0;
	container_in_close(in);
	for (size_t at = first; at < length; at++) {
		struct error failed = ERROR_INIT;
		data[at] ^= (char)(1 << at % 8);
		store(path, data, length);
		uint64_t records = read_file(path, false, &failed);
		data[at] ^= (char)(1 << at % 8);
		tried++;
		/* A count of records that changed is for who decodes them to find. */
		found += error_is_set(&failed) || records != 10;
	}
	free(data);
	assert_true(tried > 500);
	assert_int_equal(found, tried);
}

static void test_hostile_suite(void **state)
{
	static const char *const files[] = { "bomb.avro", "hugeblk.avro", "negblk.avro" };
	const char *top = getenv("TOP");
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		char path[4096];
		struct error error = ERROR_INIT;
		snprintf(path, sizeof path, "%s/../shared/suites/derived-avro-faults/%s", top ? top : ".", files[i]);
		if (access(path, R_OK) != 0) {
			print_message("skipped: %s is not there\n", files[i]);
			continue;
		}
		read_file(path, false, &error);
		assert_int_equal(error.kind, ERROR_SOURCE);
		assert_non_null(strstr(error.message, "at byte "));
	}
}

static void test_no_file(void **state)
{
	char path[PATH_BYTES];
	struct error error = ERROR_INIT;
	(void)state;
	assert_null(container_in_open(path_of("absent.avro", path), NULL, &error));
	assert_int_equal(error.kind, ERROR_SOURCE);
	error_clear(&error);
	assert_null(container_in_open(folder, NULL, &error));
	assert_int_equal(error.kind, ERROR_SOURCE);
	error_clear(&error);
	assert_int_equal(mkfifo(path_of("fifo", path), 0600), 0);
	assert_null(container_in_open(path, NULL, &error));
	assert_int_equal(error.kind, ERROR_SOURCE);
	error_clear(&error);
	assert_null(open_out(path_of("absent/x.avro", path), CODEC_NULL, 0, 1, &error));
	assert_int_equal(error.kind, ERROR_SINK);
}

static int files_in_folder(void)
{
	char command[PATH_BYTES + 32], out[32] = "";
	snprintf(command, sizeof command, "ls -A '%s' | wc -l", folder);
	FILE *pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_non_null(fgets(out, sizeof out, pipe));
	pclose(pipe);
	return atoi(out);
}

/* A file that cannot grow: an error, and nothing is left. */
static void test_full(void **state)
{
	char path[PATH_BYTES];
	struct rlimit before, small_files;
	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small_files = before;
	small_files.rlim_cur = 100000;
	int files = files_in_folder();
	for (int codec = CODEC_NULL; codec <= CODEC_DEFLATE; codec++) {
		struct error error = ERROR_INIT;
		uint64_t size;
		char hash[SHA256_HEX_SIZE];
		struct container_out *out = open_out(path_of("full.avro", path), (enum codec)codec, 0, 2, &error);
		assert_non_null(out);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &small_files), 0);
		int result = 0;
		for (int i = 0; i < 20 && result == 0; i++) {
			struct buffer *block = container_out_block(out, &error);
			if (!block) {
				result = -1;
				break;
			}
			fill(block, (unsigned)i, 65536);
			result = container_out_add(out, block, 1, &error);
		}
		if (result == 0)
			result = container_out_publish(out, &size, hash, &error);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
		assert_int_equal(result, -1);
		assert_int_equal(error.kind, ERROR_SINK);
		assert_non_null(strstr(error.message, "File too large"));
		container_out_close(out);
		assert_int_equal(files_in_folder(), files);
	}
}

static void test_given_up(void **state)
{
	char path[PATH_BYTES];
	struct error error = ERROR_INIT;
	(void)state;
	int files = files_in_folder();
	struct container_out *out = open_out(path_of("gone.avro", path), CODEC_DEFLATE, 9, 4, &error);
	assert_non_null(out);
	for (int i = 0; i < 6; i++) {
		struct buffer *block = container_out_block(out, &error);
		fill(block, 1, 200000);
		assert_int_equal(container_out_add(out, block, 1, &error), 0);
	}
	container_out_close(out);
	assert_int_equal(files_in_folder(), files);
}

static void test_rename_fails(void **state)
{
	char path[PATH_BYTES], hash[SHA256_HEX_SIZE];
	struct error error = ERROR_INIT;
	uint64_t size;
	(void)state;
	assert_int_equal(mkdir(path_of("taken.avro", path), 0700), 0);
	int files = files_in_folder();
	struct container_out *out = open_out(path, CODEC_NULL, 0, 1, &error);
	assert_non_null(out);
	assert_int_equal(container_out_publish(out, &size, hash, &error), -1);
	assert_int_equal(error.kind, ERROR_SINK);
	container_out_close(out);
	assert_int_equal(files_in_folder(), files);
}

static void test_cancelled(void **state)
{
	char path[PATH_BYTES];
	struct error error = ERROR_INIT;
	struct cancel cancel = { 0 };
	struct container_block block;
	(void)state;
	write_file(path_of("cancel.avro", path), CODEC_NULL, 0, 1, BLOCKS);
	struct container_in *in = container_in_open(path, &cancel, &error);
	assert_non_null(in);
	atomic_store(&cancel.signal, SIGTERM);
	int any;
	while ((any = container_in_next(in, &block, &error)) > 0) {
	}
	assert_int_equal(any, -1);
	assert_int_equal(error.kind, ERROR_CANCELLED);
	container_in_close(in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trips),   cmocka_unit_test(test_metadata),    cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_codecs_by_name), cmocka_unit_test(test_flipped_bits), cmocka_unit_test(test_hostile_suite),
		cmocka_unit_test(test_no_file),       cmocka_unit_test(test_full),        cmocka_unit_test(test_given_up),
		cmocka_unit_test(test_rename_fails),  cmocka_unit_test(test_cancelled),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
