/* schema_parts.h - what the files of penstock schema share.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CLI_SCHEMA_PARTS_H
#define PENSTOCK_CLI_SCHEMA_PARTS_H

#include "engine/cli/command.h"
#include "engine/core/error.h"
#include "rules/dictionary.h"

extern const struct command command_schema_jsonschema;
extern const struct command command_schema_openapi;
extern const struct command command_schema_pipeline;
extern const struct command command_schema_serve;

/* Loads the dictionary that the first argument names, and prints what print makes of it. Returns the exit code. */
int print_of_dictionary(const struct arguments *arguments,
	int (*print)(const struct dictionary *dictionary, const struct arguments *arguments, struct error *error));

#endif
