/* pipeline.c - reads the top of a pipeline file and puts the plan together.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/registry.h"
#include "engine/config/document.h"
#include "engine/config/keys.h"
#include "engine/config/load.h"
#include "engine/config/planning.h"
#include "engine/config/tree.h"
#include "engine/core/clock.h"
#include "engine/core/uuid.h"

const char *plan_text(struct planning *planning, const char *text)
{
	return stash_text(&planning->pipeline->stash, text);
}

/* --- the top of the file --- */

static void check_keys(struct planning *planning, const struct node *root)
{
	for (size_t i = 0; i < root->count && planning->diagnostics->errors < DIAGNOSTICS_MAX; i++) {
		const struct node *key = root->keys[i];
		char guess[256];
		bool known = false;

		for (size_t k = 0; keys_of_pipeline[k] && !known; k++)
			known = strcmp(keys_of_pipeline[k], key->text) == 0;
		if (!known)
			diagnostics_error(planning->diagnostics, key, "unknown key \"%.64s\" in a pipeline file%s", key->text,
				options_guess(key->text, keys_of_pipeline, guess, sizeof(guess)));
	}
}

static void check_version(struct planning *planning, const struct node *root)
{
	const struct node *version = node_find(root, "version");
	char shown[SHOWN_SIZE];

	if (!version)
		diagnostics_error(planning->diagnostics, root, "a pipeline file begins with version: 1");
	else if (!node_text(version))
		diagnostics_error(planning->diagnostics, version, "version must be 1");
	else if (strcmp(version->text, "1") != 0)
		diagnostics_error(planning->diagnostics, version, "version %s of pipeline files is not known; this penstock knows 1",
			options_show(version, false, shown));
}

const char *top_text(struct planning *planning, struct node *root, const char *key)
{
	struct node *node = node_find(root, key);

	if (!node)
		return NULL;
	if (node->kind != NODE_SCALAR || node_is_null(node)) {
		diagnostics_error(planning->diagnostics, node, "%s must be a text", key);
		return NULL;
	}
	return interpolate(node, &planning->scope, false) < 0 ? NULL : plan_text(planning, node->text);
}

/* migrate for "pipelines/migrate.yaml". */
static const char *base_name(struct planning *planning, const char *file)
{
	const char *slash = strrchr(file, '/');
	char *name = stash_text(&planning->pipeline->stash, slash ? slash + 1 : file);
	char *dot = name ? strrchr(name, '.') : NULL;

	if (dot && dot > name)
		*dot = '\0';
	return name;
}

static void read_name(struct planning *planning, struct node *root)
{
	struct plan *plan = &planning->pipeline->plan;
	const struct node *node = node_find(root, "name");

	plan->description = top_text(planning, root, "description");
	plan->name = node ? top_text(planning, root, "name") : base_name(planning, plan->file);
	if (plan->name && (!plan->name[0] || strlen(plan->name) >= NAME_MAX_BYTES))
		diagnostics_error(planning->diagnostics, node ? node : root, "the name of a pipeline has 1 to %d bytes",
			NAME_MAX_BYTES - 1);
}

static void read_limits(struct planning *planning, struct node *root)
{
	struct node *map = node_find(root, "limits");
	const struct node none = {.kind = NODE_MAP};
	const struct binder binder = {.owner = "limits", .stash = &planning->pipeline->stash,
		.diagnostics = planning->diagnostics};

	if (map && map->kind != NODE_MAP) {
		diagnostics_error(planning->diagnostics, map, "limits is a map such as { field: 1MiB, keys: 24MiB }");
		return;
	}
	/* What goes wrong is reported, and then there is no plan. */
	if (map)
		options_check_keys(&binder, map, (const struct option *const[]){keys_of_limits, NULL});
	if (!map || interpolate_tree(map, &planning->scope) == 0)
		options_bind(&binder, map ? map : &none, keys_of_limits, &planning->pipeline->plan.limits);
	if (map && node_find(map, "field") && planning->pipeline->plan.limits.field > planning->pipeline->plan.limits.record)
		diagnostics_warning(planning->diagnostics, node_find(map, "field"),
			"limits.field is more than limits.record, which ends every record before: raise limits.record, too");
}

