/* plural.h - the word that goes with a number, in messages.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CORE_PLURAL_H
#define PENSTOCK_CORE_PLURAL_H

#include <stdint.h>

/* "1 record", "2 records", "0 records". Either word may be empty. */
static inline const char *plural(uint64_t count, const char *one, const char *many)
{
	return count == 1 ? one : many;
}

#endif
