/* schema_files.c - follows the paths of schemas, no further than the folder of the dictionary.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/config/schema_files.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/config/load.h"

struct following {
	const char *file;   /* the dictionary */
	size_t folder;      /* bytes of its folder in file, with the slash; 0: the working directory */
	struct stash *stash;
	struct diagnostics *diagnostics;
	size_t count;
	uint64_t bytes;
};

/* "https:", "file:", "C:" */
static bool has_scheme(const char *text)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");

	return length > 0 && text[length] == ':';
}

static bool leaves(const char *path)
{
	for (const char *part = path; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL)
		if (strcspn(part, "/") == 2 && strncmp(part, "..", 2) == 0)
			return true;
	return path[0] == '/' || strchr(path, '\\');
}

/* True where path, with links resolved, lies in the folder of the dictionary; one that is not there does, and is missed later. */
static bool beneath(const struct following *following, const char *path)
{
	char *folder = stash_text(following->stash, following->folder ? following->file : ".");
	char *real_folder, *real_path;
	bool result = true;

	if (!folder)
		return false;
	if (following->folder)
		folder[following->folder] = '\0';
	real_folder = realpath(folder, NULL);
	real_path = realpath(path, NULL);
	if (real_folder && real_path) {
		size_t length = strlen(real_folder);

		result = strcmp(real_folder, "/") == 0 || (strncmp(real_path, real_folder, length) == 0 && real_path[length] == '/');
	}
	free(real_folder);
	free(real_path);
	return result;
}

static bool within_limits(struct following *following, const struct node *named, const char *path)
{
	struct stat status;

	following->count++;
	following->bytes += stat(path, &status) == 0 && status.st_size > 0 ? (uint64_t)status.st_size : 0;
	if (following->count <= SCHEMA_FILES_MAX && following->bytes <= SCHEMA_FILES_BYTES_MAX)
		return true;
	diagnostics_error(following->diagnostics, named, "the schemas in other files are more than %d, or more than %d MiB",
		SCHEMA_FILES_MAX, SCHEMA_FILES_BYTES_MAX >> 20);
	return false;
}

/* The document that a scalar names; NULL after reporting. */
static struct node *follow(struct following *following, const struct node *named)
{
	size_t length = strlen(named->text);
	char *path = stash_take(following->stash, following->folder + length + 1);
	struct error error = ERROR_INIT;
	struct node *schema;

	if (!path) {
		diagnostics_memory(following->diagnostics);
		return NULL;
	}
	memcpy(path, following->file, following->folder);
	memcpy(path + following->folder, named->text, length + 1);
	if (has_scheme(named->text)) {
		diagnostics_error(following->diagnostics, named,
			"schema \"%.200s\" is a URL, and nothing is fetched: save it beside the dictionary and write its path", named->text);
		return NULL;
	}
	/* A path that messages cut would not be known as the place of an error. */
	if (!named->text[0] || following->folder + length >= ERROR_PLACE_MAX || leaves(named->text) || !beneath(following, path)) {
		diagnostics_error(following->diagnostics, named,
			"schema \"%.200s\" must be a path beneath the folder of the dictionary, with slashes and without ..", named->text);
		return NULL;
	}
	if (!within_limits(following, named, path))
		return NULL;
	schema = document_parse(path, &error);
	if (!schema && error.kind == ERROR_CONFIG && strcmp(error.place, path) == 0)
		diagnostics_error(following->diagnostics, named, "schema %s: %s", error.place, error.message);
	else if (!schema)
		diagnostics_take(following->diagnostics, &error);
	else if (schema->kind != NODE_MAP)
		diagnostics_error(following->diagnostics, schema, "a table schema must be a map with fields");
	return schema;
}

struct node *dictionary_parse(const char *file, struct stash *stash, struct diagnostics *diagnostics, struct error *error)
{
	const char *slash = strrchr(file, '/');
	struct following following = {.file = file, .folder = slash ? (size_t)(slash - file) + 1 : 0, .stash = stash, .diagnostics = diagnostics};
	struct node *root = document_parse(file, error);
	const struct node *resources = node_find(root, "resources");

	for (size_t i = 0; resources && resources->kind == NODE_SEQUENCE && i < resources->count && diagnostics->errors < DIAGNOSTICS_MAX; i++) {
		struct node *resource = resources->items[i];

		for (size_t k = 0; resource->kind == NODE_MAP && k < resource->count; k++) {
			struct node *schema;

			if (strcmp(resource->keys[k]->text, "schema") != 0 || !node_text(resource->items[k]) || node_is_null(resource->items[k]))
				continue;
			schema = follow(&following, resource->items[k]);
			if (schema && schema->kind == NODE_MAP) {
				node_free(resource->items[k]);
				resource->items[k] = schema;
			} else {
				node_free(schema);
			}
		}
	}
	return root;
}
