/* yaml.c - builds the tree from libyaml's events, which are stopped at the first one beyond a limit.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Events, not libyaml's own document: its composer follows 100 KB of "[" for half a minute. An alias is a copy of what its
 * anchor stands before, and counts like everything else, so a file that multiplies itself ends at the same limits.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "engine/config/document.h"
#include "engine/config/tree.h"

struct anchor {
	char *name;
	const struct node *node;
};

struct builder {
	const char *file;
	const char *text; /* for hints */
	size_t length;
	struct error *error;
	struct node *root;
	bool documents;                        /* one document was seen */
	struct node *open[DOCUMENT_DEPTH_MAX]; /* maps and sequences that are not closed, outermost first */
	struct node *key[DOCUMENT_DEPTH_MAX];  /* of a map: the key that waits for its value */
	size_t depth;
	size_t nodes, bytes;
	struct anchor *anchors;
	size_t anchor_count;
};

static int fail(struct builder *builder, yaml_mark_t mark, const char *message)
{
	struct node at = {.file = builder->file, .line = (unsigned)mark.line + 1, .column = (unsigned)mark.column + 1};
	char place[ERROR_PLACE_MAX];

	return error_set(builder->error, ERROR_CONFIG, node_place(&at, place, sizeof(place)), "%s", message);
}

static int fail_memory(struct builder *builder)
{
	return error_memory(builder->error, builder->file);
}

/* --- limits --- */

static int spend(struct builder *builder, size_t bytes, yaml_mark_t mark)
{
	builder->nodes++;
	builder->bytes += bytes;
	if (builder->nodes > DOCUMENT_NODES_MAX)
		return fail(builder, mark, "the file has more than 100000 keys and values (aliases count as what they repeat)");
	if (builder->bytes > DOCUMENT_TEXT_MAX)
		return fail(builder, mark, "the file holds more than 4 MiB of text (aliases count as what they repeat)");
	return 0;
}

static int too_deep(struct builder *builder, yaml_mark_t mark)
{
	return fail(builder, mark, "more than 64 maps and lists within each other");
}

/* --- the tree --- */

/* Gives node to the innermost open map or sequence; frees it when that fails. */
static int attach(struct builder *builder, struct node *node, yaml_mark_t mark)
{
	struct node *parent;
	struct node **key;

	if (builder->depth == 0) {
		builder->root = node;
		return 0;
	}
	parent = builder->open[builder->depth - 1];
	key = &builder->key[builder->depth - 1];
	if (parent->kind == NODE_MAP && !*key) {
		if (node->kind != NODE_SCALAR) {
			node_free(node);
			return fail(builder, mark, "a key must be a word, not a map or a list (a value with { or [ in front needs quotes)");
		}
		if (node->plain && strcmp(node->text, "<<") == 0) {
			node_free(node);
			return fail(builder, mark, "merge keys (<<) are not supported; repeat the keys");
		}
		*key = node;
		return 0;
	}
	if (tree_add(parent, *key, node) < 0) {
		node_free(node);
		return fail_memory(builder);
	}
	*key = NULL;
	return 0;
}

static int remember(struct builder *builder, const yaml_char_t *name, const struct node *node, yaml_mark_t mark)
{
	struct anchor *larger;

	if (!name)
		return 0;
	if (builder->anchor_count == DOCUMENT_ANCHORS_MAX)
		return fail(builder, mark, "more than 1000 anchors");
	larger = realloc(builder->anchors, (builder->anchor_count + 1) * sizeof(*larger));
	if (!larger)
		return fail_memory(builder);
	builder->anchors = larger;
	larger[builder->anchor_count].node = node;
	larger[builder->anchor_count].name = strdup((const char *)name);
	if (!larger[builder->anchor_count].name)
		return fail_memory(builder);
	builder->anchor_count++;
	return 0;
}

static int scalar(struct builder *builder, const yaml_event_t *event)
{
	const char *value = (const char *)event->data.scalar.value;
	size_t length = event->data.scalar.length;
	struct node place = {.file = builder->file, .line = (unsigned)event->start_mark.line + 1,
		.column = (unsigned)event->start_mark.column + 1};
	struct node *node;

	if (event->data.scalar.tag)
		return fail(builder, event->start_mark, "tags (!...) are not supported; the type comes from what the key means");
	if (memchr(value, '\0', length))
		return fail(builder, event->start_mark, "a text cannot hold a NUL character");
	if (spend(builder, length, event->start_mark) < 0)
		return -1;
	node = tree_scalar(&place, value, length);
	if (!node)
		return fail_memory(builder);
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	if (remember(builder, event->data.scalar.anchor, node, event->start_mark) < 0) {
		node_free(node);
		return -1;
	}
	return attach(builder, node, event->start_mark);
}

