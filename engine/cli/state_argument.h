/* state_argument.h - the database that --state names, opened for reading.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CLI_STATE_ARGUMENT_H
#define PENSTOCK_CLI_STATE_ARGUMENT_H

#include "connectors/odbc/history.h"
#include "engine/config/load.h"

#define STATE_ARGUMENT_HELP \
	"where the state is: pipeline.yaml:name, env:NAME or file:PATH (default: env:PENSTOCK_DB)"

struct state_argument {
	struct connection_target connection;
	struct history *history;
};

/* Opens what argument names (NULL: the default); says so on stderr where there is no state yet. Returns 0, or -1 and error; give it to
 * state_argument_close in both cases. */
int state_argument_open(struct state_argument *state, const char *argument, struct error *error) MUST_CHECK;
void state_argument_close(struct state_argument *state);

#endif
