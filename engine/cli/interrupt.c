/* interrupt.c - the handler of SIGINT, SIGTERM and SIGHUP.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/cli/interrupt.h"

#include <signal.h>

/* A handler has no other way to reach the work. Written by the handler alone, once. */
static struct cancel interrupted;

static void on_signal(int number)
{
	int none = 0;
	if (atomic_compare_exchange_strong(&interrupted.signal, &none, number))
		return;
	/* The second one ends the program at once. */
	signal(number, SIG_DFL);
	raise(number);
}

/* Also where the shell had SIGINT ignored for a command in the background: whoever sends it by hand means it. */
struct cancel *interrupt_catch(void)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	/* Of a terminal that was closed; but nohup has it ignored, and means it. */
	struct sigaction before;
	if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &action, NULL);
	return &interrupted;
}

int interrupt_code(int fallback)
{
	int number = atomic_load(&interrupted.signal);
	return number ? 128 + number : fallback;
}
