/* guess.h - the dialect of a CSV file, from its first lines.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every dialect of a list cuts the sample into records. The best is the one whose records have the same number of cells, more
 * than one, with nothing stray behind quotes, and whose cells look like values: numbers, dates, words.
 */
#ifndef PENSTOCK_CONNECTORS_CSV_GUESS_H
#define PENSTOCK_CONNECTORS_CSV_GUESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct csv_guess {
	const char *delimiter;  /* as the option is spelled; static, or the one that was given */
	const char *quote;      /* "\"", "'" or "none" */
	const char *escape;     /* "\\" or NULL */
	const char *comment;    /* "#" or NULL */
	bool initial_space;     /* a space stands before every cell but the first */
	uint64_t skip_lines;    /* before the header or the first record */
	size_t columns;         /* cells of most records; 0: no record at all */
	size_t most;            /* cells of the longest record */
	uint64_t records, alike; /* of the sample, and with that many cells */
	const char *rival;      /* another delimiter that does nearly as well; NULL: none */
};

/* What to look for; NULL: anything. */
struct csv_known {
	const char *delimiter, *quote;
};

/* text: whole lines in UTF-8 without a byte order mark. Never fails: a text without any structure is one column. */
void csv_guess(const char *text, size_t length, const struct csv_known *known, struct csv_guess *out);

#endif
