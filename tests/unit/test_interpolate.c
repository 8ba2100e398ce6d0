/* test_interpolate.c - ${...} takes what it should from where it should, once, and never shows what it took.
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
#include <unistd.h>

#include "connectors/registry.h"
#include "engine/config/document.h"
#include "engine/config/interpolate.h"
#include "engine/config/tree.h"

/* Stands in for the registry: no connector is needed here. */
const struct store_ops *connector_store(const char *type)
{
	(void)type;
	return NULL;
}

static struct diagnostics diagnostics;
static struct params params;
static struct param items[] = {{.name = "data", .value = "a b", .definition = "a b"}, {.name = "empty"},
	{.name = "bad", .value = "x;Driver=evil", .definition = ""}, {.name = "hidden", .value = "hunter2", .secret = true},
	{.name = "broken", .broken = true}};

static struct scope scope_of_test(void)
{
	params = (struct params){items, sizeof(items) / sizeof(items[0])};
	/* 2021-11-07T02:48:42Z */
	return (struct scope){.params = &params, .run_id = "0190-id", .started_us = 1636253322123456, .table = "jobs",
		.diagnostics = &diagnostics};
}

static int setup(void **state)
{
	(void)state;
	diagnostics_init(&diagnostics);
	setenv("PENSTOCK_TEST_A", "value ${PENSTOCK_TEST_B} $${", 1);
	setenv("PENSTOCK_TEST_EMPTY", "", 1);
	setenv("PENSTOCK_TEST_DB", "Driver=X;Pwd={a;b}", 1);
	unsetenv("PENSTOCK_TEST_NONE");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	diagnostics_fini(&diagnostics);
	return 0;
}

static struct node *made(const char *text)
{
	const struct node place = {.file = "p.yaml", .line = 3, .column = 7};
	struct node *node = tree_scalar(&place, text, strlen(text));

	assert_non_null(node);
	node->plain = true;
	return node;
}

static void expect_in(const struct scope *scope, const char *text, const char *expected, bool secret)
{
	struct node *node = made(text);

	if (interpolate(node, scope, false) < 0)
		fail_msg("%s", diagnostics.items[0].text);
	assert_string_equal(node->text, expected);
	assert_int_equal(node->secret, secret);
	node_free(node);
}

static void expect(const char *text, const char *expected)
{
	struct scope scope = scope_of_test();

	expect_in(&scope, text, expected, false);
}

static void expect_secret(const char *text, const char *expected)
{
	struct scope scope = scope_of_test();

	expect_in(&scope, text, expected, true);
}

static void expect_refused_in(const struct scope *scope, const char *text, bool connection, const char *message)
{
	struct node *node = made(text);

	assert_int_equal(interpolate(node, scope, connection), -1);
	assert_string_equal(node->text, text);
	assert_int_equal(diagnostics.count, 1);
	assert_string_equal(diagnostics.items[0].text, message);
	diagnostics_fini(&diagnostics);
	node_free(node);
}

static void expect_refused(const char *text, const char *message)
{
	struct scope scope = scope_of_test();

	expect_refused_in(&scope, text, false, message);
}

static void test_values(void **state)
{
	(void)state;
	expect("no $ expression } here {", "no $ expression } here {");
	expect("$", "$");
	expect("${params.data}/x/${params.data}", "a b/x/a b");
	expect("${run.id}", "0190-id");
	expect("${table}.csv", "jobs.csv");
	expect("${run.started}", "2021-11-07T02:48:42Z");
	expect("${run.started:%Y%m%dT%H%M%SZ}", "20211107T024842Z");
	expect("${run.started:%j %F %T 100%%}", "311 2021-11-07 02:48:42 100%");
	expect("$${HOME}", "${HOME}");
	expect("$$${table}", "$${table}");
	expect("$$x $${ $", "$$x ${ $");
	expect("${PENSTOCK_TEST_NONE:-}", "");
	expect("${PENSTOCK_TEST_NONE:-a:-b}", "a:-b");
	expect("${PENSTOCK_TEST_NONE:-Driver={SQLite3};Database=x}", "Driver={SQLite3};Database=x");
	expect("<${PENSTOCK_TEST_EMPTY:-default}>", "<default>");
}

static void test_values_from_outside(void **state)
{
	(void)state;
	/* What comes in is not looked at again. */
	expect_secret("${PENSTOCK_TEST_A}", "value ${PENSTOCK_TEST_B} $${");
	expect_secret("${PENSTOCK_TEST_A:-x}", "value ${PENSTOCK_TEST_B} $${");
	expect_secret("<${PENSTOCK_TEST_EMPTY}>", "<>");
	expect_secret("${params.hidden}", "hunter2");
}

