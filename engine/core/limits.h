/* limits.h - the ceilings of one pipeline (`limits:` at its top); every buffer in the engine has one of them.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CORE_LIMITS_H
#define PENSTOCK_CORE_LIMITS_H

#include <stdint.h>

struct limits {
	uint64_t field;        /* bytes of one cell; default 1 MiB */
	uint64_t record;       /* bytes of one record; default 4 MiB */
	uint64_t columns;      /* cells of one record; default 4096 */
	uint64_t keys;         /* bytes of all key sets of a step in memory; default 24 MiB */
	uint64_t reject_spool; /* bytes of the spool of a step that commits once; default 1 GiB */
	uint64_t memory;       /* bytes of the whole process that batches are sized for; default 64 MiB */
};

#define LIMITS_DEFAULT \
	{ .field = 1u << 20, .record = 4u << 20, .columns = 4096, .keys = 24u << 20, .reject_spool = 1u << 30, \
	  .memory = 64u << 20 }

#endif
