/* near.h - what nearly all values of a column are, where a few keep it from having their type.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Begins with the value after which a column can be nothing but text. Up to NEAR_SHAPES readings are followed from there: that of the values before it,
 * and those of early values that fit none so far. What fits is counted exactly for the first of them, and for the others from where they begin.
 */
#ifndef PENSTOCK_DISCOVER_NEAR_H
#define PENSTOCK_DISCOVER_NEAR_H

#include "engine/discover/spelling.h"

enum { NEAR_SHAPES = 3, NEAR_EXAMPLE_MAX = 48, FORMAT_WORDS = (MOMENT_FORMATS + 63) / 64 };

struct profiling;
struct found;

/* Of MOMENT_FORMATS, bit for bit: all of them, and no bit beyond. */
void formats_fill(uint64_t formats[FORMAT_WORDS]);

/* What values could be. */
struct shape {
	bool integer, yearmonth, uuid, email, uri, only_digits;
	uint32_t styles, grouped; /* grouped: styles whose groupChar is in use */
	uint32_t booleans, booleans_yes, booleans_no;
	uint64_t formats[FORMAT_WORDS];
};

struct near_example {
	char text[NEAR_EXAMPLE_MAX + 1]; /* cut at a character */
	bool cut;
	uint64_t line;                   /* 0: none */
};

struct near_shape {
	struct shape shape;
	uint64_t values;             /* that are of it */
	bool loses;                  /* another value would be read, and lose something: a zero in front, a plus */
	struct near_example example; /* of one that is not */
};

struct near {
	struct near_shape items[NEAR_SHAPES];
	size_t count;
	uint64_t values; /* all of the column */
	struct near_example first;
};

struct near_value {
	const char *text, *raw; /* without and with spaces around */
	size_t length, raw_length;
	uint64_t line;
};

void near_example(const struct near_value *value, struct near_example *out);

/* before: what the values so far, `count` of them, could be; first: of the column; value: the one that is none of it. NULL: out of memory. */
struct near *near_new(const struct shape *before, uint64_t count, const struct near_example *first, const struct profiling *profiling, const struct near_value *value);
void near_add(struct near *near, const struct profiling *profiling, const struct near_value *value);

/* The reading that at least four of five values, and of five values or more, have; out tells the type. NULL: there is none, or it would silently change
 * another value. */
const struct near_shape *near_decide(const struct near *near, const struct profiling *profiling, const char *label, struct found *out);

#endif
