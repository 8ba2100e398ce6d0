/* The CSV source as a source: what every connector must do, identity, positions, streams, cancelling.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "connectors/csv/csv.h"
#include "tests/support/csv_seen.h"

#define S "\\x20" /* a space, as csv_seen.c shows it */

static size_t open_descriptors(void)
{
	size_t count = 0;
	DIR *folder = opendir("/proc/self/fd");
	assert_non_null(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

/* A failed open leaks nothing (memory is the sanitizer's business) and names the file and the reason. */
static void test_failed_open(void **state)
{
	(void)state;
	struct schema *schema = csv_schema(2);
	static const struct {
		const char *path, *says;
	} cases[] = {
		{ "no/such/file.csv", "No such file or directory" },
		{ "/", "is a folder" },
		{ "/proc/self/mem", "cannot read at byte 0: Input/output error" },
		{ "", "path" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct csv_case how = csv_case_of(cases[i].path, schema, true);
		struct error error = ERROR_INIT;
		void *self;
		size_t before = open_descriptors();
		assert_int_equal(csv_open_case(&how, &self, &error), -1);
		assert_int_equal(open_descriptors(), before);
		assert_int_equal(error.kind, cases[i].path[0] ? ERROR_SOURCE : ERROR_CONFIG);
		assert_string_equal(error.place, cases[i].path);
		if (!strstr(error.message, cases[i].says))
			fail_msg("\"%s\" does not say \"%s\"", error.message, cases[i].says);
	}
	schema_free(schema);
}

/* One batch without rows, then the end, again and again (csv_drain checks the rest). */
static void test_empty(void **state)
{
	(void)state;
	struct schema *schema = csv_schema(2);
	static const struct {
		const char *text;
		bool header;
	} cases[] = { { "", false }, { "\xEF\xBB\xBF", false }, { "f0,f1", true }, { "f1,f0\n", true } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char path[64];
		int fd = csv_memory_file(cases[i].text, strlen(cases[i].text), path);
		struct csv_case how = csv_case_of(path, schema, cases[i].header);
		struct error error = ERROR_INIT;
		struct csv_seen seen;
		assert_int_equal(csv_drain(&how, NULL, false, &seen, &error), 0);
		assert_int_equal(seen.count, 0);
		assert_int_equal(seen.batch_count, 1);
		assert_int_equal(seen.batches[0].bytes, strlen(cases[i].text));
		csv_check_resume(&how, &seen);
		csv_seen_fini(&seen);
		close(fd);
	}
	schema_free(schema);
}

static void test_identity(void **state)
{
	(void)state;
	struct schema *schema = csv_schema(2);
	char path[64];
	int fd = csv_memory_file("a,b\nc,d\n", 8, path);
	struct csv_case how = csv_case_of(path, schema, false);
	struct error error = ERROR_INIT;
	void *self;
	struct source_identity who;
	struct stat facts;
	assert_int_equal(csv_open_case(&how, &self, &error), 0);
	assert_int_equal(fstat(fd, &facts), 0);
	assert_int_equal(csv_source_ops.identify(self, false, &who, &error), 0);
	assert_true(who.known);
	assert_string_equal(who.path, path);
	assert_int_equal(who.size, 8);
	assert_true(who.mtime_ns == (int64_t)facts.st_mtim.tv_sec * 1000000000 + facts.st_mtim.tv_nsec);
	assert_string_equal(who.hash, "");
	assert_int_equal(csv_source_ops.identify(self, true, &who, &error), 0);
	/* printf 'a,b\nc,d\n' | sha256sum */
	assert_string_equal(who.hash, "eafde52e304486ad92291694fa17012481621e71d08c45a643e23ed504d061cd");
	/* It has not moved the reading. */
	struct batch *batch = batch_new(schema, 1, &how.limits, &error);
	assert_non_null(batch);
	assert_int_equal(csv_source_ops.read(self, batch, &error), SOURCE_BATCH);
	assert_string_equal(batch->position.token, "4:1:2");
	/* printf 'a,b\n' | sha256sum */
	assert_string_equal(batch->position.hash, "5be08c9684a1d25efcee09318204824278b08bbfb4aef973ffefd0b9d7478313");
	batch_reset(batch);
	assert_int_equal(csv_source_ops.read(self, batch, &error), SOURCE_BATCH);
	assert_string_equal(batch->position.token, "8:2:3");
	assert_string_equal(batch->position.hash, who.hash);
	assert_true(batch->last);
	batch_free(batch);
	csv_close_case(self);
	close(fd);
	schema_free(schema);
}

static void test_changed_while_read(void **state)
{
	(void)state;
	struct schema *schema = csv_schema(2);
	for (int way = 0; way < 3; way++) {
		char path[64];
		int fd = csv_memory_file("a,b\nc,d\n", 8, path);
		struct csv_case how = csv_case_of(path, schema, false);
		struct error error = ERROR_INIT;
		void *self;
		assert_int_equal(csv_open_case(&how, &self, &error), 0);
		struct batch *batch = batch_new(schema, 1, &how.limits, &error);
		assert_non_null(batch);
		assert_int_equal(csv_source_ops.read(self, batch, &error), SOURCE_BATCH);
		if (way == 0)
			assert_int_equal(pwrite(fd, "e,f\n", 4, 8), 4);
		else if (way == 1)
			assert_int_equal(ftruncate(fd, 5), 0);
		else
			assert_int_equal(futimens(fd, (struct timespec[2]){ { 1, 0 }, { 1, 0 } }), 0);
		enum source_result result;
		do {
			batch_reset(batch);
			result = csv_source_ops.read(self, batch, &error);
		} while (result == SOURCE_BATCH);
		assert_int_equal(result, SOURCE_ERROR);
		assert_int_equal(error.kind, ERROR_CONFIG);
		assert_non_null(strstr(error.message, "changed while it was read"));
		struct source_identity who;
		error_clear(&error);
		assert_int_equal(csv_source_ops.identify(self, true, &who, &error), -1);
		assert_int_equal(error.kind, ERROR_CONFIG);
		batch_free(batch);
		csv_close_case(self);
		close(fd);
	}
	schema_free(schema);
}

static void test_resume(void **state)
{
	(void)state;
	struct schema *schema = csv_schema(2);
	static const char text[] = "f1,f0\n1,a\n\n2,\"b\nb\"\n3\n4,d,x\r\n\"5,e\n6,\xFF\n7,g";
	static const size_t capacities[] = { 1, 2, 3, 7 };
	char path[64];
	int fd = csv_memory_file(text, sizeof text - 1, path);
	struct csv_case how = csv_case_of(path, schema, true);
	struct csv_seen first = { 0 };
	for (size_t i = 0; i < 4; i++) {
		struct error error = ERROR_INIT;
		struct csv_seen seen;
		how.capacity = capacities[i];
		assert_int_equal(csv_drain(&how, NULL, false, &seen, &error), 0);
		assert_int_equal(seen.count, 8);
		csv_check_resume(&how, &seen);
		if (i > 0) {
			csv_check_same(&first, "capacity 1", &seen, "more");
			csv_seen_fini(&seen);
		} else {
			first = seen;
		}
	}
	csv_seen_fini(&first);
	close(fd);
	schema_free(schema);
}

static void cannot_resume(const struct csv_case *how, const char *token, const char *hash, const char *says)
{
	struct position at = { .token = "", .hash = "" };
	snprintf(at.token, sizeof at.token, "%s", token);
	snprintf(at.hash, sizeof at.hash, "%s", hash);
	for (int replay = 0; replay < 2; replay++) {
		struct error error = ERROR_INIT;
		struct csv_seen seen;
		assert_int_equal(csv_drain(how, &at, replay, &seen, &error), -1);
		csv_seen_fini(&seen);
		assert_int_equal(error.kind, ERROR_CONFIG);
		if (!strstr(error.message, says) || !strstr(error.message, "--restart"))
			fail_msg("\"%s\" does not say \"%s\" and --restart", error.message, says);
		assert_string_equal(error.place, how->path);
	}
}

static void test_refused_resume(void **state)
{
	(void)state;
	struct schema *schema = csv_schema(2);
	char path[64];
	int fd = csv_memory_file("a,b\nc,d\n", 8, path);
	struct csv_case how = csv_case_of(path, schema, false);
	static const char hash[] = "5be08c9684a1d25efcee09318204824278b08bbfb4aef973ffefd0b9d7478313";
	cannot_resume(&how, "4:1:2", "0000000000000000000000000000000000000000000000000000000000000000", "changed before byte 4");
	cannot_resume(&how, "12:3:4", hash, "changed before byte 12");
	static const char *const malformed[] = { "4", "4:1", "4:1:", "4:1:2:", "4:1:0", "-4:1:2", " 4:1:2", "4:1:2x", "04:1:2",
	                                         "99999999999999999999:1:2", "abc" };
	for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++)
		cannot_resume(&how, malformed[i], hash, "none of a CSV file");
	cannot_resume(&how, "4:1:2", "38f9", "none of a CSV file");
	/* In the middle of a record. */
	struct error error = ERROR_INIT;
	struct csv_seen seen;
	struct position middle = { .token = "6:1:2" };
	digest_of("a,b\nc,", 6, middle.hash);
	assert_int_equal(csv_drain(&how, &middle, true, &seen, &error), -1);
	assert_int_equal(error.kind, ERROR_CONFIG);
	csv_seen_fini(&seen);
	/* The header is new. */
	how.options.header = true;
	close(fd);
	fd = csv_memory_file("f0,f1\n", 6, path);
	cannot_resume(&how, "4:1:2", hash, "changed before byte 4");
	close(fd);
	schema_free(schema);
}

struct writer {
	const char *path;
	struct cancel *cancel;
};

static void *write_slowly(void *argument)
{
	struct writer *writer = argument;
	int fd = open(writer->path, O_WRONLY | O_CLOEXEC);
	const char *text = "f0,f1\na,\"b\r\n\"\nc,d\n";
	for (; fd >= 0 && *text; text++)
		if (write(fd, text, 1) != 1)
			break;
	if (writer->cancel) {
		usleep(50000);
		atomic_store(&writer->cancel->signal, SIGINT);
	}
	/* With cancel: held open, so that the reader has more to wait for. */
	if (writer->cancel)
		usleep(400000);
	close(fd);
	return NULL;
}

static void test_stream(void **state)
{
	(void)state;
	struct schema *schema = csv_schema(2);
	char folder[] = "/tmp/penstock-csv.XXXXXX", path[64];
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/fifo", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	struct csv_case how = csv_case_of(path, schema, true);
	struct writer writer = { .path = path };
	struct error error = ERROR_INIT;
	struct csv_seen seen;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, write_slowly, &writer), 0);
	assert_int_equal(csv_drain(&how, NULL, false, &seen, &error), 0);
	pthread_join(thread, NULL);
	assert_int_equal(seen.count, 2);
	assert_string_equal(seen.records[0], "1" S "line" S "2" S "@6+8" S "live" S "=a" S "=b\\x0D\\x0A" S "<a,\"b\\x0D\\x0A\">");
	csv_seen_fini(&seen);

	/* Nothing comes any more: cancel ends the wait. No position of a stream can be resumed, and it is not known. */
	struct cancel cancel = { 0 };
	struct source_context context = { .schema = schema, .limits = &how.limits, .cancel = &cancel };
	writer.cancel = &cancel;
	assert_int_equal(pthread_create(&thread, NULL, write_slowly, &writer), 0);
	void *self = calloc(1, csv_source_ops.size);
	assert_non_null(self);
	csv_bind(self, &how);
	assert_int_equal(csv_source_ops.open(self, &context, &error), 0);
	struct source_identity who;
	assert_int_equal(csv_source_ops.identify(self, true, &who, &error), 0);
	assert_false(who.known);
	struct position at = { .token = "6:0:2" };
	digest_of("f0,f1\n", 6, at.hash);
	assert_int_equal(csv_source_ops.resume(self, &at, false, &error), -1);
	assert_int_equal(error.kind, ERROR_CONFIG);
	error_clear(&error);
	struct batch *batch = batch_new(schema, 100, &how.limits, &error);
	assert_non_null(batch);
	assert_int_equal(csv_source_ops.read(self, batch, &error), SOURCE_ERROR);
	assert_int_equal(error.kind, ERROR_CANCELLED);
	pthread_join(thread, NULL);
	batch_free(batch);
	csv_close_case(self);
	unlink(path);
	rmdir(folder);
	schema_free(schema);
}

