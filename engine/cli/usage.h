/* usage.h - the help of the program and of each command, printed from the tables that drive them.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CLI_USAGE_H
#define PENSTOCK_CLI_USAGE_H

#include <stdio.h>

#include "engine/cli/command.h"

/* All commands, one a line. */
void usage_program(FILE *out);

/* Usage, description, options or subcommands, exit codes and examples. group: the name in front of a subcommand's, or NULL. */
void usage_command(FILE *out, const char *group, const struct command *command);

/* Writes words so that no line goes beyond 80 columns, continued at column indent; first is where the cursor stands. A blank line in text
 * begins a new paragraph. */
void usage_wrap(FILE *out, const char *text, size_t indent, size_t first);

#endif
