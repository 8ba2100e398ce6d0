/* dictionary.c - reads the dictionary file of a pipeline, and finds tables in it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/config/load.h"
#include "engine/config/planning.h"
#include "engine/config/schema_files.h"

size_t dictionary_index(const struct dictionary *dictionary, const char *name)
{
	for (size_t i = 0; i < dictionary_count(dictionary); i++)
		if (strcmp(table_schema(dictionary_at(dictionary, i))->name, name) == 0)
			return i;
	return SIZE_MAX;
}

void report_unknown_table(struct planning *planning, const struct node *name)
{
	const struct dictionary *dictionary = planning->pipeline->dictionary;
	struct names names = {.count = 0};
	char guess[512], shown[SHOWN_SIZE];

	for (size_t i = 0; i < dictionary_count(dictionary); i++)
		names_add(&names, table_schema(dictionary_at(dictionary, i))->name);
	diagnostics_error(planning->diagnostics, name, "the dictionary has no table %s%s", options_show(name, false, shown),
		options_guess(name->secret ? "" : name->text, names.list, guess, sizeof(guess)));
}

bool document_is_dictionary(const struct node *root)
{
	/* A resource, or a table schema, alone is none, but its author means one. */
	bool meant = node_find(root, "resources") || node_find(root, "fields") || (node_find(root, "schema") && node_find(root, "path"));
	return meant && !node_find(root, "steps") && !node_find(root, "source");
}

bool document_is_serve_file(const struct node *root)
{
	return node_find(root, "pipelines") && !node_find(root, "steps");
}

/* named: where the file is named, for a file that cannot be read at all; NULL: on the command line. */
static struct dictionary *read_named(const char *file, const struct node *named, struct diagnostics *diagnostics)
{
	struct error error = ERROR_INIT;
	struct dictionary *dictionary = NULL;
	size_t errors = diagnostics->errors;
	struct stash stash;
	struct node *root;

	stash_init(&stash);
	root = dictionary_parse(file, &stash, diagnostics, &error);
	if (root && diagnostics->errors == errors)
		dictionary = dictionary_load(root, diagnostics);
	else if (root)
		error_clear(&error);
	else if (named && error.kind == ERROR_CONFIG && strcmp(error.place, file) == 0)
		diagnostics_error(diagnostics, named, "dictionary %s: %s", error.place, error.message);
	else
		diagnostics_take(diagnostics, &error);
	node_free(root);
	stash_fini(&stash);
	return dictionary;
}

struct dictionary *dictionary_read(const char *file, struct diagnostics *diagnostics)
{
	return read_named(file, NULL, diagnostics);
}

/* path as seen from the folder of the pipeline file. */
static const char *beside(struct planning *planning, const char *path)
{
	const char *file = planning->pipeline->plan.file;
	const char *slash = strrchr(file, '/');
	size_t folder = slash ? (size_t)(slash - file) + 1 : 0;
	char *joined;

	if (path[0] == '/' || folder == 0)
		return path;
	joined = stash_take(&planning->pipeline->stash, folder + strlen(path) + 1);
	if (joined) {
		memcpy(joined, file, folder);
		strcpy(joined + folder, path);
	}
	return joined;
}

void read_dictionary(struct planning *planning, struct node *root)
{
	struct pipeline *pipeline = planning->pipeline;
	const char *path;

	if (planning->given && planning->given->dictionary) {
		planning->dictionary_wanted = true;
		pipeline->dictionary = dictionary_read_text(planning->pipeline->plan.file, planning->given->dictionary,
			planning->diagnostics);
	} else {
		planning->dictionary_wanted = node_find(root, "dictionary") != NULL;
		path = top_text(planning, root, "dictionary");
		path = path ? beside(planning, path) : NULL;
		if (!path)
			return;
		pipeline->dictionary = read_named(path, node_find(root, "dictionary"), planning->diagnostics);
	}
	if (!pipeline->dictionary)
		return;
	pipeline->programs = calloc(dictionary_count(pipeline->dictionary) + 1, sizeof(*pipeline->programs));
	pipeline->descriptors = stash_array(&pipeline->stash, dictionary_count(pipeline->dictionary) + 1,
		sizeof(*pipeline->descriptors));
	if (!pipeline->programs || !pipeline->descriptors) {
		diagnostics_memory(planning->diagnostics);
		free(pipeline->programs);
		pipeline->programs = NULL;
		dictionary_free(pipeline->dictionary);
		pipeline->dictionary = NULL;
	}
}
