/* test_json_text.c - JSON in one form: what is accepted, and how it is written.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Expected texts were written by hand after RFC 8259; numbers as PostgreSQL's jsonb prints them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/core/json_text.h"

/* NULL: refused. */
static void expect(const char *text, const char *canonical)
{
	struct buffer out;
	struct error error = ERROR_INIT;
	buffer_init(&out, 1 << 20);
	assert_int_equal(buffer_puts(&out, "before", &error), 0);
	enum json_kind kind;
	int result = json_canonical(text, strlen(text), &out, &kind, &error);
	assert_false(error_is_set(&error));
	assert_memory_equal(out.data, "before", 6);
	if (result != (canonical != NULL))
		fail_msg("%s: %s", text, result ? "accepted" : "refused");
	if (!canonical)
		assert_int_equal(out.length, 6);
	else if (strcmp(out.data + 6, canonical) != 0)
		fail_msg("%s: %s, not %s", text, out.data + 6, canonical);
	else
		assert_int_equal(kind, json_kind_of(canonical));
	/* What is canonical stays as it is. */
	if (canonical && strcmp(text, canonical) != 0)
		expect(canonical, canonical);
	buffer_fini(&out);
}

static void values(void **state)
{
	(void)state;
	expect("{}", "{}");
	expect(" [ ] ", "[]");
	expect("\t{\"b\" : 1 ,\n\"a\":[ true, false ,null]}\r\n", "{\"a\":[true,false,null],\"b\":1}");
	expect("{\"b\":{\"d\":1,\"c\":2},\"a\":{}}", "{\"a\":{},\"b\":{\"c\":2,\"d\":1}}");
	expect("{\"\":1,\"a\":2,\"A\":3,\"aa\":4,\"\\u00e9\":5,\"z\":6}", "{\"\":1,\"A\":3,\"a\":2,\"aa\":4,\"z\":6,\"\xc3\xa9\":5}");
	/* by bytes: U+FFFF comes before U+10000, unlike in UTF-16 */
	expect("{\"\\ud800\\udc00\":1,\"\\uffff\":2}", "{\"\xef\xbf\xbf\":2,\"\xf0\x90\x80\x80\":1}");
	/* what a key means counts, not how it is spelled */
	expect("{\"\\n\":1,\"!\":2}", "{\"\\n\":1,\"!\":2}");
	expect("{\"\\\\\":1,\"]\":2,\"[\":3}", "{\"[\":3,\"\\\\\":1,\"]\":2}");
}

static void strings(void **state)
{
	(void)state;
	expect("\"\"", "\"\"");
	expect("\"a\\/b\\u0041\\u00DF\\ud83D\\uDE00\"", "\"a/bA\xc3\x9f\xf0\x9f\x98\x80\"");
	expect("\"\\b\\f\\n\\r\\t\\u000a\\u0001\\u001F\\u0000\\\"\\\\\"", "\"\\b\\f\\n\\r\\t\\n\\u0001\\u001F\\u0000\\\"\\\\\"");
	expect("\"\xe2\x82\xac\x7f\"", "\"\xe2\x82\xac\x7f\"");
}

static void numbers(void **state)
{
	(void)state;
	expect("0", "0");
	expect("-0", "0");
	expect("-0.00", "0.00");
	expect("1.50", "1.50");
	expect("-12345678901234567890.12345678901234567890", "-12345678901234567890.12345678901234567890");
	expect("1e2", "100");
	expect("1E+2", "100");
	expect("1.5e3", "1500");
	expect("1.50e1", "15.0");
	expect("1.5e1", "15");
	expect("1e-7", "0.0000001");
	expect("12.5e-1", "1.25");
	expect("0.001e2", "0.1");
	expect("0e5", "0");
	expect("-0e-2", "0.00");
	expect("1e0", "1");
	expect("1e401", "1e401");
	expect("1e-99999999999999999999", "1e-99999999999999999999");
}