static int collection_begin(struct builder *builder, enum node_kind kind, const yaml_char_t *anchor,
	const yaml_char_t *tag, yaml_mark_t mark)
{
	struct node *node;

	if (tag)
		return fail(builder, mark, "tags (!...) are not supported; the type comes from what the key means");
	if (builder->depth == DOCUMENT_DEPTH_MAX)
		return too_deep(builder, mark);
	if (spend(builder, 0, mark) < 0)
		return -1;
	node = tree_new(kind, builder->file, (unsigned)mark.line + 1, (unsigned)mark.column + 1);
	if (!node)
		return fail_memory(builder);
	if (remember(builder, anchor, node, mark) < 0) {
		node_free(node);
		return -1;
	}
	/* Into its parent at once, so that whatever fails later frees it with the root. */
	if (attach(builder, node, mark) < 0)
		return -1;
	builder->key[builder->depth] = NULL;
	builder->open[builder->depth++] = node;
	return 0;
}

static int compare_keys(const void *a, const void *b)
{
	const struct node *x = *(struct node *const *)a, *y = *(struct node *const *)b;
	int order = strcmp(x->text, y->text);

	if (order != 0)
		return order;
	return x->line != y->line ? (x->line < y->line ? -1 : 1) : x->column < y->column ? -1 : x->column > y->column;
}

static int refuse_duplicates(struct builder *builder, const struct node *map)
{
	struct node **sorted;
	const struct node *first = NULL, *second = NULL;

	if (map->count < 2)
		return 0;
	sorted = malloc(map->count * sizeof(struct node *));
	if (!sorted)
		return fail_memory(builder);
	memcpy(sorted, map->keys, map->count * sizeof(struct node *));
	qsort(sorted, map->count, sizeof(struct node *), compare_keys);
	for (size_t i = 1; i < map->count; i++) {
		if (strcmp(sorted[i - 1]->text, sorted[i]->text) != 0)
			continue;
		if (!second || sorted[i]->line < second->line) {
			first = sorted[i - 1];
			second = sorted[i];
		}
	}
	free(sorted);
	if (second) {
		char place[ERROR_PLACE_MAX];

		return error_set(builder->error, ERROR_CONFIG, node_place(second, place, sizeof(place)),
			"duplicate key \"%.64s\"; it stands first at line %u, column %u", second->text, first->line,
			first->column);
	}
	return 0;
}

static int collection_end(struct builder *builder)
{
	const struct node *node = builder->open[--builder->depth];

	return node->kind == NODE_MAP ? refuse_duplicates(builder, node) : 0;
}

/* Counts a tree as if it stood at mark, before any of it is copied. */
static int spend_tree(struct builder *builder, const struct node *node, size_t depth, yaml_mark_t mark)
{
	if (spend(builder, node->text ? strlen(node->text) : 0, mark) < 0)
		return -1;
	if (node->kind != NODE_SCALAR && depth == DOCUMENT_DEPTH_MAX)
		return too_deep(builder, mark);
	for (size_t i = 0; i < node->count; i++) {
		if (node->keys && spend_tree(builder, node->keys[i], depth + 1, mark) < 0)
			return -1;
		if (spend_tree(builder, node->items[i], depth + 1, mark) < 0)
			return -1;
	}
	return 0;
}

static int alias(struct builder *builder, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;
	const struct node *node = NULL;
	struct node *copy;

	for (size_t i = builder->anchor_count; i-- > 0 && !node;)
		if (strcmp(builder->anchors[i].name, name) == 0)
			node = builder->anchors[i].node;
	if (!node)
		return fail(builder, event->start_mark, "an alias (*...) without an anchor (&...) of that name before it; a text that begins with * needs quotes");
	for (size_t i = 0; i < builder->depth; i++)
		if (builder->open[i] == node)
			return fail(builder, event->start_mark, "an alias (*...) inside of what it stands for");
	if (spend_tree(builder, node, builder->depth, event->start_mark) < 0)
		return -1;
	copy = tree_copy(node);
	if (!copy)
		return fail_memory(builder);
	return attach(builder, copy, event->start_mark);
}

static int take(struct builder *builder, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (builder->documents)
			return fail(builder, event->start_mark, "a second document begins here; a file holds one");
		builder->documents = true;
		return 0;
	case YAML_SCALAR_EVENT:
		return scalar(builder, event);
	case YAML_ALIAS_EVENT:
		return alias(builder, event);
	case YAML_SEQUENCE_START_EVENT:
		return collection_begin(builder, NODE_SEQUENCE, event->data.sequence_start.anchor,
			event->data.sequence_start.tag, event->start_mark);
	case YAML_MAPPING_START_EVENT:
		return collection_begin(builder, NODE_MAP, event->data.mapping_start.anchor,
			event->data.mapping_start.tag, event->start_mark);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return collection_end(builder);
	default:
		return 0;
	}
}

