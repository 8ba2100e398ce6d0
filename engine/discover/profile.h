/* profile.h - what the cells of one column could be, narrowed down cell by cell.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_DISCOVER_PROFILE_H
#define PENSTOCK_DISCOVER_PROFILE_H

#include "engine/discover/near.h"
#include "engine/discover/spelling.h"
#include "engine/discover/unique.h"

/* What all columns share. */
struct profiling {
	struct moment_formats formats;
	struct unique_room room;
	locale_t c;
	uint64_t line; /* of the record whose cells are added */
};

/* The least and the largest value by one format. */
struct moment_range {
	int64_t least, most;
};

/* What was seen of numbers when they are read by one style. */
struct number_measure {
	double least, most;
	bool pointed, exponent, grouped, padded, coded;
	unsigned whole, fraction; /* digits, most of any value */
	unsigned fraction_least;
};

struct profile {
	uint64_t values;                  /* cells that are neither empty, nor spaces alone, nor a word for nothing */
	uint64_t empty;
	uint64_t absent;                  /* records that are too short to have it */
	uint64_t words[MISSING_WORDS];
	uint64_t backslashes;             /* values with one; "\N" is a word */
	uint64_t spaces_only, padded;     /* cells of spaces alone, and values with spaces around them */
	uint64_t shortest, longest;       /* characters of values and words */

	/* What all values so far could be. */
	bool integer, yearmonth, uuid, email, uri;
	bool zeros_in_front;              /* digits, but with zeros (or a plus) that a number would lose */
	bool only_digits;
	uint32_t styles;                  /* bit for bit: number_spelling */
	uint64_t formats[FORMAT_WORDS];
	uint32_t booleans;                /* pairs of words */
	uint32_t booleans_yes, booleans_no; /* of which one was seen */

	int64_t least_integer, most_integer;
	struct number_measure measures[NUMBER_STYLES]; /* of the styles that are left */
	bool years;                       /* all of four digits from 1800 to 2199 */
	uint64_t offsets;                 /* values with an offset from UTC, while all could be datetimes of the default format */
	struct moment_range *ranges;      /* of each format, once a value could be one; NULL before */
	struct unique unique;
	struct near_example first;
	struct near *near;                /* NULL: the values could all be of one type */
};

/* Returns 0 or -1 (out of memory). */
int profiling_init(struct profiling *profiling, size_t room, struct error *error) MUST_CHECK;
void profiling_fini(struct profiling *profiling);

/* Not profile_init: that is a name of Kerberos, which drivers bring along. */
void column_profile_init(struct profile *profile);
void column_profile_fini(struct profile *profile, struct profiling *profiling);

/* One more cell, as the file has it. Returns 0 or -1 (out of memory). */
int column_profile_add(struct profile *profile, struct profiling *profiling, const char *text, size_t length, struct error *error) MUST_CHECK;

/* What it comes to. */
enum found_kind {
	FOUND_NOTHING = 0, /* no value at all */
	FOUND_BOOLEAN,
	FOUND_INTEGER,
	FOUND_NUMBER,
	FOUND_YEAR,
	FOUND_MOMENT,      /* of formats.items[format] */
	FOUND_YEARMONTH,
	FOUND_UUID,
	FOUND_EMAIL,
	FOUND_URI,
	FOUND_STRING,
};

struct found {
	enum found_kind kind;
	size_t style;          /* FOUND_INTEGER, FOUND_NUMBER */
	bool grouped;          /* the style's groupChar is in use */
	size_t pair;           /* FOUND_BOOLEAN */
	size_t format;         /* FOUND_MOMENT */
	bool either;           /* day and month, or comma and point, could as well change places, or the point could group digits */
};

/* What else is known of the commas of a file. */
enum comma_use {
	COMMA_CUTS = 0, /* nothing, or that they cut cells */
	COMMA_FREE,     /* they do not cut cells: one in a number is rather the decimal mark */
	COMMA_DECIMAL,  /* other columns have it as the decimal mark, without a doubt */
};

/* label: of the column, or "". */
void column_profile_decide(const struct profile *profile, const struct profiling *profiling, const char *label, enum comma_use comma, struct found *out);

/* A text, since numbers would lose the e of values such as 1E5. */
bool column_profile_is_coded(const struct profile *profile);

/* Whether a text would be a value of what was found; not asked for strings. */
bool column_profile_fits(const struct profiling *profiling, const struct found *found, const char *text, size_t length);

#endif
