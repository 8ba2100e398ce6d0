/* interrupt.h - SIGINT, SIGTERM and SIGHUP as a flag that long work looks at, so that it can end cleanly.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CLI_INTERRUPT_H
#define PENSTOCK_CLI_INTERRUPT_H

#include "engine/core/cancel.h"

/* From now on the first signal sets the flag that is given; the second one ends the program at once. */
struct cancel *interrupt_catch(void);

/* 130, 143 or 129 once it is set, else fallback. */
int interrupt_code(int fallback);

#endif
