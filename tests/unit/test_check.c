/* test_check.c - every constraint at its boundary, on every type that has it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "tests/support/judging.h"

/* The names of the rules that a text breaks in a field: "minimum enum". */
static void broken(const char *field, const char *cell, size_t length, char *out, size_t size)
{
	char text[4096], verdict[1024];
	struct judging judging;
	snprintf(text, sizeof text, "resources: [{ name: t, schema: { fields: [%s] } }]", field);
	judging_open(&judging, text, NULL);
	judging_start(&judging, (struct judge_context){.policy = KEYS_APPEND}, NULL);
	struct batch *batch = judging_batch(&judging, 1);
	judging_add_cells(batch, &cell, &length, 1);
	judging_judge(&judging, batch);
	judging_verdict(batch, verdict, sizeof verdict);
	out[0] = '\0';
	for (char *at = verdict; (at = strstr(at, "t.x.")) != NULL; at++) {
		int taken = (int)strcspn(at + 4, " ;");
		snprintf(out + strlen(out), size - strlen(out), "%s%.*s", out[0] ? " " : "", taken, at + 4);
	}
	batch_free(batch);
	judging_close(&judging);
}

static void constraints_hold_at_their_boundaries(void **state)
{
	(void)state;
	static const char *const cases[][3] = {
		{"{ name: x, constraints: { required: true } }", "", "required"},
		{"{ name: x, constraints: { required: true } }", " ", ""},
		{"{ name: x, constraints: { required: false } }", "", ""},
		{"{ name: x, constraints: { required: true, minLength: 3, pattern: a+, enum: [aaa] } }", "",
		 "required"},
		{"{ name: x, constraints: { minLength: 2 } }", "a", "minLength"},
		{"{ name: x, constraints: { minLength: 2 } }", "ab", ""},
		{"{ name: x, constraints: { minLength: 2 } }", "\xC3\xA9", "minLength"},
		{"{ name: x, constraints: { minLength: 2 } }", "\xF0\x9F\x98\x80\xF0\x9F\x98\x80", ""},
		{"{ name: x, constraints: { minLength: 1 } }", "\xF0\x9F\x98\x80", ""},
		{"{ name: x, type: object, constraints: { minLength: 2 } }", "{\"a\":[1,2,3]}", "minLength"},
		{"{ name: x, type: object, constraints: { minLength: 2 } }", "{\"a\":1,\"b\":{}}", ""},
		{"{ name: x, type: object, constraints: { maxLength: 1 } }", "{\"a\":1,\"b\":2}", "maxLength"},
		{"{ name: x, type: object, constraints: { maxLength: 1 } }", "{\"a,b\":[1,2]}", ""},
		{"{ name: x, type: array, constraints: { minLength: 1 } }", "[ ]", "minLength"},
		{"{ name: x, type: array, constraints: { minLength: 3, maxLength: 3 } }", "[[1,2],\",\",null]", ""},
		{"{ name: x, type: array, constraints: { enum: [[1, a], '[2]'] } }", "[ 1, \"a\" ]", ""},
		{"{ name: x, type: array, constraints: { enum: [[1, a], '[2]'] } }", "[2]", ""},
		{"{ name: x, type: array, constraints: { enum: [[1, a], '[2]'] } }", "[\"1\",\"a\"]", "enum"},
		{"{ name: x, type: object, constraints: { enum: [{ b: '1', a: 1 }] } }", "{\"a\":1,\"b\":\"1\"}", ""},
		{"{ name: x, type: any, constraints: { enum: [1, one] } }", "one", ""},
		{"{ name: x, type: any, constraints: { enum: [1, one] } }", "1", ""},
		{"{ name: x, type: any, constraints: { enum: [1, one] } }", "\"1\"", "enum"},
		{"{ name: x, type: duration, constraints: { enum: [P1Y] } }", "P12M", "enum"},
		{"{ name: x, type: duration, constraints: { minimum: P1M } }", "P1M", ""},
		{"{ name: x, type: duration, constraints: { minimum: P1M } }", "P31D", ""},
		{"{ name: x, type: duration, constraints: { minimum: P1M } }", "P30D", "minimum"},
		{"{ name: x, type: duration, constraints: { maximum: P1M } }", "P28D", ""},
		{"{ name: x, type: duration, constraints: { maximum: P1M } }", "P29D", "maximum"},
		{"{ name: x, type: duration, constraints: { maximum: P1Y } }", "P12M", ""},
		{"{ name: x, type: duration, constraints: { exclusiveMinimum: PT0S } }", "-PT0.000001S", "exclusiveMinimum"},
		{"{ name: x, type: duration, constraints: { exclusiveMinimum: PT0S } }", "PT0.000000001S", ""},
		{"{ name: x, type: duration, constraints: { exclusiveMaximum: P1D } }", "PT24H", "exclusiveMaximum"},
		{"{ name: x, type: duration, constraints: { exclusiveMaximum: P1D } }", "PT23H59M59.9S", ""},
		{"{ name: x, type: duration, constraints: { minimum: P1W } }", "P7D", ""},
		{"{ name: x, constraints: { minLength: 0 } }", "a", ""},
		{"{ name: x, constraints: { maxLength: 2 } }", "ab", ""},
		{"{ name: x, constraints: { maxLength: 2 } }", "abc", "maxLength"},
		{"{ name: x, constraints: { maxLength: 2 } }", "\xC3\xA9\xC3\xA9", ""},
		{"{ name: x, constraints: { maxLength: 2 } }", "\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80",
		 "maxLength"},
		{"{ name: x, constraints: { maxLength: 2 } }",
		 "e\xCC\x81"
		 "e",
		 "maxLength"}, /* a combining accent is a character of its own */
		{"{ name: x, format: binary, constraints: { maxLength: 3 } }", "Zm9v", ""},
		{"{ name: x, format: binary, constraints: { maxLength: 3 } }", "Zm9vYg==", "maxLength"},
		{"{ name: x, format: binary, constraints: { enum: ['Zm9v'] } }", "Zm9v", ""},
		{"{ name: x, format: binary, constraints: { enum: ['Zm9v'] } }", "Zm9w", "enum"},
		{"{ name: x, type: integer, constraints: { minimum: -5 } }", "-5", ""},
		{"{ name: x, type: integer, constraints: { minimum: -5 } }", "-6", "minimum"},
		{"{ name: x, type: integer, constraints: { maximum: 5 } }", "5", ""},
		{"{ name: x, type: integer, constraints: { maximum: 5 } }", "6", "maximum"},
		{"{ name: x, type: integer, constraints: { exclusiveMinimum: 5 } }", "5", "exclusiveMinimum"},
		{"{ name: x, type: integer, constraints: { exclusiveMinimum: 5 } }", "6", ""},
		{"{ name: x, type: integer, constraints: { exclusiveMaximum: 5 } }", "5", "exclusiveMaximum"},
		{"{ name: x, type: integer, constraints: { exclusiveMaximum: 5 } }", "4", ""},
		{"{ name: x, type: integer, constraints: { minimum: 3, exclusiveMinimum: 5, enum: [6] } }", "1",
		 "minimum exclusiveMinimum enum"},
		{"{ name: x, type: number, constraints: { minimum: 0.1 } }", "0.1", ""},
		{"{ name: x, type: number, constraints: { minimum: 0.1 } }", "0.09999999999999999", "minimum"},
		{"{ name: x, type: number, constraints: { maximum: 1e3 } }", "1000", ""},
		{"{ name: x, type: number, constraints: { exclusiveMaximum: 0 } }", "-0", "exclusiveMaximum"},
		{"{ name: x, type: number, precision: 38, scale: 20, constraints: { maximum: 1.00000000000000000001 } "
		 "}",
		 "1.00000000000000000001", ""},
		{"{ name: x, type: number, precision: 38, scale: 20, constraints: { maximum: 1.00000000000000000001 } "
		 "}",
		 "1.00000000000000000002", "maximum"},
		{"{ name: x, type: number, decimalChar: ',', constraints: { minimum: '1,5' } }", "1,49", "minimum"},
		{"{ name: x, type: number, decimalChar: ',', constraints: { minimum: 1.5 } }", "1,5", ""},
		{"{ name: x, type: date, constraints: { minimum: 2021-01-01 } }", "2020-12-31", "minimum"},
		{"{ name: x, type: date, constraints: { minimum: 2021-01-01 } }", "2021-01-01", ""},
		{"{ name: x, type: date, format: '%d.%m.%Y', constraints: { exclusiveMaximum: '01.02.2021' } }",
		 "01.02.2021", "exclusiveMaximum"},
		{"{ name: x, type: date, format: '%d.%m.%Y', constraints: { exclusiveMaximum: '01.02.2021' } }",
		 "31.01.2021", ""},
		{"{ name: x, type: datetime, constraints: { minimum: '2021-01-01T00:00:00Z' } }",
		 "2021-01-01T00:59:59+01:00", "minimum"},
		{"{ name: x, type: datetime, constraints: { minimum: '2021-01-01T00:00:00Z' } }",
		 "2021-01-01T01:00:00+01:00", ""},
		{"{ name: x, type: time, constraints: { maximum: '12:00:00' } }", "12:00:00.000001", "maximum"},
		{"{ name: x, type: year, constraints: { minimum: 1900 } }", "1899", "minimum"},
		{"{ name: x, type: yearmonth, constraints: { minimum: 2021-11 } }", "2021-10", "minimum"},
		{"{ name: x, type: yearmonth, constraints: { minimum: 2021-11 } }", "2021-11", ""},
		{"{ name: x, type: yearmonth, constraints: { exclusiveMaximum: 2021-11 } }", "2021-11",
		 "exclusiveMaximum"},
		{"{ name: x, constraints: { pattern: 'a.c' } }", "abc", ""},
		{"{ name: x, constraints: { pattern: 'a.c' } }", "abcd", "pattern"},
		{"{ name: x, constraints: { pattern: 'a.c' } }", "xabc", "pattern"},
		{"{ name: x, constraints: { pattern: 'a.c' } }",
		 "a\xC3\xBC"
		 "c",
		 ""},
		{"{ name: x, constraints: { pattern: '^a|b$' } }", "ab", "pattern"},
		{"{ name: x, constraints: { pattern: '^a$' } }", "a\n", "pattern"},
		{"{ name: x, constraints: { pattern: 'a|ab' } }", "ab", ""},
		{"{ name: x, constraints: { pattern: '\\w+' } }",
		 "Gr\xC3\xBC\xC3\x9F"
		 "e",
		 ""},
		{"{ name: x, constraints: { pattern: '\\p{Lu}' } }", "\xC3\x9C", ""},
		{"{ name: x, constraints: { pattern: '' }, missingValues: [] }", "", ""},
		{"{ name: x, constraints: { enum: [red, 'light blue'] } }", "light blue", ""},
		{"{ name: x, constraints: { enum: [red, 'light blue'] } }", "Red", "enum"},
		{"{ name: x, constraints: { enum: [b, a, c, a] } }", "c", ""},
		{"{ name: x, constraints: { enum: [ab, a] } }", "abc", "enum"},
		{"{ name: x, constraints: { enum: ['', x] }, missingValues: [] }", "", ""},
		{"{ name: x, constraints: { enum: [y, x] }, missingValues: [] }", "", "enum"},
		{"{ name: x, type: integer, constraints: { enum: [30, 1, 2] } }", "+01", ""},
		{"{ name: x, type: integer, constraints: { enum: [30, 1, 2] } }", "3", "enum"},
		{"{ name: x, type: number, constraints: { enum: [0.5, 1] } }", "5e-1", ""},
		{"{ name: x, type: number, constraints: { enum: [0.5, 1] } }", "0.51", "enum"},
		{"{ name: x, type: number, precision: 5, scale: 2, constraints: { enum: [1.5] } }", "1.50", ""},
		{"{ name: x, type: boolean, trueValues: [J], constraints: { enum: [true] } }", "J", ""},
		{"{ name: x, type: boolean, constraints: { enum: [true] } }", "0", "enum"},
		{"{ name: x, type: date, constraints: { enum: [2021-01-01] } }", "2021-01-01", ""},
		{"{ name: x, type: integer, constraints: { minimum: 1, enum: [5] } }", "x", "type"},
		{"{ name: x, constraints: { maxLength: 2, pattern: '[a-z]*', enum: [ab] } }", "ABC",
		 "maxLength pattern enum"},
	};
	size_t failed = 0;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char got[256];
		broken(cases[i][0], cases[i][1], strlen(cases[i][1]), got, sizeof got);
		if (strcmp(got, cases[i][2]) != 0) {
			print_error("%s: \"%s\": wanted \"%s\", got \"%s\"\n", cases[i][0], cases[i][1], cases[i][2],
				    got);
			failed++;
		}
	}
	assert_int_equal(failed, 0);
}

