/* sample.h - the first lines of a file, as the CSV source would read its text.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONNECTORS_CSV_SAMPLE_H
#define PENSTOCK_CONNECTORS_CSV_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/core/cancel.h"
#include "engine/core/error.h"

enum { CSV_SAMPLE_BYTES = 1 << 20 };

struct csv_sample {
	char *text;          /* whole lines, unless one line is longer; owned */
	size_t length;
	bool whole;          /* it is all of the file */
	bool regular;        /* the file can be read again */
	char encoding[16];   /* that a byte order mark names, other than that of UTF-8; or empty */
};

/* encoding: NULL: UTF-8. Unpacks and recodes as the source does. Fini it also after a failure. ERROR_SOURCE. */
int csv_sample_take(const char *path, const char *encoding, struct cancel *cancel, struct csv_sample *out, struct error *error) MUST_CHECK;
void csv_sample_fini(struct csv_sample *sample);

#endif
