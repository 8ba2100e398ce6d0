/* titles.h - lines in front of a CSV file's header that are no records: titles that a spreadsheet pads with delimiters.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_DISCOVER_TITLES_H
#define PENSTOCK_DISCOVER_TITLES_H

#include "connectors/csv/guess.h"

struct titles {
	uint64_t lines; /* that one cell at most has something in, before one where more have; 0: none */
	bool clear;     /* behind them stand labels, one in each cell */
};

/* Behind so many lines of the text; what is left of it. Lines end with LF, CR LF or CR. */
const char *behind_lines(const char *text, size_t *length, uint64_t lines);

/* text: what guess.skip_lines leaves. */
void titles_find(const char *text, size_t length, const struct csv_guess *guess, struct titles *out);

#endif
