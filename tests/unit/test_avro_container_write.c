/* Writing container files: what is read back, by us and by avro-c; order under threads; and every way in which a disk can refuse.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <avro.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "connectors/avro/container.h"
#include "engine/core/digest.h"
#include "tests/support/avro_made.h"

enum { BLOCKS = 60, MEBIBYTE = 1 << 20 };

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

static size_t files_in(const char *name)
{
	DIR *dir = opendir(name);
	size_t count = 0;
	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(dir);
	return count;
}

/* ---- system calls that fail ---- */

static atomic_int write_errno, write_after, write_most, fsync_errno, fsync_after, close_errno, rename_errno;

static void heal(void)
{
	write_errno = write_after = write_most = fsync_errno = fsync_after = close_errno = rename_errno = 0;
}

ssize_t __real_write(int fd, const void *data, size_t length);
int __real_fsync(int fd);
int __real_close(int fd);
int __real_rename(const char *from, const char *to);
ssize_t __wrap_write(int fd, const void *data, size_t length);
int __wrap_fsync(int fd);
int __wrap_close(int fd);
int __wrap_rename(const char *from, const char *to);

ssize_t __wrap_write(int fd, const void *data, size_t length)
{
	if (write_errno && atomic_fetch_sub(&write_after, 1) <= 0) {
		errno = write_errno;
		if (errno == EINTR)
			write_errno = 0;
		return -1;
	}
	if (write_most && length > (size_t)write_most)
		length = (size_t)write_most;
	return __real_write(fd, data, length);
}

int __wrap_fsync(int fd)
{
	if (fsync_errno && atomic_fetch_sub(&fsync_after, 1) <= 0) {
		errno = fsync_errno;
		return -1;
	}
	return __real_fsync(fd);
}

int __wrap_close(int fd)
{
	int result = __real_close(fd);
	if (close_errno) {
		errno = close_errno;
		return -1;
	}
	return result;
}

int __wrap_rename(const char *from, const char *to)
{
	if (rename_errno) {
		errno = rename_errno;
		return -1;
	}
	return __real_rename(from, to);
}

/* ---- files ---- */

static const struct container_entry entries[] = {
	{ .key = (char *)(uintptr_t)"avro.schema", .value = (char *)(uintptr_t)"\"string\"", .length = 8 },
	{ .key = (char *)(uintptr_t)"penstock.any", .value = (char *)(uintptr_t)"a\0b", .length = 3 },
};

static struct container_out_options options_of(enum codec codec, unsigned threads)
{
	return (struct container_out_options){ .path = path, .codec = codec, .threads = threads, .entries = entries, .entry_count = 2 };
}

/* What block number i holds: of many sizes, one of them nothing, one large. */
static size_t content(size_t i, char *data)
{
	uint32_t chance = (uint32_t)i * 2654435761u + 1;
	size_t length = i == 3 ? 0 : i == 7 ? 3 * MEBIBYTE : (chance >> 8) % (i % 2 ? 200 : 100000);
	for (size_t at = 0; at < length; at++) {
		chance = chance * 1664525 + 1013904223;
		data[at] = at % 3 ? "penstock"[at % 8] : (char)(chance >> 24);
	}
	return length;
}

/* Blocks [0, count); 0, or -1 and error. */
static int add_blocks(struct container_out *out, size_t count, struct error *error)
{
	char *data = malloc(3 * MEBIBYTE);
	int result = 0;
	assert_non_null(data);
	for (size_t i = 0; i < count && result == 0; i++) {
		size_t length = content(i, data);
		struct buffer *block = container_out_block(out, error);
		result = block ? 0 : -1;
		if (!block)
			break;
		assert_int_equal(block->length, 0);
		assert_int_equal(buffer_append(block, data, length, error), 0);
		result = container_out_add(out, block, i + 1, error);
	}
	free(data);
	return result;
}

/* Opens, adds, publishes, closes. */
static int write_file(const struct container_out_options *options, size_t count, uint64_t *size, char hash[SHA256_HEX_SIZE],
	struct error *error)
{
	struct container_out *out = container_out_open(options, error);
	int result = out && add_blocks(out, count, error) == 0 ? container_out_publish(out, size, hash, error) : -1;
	container_out_close(out);
	return result;
}