/* --- libyaml's complaints --- */

/* The character at a mark and the one before it; 0 outside of the text. */
static void around(const struct builder *builder, yaml_mark_t mark, char *before, char *at)
{
	const char *c = builder->text, *end = builder->text + builder->length;
	size_t column = mark.column;

	*before = *at = '\0';
	for (size_t line = 0; line < mark.line && c < end; c++)
		line += *c == '\n';
	for (; column > 0 && c < end; c++)
		column -= c + 1 == end || ((unsigned char)c[1] & 0xc0) != 0x80;
	if (c < end)
		*at = *c;
	if (c > builder->text && c <= end)
		*before = c[-1];
}

static bool has(const char *text, const char *part)
{
	return text && strstr(text, part) != NULL;
}

/* What to do, after libyaml's own words, which tell what it met but not what a person did. */
static const char *hint(const struct builder *builder, const yaml_parser_t *parser)
{
	char before, at;

	around(builder, parser->problem_mark, &before, &at);
	if (at == '\t' || has(parser->problem, "tab character"))
		return "indent with spaces, not with tabs";
	if (at == '{' && before == '$')
		return "inside of { } and [ ] a text with ${...} needs quotes";
	if (has(parser->problem, "cannot start any token"))
		return "a text that begins with this character needs quotes";
	if (has(parser->problem, "mapping values are not allowed"))
		return "a text that holds \": \" needs quotes; else look at the indentation and for \"key:value\" without a space above";
	if (has(parser->problem, "unexpected end of stream"))
		return "the quote is not closed";
	if (has(parser->problem, "could not find expected ':'"))
		return "a key needs a colon and a space behind it";
	if (has(parser->problem, "',' or"))
		return "a comma is missing, or the bracket is not closed";
	if (has(parser->problem, "expected key"))
		return "keys of one map begin in the same column; a text behind a closing quote is a mistake, too";
	if (has(parser->problem, "escape"))
		return "in double quotes a backslash is written \\\\; single quotes keep it as it is";
	if (has(parser->problem, "document start"))
		return "the document ended on an earlier line; look at the indentation";
	if (has(parser->context, "alias") || has(parser->context, "anchor"))
		return "a text that begins with * or & needs quotes";
	return "see the lines above it";
}

static int refused(struct builder *builder, const yaml_parser_t *parser)
{
	struct node at = {.file = builder->file, .line = (unsigned)parser->problem_mark.line + 1,
		.column = (unsigned)parser->problem_mark.column + 1};
	char place[ERROR_PLACE_MAX];

	if (parser->error == YAML_MEMORY_ERROR)
		return fail_memory(builder);
	if (parser->error == YAML_READER_ERROR) /* the scan before let through what libyaml does not read */
		at.line = 0;
	node_place(&at, place, sizeof(place));
	if (parser->context && parser->context_mark.line != parser->problem_mark.line)
		return error_set(builder->error, ERROR_CONFIG, place, "%s, %s that begins at line %zu, column %zu (%s)",
			parser->problem, parser->context, parser->context_mark.line + 1, parser->context_mark.column + 1,
			hint(builder, parser));
	return error_set(builder->error, ERROR_CONFIG, place, "%s (%s)",
		parser->problem ? parser->problem : "not YAML", hint(builder, parser));
}

static int build(struct builder *builder, yaml_parser_t *parser)
{
	for (;;) {
		yaml_event_t event;
		bool last;
		int result;

		if (!yaml_parser_parse(parser, &event))
			return refused(builder, parser);
		last = event.type == YAML_STREAM_END_EVENT;
		result = take(builder, &event);
		yaml_event_delete(&event);
		if (result < 0)
			return -1;
		if (last)
			return 0;
	}
}

struct node *yaml_parse(const char *file, const char *text, size_t length, struct error *error)
{
	struct builder builder = {.file = file, .text = text, .length = length, .error = error};
	yaml_parser_t parser;
	int result;

	if (!yaml_parser_initialize(&parser)) {
		fail_memory(&builder);
		return NULL;
	}
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
	result = build(&builder, &parser);
	yaml_parser_delete(&parser);

	for (size_t i = 0; i < builder.depth; i++)
		node_free(builder.key[i]);
	for (size_t i = 0; i < builder.anchor_count; i++)
		free(builder.anchors[i].name);
	free(builder.anchors);
	if (result == 0 && !builder.root)
		result = error_set(error, ERROR_CONFIG, file, "is empty");
	if (result < 0) {
		node_free(builder.root);
		return NULL;
	}
	return builder.root;
}
