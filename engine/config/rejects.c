/* rejects.c - the `rejects:` of a pipeline or a step: where rejected records are kept.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Beside a database they go where the rows go, in one transaction; beside a file they are a file.
 */
#include <stdio.h>
#include <string.h>

#include "engine/config/making.h"
#include "engine/config/tree.h"

static int complain(struct making *making, const struct node *at, const char *what)
{
	diagnostics_error(making->diagnostics, at, "%s", what);
	return -1;
}

static int odbc(struct making *making, const struct node *rejects, const struct rejects_keys *keys)
{
	const struct plan_connection *sink = making->step->connection;

	if (keys->path)
		return complain(making, node_find(rejects, "path"), "\"path\" belongs to rejects of type jsonl");
	if (!sink)
		return complain(making, node_find(rejects, "type"), "this sink has no database, so its rejects are a file: "
			"write { type: jsonl, path: ... }, or leave rejects out");
	if (keys->connection && keys->connection != sink->connect) {
		diagnostics_error(making->diagnostics, node_find(rejects, "connection"),
			"rejects are kept where the rows are, in one transaction: connection must be \"%s\" or left out", sink->name);
		return -1;
	}
	return 0;
}

/* "PATH.rejects.jsonl" of the sink's path; where there is none, or rows go to standard output, "STEP.rejects.jsonl". */
static const char *default_path(struct making *making)
{
	static const char end[] = ".rejects.jsonl";
	const char *const *path = bound_sink(making->step, "path", OPTION_STRING);
	bool file = path && *path && !making->step->prints;
	const char *base = file ? *path : making->step->name;
	size_t length = strlen(base);
	char *made = stash_take(&making->planning->pipeline->stash, length + sizeof(end));

	if (made) {
		memcpy(made, base, length);
		memcpy(made + length, end, sizeof(end));
		for (size_t i = 0; i < length && !file; i++)
			if (made[i] == '/')
				made[i] = '_'; /* a step's name is no path */
	}
	return made;
}

static int jsonl(struct making *making, const struct node *rejects, const struct rejects_keys *keys)
{
	if (making->step->connection)
		return complain(making, node_find(rejects, "type"), "rejects of type jsonl stand beside a sink without a database; "
			"those of this sink are kept in its database, in one transaction with the rows: leave rejects out");
	if (keys->connection)
		return complain(making, node_find(rejects, "connection"), "\"connection\" belongs to rejects of type odbc");
	if (check_written_path(making, rejects, keys->path) < 0)
		return -1;
	making->step->rejects_path = keys->path ? keys->path : default_path(making);
	return making->step->rejects_path ? 0 : -1;
}

static int plan(struct making *making, const struct node *rejects)
{
	const struct binder binder = binder_for(making, "rejects");
	struct rejects_keys keys = {.type = NULL};
	const struct node *type = node_find(rejects, "type");
	char guess[64], shown[SHOWN_SIZE];
	int result;

	if (rejects->kind != NODE_MAP) {
		diagnostics_error(making->diagnostics, rejects, "rejects is a map such as { type: odbc }");
		return -1;
	}
	result = options_check_keys(&binder, rejects, (const struct option *const[]){keys_of_rejects, NULL});
	if (options_bind(&binder, rejects, keys_of_rejects, &keys) < 0)
		return -1;
	if (strcmp(keys.type, "odbc") == 0)
		return odbc(making, rejects, &keys) < 0 ? -1 : result;
	if (strcmp(keys.type, "jsonl") == 0)
		return jsonl(making, rejects, &keys) < 0 ? -1 : result;
	diagnostics_error(making->diagnostics, type, "unknown type of rejects %s%s", options_show(type, false, shown),
		options_guess(type->secret ? "" : keys.type, rejects_types, guess, sizeof(guess)));
	return -1;
}

/* Those at the top hold for every step without its own; ${table} is that of the step. */
static int plan_from_top(struct making *making)
{
	struct node *copy = tree_copy(making->planning->rejects);
	int result = -1;

	if (!copy)
		diagnostics_memory(making->diagnostics);
	else if (interpolate_tree(copy, &making->scope) == 0)
		result = plan(making, copy);
	if (result < 0)
		making->planning->rejects = NULL; /* once is enough */
	node_free(copy);
	return result;
}

int plan_rejects(struct making *making)
{
	const struct node *own = node_find(making->tree, "rejects");

	if (own)
		return plan(making, own);
	if (making->planning->rejects)
		return plan_from_top(making);
	if (making->step->connection)
		return 0;
	making->step->rejects_path = default_path(making);
	return making->step->rejects_path ? 0 : -1;
}
