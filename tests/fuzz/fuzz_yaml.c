/* fuzz_yaml.c - any bytes as a pipeline or dictionary file: no crash, limits hold, and a tree written as JSON reads back the same.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The first byte chooses YAML or JSON, the rest is the file. What was parsed goes on through interpolation and an option
 * table with every kind of option. sh tests/support/fuzz.sh yaml searches with libFuzzer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/config/document.h"
#include "engine/config/interpolate.h"
#include "engine/config/options.h"
#include "engine/config/tree.h"
#include "engine/core/buffer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition) ((condition) ? (void)0 : (fprintf(stderr, "%d: %s\n", __LINE__, #condition), abort()))

static size_t check(const struct node *node, size_t depth)
{
	size_t count = 1;

	CHECK(node->line >= 1 && node->column >= 1);
	CHECK(node->kind == NODE_SCALAR || depth < DOCUMENT_DEPTH_MAX);
	CHECK((node->kind == NODE_SCALAR) == (node->text != NULL));
	for (size_t i = 0; i < node->count; i++) {
		if (node->kind == NODE_MAP) {
			CHECK(node->keys[i]->kind == NODE_SCALAR);
			CHECK(node_find(node, node->keys[i]->text) == node->items[i]);
			count += check(node->keys[i], depth + 1);
		}
		count += check(node->items[i], depth + 1);
	}
	return count;
}

static bool same(const struct node *a, const struct node *b)
{
	if (a->kind != b->kind || a->count != b->count || (a->text && strcmp(a->text, b->text) != 0))
		return false;
	for (size_t i = 0; i < a->count; i++)
		if ((a->keys && !same(a->keys[i], b->keys[i])) || !same(a->items[i], b->items[i]))
			return false;
	return true;
}

static bool has_long_key(const struct node *node)
{
	for (size_t i = 0; i < node->count; i++)
		if ((node->keys && strlen(node->keys[i]->text) > 100) || has_long_key(node->items[i]))
			return true;
	return false;
}

static void put(struct buffer *out, const char *text)
{
	struct error error = ERROR_INIT;

	CHECK(buffer_puts(out, text, &error) == 0);
}

static void put_string(struct buffer *out, const char *text)
{
	char piece[16];

	put(out, "\"");
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c < 0x20 || *c == 0x7f || *c == '"' || *c == '\\')
			snprintf(piece, sizeof(piece), "\\u%04x", *c);
		else if (*c == 0xc2 && c[1] < 0xa0) /* controls that YAML does not read as they are */
			snprintf(piece, sizeof(piece), "\\u%04x", *++c);
		else if (*c == 0xef && c[1] == 0xbf && c[2] >= 0xbe)
			snprintf(piece, sizeof(piece), "\\uff%02x", (c += 2)[0] + 0x40);
		else
			snprintf(piece, sizeof(piece), "%c", *c);
		put(out, piece);
	}
	put(out, "\"");
}

static void put_tree(struct buffer *out, const struct node *node)
{
	if (node->kind == NODE_SCALAR) {
		put_string(out, node->text);
		return;
	}
	put(out, node->kind == NODE_MAP ? "{" : "[");
	for (size_t i = 0; i < node->count; i++) {
		put(out, i > 0 ? ",\n" : "");
		if (node->kind == NODE_MAP) {
			put_string(out, node->keys[i]->text);
			put(out, ":");
		}
		put_tree(out, node->items[i]);
	}
	put(out, node->kind == NODE_MAP ? "}" : "]");
}

static void check_reads_back(const struct node *root)
{
	struct error error = ERROR_INIT;
	struct buffer text;
	struct node *again;

	if (root->kind == NODE_SCALAR || has_long_key(root))
		return;
	buffer_init(&text, 64 << 20);
	put_tree(&text, root);
	again = document_parse_text("again.json", buffer_text(&text), text.length, true, &error);
	if (!again)
		fprintf(stderr, "%s: %s\n%s\n", error.place, error.message, buffer_text(&text));
	CHECK(again != NULL);
	CHECK(same(root, again));
	node_free(again);
	buffer_fini(&text);
}

struct bound {
	const char *string;
	bool boolean;
	int64_t integer, duration;
	uint64_t size;
	char byte;
	int choice;
	struct option_list list;
	struct option_map map;
	struct option_commit commit;
};

static const char *const choices[] = {"one", "two", NULL};
static const struct option table[] = {
	{.name = "s", .kind = OPTION_STRING, .offset = offsetof(struct bound, string), .fallback = "x"},
	{.name = "b", .kind = OPTION_BOOLEAN, .offset = offsetof(struct bound, boolean)},
	{.name = "i", .kind = OPTION_INTEGER, .offset = offsetof(struct bound, integer), .minimum = -5, .maximum = 5},
	{.name = "d", .kind = OPTION_DURATION, .offset = offsetof(struct bound, duration)},
	{.name = "z", .kind = OPTION_SIZE, .offset = offsetof(struct bound, size), .fallback = "1MiB", .minimum = 1, .maximum = INT64_MAX},
	{.name = "y", .kind = OPTION_BYTE, .offset = offsetof(struct bound, byte)},
	{.name = "e", .kind = OPTION_ENUM, .offset = offsetof(struct bound, choice), .values = choices},
	{.name = "l", .kind = OPTION_LIST, .offset = offsetof(struct bound, list)},
	{.name = "m", .kind = OPTION_MAP, .offset = offsetof(struct bound, map)},
	{.name = "c", .kind = OPTION_COMMIT, .offset = offsetof(struct bound, commit), .fallback = "auto"},
	{.name = NULL},
};

static void use(struct node *root)
{
	struct diagnostics diagnostics;
	struct stash stash;
	struct bound bound = {.string = NULL};
	const struct scope scope = {.run_id = "id", .started_us = 1636253322000000, .table = "t", .diagnostics = &diagnostics};
	const struct binder binder = {.owner = "it", .stash = &stash, .diagnostics = &diagnostics};

	diagnostics_init(&diagnostics);
	stash_init(&stash);
	if (interpolate_tree(root, &scope) == 0 && root->kind == NODE_MAP) {
		int keys = options_check_keys(&binder, root, (const struct option *const[]){table, NULL});
		int values = options_bind(&binder, root, table, &bound);

		CHECK((keys < 0 || values < 0) == (diagnostics.errors > 0));
		CHECK(values < 0 || (bound.string && bound.size > 0 && bound.integer >= -5 && bound.integer <= 5));
	}
	diagnostics_sort(&diagnostics);
	diagnostics_fini(&diagnostics);
	stash_fini(&stash);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error error = ERROR_INIT;
	struct node *root;

	if (size == 0)
		return 0;
	root = document_parse_text("f", (const char *)data + 1, size - 1, data[0] & 1, &error);
	CHECK((root != NULL) != error_is_set(&error));
	if (!root) {
		CHECK(error.kind == ERROR_CONFIG && error.place[0] == 'f' && error.message[0]);
		return 0;
	}
	CHECK(check(root, 0) <= DOCUMENT_NODES_MAX);
	check_reads_back(root);
	use(root);
	node_free(root);
	return 0;
}
