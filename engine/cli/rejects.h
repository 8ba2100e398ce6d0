/* rejects.h - the commands of `penstock rejects` that have a file of their own.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CLI_REJECTS_H
#define PENSTOCK_CLI_REJECTS_H

#include "connectors/odbc/history.h"
#include "engine/cli/command.h"

extern const struct command command_rejects_top;
extern const struct command command_rejects_export;
extern const struct command command_rejects_replay;

/* On standard error: where the rejects of a run are that the store has none of, if it had any. run: as in a filter. Returns 0 or -1. */
int rejects_say_elsewhere(struct history *history, const char *run, struct error *error) MUST_CHECK;

#endif