static void test_empty_is_not_null(void **state)
{
	struct scope scope = scope_of_test();
	struct node *node = made("${PENSTOCK_TEST_NONE:-}");

	(void)state;
	assert_int_equal(interpolate(node, &scope, false), 0);
	assert_false(node_is_null(node));
	node_free(node);
}

static void test_mistakes(void **state)
{
	const char *const forms = ": write ${NAME}, ${NAME:-default}, ${NAME:?message}, ${params.NAME}, ${file:PATH}, ${run.id} or "
				  "${run.started:FORMAT}; a literal ${ is $${";
	char message[512];

	(void)state;
	expect_refused("x ${PENSTOCK_TEST_NONE}", "p.yaml:3:7: environment variable PENSTOCK_TEST_NONE is not set; set it, or write "
		"${PENSTOCK_TEST_NONE:-default}");
	expect_refused("${PENSTOCK_TEST_NONE:?the database}", "p.yaml:3:7: environment variable PENSTOCK_TEST_NONE is not set: the database");
	expect_refused("${PENSTOCK_TEST_EMPTY:?}", "p.yaml:3:7: environment variable PENSTOCK_TEST_EMPTY is not set");
	expect_refused("${params.dta}", "p.yaml:3:7: unknown param \"dta\" (did you mean \"data\"?)");
	expect_refused("${params.xyz}", "p.yaml:3:7: unknown param \"xyz\" (known: data, empty, bad, hidden, broken)");
	expect_refused("${params.empty}", "p.yaml:3:7: param \"empty\" has no value; give it one with --set empty=...");
	expect_refused("x ${ y", "p.yaml:3:7: a ${ is not closed with a }; a literal ${ is written $${");
	expect_refused("${PENSTOCK_TEST_NONE:-{x}", "p.yaml:3:7: a ${ is not closed with a }; a literal ${ is written $${");
	expect_refused("${PENSTOCK_TEST_NONE:-${table}}", "p.yaml:3:7: ${PENSTOCK_TEST_NONE...}: a ${...} within another is not supported");
	expect_refused("${run.started:%q}",
		"p.yaml:3:7: ${run.started...}: the format may hold %Y %m %d %H %M %S, %j %y %F %T %G %V %u and %%");
	expect_refused("${run.started:%}",
		"p.yaml:3:7: ${run.started...}: the format may hold %Y %m %d %H %M %S, %j %y %F %T %G %V %u and %%");
	snprintf(message, sizeof(message), "p.yaml:3:7: ${}%s", forms);
	expect_refused("${}", message);
	snprintf(message, sizeof(message), "p.yaml:3:7: ${1x}%s", forms);
	expect_refused("${1x}", message);
	/* What stands behind the name may be a password. */
	snprintf(message, sizeof(message), "p.yaml:3:7: ${DB...}%s", forms);
	expect_refused("${DB-Driver=X;Pwd=hunter2}", message);
}

static void test_scopes(void **state)
{
	struct scope scope = scope_of_test();

	(void)state;
	scope.table = NULL;
	expect_refused_in(&scope, "${table}", false, "p.yaml:3:7: ${table}: is known only within for_each");
	scope.params = NULL;
	expect_refused_in(&scope, "${params.data}", false,
		"p.yaml:3:7: ${params.data}: the value of a param cannot be made from another one");

	/* For a hash that is the same in every run. */
	scope = scope_of_test();
	scope.definition = true;
	expect_in(&scope, "${run.id} ${run.started:%Y} ${file:/no/such} ${params.data} ${table}",
		"${run.id} ${run.started:%Y} ${file:/no/such} a b jobs", false);
}

static void test_broken_params_are_not_told_twice(void **state)
{
	struct scope scope = scope_of_test();
	struct node *node = made("${params.broken}");

	(void)state;
	assert_int_equal(interpolate(node, &scope, false), -1);
	assert_int_equal(diagnostics.count, 0);
	node_free(node);
}

static void expect_connection(const char *text, const char *expected)
{
	struct scope scope = scope_of_test();
	struct node *node = made(text);

	if (interpolate(node, &scope, true) < 0)
		fail_msg("%s", diagnostics.items[0].text);
	assert_string_equal(node->text, expected);
	node_free(node);
}