/* A pattern that backtracks without end refuses its value in good time. */
static void patterns_that_run_away_give_up(void **state)
{
	(void)state;
	char got[256], value[64];
	memset(value, 'a', sizeof value);
	value[sizeof value - 1] = 'b';
	broken("{ name: x, constraints: { pattern: '(a+)+' } }", value, sizeof value, got, sizeof got);
	assert_string_equal(got, "pattern");
	broken("{ name: x, constraints: { pattern: '(a|aa)+c?' } }", value, sizeof value, got, sizeof got);
	assert_string_equal(got, "pattern");
	/* A long value with a simple pattern does not. */
	const size_t length = 1 << 16;
	char *text = malloc(length);
	assert_non_null(text);
	memset(text, 'a', length);
	broken("{ name: x, constraints: { pattern: '(a|b)*' } }", text, length, got, sizeof got);
	assert_string_equal(got, "");
	free(text);
}

static void says_what_a_person_can_act_on(void **state)
{
	(void)state;
	struct judging judging;
	judging_open(&judging,
		     "resources: [{ name: t, schema: { fields: [{ name: x, type: number, precision: 5, scale: 2, "
		     "constraints: "
		     "{ minimum: 1.5, enum: [1.5, 2] } }, { name: s, constraints: { maxLength: 1 } }] } }]",
		     NULL);
	judging_start(&judging, (struct judge_context){.policy = KEYS_APPEND}, NULL);
	static const char *const wanted[][2] = {
		{"t.x.type", "is not a number with at most 3 digits before and 2 after the decimal point"},
		{"t.x.minimum", "is below the minimum 1.5"},
		{"t.x.enum", "is not one of 1.5, 2"},
		{"t.s.maxLength", "is longer than 1 character"},
		{"t.x.missing-cell", "is missing: the record has too few cells"},
	};
	for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
		const struct rule *found = NULL;
		for (size_t j = 0; j < judging.rules.count; j++)
			if (strcmp(judging.rules.rules[j]->id, wanted[i][0]) == 0)
				found = judging.rules.rules[j];
		assert_non_null(found);
		assert_string_equal(found->text, wanted[i][1]);
	}
	judging_close(&judging);
}

