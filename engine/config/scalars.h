/* scalars.h - strict readings of the texts of scalars: numbers, sizes, times, shares.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each is true when the whole text is such a value that fits; nothing is trimmed, guessed or rounded.
 */
#ifndef PENSTOCK_CONFIG_SCALARS_H
#define PENSTOCK_CONFIG_SCALARS_H

#include <stdbool.h>
#include <stdint.h>

bool scalar_boolean(const char *text, bool *out);     /* true, false */
bool scalar_integer(const char *text, int64_t *out);  /* 42, -1; no leading zeros */
bool scalar_size(const char *text, uint64_t *out);    /* bytes: 4096, 64KiB, 4MiB, 1GiB; kB, MB, GB are powers of 1000 */
bool scalar_duration(const char *text, int64_t *out); /* milliseconds: 500ms, 30s, 5m, 2h, 1d */
bool scalar_share(const char *text, double *out);     /* 0 to 1: 2%, 0.5%, 100% */

#endif
