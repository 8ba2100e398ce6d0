/* cancel.h - one flag that stops a run: set by a signal handler or by the first error, read everywhere.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CORE_CANCEL_H
#define PENSTOCK_CORE_CANCEL_H

#include <stdatomic.h>
#include <stdbool.h>

struct cancel {
	atomic_int signal; /* 0, or the signal that asked for the end; safe to set in a handler */
};

static inline bool cancel_requested(struct cancel *cancel)
{
	return cancel && atomic_load_explicit(&cancel->signal, memory_order_relaxed) != 0;
}

#endif
