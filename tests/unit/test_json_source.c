/* The json source as a source: arrays, pointers, lines, positions, limits, identity, streams, what is no JSON.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/json_seen.h"

static struct schema *schema;
static struct json_seen seen;

static int setup(void **state)
{
	struct error error = ERROR_INIT;
	(void)state;
	schema = schema_new("t", &error);
	return schema && schema_add_field(schema, "a", VALUE_INTEGER, &error) && schema_add_field(schema, "b", VALUE_STRING, &error) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	schema_free(schema);
	return 0;
}

static struct json_case case_of(const char *path, const char *pointer, enum json_lines lines)
{
	return (struct json_case){ .path = path, .options = { .pointer = pointer, .lines = (int)lines }, .schema = schema,
		.limits = LIMITS_DEFAULT, .capacity = 2 };
}

/* The file gives these records, NULL at the end, also from any position, also where it is read in batches of another size. */
static void expect_records(const char *text, const char *pointer, enum json_lines lines, uint64_t limit, const char *const *wanted)
{
	for (size_t capacity = 1; capacity <= 3; capacity++) {
		char path[64];
		int fd = json_memory_file(text, strlen(text), path);
		struct json_case how = case_of(path, pointer, lines);
		struct error error = ERROR_INIT;
		size_t i = 0;
		how.capacity = capacity;
		how.limits.record = limit ? limit : how.limits.record;
		if (json_drain(&how, NULL, false, &seen, &error) < 0)
			fail_msg("%s: %s: %s", text, error.place, error.message);
		for (; wanted[i] && i < seen.count; i++)
			if (strcmp(wanted[i], seen.records[i]) != 0)
				fail_msg("%s\n  wanted \"%s\"\n  got    \"%s\"", text, wanted[i], seen.records[i]);
		if (wanted[i] || i < seen.count)
			fail_msg("%s\n  gave %zu records", text, seen.count);
		json_check_resume(&how, &seen);
		json_seen_fini(&seen);
		close(fd);
	}
}

static const char *const none[] = { NULL };

static void test_arrays(void **state)
{
	(void)state;
	expect_records("[{\"a\":1} ,\n\t[2, \"x\"] ]\n", "", JSON_LINES_AUTO, 0,
		(const char *const[]){ "1:1@1+7 =1 _", "2:2@12+8 =2 =x", NULL });
	expect_records("[]", "", JSON_LINES_AUTO, 0, none);
	expect_records(" [ \n ] \n ", "", JSON_LINES_FALSE, 0, none);
	expect_records("\xEF\xBB\xBF[[1]]", "", JSON_LINES_AUTO, 0, (const char *const[]){ "1:1@4+3 =1 -", NULL });
	expect_records("[1,null,\"x\",{}]", "", JSON_LINES_AUTO, 0,
		(const char *const[]){ "1:1@1+1 - - record", "2:1@3+4 - - record", "3:1@8+3 - - record", "4:1@12+2 _ _", NULL });
	/* Too long a value is left out, however long it is, and what follows is told apart. */
	expect_records("[{\"a\":1},{\"b\":\"0123456789],[0123456789\",\"a\":2},\n[3]]", "", JSON_LINES_AUTO, 12,
		(const char *const[]){ "1:1@1+7 =1 _", "2:1@9+37 - - record", "3:2@48+3 =3 -", NULL });
	expect_records("[1234567890123,{}]", "", JSON_LINES_AUTO, 12, (const char *const[]){ "1:1@1+13 - - record", "2:1@15+2 _ _", NULL });
}

static void test_pointers(void **state)
{
	(void)state;
	expect_records("{\"x\":[{\"rows\":0}],\"a/~\":[[1]],\"y\":{}}", "/a~1~0", JSON_LINES_AUTO, 0, (const char *const[]){ "1:1@25+3 =1 -", NULL });
	expect_records("{\"\":{\"\":[{}]}}", "//", JSON_LINES_AUTO, 0, (const char *const[]){ "1:1@9+2 _ _", NULL });
	expect_records("[0,\"]\",[[],[[7]],{}],{}]", "/2/1", JSON_LINES_FALSE, 0, (const char *const[]){ "1:1@12+3 =7 -", NULL });
	expect_records("{\"\\u0061\":\n[{}\n]\n}\n", "/a", JSON_LINES_AUTO, 0, (const char *const[]){ "1:2@12+2 _ _", NULL });
	expect_records("{\"a\":[]}", "/a", JSON_LINES_AUTO, 0, none);
}