/* --- the steps --- */

/* The keys of a single step at the top of the file as a step of its own. NULL when out of memory. */
static struct node *step_at_top(const struct node *root)
{
	struct node *step = tree_new(NODE_MAP, root->file, root->line, root->column);

	for (size_t i = 0; step && i < root->count; i++) {
		static const char *const moved[] = {"for_each", "source", "transform", "rules", "sink", NULL};
		struct node *key, *item;
		size_t k = 0;

		while (moved[k] && strcmp(moved[k], root->keys[i]->text) != 0)
			k++;
		if (!moved[k])
			continue;
		key = tree_copy(root->keys[i]);
		item = tree_copy(root->items[i]);
		if (!key || !item || tree_add(step, key, item) < 0) {
			node_free(key);
			node_free(item);
			node_free(step);
			return NULL;
		}
	}
	return step;
}

/* A sequence with the step that stands at the top; NULL after reporting. */
static struct node *single_step(struct planning *planning, const struct node *root)
{
	struct node *steps = tree_new(NODE_SEQUENCE, root->file, root->line, root->column);
	struct node *step = step_at_top(root);

	if (steps && step && tree_add(steps, NULL, step) == 0)
		return steps;
	node_free(steps);
	node_free(step);
	diagnostics_memory(planning->diagnostics);
	return NULL;
}

static void refuse_same(struct planning *planning, const struct unit *unit, const char *name, const struct unit *earlier)
{
	const struct node *node = node_find(unit->written, "name");

	if (!node)
		node = unit->written;
	if (unit->written == earlier->written)
		diagnostics_error(planning->diagnostics, node,
			"two steps of this for_each are named \"%.64s\" and write to the same table; put ${table} into the table of the sink",
			name);
	else
		diagnostics_error(planning->diagnostics, node, "a second step \"%.64s\" (the first is at line %u); give it another name",
			name, earlier->written->line);
}

/* Name and target are what checkpoints, rejects and locks go by. Tables of one for_each may share the step's name. */
static void check_names(struct planning *planning)
{
	const struct plan *plan = &planning->pipeline->plan;

	for (size_t i = 0; i < plan->step_count; i++) {
		for (size_t j = 0; j < i; j++) {
			const struct plan_step *a = &plan->steps[j], *b = &plan->steps[i];

			if (!a->name || !b->name || strcmp(a->name, b->name) != 0)
				continue;
			if (planning->units[j].written == planning->units[i].written && strcmp(a->target, b->target) != 0)
				continue;
			refuse_same(planning, &planning->units[i], b->name, &planning->units[j]);
			break;
		}
	}
}

static void plan_steps(struct planning *planning)
{
	struct plan *plan = &planning->pipeline->plan;
	const struct node *failed = NULL;

	plan->steps = stash_array(&planning->pipeline->stash, planning->unit_count + 1, sizeof(*plan->steps));
	if (!plan->steps)
		return;
	plan->step_count = planning->unit_count;
	for (size_t i = 0; i < planning->unit_count; i++) {
		/* What is wrong with a step is wrong for each of its tables: once is enough. */
		if (planning->units[i].written == failed)
			continue;
		if (step_plan(planning, &planning->units[i], &plan->steps[i]) < 0) {
			failed = planning->units[i].written;
			plan->steps[i].name = NULL;
		}
	}
	check_names(planning);
	relate_steps(planning);
}

