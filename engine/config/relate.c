/* relate.c - what follows from all steps of a pipeline together: the tables of each for_each, files written twice, and rows whose parents are nowhere.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "engine/config/making.h"

/* --- the steps of one for_each ------------------------------------------------------------------ */

/* What a step reads: the table of its source, where that has one. */
static const char *table_read(const struct plan_step *step)
{
	const char *const *table = bound_source(step, "table", OPTION_STRING);

	return table && *table ? *table : step->table;
}

/* A source that reads many tables must know which of them the other steps read. */
static void share_tables(struct planning *planning, size_t first, size_t end)
{
	struct plan *plan = &planning->pipeline->plan;
	const char **keys = stash_array(&planning->pipeline->stash, end - first + 1, sizeof(*keys));
	const char **values = stash_array(&planning->pipeline->stash, end - first + 1, sizeof(*values));

	if (!keys || !values)
		return;
	for (size_t i = first; i < end; i++) {
		keys[i - first] = plan->steps[i].table;
		values[i - first] = table_read(&plan->steps[i]);
	}
	for (size_t i = first; i < end; i++) {
		plan->steps[i].each = planning->units[i].each;
		plan->steps[i].every_table = planning->units[i].every;
		plan->steps[i].each_tables = (struct option_map){keys, values, end - first};
	}
}

/* Tables that are replaced together are one transaction. */
static void refuse_several_databases(struct planning *planning, size_t first, size_t end)
{
	const struct plan_step *steps = planning->pipeline->plan.steps;

	for (size_t i = first + 1; i < end; i++) {
		if (steps[i].policy != KEYS_REPLACE && steps[first].policy != KEYS_REPLACE)
			continue;
		if (steps[i].policy == steps[first].policy && steps[i].connection == steps[first].connection)
			continue;
		diagnostics_error(planning->diagnostics, planning->units[i].written,
			"a for_each with mode: replace is one transaction, so all its tables have the same mode and connection");
		return;
	}
}

/* --- files that are written --------------------------------------------------------------------- */

/* Past "./" and doubled slashes. */
static const char *skip_idle(const char *path, bool begins)
{
	for (;;) {
		if (path[0] == '.' && path[1] == '/' && begins)
			path += 2;
		else if (path[0] == '/' && begins)
			path++;
		else
			return path;
	}
}

/* The same file as far as can be told from how they are written. */
static bool same_path(const char *a, const char *b)
{
	bool begins = true;

	if ((a[0] == '/') != (b[0] == '/'))
		return false;
	for (;;) {
		a = skip_idle(a, begins);
		b = skip_idle(b, begins);
		if (*a != *b || !*a)
			return *a == *b;
		begins = *a == '/';
		a++;
		b++;
	}
}

struct written {
	const char *path;
	const struct unit *unit;
	bool rejects;
	bool prints; /* no file: standard output */
};

static void refuse_twice(struct planning *planning, const struct written *now, const struct written *earlier)
{
	const struct node *section = node_find(now->unit->written, now->rejects ? "rejects" : "sink");
	const struct node *path = node_find(section, "path");
	const struct node *at = path ? path : section ? section : now->unit->written;
	bool each = now->unit->each && now->unit->each == earlier->unit->each;

	if (now->prints && each)
		diagnostics_error(planning->diagnostics, at, "the tables of this for_each would all be written to standard output");
	else if (now->prints)
		diagnostics_error(planning->diagnostics, at, "the step at line %u writes its rows to standard output, too",
			earlier->unit->written->line);
	else if (now->rejects != earlier->rejects)
		diagnostics_error(planning->diagnostics, at, "rows and rejects would be written to the same file");
	else if (each)
		diagnostics_error(planning->diagnostics, at, "the tables of this for_each would all be written to one file; put ${table} into "
			"the path of the %s", now->rejects ? "rejects" : "sink");
	else
		diagnostics_error(planning->diagnostics, at, "the step at line %u writes %s to this file, too", earlier->unit->written->line,
			earlier->rejects ? "its rejects" : "its rows");
}

static void refuse_same_files(struct planning *planning)
{
	const struct plan *plan = &planning->pipeline->plan;
	struct written *files = stash_array(&planning->pipeline->stash, 2 * plan->step_count + 1, sizeof(*files));
	const struct node *said = NULL;
	size_t count = 0;

	for (size_t i = 0; files && i < plan->step_count; i++) {
		const struct plan_step *step = &plan->steps[i];
		const char *const *path = step->name && !step->connection ? bound_sink(step, "path", OPTION_STRING) : NULL;
		size_t first = count;

		if (step->name && step->prints)
			files[count++] = (struct written){"-", &planning->units[i], false, true};
		else if (path && *path)
			files[count++] = (struct written){*path, &planning->units[i], false, false};
		if (step->name && step->rejects_path)
			files[count++] = (struct written){step->rejects_path, &planning->units[i], true, false};
		for (size_t k = first; k < count && planning->units[i].written != said; k++)
			for (size_t j = 0; j < k && planning->units[i].written != said; j++) {
				if (files[j].prints != files[k].prints || !same_path(files[j].path, files[k].path))
					continue;
				refuse_twice(planning, &files[k], &files[j]);
				said = planning->units[i].written;
			}
	}
}

/* --- parents without a database ------------------------------------------------------------------ */

/* Where no row can have its parent, all would be rejected. */
static void refuse_orphans(struct planning *planning)
{
	const struct plan *plan = &planning->pipeline->plan;
	const struct node *said = NULL;

	for (size_t i = 0; i < plan->step_count; i++) {
		const struct plan_step *step = &plan->steps[i];

		for (size_t j = 0; step->name && j < step->schema->foreign_count && planning->units[i].written != said; j++) {
			const struct node *at = planning->units[i].written;
			const char *table = step->schema->foreign[j].resource;

			if (!plan_needs_parents(step, table) || plan_parents(plan, step, table))
				continue;
			diagnostics_error(planning->diagnostics, at, "rows of table \"%s\" refer to rows of \"%s\", and no earlier step writes \"%s\" to a "
				"file with check: all; without a database there are no other parents, and every row with a reference would be rejected: "
				"add that step before this one, or set check: types", step->table, table, table);
			said = at;
		}
	}
}

void relate_steps(struct planning *planning)
{
	const struct plan *plan = &planning->pipeline->plan;

	for (size_t first = 0, end; first < plan->step_count; first = end) {
		const struct unit *unit = &planning->units[first];
		bool complete = plan->steps[first].name != NULL;

		for (end = first + 1; unit->each && end < plan->step_count && planning->units[end].each == unit->each; end++)
			complete = complete && plan->steps[end].name;
		if (!unit->each || !complete)
			continue;
		share_tables(planning, first, end);
		refuse_several_databases(planning, first, end);
	}
	refuse_same_files(planning);
	refuse_orphans(planning);
}
