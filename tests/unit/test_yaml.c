/* test_yaml.c - YAML and JSON become the tree that was written, with places; mistakes name theirs; hostile files end soon.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a text means is written down by hand from YAML 1.1 and RFC 8259.
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

#include "engine/config/document.h"
#include "engine/config/load.h"
#include "engine/config/tree.h"
#include "engine/core/buffer.h"

/* {key:value,...} and [item,...]; plain scalars as they are, others within single quotes. */
static void dump(const struct node *node, struct buffer *out)
{
	struct error error = ERROR_INIT;

	if (node->kind == NODE_SCALAR) {
		assert_int_equal(buffer_printf(out, &error, node->plain ? "%s" : "'%s'", node->text), 0);
		return;
	}
	assert_int_equal(buffer_puts(out, node->kind == NODE_MAP ? "{" : "[", &error), 0);
	for (size_t i = 0; i < node->count; i++) {
		if (i > 0)
			assert_int_equal(buffer_puts(out, ",", &error), 0);
		if (node->kind == NODE_MAP) {
			dump(node->keys[i], out);
			assert_int_equal(buffer_puts(out, ":", &error), 0);
		}
		dump(node->items[i], out);
	}
	assert_int_equal(buffer_puts(out, node->kind == NODE_MAP ? "}" : "]", &error), 0);
}

static void expect_tree(const char *text, size_t length, bool json, const char *expected)
{
	struct error error = ERROR_INIT;
	struct buffer out;
	struct node *root = document_parse_text("f", text, length, json, &error);

	if (!root)
		fail_msg("%s:%s: %s", text, error.place, error.message);
	buffer_init(&out, 1 << 24);
	dump(root, &out);
	assert_string_equal(buffer_text(&out), expected);
	buffer_fini(&out);
	node_free(root);
}

static void expect_yaml(const char *text, const char *expected)
{
	expect_tree(text, strlen(text), false, expected);
}

static void expect_json(const char *text, const char *expected)
{
	expect_tree(text, strlen(text), true, expected);
}

/* The message holds every word of words, which are separated by |. */
static void expect_refused_bytes(const char *text, size_t length, bool json, const char *place, const char *words)
{
	struct error error = ERROR_INIT;
	struct node *root = document_parse_text("f", text, length, json, &error);
	char list[256];

	node_free(root);
	if (root)
		fail_msg("accepted: %.200s", text);
	assert_int_equal(error.kind, ERROR_CONFIG);
	assert_string_equal(error.place, place);
	snprintf(list, sizeof(list), "%s", words);
	for (char *rest = list, *word; (word = strsep(&rest, "|"));)
		if (!strstr(error.message, word))
			fail_msg("\"%s\" is not in: %s", word, error.message);
}

static void expect_refused(const char *text, const char *place, const char *words)
{
	expect_refused_bytes(text, strlen(text), false, place, words);
}

static void expect_refused_json(const char *text, const char *place, const char *words)
{
	expect_refused_bytes(text, strlen(text), true, place, words);
}

static void test_trees(void **state)
{
	(void)state;
	expect_yaml("a: 1\nb: [x, \"y\", 'z']\nc: {d: null, e: }\n", "{a:1,b:[x,'y','z'],c:{d:null,e:}}");
	expect_yaml("- a: 1\n  b: 2\n-\n  - x\n- y\n", "[{a:1,b:2},[x],y]");
	expect_yaml("a: |\n  x\n  y\nb: >\n  x\n  y\n", "{a:'x\ny\n',b:'x y\n'}");
	expect_yaml("a: no\nb: off\nc: 1_000\nd: 0x10\ne: 2021-01-01\nf: 1:30\n", "{a:no,b:off,c:1_000,d:0x10,e:2021-01-01,f:1:30}");
	expect_yaml("\xef\xbb\xbf" "a: \xc3\xa9 # comment\n", "{a:\xc3\xa9}");
	expect_yaml("a: 1\r\nb: 2\r\n", "{a:1,b:2}");
	expect_yaml("%YAML 1.1\n---\na: 1\n...\n", "{a:1}");
	expect_yaml("a: &x [1, {b: 2}]\nc: *x\nd: &y e\nf: *y\n*y : g\n", "{a:[1,{b:2}],c:[1,{b:2}],d:e,f:e,e:g}");
	expect_yaml("a: &x 1\nb: &x 2\nc: *x\n", "{a:1,b:2,c:2}");
	expect_yaml("a: ${HOME}/x\nb: \"${A:-{b}}\"\n", "{a:${HOME}/x,b:'${A:-{b}}'}");
	expect_yaml("just text", "just text");
}

