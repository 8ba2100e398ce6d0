/* expand.c - one unit of work for each step and each table of its for_each, parents before children.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/config/keys.h"
#include "engine/config/planning.h"
#include "engine/config/tree.h"

static int add_unit(struct planning *planning, struct unit unit)
{
	struct unit *larger;

	if (planning->unit_count == PLAN_STEPS_MAX) {
		if (!planning->too_many)
			diagnostics_error(planning->diagnostics, unit.written, "the pipeline has more than %d steps", PLAN_STEPS_MAX);
		planning->too_many = true;
		return -1;
	}
	larger = realloc(planning->units, (planning->unit_count + 1) * sizeof(*larger));
	if (!larger) {
		diagnostics_memory(planning->diagnostics);
		return -1;
	}
	planning->units = larger;
	larger[planning->unit_count++] = unit;
	return 0;
}

/* Marks the tables that a scalar chooses. */
static int choose(struct planning *planning, const struct node *name, bool *chosen)
{
	const struct dictionary *dictionary = planning->pipeline->dictionary;
	size_t index;

	if (name->kind != NODE_SCALAR || node_is_null(name)) {
		diagnostics_error(planning->diagnostics, name, "table of for_each is \"*\" for every table, or a list of tables");
		return -1;
	}
	if (strcmp(name->text, "*") == 0) {
		memset(chosen, true, dictionary_count(dictionary));
		return 0;
	}
	index = dictionary_index(dictionary, name->text);
	if (index == SIZE_MAX) {
		report_unknown_table(planning, name);
		return -1;
	}
	if (chosen[index]) {
		diagnostics_error(planning->diagnostics, name, "table \"%s\" stands twice in for_each", name->text);
		return -1;
	}
	chosen[index] = true;
	return 0;
}

static bool names_all(const struct node *tables)
{
	bool all = tables->kind == NODE_SCALAR && strcmp(tables->text, "*") == 0;

	for (size_t i = 0; tables->kind == NODE_SEQUENCE && i < tables->count && !all; i++)
		all = names_all(tables->items[i]);
	return all;
}

static int expand(struct planning *planning, const struct node *step, const struct node *tables, bool *chosen)
{
	const struct dictionary *dictionary = planning->pipeline->dictionary;
	const size_t *order = dictionary_order(dictionary);
	int result = 0;

	if (tables->kind != NODE_SEQUENCE) {
		result = choose(planning, tables, chosen);
	} else if (tables->count == 0) {
		diagnostics_error(planning->diagnostics, tables, "for_each names no table, so that the step would do nothing");
		result = -1;
	}
	for (size_t i = 0; tables->kind == NODE_SEQUENCE && i < tables->count; i++)
		if (choose(planning, tables->items[i], chosen) < 0)
			result = -1;
	for (size_t i = 0; result == 0 && i < dictionary_count(dictionary); i++)
		if (chosen[order[i]])
			result = add_unit(planning, (struct unit){step, table_schema(dictionary_at(dictionary, order[i]))->name,
				planning->each, names_all(tables)});
	return result;
}

static int expand_each(struct planning *planning, const struct node *step, struct node *each)
{
	const struct node *tables = node_find(each, "table");
	bool *chosen;
	int result;

	if (each->kind != NODE_MAP || !tables || each->count > 1) {
		diagnostics_error(planning->diagnostics, each, "for_each is a map such as { table: \"*\" } or { table: [a, b] }");
		return -1;
	}
	if (interpolate_tree(each, &planning->scope) < 0)
		return -1;
	if (!planning->pipeline->dictionary) {
		if (!planning->dictionary_wanted)
			diagnostics_error(planning->diagnostics, each, "for_each needs a dictionary; name one at the top of the file");
		return -1;
	}
	chosen = calloc(dictionary_count(planning->pipeline->dictionary) + 1, sizeof(*chosen));
	if (!chosen) {
		diagnostics_memory(planning->diagnostics);
		return -1;
	}
	planning->each++;
	result = expand(planning, step, tables, chosen);
	free(chosen);
	return result;
}

static int check_keys(struct planning *planning, const struct node *step)
{
	int result = 0;

	for (size_t i = 0; i < step->count && planning->diagnostics->errors < DIAGNOSTICS_MAX; i++) {
		const struct node *key = step->keys[i];
		char guess[256];
		bool known = false;

		for (size_t k = 0; keys_of_step[k] && !known; k++)
			known = strcmp(keys_of_step[k], key->text) == 0;
		if (known)
			continue;
		diagnostics_error(planning->diagnostics, key, "unknown key \"%.64s\" in a step%s", key->text,
			options_guess(key->text, keys_of_step, guess, sizeof(guess)));
		result = -1;
	}
	return result;
}

static int expand_step(struct planning *planning, const struct node *step)
{
	const struct node *written;
	struct node *each;
	int result;

	if (step->kind != NODE_MAP) {
		diagnostics_error(planning->diagnostics, step, "a step is a map such as { source: ..., rules: ..., sink: ... }");
		return -1;
	}
	result = check_keys(planning, step);
	written = node_find(step, "for_each");
	if (!written)
		return add_unit(planning, (struct unit){.written = step}) < 0 ? -1 : result;
	each = tree_copy(written);
	if (!each) {
		diagnostics_memory(planning->diagnostics);
		return -1;
	}
	if (expand_each(planning, step, each) < 0)
		result = -1;
	node_free(each);
	return result;
}

int expand_steps(struct planning *planning, const struct node *steps)
{
	int result = 0;

	for (size_t i = 0; i < steps->count; i++)
		if (expand_step(planning, steps->items[i]) < 0)
			result = -1;
	return result;
}