/* A file is cancelled within a block or two, also while it is hashed. */
static void test_cancel(void **state)
{
	(void)state;
	struct schema *schema = csv_schema(1);
	size_t size = 3u << 20;
	char *text = malloc(size), path[64];
	assert_non_null(text);
	memset(text, 'x', size);
	for (size_t i = 99; i < size; i += 100)
		text[i] = '\n';
	int fd = csv_memory_file(text, size, path);
	free(text);
	struct csv_case how = csv_case_of(path, schema, false);
	struct cancel cancel = { 0 };
	struct source_context context = { .schema = schema, .limits = &how.limits, .cancel = &cancel };
	struct error error = ERROR_INIT;
	void *self = calloc(1, csv_source_ops.size);
	assert_non_null(self);
	csv_bind(self, &how);
	assert_int_equal(csv_source_ops.open(self, &context, &error), 0);
	struct batch *batch = batch_new(schema, 100, &how.limits, &error);
	assert_non_null(batch);
	assert_int_equal(csv_source_ops.read(self, batch, &error), SOURCE_BATCH);
	atomic_store(&cancel.signal, SIGTERM);
	struct source_identity who;
	assert_int_equal(csv_source_ops.identify(self, true, &who, &error), -1);
	assert_int_equal(error.kind, ERROR_CANCELLED);
	error_clear(&error);
	size_t given = 0;
	for (;;) {
		batch_reset(batch);
		if (csv_source_ops.read(self, batch, &error) != SOURCE_BATCH)
			break;
		given += batch->bytes;
	}
	assert_int_equal(error.kind, ERROR_CANCELLED);
	assert_true(given < 1u << 20);
	batch_free(batch);
	csv_close_case(self);
	close(fd);
	schema_free(schema);
}