/* The examples of the specification: a small table each, and whether it is valid. */
static void agrees_with_the_examples_of_the_specification(void **state)
{
	(void)state;
	char path[1024];
	const char *suites = getenv("PENSTOCK_SUITES"), *top = getenv("TOP");
	snprintf(path, sizeof path, "%s%s/frictionless-vectors/spec_constraint_examples.json",
		 suites ? suites
		 : top  ? top
			: ".",
		 suites ? "" : "/../shared/suites");
	json_t *examples = json_load_file(path, 0, NULL), *example;
	size_t index, seen = 0;
	if (!examples)
		skip();
	json_array_foreach(examples, index, example)
	{
		if (strcmp(json_string_value(json_object_get(example, "constraint")), "jsonSchema") == 0)
			continue; /* of objects, which this version has not */
		json_t *package = json_pack("{s:[{s:s, s:O}]}", "resources", "name", "t", "schema",
					    json_object_get(example, "schema"));
		char *text = json_dumps(package, 0);
		struct judging judging;
		judging_open(&judging, text, NULL);
		judging_start(&judging, (struct judge_context){.policy = KEYS_APPEND}, NULL);
		struct batch *batch = judging_batch(&judging, 10);
		/* No cell of the examples is quoted. */
		char *csv = strdup(json_string_value(json_object_get(example, "csv")));
		for (char *line = strchr(csv, '\n'); line && line[1];) {
			char *end = strchr(++line, '\n');
			*end = '\0';
			for (char *comma = line; (comma = strchr(comma, ',')) != NULL;)
				*comma = '|';
			judging_add(batch, line);
			*end = '\n';
			line = end;
		}
		judging_judge(&judging, batch);
		char verdict[1024];
		if ((batch->violation_count == 0) != json_is_true(json_object_get(example, "valid")))
			fail_msg("%s: %s", text, judging_verdict(batch, verdict, sizeof verdict));
		seen++;
		batch_free(batch);
		judging_close(&judging);
		free(csv);
		free(text);
		json_decref(package);
	}
	json_decref(examples);
	assert_true(seen >= 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(constraints_hold_at_their_boundaries),
		cmocka_unit_test(patterns_that_run_away_give_up),
		cmocka_unit_test(says_what_a_person_can_act_on),
		cmocka_unit_test(agrees_with_the_examples_of_the_specification),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
