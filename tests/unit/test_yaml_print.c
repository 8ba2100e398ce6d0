/* test_yaml_print.c - JSON printed as YAML reads back as the same texts, whatever is in them; libyaml is the judge.
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

#include "engine/cli/yaml_print.h"
#include "engine/config/document.h"

/* The document as YAML. */
static void printed(const json_t *document, struct buffer *out)
{
	struct error error = ERROR_INIT;

	buffer_init(out, 1 << 20);
	assert_int_equal(yaml_print(document, out, &error), 0);
}

static void looks_like(void **state)
{
	(void)state;
	json_t *document = json_loads(
		"{\"name\":\"hr\",\"resources\":[{\"name\":\"jobs\",\"schema\":{\"fields\":[{\"name\":\"id\",\"type\":\"integer\"},"
		"{\"name\":\"Job title\",\"type\":\"string\",\"constraints\":{\"required\":true,\"maxLength\":50}}],\"primaryKey\":[\"id\"],"
		"\"missingValues\":[\"\",\"no\",\"-1\"],\"foreignKeys\":[]}}]}", 0, NULL);
	struct buffer yaml;

	printed(document, &yaml);
	assert_string_equal(buffer_text(&yaml),
		"name: hr\n"
		"resources:\n"
		"  - name: jobs\n"
		"    schema:\n"
		"      fields:\n"
		"        - { name: id, type: integer }\n"
		"        - { name: \"Job title\", type: string, constraints: { required: true, maxLength: 50 } }\n"
		"      primaryKey: [id]\n"
		"      missingValues: [\"\", \"no\", \"-1\"]\n"
		"      foreignKeys: []\n");
	buffer_fini(&yaml);
	json_decref(document);
}

/* A map whose line would be too long stands in a block. */
static void long_lines(void **state)
{
	(void)state;
	char text[121];
	struct buffer yaml;

	memset(text, 'a', 120);
	text[120] = '\0';
	json_t *document = json_pack("{s:[{s:s, s:{s:s}}]}", "list", "one", text, "two", "three", "x");
	printed(document, &yaml);
	char wanted[300];
	snprintf(wanted, sizeof wanted, "list:\n  - one: %s\n    two: { three: x }\n", text);
	assert_string_equal(buffer_text(&yaml), wanted);
	buffer_fini(&yaml);
	json_decref(document);
}

/* As key, value and element, in block and flow style. */
static void comes_back(const char *text)
{
	struct error error = ERROR_INIT;
	struct buffer yaml;
	char key[600];

	snprintf(key, sizeof key, "k%s", text);
	json_t *document = json_pack("{s:s, s:s, s:[s, {s:s}], s:{s:s}}", "value", text, key, "of a key", "list", text, "in a map", text, "flow", key,
		text);
	assert_non_null(document);
	printed(document, &yaml);
	struct node *root = document_parse_text("text", buffer_text(&yaml), yaml.length, false, &error);
	if (!root)
		fail_msg("%s: %s\n%s", error.place, error.message, buffer_text(&yaml));
	assert_string_equal(node_text(node_find(root, "value")), text);
	assert_false(node_is_null(node_find(root, "value")));
	assert_string_equal(node_text(node_find(root, key)), "of a key");
	const struct node *list = node_find(root, "list");
	assert_int_equal(list->count, 2);
	assert_string_equal(node_text(list->items[0]), text);
	assert_string_equal(node_text(node_find(list->items[1], "in a map")), text);
	assert_string_equal(node_text(node_find(node_find(root, "flow"), key)), text);
	/* What is no text to YAML is quoted, so that it stays one. */
	bool plain = node_find(root, "value")->plain;
	assert_true(!plain || (strcmp(text, "true") != 0 && strcmp(text, "12") != 0 && text[0] != '\0'));
	node_free(root);
	buffer_fini(&yaml);
	json_decref(document);
}

static void odd_texts(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"", " ", "~", "null", "Null", "true", "FALSE", "yes", "No", "on", "y", "12", "1e3", "0x1f", ".inf", "1:30", "2021-11-07", "=", "<<", "-",
		"- a", "? b", ": c", "a: b", "a:", "a #b", "#b", "a,b", "[x]", "{x}", "&a", "*a", "!t", "|", ">", "%d", "@x", "`x`", "'q'", "\"q\"",
		"back\\slash", "line\nend", "\ttab", "trailing ", "\r", "\x01\x1f\x7f", "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xae", "\xef\xbb\xbf",
		"\xf0\x9f\x98\x80", "\xc3\xa9t\xc3\xa9", "---", "...", "${HOME}", "a.b-c_d/e",
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		comes_back(texts[i]);
}

static void drawn_texts(void **state)
{
	(void)state;
	static const char *const parts[] = {"a", "Z", "0", " ", ":", "#", "-", "\n", "\t", "\"", "'", "\\", "{", "}", "[", "]", ",", "&", "*", "!", "|",
		">", "%", "@", "`", "~", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\x7f", "\x03", "\xe2\x80\xa9"};
	const char *given = getenv("PENSTOCK_TEST_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10) : 20261121;

	print_message("seed %llu\n", (unsigned long long)seed);
	for (int i = 0; i < 2000; i++) {
		char text[64] = "";
		for (size_t length = seed >> 33 & 7; strlen(text) < length * 2;) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			strcat(text, parts[(seed >> 40) % (sizeof parts / sizeof *parts)]);
		}
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		comes_back(text);
	}
}

static void numbers(void **state)
{
	(void)state;
	json_t *document = json_loads("{\"a\": 12, \"b\": -0.1, \"c\": 1e300, \"d\": false, \"e\": null, \"f\": 9223372036854775807}", 0, NULL);
	struct buffer yaml;

	printed(document, &yaml);
	assert_string_equal(buffer_text(&yaml), "a: 12\nb: -0.1\nc: 1e300\nd: false\ne: null\nf: 9223372036854775807\n");
	buffer_fini(&yaml);
	json_decref(document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(looks_like),
		cmocka_unit_test(long_lines),
		cmocka_unit_test(odd_texts),
		cmocka_unit_test(drawn_texts),
		cmocka_unit_test(numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