static void read_steps(struct planning *planning, const struct node *root)
{
	static const char *const single[] = {"source", "transform", "rules", "sink", "for_each", NULL};
	const struct node *steps = node_find(root, "steps");
	const struct node *top = NULL;
	struct node *made = NULL;

	for (size_t i = 0; single[i] && !top; i++)
		top = node_find(root, single[i]);
	if (steps && top) {
		diagnostics_error(planning->diagnostics, top, "a pipeline has either \"steps\" or one step at its top, not both");
		return;
	}
	if (!steps && !top) {
		diagnostics_error(planning->diagnostics, root, "the pipeline has no steps");
		return;
	}
	if (steps && (steps->kind != NODE_SEQUENCE || steps->count == 0)) {
		diagnostics_error(planning->diagnostics, steps, "steps is a list with at least one step");
		return;
	}
	if (!steps)
		steps = made = single_step(planning, root);
	if (!steps)
		return;
	if (expand_steps(planning, steps) < 0 && planning->unit_count == 0) {
		node_free(made);
		return;
	}
	plan_steps(planning);
	node_free(made);
}

/* --- what follows from the steps --- */

static void find_tables(struct planning *planning)
{
	struct plan *plan = &planning->pipeline->plan;
	const char **keys = stash_array(&planning->pipeline->stash, plan->step_count + 1, sizeof(*keys));
	const char **values = stash_array(&planning->pipeline->stash, plan->step_count + 1, sizeof(*values));
	size_t count = 0;

	if (!keys || !values)
		return;
	for (size_t i = 0; i < plan->step_count; i++) {
		const struct plan_step *step = &plan->steps[i];
		size_t k = 0;

		if (!step->name)
			continue;
		while (k < count && strcmp(keys[k], step->table) != 0)
			k++;
		if (k < count && strcmp(values[k], step->target) != 0)
			diagnostics_warning(planning->diagnostics, planning->units[i].written,
				"table \"%s\" is loaded into both \"%s\" and \"%s\"; references to it are looked up in \"%s\"",
				step->table, values[k], step->target, values[k]);
		if (k < count)
			continue;
		keys[count] = step->table;
		values[count++] = step->target;
	}
	plan->tables = (struct option_map){keys, values, count};
}

static void find_state(struct planning *planning, struct node *root)
{
	struct plan *plan = &planning->pipeline->plan;
	struct node *node = node_find(root, "state");

	if (node && (node->kind != NODE_SCALAR || node_is_null(node))) {
		diagnostics_error(planning->diagnostics, node, "state is the name of a connection");
		return;
	}
	if (node) {
		if (interpolate(node, &planning->scope, false) == 0)
			plan->state = connections_use(&planning->connections, node, planning->diagnostics);
		return;
	}
	for (size_t i = 0; i < plan->step_count && !plan->state; i++)
		plan->state = plan->steps[i].connection;
}

/* Names of schemas, before anything is replaced in them. */
static void check_schemas(struct planning *planning, const struct node *map)
{
	for (size_t i = 0; map && map->kind == NODE_MAP && i < map->count; i++)
		check_name(planning, node_find(node_find(map->items[i], "state"), "schema"));
}

static void load(struct planning *planning, struct node *root, const struct load_options *options)
{
	struct pipeline *pipeline = planning->pipeline;
	struct plan *plan = &pipeline->plan;
	struct diagnostics *diagnostics = planning->diagnostics;
	size_t errors;

	check_keys(planning, root);
	check_version(planning, root);
	if (params_load(&planning->params, node_find(root, "params"), options, &planning->scope, &pipeline->stash,
		diagnostics) < 0 && planning->params.count == 0 && node_find(root, "params"))
		return; /* every ${params...} would be another error */
	planning->scope.params = &planning->params;
	pipeline->params = planning->params;
	read_name(planning, root);
	read_limits(planning, root);
	read_schedule(planning, root);
	read_failure(planning, root);
	read_dictionary(planning, root);
	check_schemas(planning, node_find(root, "connections"));
	errors = diagnostics->errors;
	if (connections_load(&planning->connections, node_find(root, "connections"), &planning->scope, &pipeline->stash,
		diagnostics) < 0 && errors == diagnostics->errors)
		diagnostics_memory(diagnostics);
	plan->connections = planning->connections.items;
	plan->connection_count = planning->connections.count;
	planning->rejects = node_find(root, "rejects");
	read_steps(planning, root);
	find_tables(planning);
	find_state(planning, root);
	check_schedule(planning, root);
	if (diagnostics->errors == 0)
		read_tests(planning, root);
	if (diagnostics->errors > 0)
		return; /* what is used is known only where everything was read */
	params_report_unused(&planning->params, diagnostics);
	connections_report_unused(&planning->connections, diagnostics);
}