static void test_places(void **state)
{
	struct error error = ERROR_INIT;
	const char *text = "a: 1\nsteps:\n  - name: \xc3\xa9t\xc3\xa9\n    rules: { \xc3\xa9: x, y: [1, 2] }\n";
	struct node *root = document_parse_text("dir/p.yaml", text, strlen(text), false, &error);
	char place[64];
	const struct node *step;

	(void)state;
	assert_non_null(root);
	assert_string_equal(node_place(root, place, sizeof(place)), "dir/p.yaml:1:1");
	step = node_find(root, "steps")->items[0];
	assert_string_equal(node_place(step, place, sizeof(place)), "dir/p.yaml:3:5");
	assert_string_equal(node_place(node_find(step, "name"), place, sizeof(place)), "dir/p.yaml:3:11");
	/* Columns are characters, not bytes. */
	assert_string_equal(node_place(node_find(node_find(step, "rules"), "y"), place, sizeof(place)), "dir/p.yaml:4:23");
	assert_null(node_find(step, "none"));
	assert_null(node_find(NULL, "none"));
	assert_null(node_text(step));
	node_free(root);
}

static void test_null(void **state)
{
	struct error error = ERROR_INIT;
	const char *text = "a: null\nb: ~\nc:\nd: \"\"\ne: 'null'\nf: nil\n";
	const bool expected[] = {true, true, true, false, false, false};
	struct node *root = document_parse_text("f", text, strlen(text), false, &error);

	(void)state;
	assert_non_null(root);
	for (size_t i = 0; i < root->count; i++)
		assert_int_equal(node_is_null(root->items[i]), expected[i]);
	assert_false(node_is_null(root));
	assert_false(node_is_null(NULL));
	node_free(root);
}

static void test_mistakes(void **state)
{
	(void)state;
	expect_refused("", "f", "is empty");
	expect_refused("# nothing\n", "f", "is empty");
	expect_refused("a: 1\nb: 2\na: 3\n", "f:3:1", "duplicate key \"a\"|line 1, column 1");
	expect_refused("x:\n  - {b: 1, c: 2, 'b': 3}\n", "f:2:18", "duplicate key \"b\"|line 2, column 6");
	expect_refused("a:\n\tb: 1\n", "f:2:1", "indent with spaces");
	expect_refused("a: 1\n\tb: 2\n", "f:2:1", "indent with spaces");
	expect_refused("a: @x\n", "f:1:4", "needs quotes");
	expect_refused("a: b: c\n", "f:1:5", "needs quotes");
	expect_refused("a: \"x\nb: 1\n", "f:3:1", "line 1, column 4|quote is not closed");
	expect_refused("a: [1, 2\n", "f:2:1", "comma|bracket");
	expect_refused("a:\n  b: 1\n c: 2\n", "f:3:2", "same column");
	expect_refused("a: 1\nb\n", "f:3:1", "colon");
	expect_refused("a: \"\\q\"\n", "f:1:5", "backslash");
	expect_refused("a: {b: ${X}}\n", "f:1:9", "needs quotes");
	expect_refused("a: *y\n", "f:1:4", "anchor");
	expect_refused("a: &x [1, *x]\n", "f:1:11", "inside of what it stands for");
	expect_refused("a: !!int 1\n", "f:1:4", "tags");
	expect_refused("a: !x {b: 1}\n", "f:1:4", "tags");
	expect_refused("a: 1\n---\nb: 2\n", "f:2:1", "second document");
	expect_refused("? [a, b]\n: 1\n", "f:1:3", "key must be a word");
	expect_refused("? {a: b}\n: 1\n", "f:1:3", "key must be a word");
	expect_refused("a: &x {b: 1}\nc:\n  <<: *x\n", "f:3:3", "merge");
	expect_refused("a: \"x\\0y\"\n", "f:1:4", "NUL");
	expect_refused("a: \"\\ud83d\\ude00\"\n", "f:1:7", "escape");
}

static void test_bytes(void **state)
{
	(void)state;
	expect_refused_bytes("a: \xe9t\xe9\n", 7, false, "f:1:4", "UTF-8|0xE9");
	expect_refused_bytes("a: 1\nb: \xc3\xa9\xff\n", 12, false, "f:2:5", "UTF-8|0xFF");
	expect_refused_bytes("a: \xed\xa0\x80\n", 7, false, "f:1:4", "UTF-8");
	expect_refused_bytes("a: \0\n", 5, false, "f:1:4", "control character|0x00");
	expect_refused_bytes("a: \x1b[31m\n", 9, false, "f:1:4", "control character|0x1B");
	expect_refused_bytes("a: \xc2\x9b\n", 6, false, "f:1:4", "control character");
	expect_refused_bytes("\xff\xfe" "a\0:\0", 6, false, "f", "UTF-16");
}

