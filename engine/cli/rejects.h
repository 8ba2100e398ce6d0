/* rejects.h - the commands of `penstock rejects` that have a file of their own.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CLI_REJECTS_H
#define PENSTOCK_CLI_REJECTS_H

#include "engine/cli/command.h"

extern const struct command command_rejects_top;
extern const struct command command_rejects_export;
extern const struct command command_rejects_replay;

#endif