static void check_file(enum codec codec, size_t count, uint64_t size, const char *hash)
{
	struct error error = ERROR_INIT;
	struct container_block block;
	struct stat facts;
	char seen[SHA256_HEX_SIZE], *data = malloc(3 * MEBIBYTE);
	assert_non_null(data);
	struct container_in *in = container_in_open(path, NULL, &error);
	if (!in)
		fail_msg("%s", error.message);
	assert_int_equal(container_in_codec(in), codec);
	assert_string_equal(container_in_find(in, "avro.schema")->value, "\"string\"");
	assert_int_equal(container_in_find(in, "penstock.any")->length, 3);
	assert_memory_equal(container_in_find(in, "penstock.any")->value, "a\0b", 3);
	assert_string_equal(container_in_find(in, "avro.codec")->value, codec_name(codec));
	for (size_t i = 0; i < count; i++) {
		if (container_in_next(in, &block, &error) != 1)
			fail_msg("block %zu: %s", i, error.message);
		assert_int_equal(block.records, i + 1);
		assert_int_equal(block.length, content(i, data));
		assert_memory_equal(block.data, data, block.length);
	}
	assert_int_equal(container_in_next(in, &block, &error), 0);
	container_in_hash(in, seen);
	assert_string_equal(seen, hash);
	container_in_close(in);
	free(data);
	assert_int_equal(stat(path, &facts), 0);
	assert_int_equal(facts.st_size, size);
}

static bool writable(enum codec codec)
{
	return codec_available(codec) && codec != CODEC_BZIP2 && codec != CODEC_XZ;
}

static void test_round_trips(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	char hash[SHA256_HEX_SIZE];
	uint64_t size;
	for (enum codec codec = CODEC_NULL; codec < CODECS; codec++)
		for (unsigned threads = 0; threads <= 5 && writable(codec); threads++) {
			struct container_out_options options = options_of(codec, threads);
			if (write_file(&options, threads == 5 ? 0 : BLOCKS, &size, hash, &error) < 0)
				fail_msg("%s: %s", error.place, error.message);
			check_file(codec, threads == 5 ? 0 : BLOCKS, size, hash);
			assert_int_equal(files_in(folder), 1);
		}
}

/* More is smaller, for the codecs that have levels; short writes and interruptions change nothing. */
static void test_levels_and_short_writes(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	char hash[SHA256_HEX_SIZE];
	uint64_t small, large, standard;
	for (enum codec codec = CODEC_NULL; codec < CODECS; codec++) {
		if (!writable(codec) || (codec != CODEC_DEFLATE && codec != CODEC_ZSTANDARD))
			continue;
		struct container_out_options options = options_of(codec, 2);
		assert_int_equal(write_file(&options, BLOCKS, &standard, hash, &error), 0);
		options.level = codec == CODEC_DEFLATE ? 1 : 3;
		assert_int_equal(write_file(&options, BLOCKS, &large, hash, &error), 0);
		assert_int_equal(large, standard);
		options.level = codec == CODEC_DEFLATE ? 9 : 19;
		assert_int_equal(write_file(&options, BLOCKS, &small, hash, &error), 0);
		assert_true(small < large);
		check_file(codec, BLOCKS, small, hash);
	}
	struct container_out_options options = options_of(CODEC_NULL, 1);
	write_most = 777;
	write_errno = EINTR;
	write_after = 3;
	assert_int_equal(write_file(&options, 20, &small, hash, &error), 0);
	heal();
	check_file(CODEC_NULL, 20, small, hash);
}

/* avro-c is another reader of what we write. */
static void test_avro_c(void **state)
{
	(void)state;
	for (enum codec codec = CODEC_NULL; codec <= CODEC_SNAPPY; codec++) {
		struct error error = ERROR_INIT;
		struct container_out_options options = options_of(codec, 2);
		char hash[SHA256_HEX_SIZE];
		uint64_t size;
		if (!writable(codec))
			continue;
		struct container_out *out = container_out_open(&options, &error);
		assert_non_null(out);
		int written = 0;
		for (int i = 0; i < 5; i++) {
			struct buffer *block = container_out_block(out, &error);
			assert_non_null(block);
			for (int k = 0; k <= 10 * i; k++, written++) /* a string of six bytes: its length is 0x0c */
				assert_int_equal(buffer_printf(block, &error, "\x0c%06d", written), 0);
			assert_int_equal(container_out_add(out, block, (uint64_t)(10 * i + 1), &error), 0);
		}
		assert_int_equal(container_out_publish(out, &size, hash, &error), 0);
		container_out_close(out);

		avro_file_reader_t reader;
		if (avro_file_reader(path, &reader) != 0)
			fail_msg("%s: %s", codec_name(codec), avro_strerror());
		avro_schema_t schema = avro_file_reader_get_writer_schema(reader);
		avro_value_iface_t *class = avro_generic_class_from_schema(schema);
		avro_value_t value;
		assert_int_equal(avro_generic_value_new(class, &value), 0);
		int read = 0;
		for (; avro_file_reader_read_value(reader, &value) == 0; read++) {
			const char *text;
			char expected[16];
			size_t length;
			assert_int_equal(avro_value_get_string(&value, &text, &length), 0);
			snprintf(expected, sizeof expected, "%06d", read);
			assert_string_equal(text, expected);
		}
		assert_int_equal(read, written);
		avro_value_decref(&value);
		avro_value_iface_decref(class);
		avro_schema_decref(schema);
		avro_file_reader_close(reader);
	}
}

