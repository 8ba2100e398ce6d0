/* patience.h - how long something outside is waited for: its time, or a little longer than somebody has asked for the end.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CORE_PATIENCE_H
#define PENSTOCK_CORE_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/core/cancel.h"

struct patience {
	int64_t until_ms;      /* by clock_elapsed_ms */
	struct cancel *cancel; /* borrowed; NULL: nobody asks for the end */
	bool told_to_end;      /* somebody did, and until_ms is five seconds behind that at most */
};

/* Of most_ms from now on. */
struct patience patience_of(int64_t most_ms, struct cancel *cancel);

/* Whether it is over; arg is a struct patience, for those who take a function and its argument. One thread asks. */
bool patience_over(void *arg);

#endif
