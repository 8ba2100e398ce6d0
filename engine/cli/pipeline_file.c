/* pipeline_file.c - loading files for commands.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/cli/pipeline_file.h"

#include <stdlib.h>
#include <string.h>

int pipeline_check_sets(const struct flag_list *sets, struct error *error)
{
	for (size_t i = 0; i < sets->count; i++) {
		const char *equals = strchr(sets->items[i], '=');
		if (!equals || equals == sets->items[i])
			return error_set(error, ERROR_CONFIG, NULL, "option --set needs NAME=VALUE, not \"%s\"", sets->items[i]);
	}
	return 0;
}

/* "file:line:column: message" as place and message. */
static void take_first(const struct diagnostics *diagnostics, struct error *error)
{
	char text[ERROR_MESSAGE_MAX];
	size_t place = 0;
	if (diagnostics_error_of(diagnostics, error) == 0 || error->kind != ERROR_CONFIG)
		return;
	for (size_t i = diagnostics->count; i-- > 0;)
		if (!diagnostics->items[i].warning)
			place = diagnostics->items[i].place_length;
	memcpy(text, error->message, sizeof text);
	if (place == 0 || place + 2 > strlen(text))
		return;
	text[place] = '\0';
	error_clear(error);
	error_set(error, ERROR_CONFIG, text, "%s", text + place + 2);
}

struct pipeline *pipeline_file_try(struct log *log, const char *file, const struct flag_list *sets, struct error *error)
{
	struct diagnostics diagnostics;
	diagnostics_init(&diagnostics);
	const struct load_options options = {.sets = sets->items, .set_count = sets->count};
	struct pipeline *pipeline = pipeline_load(file, &options, &diagnostics);
	int failed = log_diagnostics(log, &diagnostics);
	if (!pipeline) {
		take_first(&diagnostics, error);
		error->kind = (enum error_kind)failed;
	}
	diagnostics_fini(&diagnostics);
	return pipeline;
}

struct pipeline *pipeline_file_load(struct log *log, const char *file, const struct flag_list *sets, int *code)
{
	struct error error = ERROR_INIT;
	struct pipeline *pipeline = pipeline_file_try(log, file, sets, &error);
	if (!pipeline)
		*code = (int)error.kind;
	return pipeline;
}

struct dictionary *dictionary_file_load(struct log *log, const char *file, int *code)
{
	struct diagnostics diagnostics;
	diagnostics_init(&diagnostics);
	struct dictionary *dictionary = dictionary_read(file, &diagnostics);
	int failed = log_diagnostics(log, &diagnostics);
	if (!dictionary)
		*code = failed;
	diagnostics_fini(&diagnostics);
	return dictionary;
}

const struct table *dictionary_file_table(const struct dictionary *dictionary, const char *file, const char *name,
	struct error *error)
{
	const struct table *table = dictionary_find(dictionary, name);
	if (table)
		return table;
	size_t count = dictionary_count(dictionary);
	const char **names = calloc(count + 1, sizeof *names);
	for (size_t i = 0; names && i < count; i++)
		names[i] = table_schema(dictionary_at(dictionary, i))->name;
	const char *near = names ? suggest(name, names) : NULL;
	error_set(error, ERROR_CONFIG, file, "there is no table \"%s\" in this dictionary%s%s%s", name,
		near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
	free(names);
	return NULL;
}

int pipeline_check_step(const struct plan *plan, const char *name, struct error *error)
{
	if (!name)
		return 0;
	const char **names = calloc(plan->step_count + 1, sizeof *names);
	if (!names)
		return error_memory(error, "the names of the steps");
	bool found = false;
	for (size_t i = 0; i < plan->step_count; i++) {
		names[i] = plan->steps[i].name;
		found = found || strcmp(names[i], name) == 0;
	}
	const char *near = found ? NULL : suggest(name, names);
	if (!found)
		error_set(error, ERROR_CONFIG, plan->file, "there is no step \"%s\" in this pipeline%s%s%s", name,
			near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
	free(names);
	return found ? 0 : -1;
}
