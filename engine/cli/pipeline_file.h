/* pipeline_file.h - loads a pipeline file for a command, and tells what is wrong with it.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CLI_PIPELINE_FILE_H
#define PENSTOCK_CLI_PIPELINE_FILE_H

#include "engine/cli/command.h"
#include "engine/cli/log.h"
#include "engine/config/load.h"

/* Refuses what is not NAME=VALUE: a slip of the command line, not of the file. Returns 0, or -1 and ERROR_CONFIG. */
int pipeline_check_sets(const struct flag_list *sets, struct error *error) MUST_CHECK;

/* The pipeline, to be freed with pipeline_free; warnings are told. NULL after its mistakes were told; *code is then the exit code.
 * sets: what --set gave, checked. */
struct pipeline *pipeline_file_load(struct log *log, const char *file, const struct flag_list *sets, int *code);

/* The same; the first of the mistakes is given in error, too. */
struct pipeline *pipeline_file_try(struct log *log, const char *file, const struct flag_list *sets, struct error *error) MUST_CHECK;

/* The dictionary, to be freed with dictionary_free; else as above. */
struct dictionary *dictionary_file_load(struct log *log, const char *file, int *code);

/* A table of it by name; file is what the user called the dictionary. NULL and ERROR_CONFIG (did you mean ...). */
const struct table *dictionary_file_table(const struct dictionary *dictionary, const char *file, const char *name,
	struct error *error) MUST_CHECK;

/* Checks that a name given with --step is a step of the plan (NULL: nothing was given). Returns 0, or -1 and ERROR_CONFIG. */
int pipeline_check_step(const struct plan *plan, const char *name, struct error *error) MUST_CHECK;

#endif
