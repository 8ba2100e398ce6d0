/* pq_guard_absent.c - a build without libpq: statements end by themselves.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stddef.h>

#include "connectors/odbc/pq_guard.h"

struct pq_guard *pq_guard_start(const struct pq *pq, struct cancel *cancel, atomic_uint *calls)
{
	(void)pq;
	(void)cancel;
	(void)calls;
	return NULL;
}

void pq_guard_stop(struct pq_guard *guard)
{
	(void)guard;
}
