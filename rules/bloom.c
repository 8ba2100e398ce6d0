/* bloom.c - a Bloom filter whose bits for one key lie in one cache line.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rules/bloom.h"

#include <stdlib.h>

enum { BITS_A_KEY = 10, PROBES = 6, LINE_BITS = 512, LINE_WORDS = LINE_BITS / 64 };

struct bloom {
	size_t lines;
	uint64_t words[];
};

static size_t lines_for(size_t keys)
{
	return keys * BITS_A_KEY / LINE_BITS + 1;
}

size_t bloom_size(size_t keys)
{
	return sizeof(struct bloom) + lines_for(keys) * LINE_WORDS * sizeof(uint64_t);
}

struct bloom *bloom_new(size_t keys)
{
	struct bloom *bloom = calloc(1, bloom_size(keys));
	if (bloom)
		bloom->lines = lines_for(keys);
	return bloom;
}

void bloom_free(struct bloom *bloom)
{
	free(bloom);
}

/* The line from the upper half of the hash, the bits in it from the lower. */
static size_t line_of(const struct bloom *bloom, uint64_t hash)
{
	return (size_t)((hash >> 32) * bloom->lines >> 32) * LINE_WORDS;
}

void bloom_add(struct bloom *bloom, uint64_t hash)
{
	uint64_t *line = bloom->words + line_of(bloom, hash);
	uint64_t bits = hash * 0x9E3779B97F4A7C15u;
	for (int i = 0; i < PROBES; i++, bits >>= 9)
		line[bits % LINE_BITS / 64] |= (uint64_t)1 << (bits % 64);
}

bool bloom_may_have(const struct bloom *bloom, uint64_t hash)
{
	const uint64_t *line = bloom->words + line_of(bloom, hash);
	uint64_t bits = hash * 0x9E3779B97F4A7C15u;
	for (int i = 0; i < PROBES; i++, bits >>= 9)
		if (!(line[bits % LINE_BITS / 64] >> (bits % 64) & 1))
			return false;
	return true;
}