static void test_json(void **state)
{
	(void)state;
	expect_json("{\"a\":1,\"b\":-1,\"c\":[1,2 ,true,null,1.5e+10],\"d\":{}}", "{'a':1,'b':-1,'c':[1,2,true,null,1.5e+10],'d':{}}");
	expect_json("\t{\n\t\"a\"\t:\t\"\\/\\b\\f\\n\\r\\t\\\"\\\\\"\n}\n", "{'a':'/\b\f\n\r\t\"\\'}");
	expect_json("{\"a\":\"\\ud83d\\ude00\",\"b\":\"\\uD834\\uDD1Ex\",\"c\":\"\\u00e9\"}",
		"{'a':'\xf0\x9f\x98\x80','b':'\xf0\x9d\x84\x9ex','c':'\xc3\xa9'}");
	/* Line ends to YAML, not to JSON. */
	expect_json("[\"a\xe2\x80\xa8" "b\", \"a\xe2\x80\xa9" "b\", \"a\xc2\x85" "b\", \"\xef\xbb\xbf\"]",
		"['a\xe2\x80\xa8" "b','a\xe2\x80\xa9" "b','a\xc2\x85" "b','\xef\xbb\xbf']");
	/* Characters to JSON (RFC 8259, 7: all but those below 0x20), not to YAML. */
	expect_json("{\"\xc2\x81\":\"\x7f\xc2\x9f\xef\xbf\xbe\xef\xbf\xbfx\"}", "{'\xc2\x81':'\x7f\xc2\x9f\xef\xbf\xbe\xef\xbf\xbfx'}");
	expect_refused_json("{\"a\": \"\x1f\"}", "f:1:8", "control character|0x1F");
	expect_json("[\"  spaces  \", \"# no comment\", \"&a\", \"*a\", \"!x\", \"'\", \"%\", \"{\", \"- x\", \"a: b\"]",
		"['  spaces  ','# no comment','&a','*a','!x',''','%','{','- x','a: b']");
	expect_json("{\"\":\"\"}", "{'':''}");

	expect_refused_json("{\"a\": \"\\ud83d\"}", "f:1:8", "surrogate");
	expect_refused_json("{\"a\": \"\\ude00\\ud83d\"}", "f:1:8", "surrogate");
	expect_refused_json("{\"a\": \"\\ud83d\\u0041\"}", "f:1:8", "surrogate");
	expect_refused_json("{\"a\": \"\\x41\"}", "f:1:8", "escape");
	expect_refused_json("{\"a\": \"\\u12\"}", "f:1:8", "escape");
	expect_refused_json("{\"a\": \"\\", "f:1:8", "escape");
	expect_refused_json("{\"a\": \"x\n\"}", "f:1:9", "not closed");
	expect_refused_json("{\"a\": \"\\u0000\"}", "f:1:7", "NUL");
	expect_refused_json("{\"a\": 1, \"a\": 2}", "f:1:10", "duplicate key \"a\"");
	/* What was respelled does not move what follows. */
	expect_refused_json("{\"\\ud83d\\ude00\": 1, \"b\": 1, \"b\": 2}", "f:1:29", "line 1, column 21");
}

static char *repeat(const char *head, const char *body, size_t times, const char *tail)
{
	size_t length = strlen(body);
	char *text = malloc(strlen(head) + length * times + strlen(tail) + 1);

	assert_non_null(text);
	strcpy(text, head);
	for (size_t i = 0; i < times; i++)
		memcpy(text + strlen(head) + i * length, body, length);
	strcpy(text + strlen(head) + length * times, tail);
	return text;
}

static void expect_refused_repeat(const char *head, const char *body, size_t times, const char *tail, const char *words)
{
	char *text = repeat(head, body, times, tail);
	struct error error = ERROR_INIT;
	struct node *root = document_parse_text("f", text, strlen(text), false, &error);

	assert_null(root);
	if (!strstr(error.message, words))
		fail_msg("\"%s\" is not in: %s", words, error.message);
	free(text);
}