static void test_lines(void **state)
{
	(void)state;
	expect_records("{\"a\":1}\n{\"a\":2}\r\n\n  \n[3,\"x\"]", "", JSON_LINES_AUTO, 0,
		(const char *const[]){ "1:1@0+8 =1 _", "2:2@8+9 =2 _", "3:3@17+1 blank", "4:4@18+3 blank", "5:5@21+7 =3 =x", NULL });
	expect_records("[1]\n[2]\n", "", JSON_LINES_TRUE, 0, (const char *const[]){ "1:1@0+4 =1 -", "2:2@4+4 =2 -", NULL });
	expect_records("", "", JSON_LINES_AUTO, 0, none);
	expect_records("\n", "", JSON_LINES_AUTO, 0, (const char *const[]){ "1:1@0+1 blank", NULL });
	/* A broken line is one record, and the next line begins anew. */
	expect_records("{\"a\":1\n{\"a\":2}\n\"{\n{\"a\":3}}\n[4]\n", "", JSON_LINES_TRUE, 0,
		(const char *const[]){ "1:1@0+7 - - record", "2:2@7+8 =2 _", "3:3@15+3 - - record", "4:4@18+9 - - record", "5:5@27+4 =4 -", NULL });
	expect_records("{\"b\":\"01234567890123456789\"}\n{\"a\":1}\n{\"a\":1234567}\r\n{\"a\":12345678}", "", JSON_LINES_TRUE, 13,
		(const char *const[]){ "1:1@0+29 - - record", "2:2@29+8 =1 _", "3:3@37+15 =1234567 _", "4:4@52+14 - - record", NULL });
}

