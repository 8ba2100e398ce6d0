/* original.c - a source with another path.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/mend/original.h"

#include <stdlib.h>
#include <string.h>

static const struct option *find_path(const struct plan_step *step)
{
	for (const struct option *option = step->source->options; option && option->name; option++)
		if (strcmp(option->name, "path") == 0 && (option->kind == OPTION_STRING || option->kind == OPTION_LIST))
			return option;
	return NULL;
}

const char *original_path(const struct plan_step *step)
{
	const struct option *option = find_path(step);
	const char *bound = option ? (const char *)step->source_options + option->offset : NULL;
	if (!bound)
		return NULL;
	if (option->kind == OPTION_STRING) {
		const char *path;
		memcpy(&path, bound, sizeof path);
		return path;
	}
	struct option_list list;
	memcpy(&list, bound, sizeof list);
	return list.count == 1 ? list.items[0] : NULL;
}

int original_open(struct original *original, const struct plan_step *step, const struct source_context *context, const char *path,
	struct error *error)
{
	const struct option *option = find_path(step);
	*original = (struct original){ .step = step };
	if (!option || strcmp(path, "-") == 0)
		return error_set(error, ERROR_SOURCE, path, "cannot be read again");
	original->path = strdup(path);
	original->instance = plan_instance(step->source->size, step->source_options, error);
	if (!original->path || !original->instance)
		return error_memory(error, "a source");
	const char *const own = original->path;
	char *bound = (char *)original->instance + option->offset;
	original->paths = (struct option_list){ .items = (const char *const *)&original->path, .count = 1 };
	if (option->kind == OPTION_STRING)
		memcpy(bound, &own, sizeof own);
	else
		memcpy(bound, &original->paths, sizeof original->paths);
	return step->source->open(original->instance, context, error);
}

void original_close(struct original *original)
{
	if (original->instance)
		original->step->source->close(original->instance);
	free(original->instance);
	free(original->path);
	original->instance = NULL;
	original->path = NULL;
}

int original_has_hash(struct original *original, const char *hash, struct error *error)
{
	struct source_identity *identity = calloc(1, sizeof *identity);
	if (!identity)
		return error_memory(error, "a source");
	int result = original->step->source->identify(original->instance, true, identity, error);
	if (result == 0)
		result = identity->known && identity->hash[0] && strcmp(identity->hash, hash) == 0;
	free(identity);
	return result;
}