static void test_connection_strings(void **state)
{
	struct scope scope = scope_of_test();
	const char *const rule = "its value holds one of ; { } and so cannot be put into a connection string; "
				 "give the whole string by ${NAME} or ${file:PATH}";
	char message[512];

	(void)state;
	expect_connection("${PENSTOCK_TEST_DB}", "Driver=X;Pwd={a;b}");
	expect_connection("${PENSTOCK_TEST_DB:-Driver=Y}", "Driver=X;Pwd={a;b}");
	expect_connection("Driver=SQLite3;Database=${params.data}", "Driver=SQLite3;Database=a b");
	/* The author of the pipeline may write what he likes. */
	expect_connection("Driver=SQLite3${PENSTOCK_TEST_NONE:-;Timeout=5}", "Driver=SQLite3;Timeout=5");

	snprintf(message, sizeof(message), "p.yaml:3:7: ${PENSTOCK_TEST_DB}: %s", rule);
	expect_refused_in(&scope, "Driver=X;Pwd=${PENSTOCK_TEST_DB}", true, message);
	expect_refused_in(&scope, "${PENSTOCK_TEST_DB};x=1", true, message);
	expect_refused_in(&scope, "${PENSTOCK_TEST_NONE:-}${PENSTOCK_TEST_DB}", true, message);
	snprintf(message, sizeof(message), "p.yaml:3:7: ${params.bad}: %s", rule);
	expect_refused_in(&scope, "Database=${params.bad}", true, message);
	expect_refused_in(&scope, "${params.bad}", true, message);
}

static void expect_file(const char *content, size_t length, const char *expected)
{
	char path[] = "/tmp/penstock-test-interpolate-XXXXXX", text[128];
	struct scope scope = scope_of_test();
	int fd = mkstemp(path);
	struct node *node;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, length), length);
	close(fd);
	snprintf(text, sizeof(text), "<${file:%s}>", path);
	node = made(text);
	if (expected) {
		assert_int_equal(interpolate(node, &scope, false), 0);
		assert_string_equal(node->text, expected);
		assert_true(node->secret);
	} else {
		assert_int_equal(interpolate(node, &scope, false), -1);
		assert_int_equal(diagnostics.count, 1);
		diagnostics_fini(&diagnostics);
	}
	unlink(path);
	node_free(node);
}

static void test_files(void **state)
{
	static char large[INTERPOLATE_FILE_MAX + 1];

	(void)state;
	expect_file("", 0, "<>");
	expect_file("hunter2", 7, "<hunter2>");
	expect_file("hunter2\n", 8, "<hunter2>");
	expect_file("hunter2\r\n", 9, "<hunter2>");
	expect_file("hunter2\n\n", 9, "<hunter2\n>");
	expect_file("\n", 1, "<>");
	expect_file("${HOME}\r", 8, "<${HOME}\r>");
	expect_file("a\0b", 3, NULL);
	expect_file("\xff", 1, NULL);
	memset(large, 'x', sizeof(large));
	expect_file(large, sizeof(large), NULL);
	expect_refused("${file:/no/such}", "p.yaml:3:7: /no/such: cannot be opened: No such file or directory");
	expect_refused("${file:}", "p.yaml:3:7: ${file...}: the path of a file is missing, or too long");
}

static void test_growth_is_bounded(void **state)
{
	struct scope scope = scope_of_test();
	char *value = malloc(300000), *text = malloc(1000);
	struct node *node;

	(void)state;
	memset(value, 'x', 299999);
	value[299999] = '\0';
	setenv("PENSTOCK_TEST_LARGE", value, 1);
	strcpy(text, "");
	for (int i = 0; i < 4; i++)
		strcat(text, "${PENSTOCK_TEST_LARGE}");
	node = made(text);
	assert_int_equal(interpolate(node, &scope, false), -1);
	assert_string_equal(diagnostics.items[0].text, "p.yaml:3:7: ${PENSTOCK_TEST_LARGE}: the text becomes larger than 1 MiB");
	unsetenv("PENSTOCK_TEST_LARGE");
	node_free(node);
	free(text);
	free(value);
}

static void test_tree(void **state)
{
	struct scope scope = scope_of_test();
	struct error error = ERROR_INIT;
	const char *text = "{a: \"${table}\", \"${table}\": [x, {b: \"${run.id}\"}]}";
	struct node *root = document_parse_text("f", text, strlen(text), false, &error);

	(void)state;
	assert_non_null(root);
	assert_int_equal(interpolate_tree(root, &scope), 0);
	assert_string_equal(node_text(node_find(root, "a")), "jobs");
	assert_string_equal(node_text(node_find(node_find(root, "${table}")->items[1], "b")), "0190-id");
	node_free(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_values, setup, teardown),
		cmocka_unit_test_setup_teardown(test_values_from_outside, setup, teardown),
		cmocka_unit_test_setup_teardown(test_empty_is_not_null, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mistakes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_scopes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_broken_params_are_not_told_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(test_connection_strings, setup, teardown),
		cmocka_unit_test_setup_teardown(test_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_growth_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tree, setup, teardown),
	};

	return cmocka_run_group_tests_name("interpolate", tests, NULL, NULL);
}
