/* bloom.h - tells cheaply that a key is certainly not among those on disk, so that most keys need no look there.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_RULES_BLOOM_H
#define PENSTOCK_RULES_BLOOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bloom;

/* For so many keys, wrong once in a hundred times: 10 bits a key. NULL when out of memory. */
struct bloom *bloom_new(size_t keys);
void bloom_free(struct bloom *bloom);

/* By the hash of a key. */
void bloom_add(struct bloom *bloom, uint64_t hash);
bool bloom_may_have(const struct bloom *bloom, uint64_t hash);

size_t bloom_size(size_t keys); /* bytes */

#endif
