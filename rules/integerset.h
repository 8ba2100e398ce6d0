/* integerset.h - a set of 64-bit integers in memory, small where they lie close together.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Values are grouped by their upper 48 bits. A group holds its lower 16 bits: up to four in the table itself, up to
 * 4096 as a sorted list, more as 65,536 bits:
 *
 *   slots[]  upper 48 bits | how many (0: free slot, 0xFFFF: bits)     few[4], or list, or bits
 *
 * Ten million consecutive values take 1.3 MB; values far apart take 16 to 43 bytes each.
 */
#ifndef PENSTOCK_RULES_INTEGERSET_H
#define PENSTOCK_RULES_INTEGERSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct integerset;

/* NULL when out of memory. seed makes it hard to choose values that collide. */
struct integerset *integerset_new(uint64_t seed);
void integerset_free(struct integerset *set);
void integerset_clear(struct integerset *set); /* keeps some memory for the next use */

bool integerset_has(const struct integerset *set, int64_t value);

/* False when out of memory; adding what is there is right. */
bool integerset_add(struct integerset *set, int64_t value);

size_t integerset_count(const struct integerset *set);
size_t integerset_memory(const struct integerset *set); /* bytes */

/* Bytes that the table would take beside the present one if more values came, each in a group of its own; 0 when it
 * would not grow. */
size_t integerset_growth(const struct integerset *set, size_t more);

/* Calls each for every value, in no order, until it returns other than 0; returns that. */
int integerset_each(const struct integerset *set, int (*each)(void *arg, int64_t value), void *arg);

#endif
