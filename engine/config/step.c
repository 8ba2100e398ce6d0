/* step.c - turns a step of the file into a step of the plan.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "connectors/registry.h"
#include "engine/config/making.h"
#include "engine/config/sql.h"
#include "engine/config/tree.h"

struct binder binder_for(const struct making *making, const char *owner)
{
	return (struct binder){.owner = owner, .stash = &making->planning->pipeline->stash,
		.diagnostics = making->diagnostics, .connections = &making->planning->connections, .scope = &making->scope};
}

static int definition_of_sql(struct node *node, const struct scope *scope, struct stash *stash)
{
	int result = 0;

	if (node->kind == NODE_SCALAR)
		return sql_definition(node, NULL, scope, stash);
	for (size_t i = 0; node->kind == NODE_MAP && i < node->count; i++)
		if (node->items[i]->kind == NODE_SCALAR &&
			sql_definition(node->items[i], node->keys[i]->text, scope, stash) < 0)
			result = -1;
	return result;
}

/* All of a section but its SQL, which is known by the option of its connector and stays as it was written. In a definition it is
 * followed by its values. */
static int interpolate_section(struct node *section, bool is_source, const struct scope *scope, struct stash *stash)
{
	struct node *type = node_find(section, "type");
	const struct option *options = NULL;
	int result = 0;

	if (section->kind != NODE_MAP || !type || type->kind != NODE_SCALAR)
		return interpolate_tree(section, scope);
	if (interpolate(type, scope, false) < 0)
		return -1;
	if (is_source && connector_source(type->text))
		options = connector_source(type->text)->options;
	else if (!is_source && connector_sink(type->text))
		options = connector_sink(type->text)->options;
	for (size_t i = 0; i < section->count; i++) {
		const struct option *option = options ? options_find(options, section->keys[i]->text) : NULL;
		bool sql = option && option->kind == OPTION_SQL;
		int one = 0;

		if (section->items[i] != type && !sql)
			one = interpolate_tree(section->items[i], scope);
		else if (sql && scope->definition)
			one = definition_of_sql(section->items[i], scope, stash);
		if (one < 0)
			result = -1;
	}
	return result;
}

static int interpolate_transform(struct node *map, const struct scope *scope, struct stash *stash)
{
	int result = 0;

	for (size_t i = 0; i < map->count; i++) {
		bool sql = map->kind == NODE_MAP && strcmp(map->keys[i]->text, "sql") == 0;
		int one = sql ? 0 : interpolate_tree(map->items[i], scope);

		if (sql && scope->definition && map->items[i]->kind == NODE_SCALAR)
			one = sql_definition(map->items[i], "sqlite", scope, stash);
		if (one < 0)
			result = -1;
	}
	return result;
}

static int interpolate_step(struct node *tree, const struct scope *scope, struct stash *stash)
{
	int result = 0;

	for (size_t i = 0; i < tree->count; i++) {
		bool is_source = strcmp(tree->keys[i]->text, "source") == 0;
		bool is_end = is_source || strcmp(tree->keys[i]->text, "sink") == 0;
		int one;

		if (is_end)
			one = interpolate_section(tree->items[i], is_source, scope, stash);
		else if (strcmp(tree->keys[i]->text, "transform") == 0)
			one = interpolate_transform(tree->items[i], scope, stash);
		else
			one = interpolate_tree(tree->items[i], scope);

		if (one < 0)
			result = -1;
	}
	return result;
}

/* The map of a section of the step, or NULL after reporting. */
static struct node *section(struct making *making, const char *key, const char *example)
{
	struct node *node = node_find(making->tree, key);

	if (node && node->kind == NODE_MAP)
		return node;
	diagnostics_error(making->diagnostics, node ? node : making->tree, "%s such as %s",
		node ? "this must be a map" : "the step needs a map", example);
	making->failed = true;
	return NULL;
}

/* Writes out what the file left to its defaults, so that the hash of the definition does not tell them apart. */
static int write_defaults(struct node *tree, const struct sink_ops *sink, const char *table)
{
	struct node *rules = node_find(tree, "rules");
	struct node *target = node_find(tree, "sink");

	if (!rules) {
		struct node *key = tree_scalar(tree, "rules", strlen("rules"));

		rules = tree_new(NODE_MAP, tree->file, tree->line, tree->column);
		if (!key || !rules || tree_add(tree, key, rules) < 0) {
			node_free(key);
			node_free(rules);
			return -1;
		}
	}
	if (rules->kind == NODE_MAP && !node_find(rules, "table") && tree_add_text(rules, "table", table) < 0)
		return -1;
	if (sink && options_find(sink->options, "table") && target && target->kind == NODE_MAP &&
		!node_find(target, "table") && tree_add_text(target, "table", table) < 0)
		return -1;
	return 0;
}

