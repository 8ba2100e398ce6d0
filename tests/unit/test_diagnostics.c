/* test_diagnostics.c - findings keep their places, come in file order, and guess what was meant.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "engine/core/diagnostics.h"

static struct node at(const char *file, unsigned line, unsigned column)
{
	return (struct node){.kind = NODE_SCALAR, .file = file, .line = line, .column = column};
}

static void test_places(void **state)
{
	struct diagnostics found;
	struct node node = at("a.yaml", 14, 9), whole = at("a.yaml", 0, 0);

	(void)state;
	diagnostics_init(&found);
	diagnostics_error(&found, &node, "unknown option \"%s\"", "x\x1b[2J\n");
	diagnostics_warning(&found, &whole, "no steps");
	diagnostics_error(&found, NULL, "--set: no value");
	assert_string_equal(found.items[0].text, "a.yaml:14:9: unknown option \"x?[2J?\"");
	assert_string_equal(found.items[1].text, "a.yaml: no steps");
	assert_string_equal(found.items[2].text, "--set: no value");
	assert_int_equal(found.errors, 2);
	assert_int_equal(found.warnings, 1);
	diagnostics_fini(&found);
	assert_int_equal(found.count, 0);
}

static void test_long_messages_end_in_dots(void **state)
{
	struct diagnostics found;
	char text[4 * ERROR_MESSAGE_MAX + 1];
	size_t length;

	(void)state;
	diagnostics_init(&found);
	for (size_t i = 0; i < sizeof(text) - 1; i += 4)
		memcpy(text + i, "\xf0\x9f\x98\x80", 4);
	text[sizeof(text) - 1] = '\0';
	diagnostics_error(&found, NULL, "%s", text);
	length = strlen(found.items[0].text);
	assert_string_equal(found.items[0].text + length - 7, "\xf0\x9f\x98\x80...");
	assert_int_equal((length - 3) % 4, 0);
	diagnostics_fini(&found);
}

static void test_sort(void **state)
{
	struct diagnostics found;
	const struct {
		const char *file;
		unsigned line, column;
		const char *text;
	} given[] = {{"a", 9, 1, "a9"}, {"b", 5, 1, "b5"}, {"a", 2, 7, "a2.7"}, {"b", 1, 1, "b1"}, {"a", 2, 3, "a2.3"},
		{"a", 9, 1, "a9 again"}, {"b", 5, 1, "b5 again"}};
	const char *const expected[] = {"a2.3", "a2.7", "a9", "a9 again", "b1", "b5", "b5 again"};

	(void)state;
	diagnostics_init(&found);
	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		struct node node = at(given[i].file, given[i].line, given[i].column);

		diagnostics_error(&found, &node, "%s", given[i].text);
	}
	diagnostics_sort(&found);
	assert_int_equal(found.count, sizeof(expected) / sizeof(expected[0]));
	for (size_t i = 0; i < found.count; i++)
		assert_string_equal(strstr(found.items[i].text, ": ") + 2, expected[i]);
	diagnostics_fini(&found);
}

static void test_error_of(void **state)
{
	struct diagnostics found;
	struct node node = at("a.yaml", 3, 1);
	struct error error = ERROR_INIT;

	(void)state;
	diagnostics_init(&found);
	diagnostics_warning(&found, &node, "w");
	diagnostics_error(&found, &node, "first");
	assert_int_equal(diagnostics_error_of(&found, &error), -1);
	assert_int_equal(error.kind, ERROR_CONFIG);
	assert_string_equal(error.message, "a.yaml:3:1: first");
	error_clear(&error);
	for (int i = 0; i < 2 * DIAGNOSTICS_MAX; i++)
		diagnostics_error(&found, &node, "more");
	assert_int_equal(found.count, DIAGNOSTICS_MAX);
	assert_int_equal(found.errors, 2 * DIAGNOSTICS_MAX + 1);
	assert_int_equal(diagnostics_error_of(&found, &error), -1);
	assert_string_equal(error.message, "a.yaml:3:1: first (and 200 more)");
	error_clear(&error);

	error_memory(&error, "a step");
	diagnostics_take(&found, &error);
	assert_false(error_is_set(&error));
	assert_int_equal(diagnostics_error_of(&found, &error), -1);
	assert_int_equal(error.kind, ERROR_RESOURCE);
	diagnostics_fini(&found);
}

static void test_errors_push_warnings_out(void **state)
{
	struct diagnostics found;
	struct error error = ERROR_INIT;

	(void)state;
	diagnostics_init(&found);
	diagnostics_error(&found, NULL, "first");
	for (int i = 0; i < 2 * DIAGNOSTICS_MAX; i++)
		diagnostics_warning(&found, NULL, "w%d", i);
	diagnostics_error(&found, NULL, "second");
	assert_int_equal(found.count, DIAGNOSTICS_MAX);
	assert_int_equal(found.errors, 2);
	assert_int_equal(found.warnings, 2 * DIAGNOSTICS_MAX);
	assert_string_equal(found.items[DIAGNOSTICS_MAX - 2].text, "w97");
	assert_string_equal(found.items[DIAGNOSTICS_MAX - 1].text, "second");
	assert_int_equal(diagnostics_error_of(&found, &error), -1);
	assert_string_equal(error.message, "first (and 1 more)");
	diagnostics_fini(&found);
}

static void test_take(void **state)
{
	struct diagnostics found;
	struct error error = ERROR_INIT;

	(void)state;
	diagnostics_init(&found);
	diagnostics_take(&found, &error);
	assert_int_equal(found.errors, 0);
	error_set(&error, ERROR_CONFIG, "d.yaml:1:2", "bad");
	diagnostics_take(&found, &error);
	assert_string_equal(found.items[0].text, "d.yaml:1:2: bad");
	diagnostics_fini(&found);
}

static void test_suggest(void **state)
{
	const char *const options[] = {"path", "header", "delimiter", "quote", "encoding", NULL};

	(void)state;
	assert_string_equal(suggest("delimeter", options), "delimiter");
	assert_string_equal(suggest("Delimiter", options), "delimiter");
	assert_string_equal(suggest("ehader", options), "header");
	assert_string_equal(suggest("pth", options), "path");
	assert_string_equal(suggest("qoute", options), "quote");
	assert_null(suggest("separator", options));
	assert_null(suggest("id", options));
	assert_null(suggest("", options));
	assert_null(suggest("a very long word that is longer than all the others in here, by far and wide", options));
}

static void test_node_place(void **state)
{
	struct node node = at("a.yaml", 1, 2);
	char place[64];
	char small[8];

	(void)state;
	assert_string_equal(node_place(&node, place, sizeof(place)), "a.yaml:1:2");
	assert_string_equal(node_place(&node, small, sizeof(small)), "a.yaml:");
	assert_string_equal(node_place(NULL, place, sizeof(place)), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_long_messages_end_in_dots),
		cmocka_unit_test(test_sort),
		cmocka_unit_test(test_error_of),
		cmocka_unit_test(test_errors_push_warnings_out),
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_suggest),
		cmocka_unit_test(test_node_place),
	};

	return cmocka_run_group_tests_name("diagnostics", tests, NULL, NULL);
}