static void test_no_json(void **state)
{
	static const struct {
		const char *text, *pointer;
		enum json_lines lines;
		const char *place, *says; /* place: behind the path */
	} cases[] = {
		{ "[{\"a\":1},\n {\"a\":2 \"b\":3}]", "", JSON_LINES_AUTO, ":2:9", "a comma or } should stand at byte 18 of the file, not \"" },
		{ "[{\"a\":1},]", "", JSON_LINES_AUTO, ":1:10", "a value should stand at byte 9" },
		{ "[,]", "", JSON_LINES_AUTO, ":1:2", "a value should stand at byte 1" },
		{ "[{}{}]", "", JSON_LINES_AUTO, ":1:4", "a comma or ]" },
		{ "[{}", "", JSON_LINES_AUTO, ":1:4", "the file ends at byte 3" },
		{ "[{\"a\":\"x", "", JSON_LINES_AUTO, ":1:9", "the file ends at byte 8" },
		{ "[12", "", JSON_LINES_AUTO, ":1:4", "the file ends" },
		{ "[{}]\n[{}]\n", "", JSON_LINES_AUTO, ":2:1", "lines: true" },
		{ "", "", JSON_LINES_FALSE, ":1:1", "the file ends at byte 0" },
		{ "", "/a", JSON_LINES_AUTO, ":1:1", "the file ends at byte 0" },
		{ "7", "", JSON_LINES_AUTO, ":1:1", "the array of records should stand" },
		{ "\n{\n \"rows\": [\n", "", JSON_LINES_AUTO, ":2", "pointer" },
		{ "{\"rows\":[]}", "", JSON_LINES_FALSE, "", "is an object" },
		{ "{\"rows\":[]}", "/row", JSON_LINES_AUTO, "", "there is no key \"row\"" },
		{ "{}", "/row", JSON_LINES_AUTO, "", "there is no key \"row\"" },
		{ "{\"rows\":{}}", "/rows", JSON_LINES_AUTO, "", "/rows of the document is an object" },
		{ "{\"rows\":1}", "/rows", JSON_LINES_AUTO, ":1:9", "the array of records" },
		{ "{\"rows\":1}", "/rows/0", JSON_LINES_AUTO, "", "neither object nor array" },
		{ "[[]]", "/1", JSON_LINES_AUTO, "", "too short" },
		{ "[[]]", "/01", JSON_LINES_AUTO, "", "no element \"01\"" },
		{ "{\"r\":[{}],\"r\":[]}", "/r", JSON_LINES_AUTO, "", "leads to two places" },
		{ "{\"r\":[{}],\"s\":[}", "/r", JSON_LINES_AUTO, ":1:16", "a value or ]" },
		{ "{\"r\":[{}]", "/r", JSON_LINES_AUTO, ":1:10", "the file ends" },
		{ "\xFF\xFE[", "", JSON_LINES_AUTO, ":1:1", "not 0xFF" },
		{ "[]", "rows", JSON_LINES_AUTO, "", "does not begin with a slash" },
		{ "[]", "/a~2", JSON_LINES_AUTO, "", "neither ~0" },
		{ "[]", "/a", JSON_LINES_TRUE, "", "exclude each other" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char path[64], place[128];
		int fd = json_memory_file(cases[i].text, strlen(cases[i].text), path);
		struct json_case how = case_of(path, cases[i].pointer, cases[i].lines);
		struct error error = ERROR_INIT;
		assert_int_equal(json_drain(&how, NULL, false, &seen, &error), -1);
		snprintf(place, sizeof place, "%s%s", path, cases[i].place);
		if (strcmp(place, error.place) != 0 || !strstr(error.message, cases[i].says))
			fail_msg("%s: wanted \"%s: %s\", got \"%s: %s\"", cases[i].text, place, cases[i].says, error.place, error.message);
		assert_int_equal(error.kind, cases[i].lines == JSON_LINES_TRUE || strstr(cases[i].says, "slash") || strstr(cases[i].says, "~0")
				? ERROR_CONFIG : ERROR_SOURCE);
		json_seen_fini(&seen);
		close(fd);
	}
}

/* 10^5 brackets, and a value of many MiB: refused, passed over, in little memory. */
static void test_huge(void **state)
{
	enum { DEEP = 100000, LONG = 9 << 20 };
	char *text = malloc(LONG + 64), path[64];
	struct error error = ERROR_INIT;
	(void)state;
	assert_non_null(text);
	memset(text, '[', DEEP);
	int fd = json_memory_file(text, DEEP, path);
	struct json_case how = case_of(path, "", JSON_LINES_AUTO);
	assert_int_equal(json_drain(&how, NULL, false, &seen, &error), -1);
	assert_non_null(strstr(error.message, "no deeper than 64"));
	json_seen_fini(&seen);
	close(fd);
	error = (struct error)ERROR_INIT;
	memset(text, '{', DEEP);
	text[1] = '\n';
	fd = json_memory_file(text, DEEP, path);
	how = case_of(path, "", JSON_LINES_TRUE);
	assert_int_equal(json_drain(&how, NULL, false, &seen, &error), 0);
	assert_int_equal(seen.count, 2);
	json_seen_fini(&seen);
	close(fd);
	memcpy(text, "[\"", 2);
	memset(text + 2, 'x', LONG);
	memcpy(text + 2 + LONG, "\",[1,\"y\"]]", 10);
	fd = json_memory_file(text, LONG + 12, path);
	how = case_of(path, "", JSON_LINES_AUTO);
	assert_int_equal(json_drain(&how, NULL, false, &seen, &error), 0);
	assert_int_equal(seen.count, 2);
	assert_string_equal(seen.records[1], "2:1@9437188+7 =1 =y");
	json_check_resume(&how, &seen);
	json_seen_fini(&seen);
	close(fd);
	free(text);
}

static void *opened(const struct json_case *how, struct error *error)
{
	struct source_context context = { .schema = schema, .limits = &how->limits };
	void *self = calloc(1, json_source_ops.size);
	assert_non_null(self);
	json_bind(self, how);
	if (json_source_ops.open(self, &context, error) == 0)
		return self;
	json_source_ops.close(self);
	free(self);
	return NULL;
}

static void test_identity_and_change(void **state)
{
	(void)state;
	for (int way = 0; way < 3; way++) {
		char path[64];
		int fd = json_memory_file("[[1],\n[2]]", 10, path);
		struct json_case how = case_of(path, "", JSON_LINES_AUTO);
		struct error error = ERROR_INIT;
		struct source_identity who;
		void *self = opened(&how, &error);
		assert_non_null(self);
		assert_int_equal(json_source_ops.identify(self, true, &who, &error), 0);
		assert_true(who.known);
		assert_int_equal(who.size, 10);
		assert_string_equal(who.path, path);
		/* printf '[[1],\n[2]]' | sha256sum */
		assert_string_equal(who.hash, "e08430b1c7e1744dce96bd3b87b3a7779ca39ab21c19726bcfecf04863214ea1");
		struct batch *batch = batch_new(schema, 1, &how.limits, &error);
		assert_non_null(batch);
		assert_int_equal(json_source_ops.read(self, batch, &error), SOURCE_BATCH);
		assert_string_equal(batch->position.token, "5:1:1:6:0");
		batch_reset(batch);
		if (way == 1)
			assert_int_equal(pwrite(fd, " ", 1, 10), 1);
		if (way == 2)
			assert_int_equal(futimens(fd, (struct timespec[2]){ { 1, 0 }, { 1, 0 } }), 0);
		enum source_result result = json_source_ops.read(self, batch, &error);
		if (way == 0) {
			assert_int_equal(result, SOURCE_BATCH);
			assert_true(batch->last);
			assert_string_equal(batch->position.token, "10:2:2:5:2");
			assert_string_equal(batch->position.hash, who.hash);
		} else {
			assert_int_equal(result, SOURCE_ERROR);
			assert_int_equal(error.kind, ERROR_CONFIG);
			assert_non_null(strstr(error.message, "changed while it was read"));
		}
		batch_free(batch);
		json_source_ops.close(self);
		free(self);
		close(fd);
	}
}

/* A position of other content, or of nothing like it, is refused; lines that were added are read. */
static void test_resume_of_others(void **state)
{
	static const struct {
		const char *before, *after;
		const char *says; /* NULL: goes on, with one more record */
	} cases[] = {
		{ "[[1],[2],[3]]", "[[9],[2],[3]]", "changed before byte" },
		{ "[[1],[2],[3]]", "[[1]]", "" },
		{ "{\"a\":1}\n{\"a\":2}\n", "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n", NULL },
		{ "[[1],[2]]", "[[1],[2]] ", "goes on behind byte 9" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char path[64];
		int fd = json_memory_file(cases[i].before, strlen(cases[i].before), path);
		struct json_case how = case_of(path, "", JSON_LINES_AUTO);
		struct error error = ERROR_INIT;
		assert_int_equal(json_drain(&how, NULL, false, &seen, &error), 0);
		struct position at = seen.positions[seen.batches - 1];
		json_seen_fini(&seen);
		close(fd);
		fd = json_memory_file(cases[i].after, strlen(cases[i].after), path);
		for (int replay = 0; replay < 2; replay++) {
			int result = json_drain(&how, &at, replay, &seen, &error);
			if (!cases[i].says) {
				assert_int_equal(result, 0);
				assert_int_equal(seen.count, replay ? 3 : 1);
			} else {
				assert_int_equal(result, -1);
				assert_true(replay || (error.kind == ERROR_CONFIG && strstr(error.message, cases[i].says)));
			}
			json_seen_fini(&seen);
			error = (struct error)ERROR_INIT;
		}
		snprintf(at.token, sizeof at.token, "5:1:1");
		assert_int_equal(json_drain(&how, &at, false, &seen, &error), -1);
		assert_non_null(strstr(error.message, "is none of a JSON file"));
		json_seen_fini(&seen);
		close(fd);
	}
}

static void *feed(void *argument)
{
	static const char *const pieces[] = { "[[1,\"", "\xC3", "\xA9\"]", ",", "{\"a\"", ":2}", " ]", "\n" };
	int fd = *(int *)argument;
	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		usleep(2000);
		if (write(fd, pieces[i], strlen(pieces[i])) < 0)
			break;
	}
	close(fd);
	return NULL;
}

static void test_stream(void **state)
{
	int ends[2];
	char path[64];
	pthread_t thread;
	struct error error = ERROR_INIT;
	(void)state;
	assert_int_equal(pipe(ends), 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
	struct json_case how = case_of(path, "", JSON_LINES_AUTO);
	assert_int_equal(pthread_create(&thread, NULL, feed, &ends[1]), 0);
	assert_int_equal(json_drain(&how, NULL, false, &seen, &error), 0);
	pthread_join(thread, NULL);
	assert_int_equal(seen.count, 2);
	assert_string_equal(seen.records[0], "1:1@1+8 =1 =\u00e9");
	assert_string_equal(seen.records[1], "2:1@10+7 =2 _");
	json_seen_fini(&seen);
	close(ends[0]);
}

/* A failed open leaks nothing and names the file; a stream is not waited for by a preview. */
static void test_open(void **state)
{
	int ends[2];
	char path[64];
	struct error error = ERROR_INIT;
	struct source_identity who;
	(void)state;
	struct json_case how = case_of("no/such/file.json", "", JSON_LINES_AUTO);
	assert_null(opened(&how, &error));
	assert_int_equal(error.kind, ERROR_SOURCE);
	assert_string_equal(error.place, "no/such/file.json");
	error = (struct error)ERROR_INIT;
	how.path = "";
	assert_null(opened(&how, &error));
	assert_int_equal(error.kind, ERROR_CONFIG);
	error = (struct error)ERROR_INIT;
	assert_int_equal(pipe(ends), 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
	how.path = path;
	struct source_context context = { .schema = schema, .limits = &how.limits, .preview = true };
	void *self = calloc(1, json_source_ops.size);
	assert_non_null(self);
	json_bind(self, &how);
	assert_int_equal(json_source_ops.open(self, &context, &error), 0);
	assert_int_equal(json_source_ops.identify(self, false, &who, &error), 0);
	assert_false(who.known);
	json_source_ops.close(self);
	free(self);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arrays), cmocka_unit_test(test_pointers), cmocka_unit_test(test_lines),
		cmocka_unit_test(test_no_json), cmocka_unit_test(test_huge), cmocka_unit_test(test_identity_and_change),
		cmocka_unit_test(test_resume_of_others), cmocka_unit_test(test_stream), cmocka_unit_test(test_open),
	};
	return cmocka_run_group_tests_name("json_source", tests, setup, teardown);
}
