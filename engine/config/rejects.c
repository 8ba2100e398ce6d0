/* rejects.c - the `rejects:` of a pipeline or a step: where rejected records are kept.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "engine/config/keys.h"
#include "engine/config/planning.h"

int rejects_check(struct planning *planning, const struct node *rejects, const struct plan_connection *sink)
{
	const struct binder binder = {.owner = "rejects", .stash = &planning->pipeline->stash,
		.diagnostics = planning->diagnostics, .connections = &planning->connections};
	static const char *const types[] = {"odbc", NULL};
	struct rejects_keys keys = {.type = NULL};
	const struct node *type = node_find(rejects, "type");
	char guess[64], shown[SHOWN_SIZE];
	int result;

	if (rejects->kind != NODE_MAP) {
		diagnostics_error(planning->diagnostics, rejects, "rejects is a map such as { type: odbc }");
		return -1;
	}
	if (node_text(type) && strcmp(type->text, "jsonl") == 0) {
		diagnostics_error(planning->diagnostics, type, "rejects of type \"jsonl\" are not supported by this version of penstock");
		return -1;
	}
	result = options_check_keys(&binder, rejects, (const struct option *const[]){keys_of_rejects, NULL});
	if (options_bind(&binder, rejects, keys_of_rejects, &keys) < 0)
		return -1;
	if (strcmp(keys.type, "odbc") != 0) {
		diagnostics_error(planning->diagnostics, type, "unknown type of rejects %s%s", options_show(type, false, shown),
			options_guess(type->secret ? "" : keys.type, types, guess, sizeof(guess)));
		return -1;
	}
	if (keys.connection && sink && keys.connection != sink->connect) {
		diagnostics_error(planning->diagnostics, node_find(rejects, "connection"),
			"rejects are kept where the rows are, in one transaction: connection must be \"%s\" or left out", sink->name);
		return -1;
	}
	return result;
}
