/* ends.c - the two ends of a step: which connectors, and their options bound.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "connectors/registry.h"
#include "engine/config/making.h"

static const char *connector_type(struct making *making, const struct node *map, const char *what, const char *example)
{
	const struct node *type = node_find(map, "type");

	if (type && type->kind == NODE_SCALAR && !node_is_null(type))
		return type->text;
	diagnostics_error(making->diagnostics, type ? type : map, "%s needs a \"type\", such as %s", what, example);
	return NULL;
}

static void unknown_connector(struct making *making, const struct node *map, const char *what, const char *const *known)
{
	const struct node *type = node_find(map, "type");
	char guess[256], shown[SHOWN_SIZE];

	diagnostics_error(making->diagnostics, type, "unknown type of %s %s%s", what, options_show(type, false, shown),
		options_guess(type->secret ? "" : type->text, known, guess, sizeof(guess)));
}

const void *bound_source(const struct plan_step *step, const char *name, enum option_kind kind)
{
	const struct option *option = options_find(step->source->options, name);

	return option && option->kind == kind ? (const char *)step->source_options + option->offset : NULL;
}

const void *bound_sink(const struct plan_step *step, const char *name, enum option_kind kind)
{
	const struct option *option = options_find(step->sink->options, name);

	return option && option->kind == kind ? (const char *)step->sink_options + option->offset : NULL;
}

/* The connection that a bound map names; NULL: it names none. */
static const struct plan_connection *connection_of(const struct making *making, const struct node *map,
	const struct option *options)
{
	for (; options->name; options++) {
		const struct node *named = options->flags & OPTION_CONNECTION ? node_find(map, options->name) : NULL;

		if (named)
			return connections_find(&making->planning->connections, named->text);
	}
	return NULL;
}

int bind_source(struct making *making)
{
	struct names known = {.count = 0};
	const struct source_ops *const *all = connector_sources();
	struct type_key keys = {.type = NULL};
	const char *type;
	struct binder binder;
	const bool *once;
	struct error error = ERROR_INIT;
	void *options;
	int result;

	for (; *all; all++)
		names_add(&known, (*all)->name);
	type = connector_type(making, making->source, "a source", "csv");
	if (!type)
		return -1;
	making->step->source = connector_source(type);
	if (!making->step->source) {
		unknown_connector(making, making->source, "source", known.list);
		return -1;
	}
	binder = binder_for(making, making->step->source->name);
	result = options_check_keys(&binder, making->source,
		(const struct option *const[]){making->step->source->options, key_type, NULL});
	options = stash_take(binder.stash, making->step->source->size);
	if (!options || options_bind(&binder, making->source, key_type, &keys) < 0 ||
		options_bind(&binder, making->source, making->step->source->options, options) < 0)
		return -1;
	making->step->source_options = options;
	making->step->source_connection = connection_of(making, making->source, making->step->source->options);
	once = bound_source(making->step, "once", OPTION_BOOLEAN);
	making->step->once = !once || *once;
	if (result == 0 && making->step->source->check && making->step->source->check(options, &error) < 0) {
		diagnostics_error(making->diagnostics, making->source, "%s%s%s", error.place, error.place[0] ? ": " : "", error.message);
		return -1;
	}
	return result;
}

int find_sink(struct making *making)
{
	struct names known = {.count = 0};
	const struct sink_ops *const *all = connector_sinks();
	const char *type;

	for (; *all; all++)
		names_add(&known, (*all)->name);
	type = connector_type(making, making->sink, "a sink", "odbc");
	if (!type)
		return -1;
	making->step->sink = connector_sink(type);
	if (!making->step->sink)
		unknown_connector(making, making->sink, "sink", known.list);
	return making->step->sink ? 0 : -1;
}

int check_written_path(const struct making *making, const struct node *section, const char *path)
{
	const char *table = making->scope.table;
	const struct node *node = node_find(section, "path");

	if (!table || !path || (!strchr(table, '/') && strcmp(table, ".") != 0 && strcmp(table, "..") != 0) || !strstr(path, table))
		return 0;
	diagnostics_error(making->diagnostics, node ? node : section,
		"the name of table \"%s\" cannot be a part of a path, since it would lead to another folder; give this table a step of its own", table);
	return -1;
}

int bind_sink(struct making *making)
{
	const struct sink_ops *sink = making->step->sink;
	struct binder binder = binder_for(making, sink->name);
	struct type_key keys = {.type = NULL};
	void *options = stash_take(binder.stash, sink->size);
	const bool *allow_empty;
	const char *const *path;
	struct error error = ERROR_INIT;
	int result = options_check_keys(&binder, making->sink, (const struct option *const[]){sink->options, key_type, NULL});

	if (!options || options_bind(&binder, making->sink, key_type, &keys) < 0 ||
		options_bind(&binder, making->sink, sink->options, options) < 0)
		return -1;
	making->step->sink_options = options;
	making->step->connection = connection_of(making, making->sink, sink->options);
	path = bound_sink(making->step, "path", OPTION_STRING);
	making->step->prints = sink->prints == PRINTS_ALWAYS || (sink->prints == PRINTS_TO_DASH && path && *path && strcmp(*path, "-") == 0);
	if (check_written_path(making, making->sink, path ? *path : NULL) < 0)
		return -1;
	allow_empty = bound_sink(making->step, "allow_empty", OPTION_BOOLEAN);
	making->step->allow_empty = allow_empty && *allow_empty;
	if (result == 0 && sink->check && sink->check(options, &error) < 0) {
		diagnostics_error(making->diagnostics, making->sink, "%s%s%s", error.place, error.place[0] ? ": " : "", error.message);
		return -1;
	}
	return result;
}