static void test_limits(void **state)
{
	char *text, *expected;

	(void)state;
	text = repeat("", "[", 64, "x");
	expected = repeat("", "[", 64, "x");
	text = realloc(text, 200);
	expected = realloc(expected, 200);
	strcat(text, "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
	strcat(expected, "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
	expect_yaml(text, expected);
	free(text);
	free(expected);

	expect_refused_repeat("", "[", 65, "", "within each other");
	expect_refused_repeat("", "[", 1000000, "", "within each other");
	expect_refused_repeat("", "{", 1000000, "", "key must be a word");
	expect_refused_repeat("", "{a: ", 250000, "", "within each other");
	expect_refused_repeat("", "[{a: ", 200000, "", "within each other");
	expect_refused_repeat("", "- ", 500000, "x", "within each other");
	expect_refused_repeat("", "? ", 500000, "x", "key must be a word");
	expect_refused_repeat("[", "a,", 100001, "]", "100000");
	expect_refused_repeat("", "%TAG !a! x\n", 90000, "", "%");
	expect_refused_repeat("[", "&a b,", 1001, "]", "anchors");
}

/* Each line is eight times the one before it: 8^8 leaves from 300 bytes. */
static void test_aliases_multiply(void **state)
{
	char text[1024] = "a0: &a0 [x,x,x,x,x,x,x,x]\n";

	(void)state;
	for (int i = 1; i < 8; i++) {
		char line[96];

		snprintf(line, sizeof(line), "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i, i - 1, i - 1, i - 1,
			i - 1, i - 1, i - 1, i - 1, i - 1);
		strcat(text, line);
	}
	expect_refused_bytes(text, strlen(text), false, "f:6:14", "100000");
}

/* A large text behind one anchor. */
static void test_aliases_of_text(void **state)
{
	char *large = repeat("a: &a ", "x", 500000, "\nb: [");
	char *text = repeat(large, "*a,", 20, "]\n");

	(void)state;
	expect_refused_bytes(text, strlen(text), false, "f:2:26", "4 MiB");
	free(text);
	free(large);
}

/* An alias within 40 levels of a tree that has 40 itself. */
static void test_aliases_deepen(void **state)
{
	char *deep = repeat("a: &a ", "[", 40, "");
	char *closed = repeat(deep, "]", 40, "\nb: ");
	char *text = repeat(closed, "[", 40, "*a");
	char *whole = repeat(text, "]", 40, "\n");

	(void)state;
	expect_refused_bytes(whole, strlen(whole), false, "f:2:44", "within each other");
	free(whole);
	free(text);
	free(closed);
	free(deep);
}

static void write_file(const char *path, const char *text, size_t length)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

static void test_files(void **state)
{
	char path[] = "/tmp/penstock-test-yaml-XXXXXX.json";
	struct error error = ERROR_INIT;
	struct node *root;
	char *text;

	(void)state;
	close(mkstemps(path, 5));
	write_file(path, "{\"a\": \"\\ud83d\\ude00\"}", 21);
	root = document_parse(path, &error);
	assert_non_null(root);
	assert_string_equal(node_text(node_find(root, "a")), "\xf0\x9f\x98\x80");
	node_free(root);

	text = repeat("[", " ", 1 << 20, "]");
	write_file(path, text, strlen(text));
	free(text);
	assert_null(document_parse(path, &error));
	assert_int_equal(error.kind, ERROR_CONFIG);
	assert_string_equal(error.place, path);
	assert_non_null(strstr(error.message, "1024 KiB"));
	unlink(path);

	error_clear(&error);
	assert_null(document_parse("/no/such/file.yaml", &error));
	assert_int_equal(error.kind, ERROR_CONFIG);
	assert_non_null(strstr(error.message, "No such file"));
	error_clear(&error);
	assert_null(document_parse("/", &error));
	assert_non_null(strstr(error.message, "Is a directory"));
}

static void test_tree(void **state)
{
	struct error error = ERROR_INIT;
	struct node *root = document_parse_text("f", "{a: 1, b: [x, {c: 'd'}], e: 2}", 30, false, &error);
	struct node *copy;
	struct buffer out;

	(void)state;
	assert_non_null(root);
	copy = tree_copy(root);
	assert_non_null(copy);
	node_free(root);
	tree_remove(copy, "a");
	tree_remove(copy, "none");
	for (int i = 0; i < 20; i++) {
		char key[16];

		snprintf(key, sizeof(key), "k%d", i);
		assert_int_equal(tree_add_text(copy, key, "v"), 0);
		if (i % 4)
			tree_remove(copy, key);
	}
	buffer_init(&out, 1000);
	dump(copy, &out);
	assert_string_equal(buffer_text(&out), "{b:[x,{c:'d'}],e:2,'k0':'v','k4':'v','k8':'v','k12':'v','k16':'v'}");
	buffer_fini(&out);
	node_free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trees),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_null),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_aliases_multiply),
		cmocka_unit_test(test_aliases_of_text),
		cmocka_unit_test(test_aliases_deepen),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_tree),
	};

	return cmocka_run_group_tests_name("yaml", tests, NULL, NULL);
}
