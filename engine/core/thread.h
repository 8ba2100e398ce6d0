/* thread.h - threads that no signal reaches: signals are for the one that waits for them.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CORE_THREAD_H
#define PENSTOCK_CORE_THREAD_H

#include <pthread.h>
#include <stddef.h>

/* Starts work(arg) with every signal blocked, on a stack of that many bytes (0: the system's default). Returns 0, or an errno. */
int thread_start(pthread_t *thread, size_t stack, void *(*work)(void *arg), void *arg);

#endif
