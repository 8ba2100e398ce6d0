/* text.c - pipelines and dictionaries that are no files: texts that another part of the program has made.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "engine/config/document.h"
#include "engine/config/load.h"
#include "engine/config/planning.h"

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
