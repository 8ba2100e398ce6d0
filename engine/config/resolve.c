/* resolve.c - a CONNECTION argument of a command: pipeline.yaml:name, env:NAME or file:PATH.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A connection string itself is refused: arguments are seen by everyone on the machine and kept by shells.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/config/connections.h"
#include "engine/config/document.h"
#include "engine/config/interpolate.h"
#include "engine/config/load.h"
#include "engine/config/params.h"
#include "engine/config/tree.h"
#include "engine/core/clock.h"

enum { LOCK_TIMEOUT_MS = 30000 };

static int take(struct connection_target *target, const char *name, const char *connect, struct error *error)
{
	target->name = strdup(name);
	target->connect = strdup(connect);
	if (!target->name || !target->connect)
		return error_memory(error, "a connection");
	return 0;
}

static int from_environment(struct connection_target *target, const char *argument, struct error *error)
{
	const char *name = argument + strlen("env:");
	const char *value = name[0] ? getenv(name) : NULL;

	if (!value || !value[0])
		return error_set(error, ERROR_CONFIG, NULL, "environment variable \"%.64s\" is not set (asked for by %.80s)",
			name, argument);
	return take(target, argument, value, error);
}

static int from_file(struct connection_target *target, const char *argument, struct error *error)
{
	struct buffer text;
	int result;

	buffer_init(&text, INTERPOLATE_FILE_MAX);
	result = file_read(argument + strlen("file:"), INTERPOLATE_FILE_MAX, "a connection string", &text, error);
	if (result == 0) {
		while (text.length > 0 && (text.data[text.length - 1] == '\n' || text.data[text.length - 1] == '\r'))
			text.data[--text.length] = '\0';
		if (text.length == 0 || strlen(text.data) != text.length)
			result = error_set(error, ERROR_CONFIG, argument + strlen("file:"), "holds no connection string");
		else
			result = take(target, argument, text.data, error);
	}
	if (text.data)
		explicit_bzero(text.data, text.size);
	buffer_fini(&text);
	return result;
}

static int pick(struct connection_target *target, const struct plan_connection *found, struct error *error)
{
	if (found->state_schema && !(target->state_schema = strdup(found->state_schema)))
		return error_memory(error, "a connection");
	target->lock_timeout_ms = found->lock_timeout_ms;
	return take(target, found->name, found->connect, error);
}

/* Leaves only this entry in the map of connections: another one may need a variable that is not set here. */
static int only(struct node *map, const char *file, const char *name, struct error *error)
{
	struct names names = {.count = 0};
	char guess[256];

	if (!node_find(map, name)) {
		for (size_t i = 0; map && map->kind == NODE_MAP && i < map->count; i++)
			names_add(&names, map->keys[i]->text);
		return error_set(error, ERROR_CONFIG, file, "has no connection \"%.64s\"%s", name,
			options_guess(name, names.list, guess, sizeof(guess)));
	}
	for (size_t i = map->count; i-- > 0;)
		if (strcmp(map->keys[i]->text, name) != 0)
			tree_remove(map, map->keys[i]->text);
	return 0;
}

/* Only the connection and the params it uses need to be right: this is for a look at the rejects of a pipeline, however the
 * rest of it is today. */
static int from_document(struct connection_target *target, struct node *root, const char *file, const char *name,
	struct error *error)
{
	struct diagnostics diagnostics, of_params;
	struct stash stash;
	struct params params;
	struct connections connections;
	struct scope scope = {.run_id = "", .started_us = clock_wall_us(), .diagnostics = &of_params};
	struct node *map = node_find(root, "connections");
	int result = -1;

	if (only(map, file, name, error) < 0)
		return -1;
	diagnostics_init(&diagnostics);
	diagnostics_init(&of_params);
	stash_init(&stash);
	/* One param with a mistake is a matter of who uses it. */
	if (params_load(&params, node_find(root, "params"), NULL, &scope, &stash, &of_params) == 0 || params.count > 0) {
		scope.params = &params;
		scope.diagnostics = &diagnostics;
		result = connections_load(&connections, map, &scope, &stash, &diagnostics);
	}
	if (stash.failed)
		diagnostics_memory(&diagnostics);
	if (of_params.out_of_memory)
		diagnostics_memory(&diagnostics);
	if (result < 0 || diagnostics.out_of_memory)
		result = diagnostics_error_of(diagnostics.errors > 0 ? &diagnostics : &of_params, error);
	else
		result = pick(target, &connections.items[0], error);
	stash_fini(&stash);
	diagnostics_fini(&of_params);
	diagnostics_fini(&diagnostics);
	return result;
}

static int from_pipeline(struct connection_target *target, const char *argument, struct error *error)
{
	const char *colon = strrchr(argument, ':');
	char *file = strndup(argument, (size_t)(colon - argument));
	struct node *root = file ? document_parse(file, error) : NULL;
	int result = -1;

	if (!file)
		error_memory(error, "a connection");
	if (root)
		result = from_document(target, root, file, colon + 1, error);
	node_free(root);
	free(file);
	return result;
}

int connection_target_init(struct connection_target *target, const char *argument, struct error *error)
{
	const char *colon = strrchr(argument, ':');
	int result;

	*target = (struct connection_target){.lock_timeout_ms = LOCK_TIMEOUT_MS};
	/* Not repeated in the message: it may hold a password. */
	if (strchr(argument, '=') || strchr(argument, ';'))
		return error_set(error, ERROR_CONFIG, NULL, "a connection string does not belong into an argument, where others can read it: "
			"write env:NAME, file:PATH or pipeline.yaml:name");
	if (strncmp(argument, "env:", 4) == 0)
		result = from_environment(target, argument, error);
	else if (strncmp(argument, "file:", 5) == 0)
		result = from_file(target, argument, error);
	else if (colon && colon > argument && colon[1])
		result = from_pipeline(target, argument, error);
	else
		result = error_set(error, ERROR_CONFIG, NULL,
			"\"%.80s\" is not a connection: write env:NAME, file:PATH or pipeline.yaml:name", argument);
	if (result < 0)
		connection_target_fini(target);
	return result;
}

void connection_target_fini(struct connection_target *target)
{
	if (target->connect)
		explicit_bzero(target->connect, strlen(target->connect));
	free(target->connect);
	free(target->name);
	free(target->state_schema);
	*target = (struct connection_target){.connect = NULL};
}

int connection_resolve(const char *argument, char **connect, struct error *error)
{
	struct connection_target target;

	if (connection_target_init(&target, argument, error) < 0)
		return -1;
	*connect = target.connect;
	target.connect = NULL;
	connection_target_fini(&target);
	return 0;
}
