/* commands.c - the table of all commands.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/cli/command.h"

const struct command *const commands[] = {
	&command_run,
	&command_validate,
	&command_test,
	&command_plan,
	&command_check,
	&command_rules,
	&command_schema,
	&command_rejects,
	&command_runs,
	&command_purge,
	&command_compare,
	&command_verify,
	&command_discover,
	&command_serve,
	&command_schedule,
	&command_keys,
	&command_connectors,
	&command_completion,
	&command_version,
	&command_help,
	NULL,
};
