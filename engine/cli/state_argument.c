/* state_argument.c - from --state to an open history.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/cli/state_argument.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char default_state[] = "env:PENSTOCK_DB";

int state_argument_open(struct state_argument *state, const char *argument, struct error *error)
{
	memset(state, 0, sizeof *state);
	const char *given = getenv("PENSTOCK_DB");
	if (!argument && (!given || !*given))
		return error_set(error, ERROR_CONFIG, NULL,
			"which database? say --state CONNECTION (pipeline.yaml:name, env:NAME or file:PATH), or set PENSTOCK_DB");
	if (!argument)
		argument = default_state;
	if (connection_target_init(&state->connection, argument, error))
		return -1;
	const struct store_target target = {
		.name = state->connection.name,
		.connect = state->connection.connect,
		.state_schema = state->connection.state_schema,
		.lock_timeout_ms = state->connection.lock_timeout_ms,
		.read_only = true,
	};
	if (history_open(&target, &state->history, error))
		return -1;
	if (history_absent(state->history))
		fprintf(stderr, "penstock: %s: no state here yet: nothing was run into this database\n", argument);
	return 0;
}

void state_argument_close(struct state_argument *state)
{
	history_close(state->history);
	connection_target_fini(&state->connection);
	memset(state, 0, sizeof *state);
}
