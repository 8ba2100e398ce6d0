/* split.h - the cells of one record.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A record without a quote or an escape character is cut at its delimiters, where it stands. One with quotes goes through libcsv,
 * or, in a dialect that libcsv does not know, token by token.
 */
#ifndef PENSTOCK_CONNECTORS_CSV_SPLIT_H
#define PENSTOCK_CONNECTORS_CSV_SPLIT_H

#include <csv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "connectors/csv/walk.h"
#include "engine/core/error.h"
#include "engine/core/value.h"

struct split {
	struct csv_parser parser;
	bool ready;          /* parser was initialised */
	struct grammar grammar;
	size_t field_limit;  /* bytes of one cell, quotes and trimmed spaces left out */

	struct span *cells;  /* the first keep cells; offsets from the record's first byte, or from out */
	size_t keep;
	size_t count;        /* all cells of the record */
	bool filled_beyond;  /* a cell that is not kept has something in it */
	size_t too_long;     /* from 1: the first cell longer than field_limit; 0: none */
	size_t too_long_bytes;

	char *out;           /* split_quoted: where the cells go */
	size_t used;
	unsigned records;    /* that libcsv has seen the end of; more or less than one is a bug of ours */
};

/* keep cells of each record are remembered. Call split_fini also after a failure. */
int split_init(struct split *split, const struct grammar *grammar, uint64_t field_limit, size_t keep, struct error *error) MUST_CHECK;
void split_fini(struct split *split);

/* record has no quote, no escape and no line end. */
void split_plain(struct split *split, const char *record, size_t length);

/* record is complete, its line end left out, without a stray byte behind a closing quote (walk.h). The cells are copied to out, which has room for length bytes; split->used
 * of them are filled. Returns 0, or -1 when out of memory. */
int split_quoted(struct split *split, const char *record, size_t length, char *out, struct error *error) MUST_CHECK;

#endif
