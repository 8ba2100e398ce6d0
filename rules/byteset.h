/* byteset.h - a set of byte strings in memory; exact, whole keys are compared.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   slots[]  a part of the hash | where the key begins in the log (0: free slot)
 *   log      length, key, length, key, ...
 */
#ifndef PENSTOCK_RULES_BYTESET_H
#define PENSTOCK_RULES_BYTESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct byteset;

/* NULL when out of memory. seed makes it hard to choose keys that collide. */
struct byteset *byteset_new(uint64_t seed);
void byteset_free(struct byteset *set);
void byteset_clear(struct byteset *set); /* keeps its memory for the next use */

bool byteset_has(const struct byteset *set, const char *bytes, size_t length);

/* False when out of memory, or when all keys together would be beyond 4 GiB; adding what is there is right. */
bool byteset_add(struct byteset *set, const char *bytes, size_t length);

size_t byteset_count(const struct byteset *set);
size_t byteset_memory(const struct byteset *set); /* bytes */

/* Bytes that table and log would take beside the present ones if more keys came, of the mean length so far; 0 when
 * nothing would grow, SIZE_MAX when the set cannot have so many. */
size_t byteset_growth(const struct byteset *set, size_t more);

/* Calls each for every key, in the order in which they came, until it returns other than 0; returns that. */
int byteset_each(const struct byteset *set, int (*each)(void *arg, const char *bytes, size_t length), void *arg);

#endif
