/* hashing.h - hashes of keys, seeded so that nobody can choose keys that collide.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_RULES_HASHING_H
#define PENSTOCK_RULES_HASHING_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t hash_fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Eight bytes at a time, each folded into the last with a full multiplication. */
static inline uint64_t hash_bytes(uint64_t seed, const char *bytes, size_t length)
{
	uint64_t hash = seed ^ hash_fold(length ^ 0xA0761D6478BD642Fu, 0xE7037ED1A0B428DBu);
	uint64_t word;
	for (; length >= 8; length -= 8, bytes += 8) {
		memcpy(&word, bytes, 8);
		hash = hash_fold(hash ^ word ^ 0x8EBC6AF09C88C6E3u, 0x589965CC75374CC3u ^ seed);
	}
	word = 0;
	if (length > 0)
		memcpy(&word, bytes, length);
	hash = hash_fold(hash ^ word, 0x1D8E4E27C47D124Fu ^ seed);
	return hash_fold(hash, 0x9E3779B97F4A7C15u);
}

static inline uint64_t hash_integer(uint64_t seed, uint64_t value)
{
	return hash_fold((value ^ seed) * 0x9E3779B97F4A7C15u, 0xD6E8FEB86659FD93u);
}

#endif