static void test_options(void **state)
{
	(void)state;
	static const struct {
		const char *name, *fallback;
		enum option_kind kind;
		size_t offset;
	} expected[] = {
		{ "path", NULL, OPTION_LIST, offsetof(struct csv_source, file.options.path) },
		{ "file_field", NULL, OPTION_STRING, offsetof(struct csv_source, file.options.file_field) },
		{ "header", "true", OPTION_BOOLEAN, offsetof(struct csv_source, options.header) },
		{ "delimiter", ",", OPTION_STRING, offsetof(struct csv_source, options.delimiter) },
		{ "quote", "\"", OPTION_STRING, offsetof(struct csv_source, options.quote) },
		{ "double_quote", "true", OPTION_BOOLEAN, offsetof(struct csv_source, options.double_quote) },
		{ "escape", NULL, OPTION_STRING, offsetof(struct csv_source, options.escape) },
		{ "escape_codes", "false", OPTION_BOOLEAN, offsetof(struct csv_source, options.escape_codes) },
		{ "comment", NULL, OPTION_STRING, offsetof(struct csv_source, options.comment) },
		{ "skip_lines", "0", OPTION_INTEGER, offsetof(struct csv_source, options.skip_lines) },
		{ "header_rows", "1", OPTION_INTEGER, offsetof(struct csv_source, options.header_rows) },
		{ "header_join", " ", OPTION_STRING, offsetof(struct csv_source, options.header_join) },
		{ "skip_initial_space", "false", OPTION_BOOLEAN, offsetof(struct csv_source, options.skip_initial_space) },
		{ "trim", "false", OPTION_BOOLEAN, offsetof(struct csv_source, options.trim) },
		{ "encoding", "utf-8", OPTION_STRING, offsetof(struct csv_source, options.encoding) },
		{ "short_rows", "reject", OPTION_ENUM, offsetof(struct csv_source, options.short_rows) },
		{ "long_rows", "reject", OPTION_ENUM, offsetof(struct csv_source, options.long_rows) },
		{ "once", "true", OPTION_BOOLEAN, offsetof(struct csv_source, file.options.once) },
	};
	const struct option *option = csv_source_ops.options;
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++, option++) {
		assert_string_equal(option->name, expected[i].name);
		assert_int_equal(option->kind, expected[i].kind);
		assert_int_equal(option->offset, expected[i].offset);
		if (expected[i].fallback)
			assert_string_equal(option->fallback, expected[i].fallback);
		assert_int_equal(option->flags, i == 0 ? OPTION_REQUIRED : 0);
		assert_non_null(option->help);
	}
	assert_null(option->name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_failed_open),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_changed_while_read),
		cmocka_unit_test(test_resume),
		cmocka_unit_test(test_refused_resume),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_options),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
