/* definition.c - the hash that tells whether a step is still the step that was interrupted.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Order of keys, comments, quotes and layout of the file mean nothing. Left out is what may change between two attempts at
 * the same load: how many rejects are too many, how often it commits and how rows travel, what a person wrote about it,
 * where the file lies (it is known by its content), and secrets.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/config/planning.h"
#include "engine/core/buffer.h"
#include "engine/core/digest.h"

enum { DEFINITION_MAX = 16 << 20 };

static bool left_out(const char *section, const char *key, const struct option *options)
{
	static const struct {
		const char *section, *key;
	} table[] = {{"", "description"}, {"", "for_each"}, {"", "rejects"}, {"rules", "max_rejects"}, {"source", "path"},
		{"source", "once"}, {"sink", "commit"}, {"sink", "bulk"}};
	const struct option *option = options ? options_find(options, key) : NULL;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].section, section) == 0 && strcmp(table[i].key, key) == 0)
			return true;
	return option && (option->flags & OPTION_SECRET);
}

struct entry {
	const char *key;
	const struct node *item;
};

static int by_key(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return strcmp(x->key, y->key);
}

static int put_text(struct buffer *out, const char *text, struct error *error)
{
	/* With lengths in front no two trees can have the same text. */
	if (buffer_printf(out, error, "%zu:", strlen(text)) < 0)
		return -1;
	return buffer_puts(out, text, error);
}

/* section: "" at the top, the key of a map within it, NULL below; options: of the connector whose map this is. */
static int put(struct buffer *out, const struct node *node, const char *section, const struct option *options,
	const struct source_ops *source, const struct sink_ops *sink, struct error *error)
{
	struct entry *entries;
	int result = 0;

	if (node->kind == NODE_SCALAR)
		return put_text(out, node->text, error);
	if (buffer_puts(out, node->kind == NODE_MAP ? "{" : "[", error) < 0)
		return -1;
	for (size_t i = 0; node->kind == NODE_SEQUENCE && i < node->count && result == 0; i++)
		result = put(out, node->items[i], NULL, NULL, source, sink, error);
	if (node->kind == NODE_SEQUENCE || node->count == 0)
		return result < 0 ? -1 : buffer_puts(out, node->kind == NODE_MAP ? "}" : "]", error);

	entries = malloc(node->count * sizeof(*entries));
	if (!entries)
		return error_memory(error, "the definition of a step");
	for (size_t i = 0; i < node->count; i++)
		entries[i] = (struct entry){node->keys[i]->text, node->items[i]};
	qsort(entries, node->count, sizeof(*entries), by_key);
	for (size_t i = 0; i < node->count && result == 0; i++) {
		const char *key = entries[i].key;
		bool top = section && !section[0];
		const struct option *below = top && strcmp(key, "source") == 0 ? source->options :
			top && strcmp(key, "sink") == 0 ? sink->options : NULL;

		if (section && left_out(section, key, options))
			continue;
		result = put_text(out, key, error);
		if (result == 0)
			result = put(out, entries[i].item, top ? key : NULL, below, source, sink, error);
	}
	free(entries);
	return result < 0 ? -1 : buffer_puts(out, "}", error);
}

int definition_hash(const struct node *tree, const struct source_ops *source, const struct sink_ops *sink,
	char out[SHA256_HEX_SIZE], struct error *error)
{
	struct buffer text;
	int result;

	buffer_init(&text, DEFINITION_MAX);
	result = put(&text, tree, "", NULL, source, sink, error);
	if (result == 0)
		digest_of(buffer_text(&text), text.length, out);
	buffer_fini(&text);
	return result;
}