static void test_sync_markers_differ(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	struct container_out_options options = options_of(CODEC_NULL, 1);
	char hash[2][SHA256_HEX_SIZE], tail[2][CONTAINER_SYNC_BYTES];
	uint64_t size;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(write_file(&options, 2, &size, hash[i], &error), 0);
		FILE *file = fopen(path, "rb");
		assert_non_null(file);
		assert_int_equal(fseek(file, -CONTAINER_SYNC_BYTES, SEEK_END), 0);
		assert_int_equal(fread(tail[i], 1, CONTAINER_SYNC_BYTES, file), CONTAINER_SYNC_BYTES);
		fclose(file);
	}
	assert_memory_not_equal(tail[0], tail[1], CONTAINER_SYNC_BYTES);
	assert_string_not_equal(hash[0], hash[1]);
}

/* ---- complete or not at all ---- */

static void put_old(void)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs("old", file);
	assert_int_equal(fclose(file), 0);
}

static void check_old(void)
{
	char text[16] = "";
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	assert_non_null(fgets(text, sizeof text, file));
	fclose(file);
	assert_string_equal(text, "old");
	assert_int_equal(files_in(folder), 1);
}

static void test_unpublished(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	for (size_t count = 0; count <= 20; count += 5) {
		struct container_out_options options = options_of(CODEC_DEFLATE, 2);
		put_old();
		struct container_out *out = container_out_open(&options, &error);
		assert_non_null(out);
		assert_int_equal(add_blocks(out, count, &error), 0);
		assert_non_null(container_out_block(out, &error)); /* one that is never added */
		assert_int_equal(files_in(folder), 2);
		container_out_close(out);
		check_old();
	}
	container_out_close(NULL);
}

static void expect_failure(size_t blocks, const char *place, const char *word)
{
	struct error error = ERROR_INIT;
	struct container_out_options options = options_of(CODEC_DEFLATE, 2);
	char hash[SHA256_HEX_SIZE];
	uint64_t size;
	int result = write_file(&options, blocks, &size, hash, &error);
	heal();
	assert_int_equal(result, -1);
	if (error.kind != ERROR_SINK || strcmp(error.place, place) != 0 || !strstr(error.message, word))
		fail_msg("kind %d, %s: %s", (int)error.kind, error.place, error.message);
}

static void test_failing_calls(void **state)
{
	(void)state;
	put_old();
	/* The header, some block, the last of them. */
	for (int after = 0; after <= 30; after += 3) {
		write_errno = after % 2 ? EIO : ENOSPC;
		write_after = after;
		expect_failure(10, path, after % 2 ? "Input/output error" : "No space left on device");
		check_old();
	}
	fsync_errno = EIO;
	expect_failure(5, path, "Input/output error");
	check_old();
	close_errno = EDQUOT;
	expect_failure(5, path, "Disk quota exceeded");
	check_old();
	rename_errno = EACCES;
	expect_failure(5, path, "Permission denied");
	check_old();
	/* The folder: the file is there by then, and whole. */
	fsync_errno = EIO;
	fsync_after = 1;
	expect_failure(5, folder, "Input/output error");
	assert_int_equal(files_in(folder), 1);
	/* Some network file systems synchronise no folders. */
	struct error error = ERROR_INIT;
	struct container_out_options options = options_of(CODEC_NULL, 1);
	char hash[SHA256_HEX_SIZE];
	uint64_t size;
	fsync_errno = EINVAL;
	fsync_after = 1;
	assert_int_equal(write_file(&options, 5, &size, hash, &error), 0);
	heal();
	check_file(CODEC_NULL, 5, size, hash);
}

