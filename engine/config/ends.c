/* ends.c - the two ends of a step: which connectors, and their options bound.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "connectors/registry.h"
#include "engine/config/making.h"
#include "engine/config/tree.h"

static const char *connector_type(struct making *making, const struct node *map, const char *what,
	const char *const *known)
{
	const struct node *type = node_find(map, "type");

	if (type && type->kind == NODE_SCALAR && !node_is_null(type))
		return type->text;
	diagnostics_error(making->diagnostics, type ? type : map, "%s needs a \"type\", such as %s", what,
		known[0] ? known[0] : "csv");
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

int bind_source(struct making *making)
{
	struct names known = {.count = 0};
	const struct source_ops *const *all = connector_sources();
	struct type_key keys = {.type = NULL};
	const char *type;
	struct binder binder;
	const bool *once;
	void *options;
	int result;

	for (; *all; all++)
		names_add(&known, (*all)->name);
	type = connector_type(making, making->source, "a source", known.list);
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
	once = bound_source(making->step, "once", OPTION_BOOLEAN);
	making->step->once = !once || *once;
	return result;
}

int find_sink(struct making *making)
{
	struct names known = {.count = 0};
	const struct sink_ops *const *all = connector_sinks();
	const char *type;

	for (; *all; all++)
		names_add(&known, (*all)->name);
	type = connector_type(making, making->sink, "a sink", known.list);
	if (!type)
		return -1;
	making->step->sink = connector_sink(type);
	if (!making->step->sink)
		unknown_connector(making, making->sink, "sink", known.list);
	return making->step->sink ? 0 : -1;
}

static int refuse_replace(struct making *making)
{
	const struct node *mode = node_find(making->sink, "mode");

	if (!node_text(mode) || strcmp(mode->text, "replace") != 0)
		return 0;
	diagnostics_error(making->diagnostics, mode, "mode \"replace\" is not supported by this version of penstock");
	tree_remove(making->sink, "mode");
	return -1;
}

int bind_sink(struct making *making)
{
	const struct sink_ops *sink = making->step->sink;
	struct binder binder = binder_for(making, sink->name);
	struct type_key keys = {.type = NULL};
	void *options = stash_take(binder.stash, sink->size);
	int result = options_check_keys(&binder, making->sink, (const struct option *const[]){sink->options, key_type, NULL});

	if (refuse_replace(making) < 0)
		result = -1;
	if (!options || options_bind(&binder, making->sink, key_type, &keys) < 0 ||
		options_bind(&binder, making->sink, sink->options, options) < 0)
		return -1;
	making->step->sink_options = options;
	for (const struct option *option = sink->options; option->name; option++)
		if (option->kind == OPTION_STRING && (option->flags & OPTION_CONNECTION) && node_find(making->sink, option->name))
			making->step->connection = connections_find(&making->planning->connections,
				node_find(making->sink, option->name)->text);
	return result;
}
