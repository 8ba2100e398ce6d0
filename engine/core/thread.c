/* thread.c - threads that no signal reaches.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/thread.h"

#include <signal.h>

int thread_start(pthread_t *thread, size_t stack, void *(*work)(void *arg), void *arg)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	int failed = pthread_attr_init(&attributes);
	if (failed)
		return failed;
	/* A thread begins with the mask of the one that starts it. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (stack > 0)
		failed = pthread_attr_setstacksize(&attributes, stack);
	if (!failed)
		failed = pthread_create(thread, &attributes, work, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return failed;
}