static void test_no_place(void **state)
{
	(void)state;
	char kept[sizeof path];
	memcpy(kept, path, sizeof path);
	unlink(path);
	/* A folder stands there. */
	assert_int_equal(mkdir(path, 0700), 0);
	expect_failure(5, path, "Is a directory");
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(files_in(folder), 0);
	/* A folder that is not there. */
	snprintf(path, sizeof path, "%s/none/file.avro", folder);
	expect_failure(5, path, "No such file or directory");
	memcpy(path, kept, sizeof path);
	/* Codecs that are only read. */
	for (enum codec codec = CODEC_BZIP2; codec <= CODEC_XZ; codec++) {
		struct error error = ERROR_INIT;
		struct container_out_options options = options_of(codec, 1);
		assert_null(container_out_open(&options, &error));
		assert_int_equal(error.kind, ERROR_CONFIG);
		assert_non_null(strstr(error.message, codec_name(codec)));
	}
	assert_int_equal(files_in(folder), 0);
}

/* In a process of its own: a limit of the size of files, or a file system of 64 KiB. 77: cannot be had here. */
static int in_little_room(bool disk)
{
	struct error error = ERROR_INIT;
	struct container_out_options options = options_of(CODEC_NULL, 2);
	char hash[SHA256_HEX_SIZE];
	uint64_t size;
	if (disk) {
		if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
			mount("tmpfs", folder, "tmpfs", 0, "size=65536") < 0)
			return 77;
	} else {
		const struct rlimit limit = { 65536, 65536 };
		signal(SIGXFSZ, SIG_IGN);
		if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
			return 77;
	}
	bool failed = write_file(&options, BLOCKS, &size, hash, &error) < 0;
	bool right = failed && error.kind == ERROR_SINK && strcmp(error.place, path) == 0 &&
		strstr(error.message, disk ? "No space left on device" : "File too large") && files_in(folder) == 0;
	if (!right)
		fprintf(stderr, "kind %d, %s: %s\n", (int)error.kind, error.place, error.message);
	return right ? 0 : 1;
}

static void little_room(bool disk)
{
	int status;
	unlink(path);
	assert_int_equal(files_in(folder), 0);
	fflush(NULL);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(in_little_room(disk));
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		print_message("# skipped: this needs the right to mount a file system\n");
		skip();
	}
	assert_int_equal(status, 0);
	assert_int_equal(files_in(folder), 0);
}

static void test_file_too_large(void **state)
{
	(void)state;
	little_room(false);
}

static void test_disk_full(void **state)
{
	(void)state;
	little_room(true);
}

/* ---- the end of threads ---- */

static void *cancel_soon(void *arg)
{
	struct cancel *cancel = arg;
	usleep(30000);
	cancel->signal = SIGTERM;
	return NULL;
}

static void test_cancel(void **state)
{
	(void)state;
	struct cancel cancel = { .signal = 0 };
	struct error error = ERROR_INIT;
	struct container_out_options options = options_of(CODEC_DEFLATE, 2);
	pthread_t thread;
	options.cancel = &cancel;
	options.level = 9;
	put_old();
	struct container_out *out = container_out_open(&options, &error);
	assert_non_null(out);
	assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &cancel), 0);
	while (add_blocks(out, BLOCKS, &error) == 0)
		;
	pthread_join(thread, NULL);
	assert_int_equal(error.kind, ERROR_CANCELLED);
	uint64_t size;
	char hash[SHA256_HEX_SIZE];
	error_clear(&error);
	assert_int_equal(container_out_publish(out, &size, hash, &error), -1);
	assert_int_equal(error.kind, ERROR_CANCELLED);
	container_out_close(out);
	check_old();
}

static size_t threads_now(void)
{
	return files_in("/proc/self/task");
}

static void test_no_thread_stays(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	size_t before = threads_now();
	struct container_out_options options = options_of(CODEC_DEFLATE, 3);
	struct container_out *out = container_out_open(&options, &error);
	assert_non_null(out);
	assert_int_equal(threads_now(), before + 3);
	assert_int_equal(add_blocks(out, 5, &error), 0);
	container_out_close(out);
	/* A thread that was joined may be in the list for a moment. */
	for (int i = 0; i < 1000 && threads_now() > before; i++)
		usleep(1000);
	assert_int_equal(threads_now(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_levels_and_short_writes),
		cmocka_unit_test(test_avro_c),
		cmocka_unit_test(test_sync_markers_differ),
		cmocka_unit_test(test_unpublished),
		cmocka_unit_test(test_failing_calls),
		cmocka_unit_test(test_no_place),
		cmocka_unit_test(test_file_too_large),
		cmocka_unit_test(test_disk_full),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_no_thread_stays),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
