/* complete.h - what may stand at the end of a command line that is being typed, from the table of commands and the files that it names.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Printed are lines for the shell's script: "WORD<TAB>DESCRIPTION" for each candidate, which begins with what was typed, and lines that
 * begin with a colon: ":files PREFIX" (file names are candidates, too, behind PREFIX, which was typed), ":folders PREFIX", and ":nospace"
 * (the line goes on right behind the candidate). Nothing is ever an error: what cannot be read has no candidates.
 */
#ifndef PENSTOCK_CLI_COMPLETE_H
#define PENSTOCK_CLI_COMPLETE_H

#include <stddef.h>
#include <stdio.h>

#include "engine/cli/command.h"

/* words: those behind the program's name, the last of them the one being typed (empty where it is yet to begin). */
void complete_line(FILE *out, const char *const *words, size_t count);

/* Prints a candidate, prefix and name, if it begins with typed. Names that a shell would take for more than a word are
 * left out. description may be NULL; its first line is shown. */
void complete_offer(FILE *out, const char *typed, const char *prefix, const char *name, const char *description);

/* Names in a pipeline file or dictionary. */
enum complete_names { COMPLETE_PARAMS = 1, COMPLETE_STEPS, COMPLETE_CONNECTIONS, COMPLETE_TABLES };

/* Offers them, each behind prefix; params with "=" behind them. file may be NULL. */
void complete_names(FILE *out, const char *typed, const char *prefix, const char *file, enum complete_names which);

/* Offers the values that a param may have, each behind prefix: those of its enum, or true and false. Returns whether there were any. */
bool complete_values(FILE *out, const char *typed, const char *prefix, const char *file, const char *param, size_t length);

#endif