static const char *read_name(struct making *making)
{
	const struct node *node = node_find(making->tree, "name");
	const char *name = node ? node_text(node) : making->step->table;

	if (node && (!name || node_is_null(node))) {
		diagnostics_error(making->diagnostics, node, "name of a step is a text");
		return NULL;
	}
	if (!name[0] || strlen(name) >= NAME_MAX_BYTES) {
		diagnostics_error(making->diagnostics, node, "the name of a step has 1 to %d bytes", NAME_MAX_BYTES - 1);
		return NULL;
	}
	return plan_text(making->planning, name);
}

static void check_description(struct making *making)
{
	const struct node *node = node_find(making->tree, "description");

	if (!node || (node_text(node) && !node_is_null(node)))
		return;
	diagnostics_error(making->diagnostics, node, "description of a step is a text");
	making->failed = true;
}

static int hash(struct making *making, const struct unit *unit)
{
	struct scope scope = making->scope;
	struct node *tree = tree_copy(unit->written);
	struct error error = ERROR_INIT;
	int result = -1;

	scope.definition = true;
	if (!tree)
		diagnostics_memory(making->diagnostics);
	else if (interpolate_step(tree, &scope, &making->planning->pipeline->stash) == 0) {
		if (write_defaults(tree, making->step->sink, making->step->table) < 0)
			diagnostics_memory(making->diagnostics);
		else
			result = definition_hash(tree, making->step->source, making->step->sink, making->step->step_hash, &error);
		diagnostics_take(making->diagnostics, &error);
	}
	node_free(tree);
	return result;
}

static int finish(struct making *making, const struct unit *unit)
{
	struct plan_step *step = making->step;
	const char *const *target = bound_sink(step, "table", OPTION_STRING);

	if (compile_rules(making) < 0 || bind_transform(making) < 0)
		return -1;
	step->target = target ? *target : step->table;
	step->name = read_name(making);
	check_description(making);
	read_mode(making);
	read_key(making);
	read_commit(making);
	if (!step->name || plan_rejects(making) < 0 || making->failed)
		return -1;
	return hash(making, unit);
}

static int make(struct making *making, const struct unit *unit)
{
	bool ready = true;

	making->source = section(making, "source", "source: { type: csv, path: data.csv }");
	making->sink = section(making, "sink", "sink: { type: odbc, connection: db, table: jobs }");
	making->rules = node_find(making->tree, "rules");
	if (making->rules && making->rules->kind != NODE_MAP) {
		diagnostics_error(making->diagnostics, making->rules, "rules is a map such as { table: jobs }");
		making->rules = NULL;
		making->failed = true;
		ready = false;
	}
	if (making->source && bind_source(making) < 0)
		ready = false;
	if (making->sink && find_sink(making) < 0)
		ready = false;
	if (find_table(making) < 0)
		ready = false;
	if (making->table != SIZE_MAX && !making->failed &&
		write_defaults(making->tree, making->step->sink, schema_of(making)->name) < 0) {
		diagnostics_memory(making->diagnostics);
		return -1;
	}
	making->rules = node_find(making->tree, "rules");
	if (making->rules && making->rules->kind == NODE_MAP && bind_rules(making) < 0)
		ready = false;
	if (making->step->sink && (making->table != SIZE_MAX || node_find(making->sink, "table")) && bind_sink(making) < 0)
		ready = false;
	if (!ready || making->failed)
		return -1;
	return finish(making, unit);
}

/* Looks at names before anything is replaced in them. */
static int check_names(struct planning *planning, const struct node *step)
{
	static const char *const sections[] = {"source", "sink", "transform", NULL};
	static const char *const names[] = {"table", "columns", "key", "cursor", NULL};
	int result = 0;

	for (size_t i = 0; sections[i]; i++)
		for (size_t k = 0; names[k]; k++)
			if (check_name(planning, node_find(node_find(step, sections[i]), names[k])) < 0)
				result = -1;
	return result;
}

int step_plan(struct planning *planning, const struct unit *unit, struct plan_step *step)
{
	struct making making = {.planning = planning, .diagnostics = planning->diagnostics, .scope = planning->scope,
		.step = step, .table = SIZE_MAX};
	int result = -1;

	making.scope.table = unit->table;
	if (check_names(planning, unit->written) < 0)
		return -1;
	making.tree = tree_copy(unit->written);
	if (!making.tree)
		diagnostics_memory(planning->diagnostics);
	else if (interpolate_step(making.tree, &making.scope, &planning->pipeline->stash) == 0)
		result = make(&making, unit);
	node_free(making.tree);
	return result;
}
