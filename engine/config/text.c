/* text.c - pipelines and dictionaries that are no files: texts that another part of the program has made.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "engine/config/document.h"
#include "engine/config/load.h"
#include "engine/config/planning.h"
#include "engine/config/schema_files.h"
#include "engine/core/buffer.h"

struct pipeline *pipeline_load_text(const char *name, const char *text, const char *dictionary, struct diagnostics *diagnostics)
{
	const struct given given = {.pipeline = text, .dictionary = dictionary};
	const struct load_options options = {.set_count = 0};

	return pipeline_load_given(name, &given, &options, diagnostics);
}

struct dictionary *dictionary_read_text(const char *name, const char *text, struct diagnostics *diagnostics)
{
	struct error error = ERROR_INIT;
	struct dictionary *dictionary = NULL;
	struct node *root = document_parse_text(name, text, strlen(text), true, &error);

	if (root)
		dictionary = dictionary_load(root, diagnostics);
	else
		diagnostics_take(diagnostics, &error);
	node_free(root);
	return dictionary;
}

char *pipeline_quote(const char *text)
{
	char *out = malloc(2 * strlen(text) + 1), *to = out;

	for (; out && *text; text++) {
		if (text[0] == '$' && text[1] == '{')
			*to++ = '$';
		*to++ = *text;
	}
	if (out)
		*to = '\0';
	return out;
}

/* --- a dictionary as JSON ------------------------------------------------------------------------ */

static size_t digits(const char *text)
{
	return strspn(text, "0123456789");
}

/* RFC 8259, 6. */
static bool is_number(const char *text)
{
	text += *text == '-';
	if (digits(text) == 0 || (text[0] == '0' && digits(text) > 1))
		return false;
	text += digits(text);
	if (*text == '.') {
		text++;
		if (digits(text) == 0)
			return false;
		text += digits(text);
	}
	if (*text == 'e' || *text == 'E') {
		text++;
		text += *text == '-' || *text == '+';
		if (digits(text) == 0)
			return false;
		text += digits(text);
	}
	return *text == '\0';
}

static int put_string(const char *text, struct buffer *out, struct error *error)
{
	int result = buffer_puts(out, "\"", error);

	for (; *text && result == 0; text++) {
		if (*text == '"' || *text == '\\')
			result = buffer_printf(out, error, "\\%c", *text);
		else if ((unsigned char)*text < 0x20)
			result = buffer_printf(out, error, "\\u%04x", (unsigned char)*text);
		else
			result = buffer_append(out, text, 1, error);
	}
	return result ? -1 : buffer_puts(out, "\"", error);
}

static int put_scalar(const struct node *node, struct buffer *out, struct error *error)
{
	if (node_is_null(node))
		return buffer_puts(out, "null", error);
	if (node->plain && (is_number(node->text) || strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0))
		return buffer_puts(out, node->text, error);
	return put_string(node->text, out, error);
}

/* Documents nest at most DOCUMENT_DEPTH_MAX deep. */
static int put_node(const struct node *node, struct buffer *out, struct error *error)
{
	bool map = node->kind == NODE_MAP;

	if (node->kind == NODE_SCALAR)
		return put_scalar(node, out, error);
	if (buffer_puts(out, map ? "{" : "[", error))
		return -1;
	for (size_t i = 0; i < node->count; i++)
		if ((i > 0 && buffer_puts(out, ",", error)) ||
			(map && (put_string(node->keys[i]->text, out, error) || buffer_puts(out, ":", error))) ||
			put_node(node->items[i], out, error))
			return -1;
	return buffer_puts(out, map ? "}" : "]", error);
}

int dictionary_to_json(const char *file, struct buffer *out, struct diagnostics *diagnostics)
{
	struct error error = ERROR_INIT;
	struct stash stash;
	struct node *root;
	struct dictionary *dictionary;
	int result;

	stash_init(&stash);
	root = dictionary_parse(file, &stash, diagnostics, &error);
	dictionary = root && diagnostics->errors == 0 ? dictionary_load(root, diagnostics) : NULL;
	result = dictionary ? put_node(root, out, &error) : -1;

	diagnostics_take(diagnostics, &error);
	dictionary_free(dictionary);
	node_free(root);
	stash_fini(&stash);
	return result;
}
