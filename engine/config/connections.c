/* connections.c - the `connections:` of a pipeline file.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/config/connections.h"

#include <string.h>

#include "connectors/registry.h"
#include "engine/config/interpolate.h"
#include "engine/config/keys.h"

const struct plan_connection *connections_find(const struct connections *connections, const char *name)
{
	for (size_t i = 0; i < connections->count; i++)
		if (strcmp(connections->items[i].name, name) == 0)
			return &connections->items[i];
	return NULL;
}

const struct plan_connection *connections_use(struct connections *connections, const struct node *name,
	struct diagnostics *diagnostics)
{
	struct names names = {.count = 0};
	char guess[256], shown[SHOWN_SIZE];
	const struct plan_connection *found = connections_find(connections, name->text);

	if (found) {
		connections->used[found - connections->items] = true;
		return found;
	}
	for (size_t i = 0; i < connections->count; i++)
		names_add(&names, connections->items[i].name);
	diagnostics_error(diagnostics, name, "unknown connection %s%s", options_show(name, false, shown),
		names.count == 0 ? "; the pipeline has no \"connections\"" :
			     options_guess(name->secret ? "" : name->text, names.list, guess, sizeof(guess)));
	return NULL;
}

void connections_report_unused(const struct connections *connections, struct diagnostics *diagnostics)
{
	for (size_t i = 0; i < connections->count; i++)
		if (!connections->used[i])
			diagnostics_warning(diagnostics, connections->places[i], "connection \"%s\" is not used",
				connections->items[i].name);
}

static int interpolate_entry(struct node *entry, const struct scope *scope)
{
	int result = 0;

	for (size_t i = 0; i < entry->count; i++) {
		struct node *item = entry->items[i];

		if (strcmp(entry->keys[i]->text, "connect") == 0 && item->kind == NODE_SCALAR) {
			if (interpolate(item, scope, true) < 0)
				result = -1;
			item->secret = true;
		} else if (interpolate_tree(item, scope) < 0) {
			result = -1;
		}
	}
	return result;
}

static int load_state(const struct binder *binder, const struct node *state, struct plan_connection *out)
{
	struct state_keys keys = {.schema = NULL};
	int result;

	if (!state)
		return 0;
	if (state->kind != NODE_MAP) {
		diagnostics_error(binder->diagnostics, state, "state of a connection is a map such as { schema: etl }");
		return -1;
	}
	result = options_check_keys(binder, state, (const struct option *const[]){keys_of_state, NULL});
	if (options_bind(binder, state, keys_of_state, &keys) < 0)
		return -1;
	out->state_schema = keys.schema;
	return result;
}

static int load_one(struct plan_connection *out, const struct node *key, struct node *entry, const struct scope *scope,
	struct stash *stash, struct diagnostics *diagnostics)
{
	const struct binder binder = {.owner = "a connection", .stash = stash, .diagnostics = diagnostics};
	static const char *const types[] = {"odbc", NULL};
	struct connection_keys keys = {.type = NULL};
	int result = 0;

	if (!key->text[0] || strchr(key->text, ':')) {
		diagnostics_error(diagnostics, key, "the name of a connection must not be empty or hold a colon");
		result = -1;
	}
	if (entry->kind != NODE_MAP) {
		diagnostics_error(diagnostics, entry, "a connection is a map such as { type: odbc, connect: \"${PENSTOCK_DB}\" }");
		return -1;
	}
	if (options_check_keys(&binder, entry, (const struct option *const[]){keys_of_connection, key_state, NULL}) < 0)
		result = -1;
	if (interpolate_entry(entry, scope) < 0 || options_bind(&binder, entry, keys_of_connection, &keys) < 0)
		return -1;
	if (!connector_store(keys.type)) {
		char guess[64], shown[SHOWN_SIZE];
		const struct node *type = node_find(entry, "type");

		diagnostics_error(diagnostics, type, "unknown type of connection %s%s", options_show(type, false, shown),
			options_guess(type->secret ? "" : keys.type, types, guess, sizeof(guess)));
		result = -1;
	}
	out->type = keys.type;
	out->connect = keys.connect;
	out->lock_timeout_ms = keys.lock_timeout_ms;
	return load_state(&binder, node_find(entry, "state"), out) < 0 ? -1 : result;
}

int connections_load(struct connections *connections, struct node *map, const struct scope *scope,
	struct stash *stash, struct diagnostics *diagnostics)
{
	const struct node **places;
	int result = 0;

	*connections = (struct connections){.count = 0};
	if (map && map->kind != NODE_MAP) {
		diagnostics_error(diagnostics, map,
			"connections is a map such as { db: { type: odbc, connect: \"${PENSTOCK_DB}\" } }");
		return -1;
	}
	if (!map || map->count == 0)
		return 0;
	connections->items = stash_array(stash, map->count, sizeof(*connections->items));
	connections->used = stash_array(stash, map->count, sizeof(*connections->used));
	connections->places = places = stash_array(stash, map->count, sizeof(*places));
	if (!connections->items || !connections->used || !places)
		return -1;
	for (size_t i = 0; i < map->count; i++) {
		struct plan_connection *item = &connections->items[connections->count];

		*item = (struct plan_connection){.name = stash_text(stash, map->keys[i]->text), .type = "odbc", .connect = ""};
		if (!item->name)
			return -1;
		places[i] = map->keys[i];
		connections->count++;
		if (load_one(item, map->keys[i], map->items[i], scope, stash, diagnostics) < 0)
			result = -1;
	}
	return result;
}
