/* workers.h - threads with stacks of their own that run handlers, and the bounded queue in front of them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Who hands over work waits for it: a job lives on the stack of its caller.
 */
#ifndef PENSTOCK_HTTP_WORKERS_H
#define PENSTOCK_HTTP_WORKERS_H

#include <stddef.h>

#include "engine/core/error.h"

struct workers;

struct workers *workers_start(size_t threads, size_t queue, struct error *error) MUST_CHECK;
/* Ends them when the queue is empty. NULL is fine. Nobody may be waiting in workers_do. */
void workers_stop(struct workers *workers);

/* Has work(arg) done and waits for the end of it. Returns 0, or -1 when the queue is full. */
int workers_do(struct workers *workers, void (*work)(void *arg), void *arg) MUST_CHECK;

#endif
