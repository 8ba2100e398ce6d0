/* patience.c - how long something outside is waited for.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/patience.h"

#include "engine/core/clock.h"

enum { LEFT_MS = 5000 };

struct patience patience_of(int64_t most_ms, struct cancel *cancel)
{
	return (struct patience){.until_ms = clock_elapsed_ms() + most_ms, .cancel = cancel};
}

bool patience_over(void *arg)
{
	struct patience *patience = arg;
	int64_t now = clock_elapsed_ms();

	if (!patience->told_to_end && cancel_requested(patience->cancel)) {
		patience->told_to_end = true;
		if (patience->until_ms > now + LEFT_MS)
			patience->until_ms = now + LEFT_MS;
	}
	return now >= patience->until_ms;
}
