/* test_load_memory.c - whichever allocation fails while a pipeline is read: an error that says so, nothing leaked, no crash.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The linker puts the functions below in the place of the allocator's, for everything but shared libraries.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/config/load.h"

enum { NEVER = -1, MOST = 100000 };

static long remaining = NEVER; /* allocations until the one that fails */

static bool fails(void)
{
	return remaining != NEVER && remaining-- == 0;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t length);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t length);

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t length)
{
	return fails() ? NULL : __real_strndup(text, length);
}

/* True when an allocation failed. */
static bool load_once(const char *file, long nth)
{
	struct diagnostics diagnostics;
	struct pipeline *pipeline;
	struct error error = ERROR_INIT;
	bool failed;

	diagnostics_init(&diagnostics);
	remaining = nth;
	pipeline = pipeline_load(file, NULL, &diagnostics);
	failed = remaining == NEVER;
	remaining = NEVER;
	if (failed) {
		assert_null(pipeline);
		assert_true(diagnostics.out_of_memory);
		assert_int_equal(diagnostics_error_of(&diagnostics, &error), -1);
		assert_int_equal(error.kind, ERROR_RESOURCE);
	}
	pipeline_free(pipeline);
	diagnostics_fini(&diagnostics);
	return failed;
}

static bool resolve_once(const char *argument, long nth)
{
	struct connection_target target;
	struct error error = ERROR_INIT;
	int result;
	bool failed;

	remaining = nth;
	result = connection_target_init(&target, argument, &error);
	failed = remaining == NEVER;
	remaining = NEVER;
	if (failed) {
		assert_int_equal(result, -1);
		assert_int_equal(error.kind, ERROR_RESOURCE);
	} else {
		assert_int_equal(result, 0);
		connection_target_fini(&target);
	}
	return failed;
}

static void expect_all(bool (*once)(const char *argument, long nth), const char *argument)
{
	long nth = 0;

	while (nth < MOST && once(argument, nth))
		nth++;
	assert_true(nth > 20 && nth < MOST);
}

static void test_good_files(void **state)
{
	(void)state;
	expect_all(load_once, "good_steps.yaml");
	expect_all(load_once, "good_for_each.yaml");
	expect_all(load_once, "good_json_dictionary.yaml");
	expect_all(load_once, "good_sql.yaml");
	expect_all(load_once, "good_replace.yaml");
}

static void test_wrong_files(void **state)
{
	(void)state;
	expect_all(load_once, "many_mistakes.yaml");
	expect_all(load_once, "params.yaml");
	expect_all(load_once, "connections.yaml");
	expect_all(load_once, "for_each_wrong.yaml");
	expect_all(load_once, "files.yaml");
	expect_all(load_once, "sql_wrong.yaml");
}

static void test_connection(void **state)
{
	(void)state;
	expect_all(resolve_once, "good_steps.yaml:db");
}

static int enter(void **state)
{
	char folder[4096];
	const char *top = getenv("TOP");

	(void)state;
	snprintf(folder, sizeof(folder), "%s/tests/golden/config", top && *top ? top : ".");
	return chdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_files),
		cmocka_unit_test(test_wrong_files),
		cmocka_unit_test(test_connection),
	};

	return cmocka_run_group_tests_name("load_memory", tests, enter, NULL);
}
