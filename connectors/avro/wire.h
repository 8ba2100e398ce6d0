/* wire.h - numbers and lengths from the bytes of a block (Avro 1.11, "Binary Encoding"), never beyond its end.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is wrong is said without a place: who reads the file adds it.
 */
#ifndef PENSTOCK_AVRO_WIRE_H
#define PENSTOCK_AVRO_WIRE_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "engine/core/error.h"
#include "engine/core/value.h"

/* Values of no bytes (null, a record of nulls) that a block may hold beside four for each of its bytes: more of them are a bomb. */
enum { WIRE_EMPTY_MAX = 1 << 20 };

struct wire {
	const char *at, *end;
	uint64_t spare; /* values of no bytes that may still come */
};

static inline struct wire wire_of(const char *data, size_t length)
{
	return (struct wire){ .at = data, .end = data + length, .spare = WIRE_EMPTY_MAX + 4 * (uint64_t)length };
}

static inline size_t wire_left(const struct wire *wire)
{
	return (size_t)(wire->end - wire->at);
}

/* The longer way of wire_long. */
int wire_long_slow(struct wire *wire, int64_t *out, struct error *error) MUST_CHECK;

/* A zigzag number of up to 10 bytes. 0, or -1 and ERROR_SOURCE, as all that follow. */
static inline MUST_CHECK int wire_long(struct wire *wire, int64_t *out, struct error *error)
{
	if (wire->at < wire->end && (*wire->at & 0x80) == 0) {
		uint64_t value = (unsigned char)*wire->at++;
		*out = (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
		return 0;
	}
	return wire_long_slow(wire, out, error);
}

int wire_int(struct wire *wire, int64_t *out, struct error *error) MUST_CHECK; /* of 32 bits */
int wire_boolean(struct wire *wire, int64_t *out, struct error *error) MUST_CHECK;
int wire_float(struct wire *wire, double *out, struct error *error) MUST_CHECK;
int wire_double(struct wire *wire, double *out, struct error *error) MUST_CHECK;

/* Bytes behind their length, or length of them; borrowed from the block. */
int wire_bytes(struct wire *wire, struct text *out, struct error *error) MUST_CHECK;
int wire_fixed(struct wire *wire, size_t length, struct text *out, struct error *error) MUST_CHECK;

/* The index of a branch or a symbol, below count; what is "branch" or "symbol". */
int wire_index(struct wire *wire, size_t count, const char *what, size_t *out, struct error *error) MUST_CHECK;

/* Accounts for count values of no bytes. */
int wire_spend(struct wire *wire, uint64_t count, struct error *error) MUST_CHECK;

/* How many items the next block of an array or a map has, 0 at its end; least: bytes of its shortest item, which bounds it. */
int wire_items(struct wire *wire, uint64_t least, uint64_t *out, struct error *error) MUST_CHECK;

#endif
