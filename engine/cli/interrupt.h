/* interrupt.h - SIGINT and SIGTERM as a flag that long work looks at, so that it can end cleanly.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CLI_INTERRUPT_H
#define PENSTOCK_CLI_INTERRUPT_H

#include "engine/core/cancel.h"

/* From now on the first signal sets the flag that is given; the second one ends the program at once. */
struct cancel *interrupt_catch(void);

/* 130 or 143 once it is set, else fallback. */
int interrupt_code(int fallback);

#endif
