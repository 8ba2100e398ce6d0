/* help.c - penstock help.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>

#include "engine/cli/args.h"
#include "engine/cli/log.h"
#include "engine/cli/usage.h"

static int help_main(const void *flags, const struct arguments *arguments)
{
	(void)flags;
	struct error error = ERROR_INIT;
	if (arguments->count == 0) {
		usage_program(stdout);
		return 0;
	}
	const struct command *command = command_find(commands, "command", arguments->items[0], &error);
	const char *group = NULL;
	if (command && arguments->count > 1) {
		if (!command->subcommands) {
			error_set(&error, ERROR_CONFIG, NULL, "%s has no commands of its own", command->name);
			return complain_usage(&error, "help");
		}
		group = command->name;
		command = command_find(command->subcommands, group, arguments->items[1], &error);
	}
	if (!command)
		return complain_usage(&error, NULL);
	usage_command(stdout, group, command);
	return 0;
}

static const char *const examples[] = {"penstock help run", "penstock help rejects list", NULL};

const struct command command_help = {
	.name = "help",
	.arguments = "[COMMAND]",
	.most = 2,
	.summary = "explain a command",
	.description = "Prints what \"penstock COMMAND --help\" prints, or the list of all commands.",
	.exits = EXITS(0) | EXITS(2),
	.examples = examples,
	.run = help_main,
};
