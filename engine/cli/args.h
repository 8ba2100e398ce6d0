/* args.h - reads a command line after the table of a command.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Options may stand anywhere; `--` ends them, a lone `-` is an argument. Names are not abbreviated: what a script says today must not
 * become ambiguous with the next version.
 */
#ifndef PENSTOCK_CLI_ARGS_H
#define PENSTOCK_CLI_ARGS_H

#include "engine/cli/command.h"
#include "engine/core/error.h"

struct parsed {
	bool help;          /* --help or -h was there; nothing else was checked */
	void *flags;        /* command->size bytes, zeroed and filled */
	const char **items; /* arguments.items */
	struct arguments arguments;
};

/* Reads argc words (without the command's own name). Returns 0, or -1 and ERROR_CONFIG (ERROR_RESOURCE out of memory). Give the result to
 * parsed_fini in both cases. */
int args_parse(const struct command *command, int argc, char *const *argv, struct parsed *parsed, struct error *error)
	MUST_CHECK;
void parsed_fini(struct parsed *parsed, const struct command *command);

/* Refuses a command line with a password in it ("Pwd="), without repeating it: every user of the machine can read it
 * there. Returns 0, or -1 and ERROR_CONFIG. */
int args_refuse_secrets(int argc, char *const *argv, struct error *error) MUST_CHECK;

/* The command of that name in a table, or NULL and ERROR_CONFIG with a suggestion; what: "command", "rejects command". */
const struct command *command_find(const struct command *const *table, const char *what, const char *name, struct error *error);

#endif