static void refused(void **state)
{
	static const char *const texts[] = {
		"", " ", "x", "nul", "nulll", "True", "01", "-", "+1", ".5", "1.", "1e", "1e+", "0x1", "NaN", "Infinity", "--1", "1 2",
		"\"", "\"a", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u12G4\"", "\"\\ud800\"", "\"\\ud800x\"", "\"\\ud800\\u0041\"", "\"\\udc00\"",
		"\"\n\"", "'a'", "[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{", "{a:1}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":1",
		"{\"a\":1 \"b\":2}", "{1:2}", "]", "}", "[}", "{]", "[1]]", "// c\n1", "[1]/**/", "{\"a\":1,\"a\":1}", "{\"a\":1,\"\\u0061\":2}",
		"{\"x\":{\"a\":1,\"b\":2,\"a\":3}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		expect(texts[i], NULL);
}

static void depth(void **state)
{
	char text[2 * (JSON_DEPTH_MAX + 1) + 1];

	(void)state;
	for (int levels = JSON_DEPTH_MAX; levels <= JSON_DEPTH_MAX + 1; levels++) {
		memset(text, '[', (size_t)levels);
		memset(text + levels, ']', (size_t)levels);
		text[2 * levels] = '\0';
		expect(text, levels <= JSON_DEPTH_MAX ? text : NULL);
	}
}

/* Its length counts, not a NUL: there is none behind a span of a batch. */
static void bounds(void **state)
{
	struct buffer out;
	struct error error = ERROR_INIT;

	(void)state;
	buffer_init(&out, 100);
	assert_int_equal(json_canonical("12345", 3, &out, NULL, &error), 1);
	assert_string_equal(out.data, "123");
	assert_int_equal(json_canonical("true", 3, &out, NULL, &error), 0);
	assert_int_equal(json_canonical("1\0002", 3, &out, NULL, &error), 0);
	assert_int_equal(json_canonical("\"\0\"", 3, &out, NULL, &error), 0);
	assert_string_equal(out.data, "123");
	buffer_fini(&out);
	/* Its ceiling is an error, not a fault of the text. */
	buffer_init(&out, 5);
	assert_int_equal(json_canonical("[1,2,3]", 7, &out, NULL, &error), -1);
	assert_int_equal(error.kind, ERROR_RESOURCE);
	assert_int_equal(out.length, 0);
	buffer_fini(&out);
}

/* Exponents are written out, but not without end. */
static void amplification(void **state)
{
	char text[4096];
	struct buffer out;
	struct error error = ERROR_INIT;

	(void)state;
	strcpy(text, "[1e300");
	for (int i = 0; i < 600; i++)
		strcat(text, ",1e300");
	strcat(text, "]");
	buffer_init(&out, 1 << 20);
	assert_int_equal(json_canonical(text, strlen(text), &out, NULL, &error), 0);
	assert_true(out.size <= 16384);
	buffer_fini(&out);
}

static void counts(void **state)
{
	static const struct {
		const char *text;
		uint64_t count;
	} cases[] = {{"[]", 0}, {"{}", 0}, {"[1]", 1}, {"[[],{}]", 2}, {"{\"a\":[1,2],\"b,\\\",c\":{\"x\":1,\"y\":2}}", 2},
		{"[\"],[\",\"\\\\\",3]", 3}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(json_count(cases[i].text, strlen(cases[i].text)), cases[i].count);
}

static void quotes(void **state)
{
	struct buffer out;
	struct error error = ERROR_INIT;

	(void)state;
	buffer_init(&out, 100);
	assert_int_equal(json_put_string("a\"\\\n\001/\xc3\xa9", 8, &out, &error), 0);
	assert_string_equal(out.data, "\"a\\\"\\\\\\n\\u0001/\xc3\xa9\"");
	buffer_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values), cmocka_unit_test(strings), cmocka_unit_test(numbers), cmocka_unit_test(refused),
		cmocka_unit_test(depth),  cmocka_unit_test(bounds),  cmocka_unit_test(counts),  cmocka_unit_test(quotes),
		cmocka_unit_test(amplification),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
