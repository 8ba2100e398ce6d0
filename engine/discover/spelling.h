/* spelling.h - how values are spelled in files as found: missing ones, numbers, booleans, dates.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_DISCOVER_SPELLING_H
#define PENSTOCK_DISCOVER_SPELLING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/error.h"
#include "rules/number.h"

struct timeformat;

/* Words that stand for no value in a column of anything but text; MISSING_WORDS of them. */
enum { MISSING_WORDS = 19, NUMBER_STYLES = 9, BOOLEAN_PAIRS = 10, MOMENT_FORMATS = 160, MOMENT_FORMAT_DATETIME = 2 };

extern const char *const missing_words[MISSING_WORDS];
/* Index of the word, or -1. */
int missing_word(const char *text, size_t length);

struct number_spelling {
	const char *decimal; /* decimalChar */
	const char *group;   /* groupChar, or NULL */
	struct number_style style;
};

/* The first one is the plain one. */
void number_spelling(size_t index, struct number_spelling *out);

struct number_seen {
	bool grouped, pointed, exponent;
	bool padded;              /* two digits or more behind the point, the last one a zero */
	bool coded;               /* digits, an e and digits: no program writes a number so, but articles and lots are called so */
	unsigned whole, fraction; /* digits in front of the point, leading zeros left out, and behind it */
	double value;
};

/* A number of this spelling, without zeros in front that an identifier would lose, its groups of three digits each. */
bool number_is(const struct number_spelling *spelling, const char *text, size_t length, locale_t c, struct number_seen *seen);

struct boolean_pair {
	const char *yes, *no;
};
extern const struct boolean_pair boolean_pairs[BOOLEAN_PAIRS];

/* A format of dates, times or datetimes; pattern NULL: the default of its type. */
struct moment_format {
	enum value_type type;
	char pattern[48];
	bool month_first;        /* the same with day and month the other way round is in the table, too, in front of it */
	struct timeformat *read; /* NULL: default */
};

struct moment_formats {
	struct moment_format items[MOMENT_FORMATS];
	size_t count;
};

/* In the order of preference; items[MOMENT_FORMAT_DATETIME] is the default one of datetimes. Returns 0, or -1 (out of memory). Fini it also after a failure. */
int moment_formats_init(struct moment_formats *formats, struct error *error) MUST_CHECK;
void moment_formats_fini(struct moment_formats *formats);
bool moment_is(const struct moment_format *format, const char *text, size_t length, int64_t *out);

#endif
