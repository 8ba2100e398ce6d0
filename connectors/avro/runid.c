/* runid.c - ids of runs as names of folders.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/avro/runid.h"

#include <stddef.h>
#include <string.h>

bool runid_read(const char *text, int64_t *ms)
{
	static const char shape[] = "xxxxxxxx-xxxx-7xxx-vxxx-xxxxxxxxxxxx";
	static const char digits[] = "0123456789abcdef";
	int64_t time = 0;

	for (size_t i = 0; i < sizeof shape - 1; i++) {
		const char *digit = text[i] ? strchr(digits, text[i]) : NULL;
		bool fits = shape[i] == 'x' ? digit != NULL
			  : shape[i] == 'v' ? digit && strchr("89ab", text[i])
					    : text[i] == shape[i];

		if (!fits)
			return false;
		if (i < sizeof "xxxxxxxx-xxxx" - 1 && digit)
			time = time * 16 + (digit - digits);
	}
	if (text[sizeof shape - 1])
		return false;
	if (ms)
		*ms = time;
	return true;
}