static void start(struct planning *planning, const char *file)
{
	struct pipeline *pipeline = planning->pipeline;
	struct error error = ERROR_INIT;
	char run_id[RUN_ID_SIZE] = "";

	if (uuid_v7(run_id, &error) < 0)
		diagnostics_take(planning->diagnostics, &error);
	pipeline->plan.run_id = plan_text(planning, run_id);
	pipeline->plan.file = plan_text(planning, file);
	pipeline->plan.store = connector_store("odbc");
	planning->scope = (struct scope){.run_id = pipeline->plan.run_id, .started_us = clock_wall_us(),
		.diagnostics = planning->diagnostics};
}

struct pipeline *pipeline_load_given(const char *file, const struct given *given, const struct load_options *options,
	struct diagnostics *diagnostics)
{
	struct planning planning = {.diagnostics = diagnostics, .given = given, .pipeline = calloc(1, sizeof(struct pipeline))};
	struct error error = ERROR_INIT;
	struct node *root = NULL;

	if (!planning.pipeline) {
		diagnostics_memory(diagnostics);
		return NULL;
	}
	stash_init(&planning.pipeline->stash);
	start(&planning, file);
	if (!planning.pipeline->stash.failed)
		root = given ? document_parse_text(file, given->pipeline, strlen(given->pipeline), true, &error) :
			document_parse(file, &error);
	diagnostics_take(diagnostics, &error);
	if (root && document_is_dictionary(root))
		diagnostics_error(diagnostics, root, "this is a dictionary; a pipeline names it with dictionary: PATH");
	else if (root && document_is_serve_file(root))
		diagnostics_error(diagnostics, root, "this is a serve file, which names pipelines; penstock serve --check %s judges it", file);
	else if (root && root->kind != NODE_MAP)
		diagnostics_error(diagnostics, root, "a pipeline file is a map that begins with version: 1");
	else if (root)
		load(&planning, root, options);
	if (planning.pipeline->stash.failed)
		diagnostics_memory(diagnostics);
	diagnostics_sort(diagnostics);
	node_free(root);
	free(planning.units);
	if (diagnostics->errors > 0) {
		pipeline_free(planning.pipeline);
		return NULL;
	}
	return planning.pipeline;
}

struct pipeline *pipeline_load(const char *file, const struct load_options *options, struct diagnostics *diagnostics)
{
	return pipeline_load_given(file, NULL, options, diagnostics);
}

void pipeline_hold(struct pipeline *pipeline)
{
	atomic_fetch_add(&pipeline->holders, 1);
}

void pipeline_free(struct pipeline *pipeline)
{
	if (!pipeline || atomic_fetch_sub(&pipeline->holders, 1) > 0)
		return;
	for (size_t i = 0; pipeline->programs && i < dictionary_count(pipeline->dictionary); i++)
		program_free(pipeline->programs[i]);
	free(pipeline->programs);
	dictionary_free(pipeline->dictionary);
	zone_close(pipeline->plan.schedule.zone);
	stash_fini(&pipeline->stash);
	free(pipeline);
}

const struct plan *pipeline_plan(const struct pipeline *pipeline)
{
	return &pipeline->plan;
}

const struct params *pipeline_params(const struct pipeline *pipeline)
{
	return &pipeline->params;
}

const struct dictionary *pipeline_dictionary(const struct pipeline *pipeline)
{
	return pipeline->dictionary;
}
