/* position.c - the numbers in tokens of positions.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/position.h"

bool position_take(const char **text, char end, uint64_t *out)
{
	const char *p = *text;
	uint64_t value = 0;
	if (*p < '0' || *p > '9' || (*p == '0' && p[1] != end))
		return false;
	for (; *p >= '0' && *p <= '9'; p++) {
		if (value > (UINT64_MAX - 9) / 10)
			return false;
		value = 10 * value + (uint64_t)(*p - '0');
	}
	if (*p != end)
		return false;
	*text = end ? p + 1 : p;
	*out = value;
	return true;
}
