/* sheet.h - CSV as spreadsheets write it: mended rejects on their way back.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Whatever a spreadsheet does to the form of a file is taken: a byte order mark, a line "sep=;", commas, semicolons or tabs between cells,
 * any line ends, quotes where none were, lines of nothing but delimiters, cells that are missing at the end of a line. What it does to the
 * data it cannot know.
 */
#ifndef PENSTOCK_MEND_SHEET_H
#define PENSTOCK_MEND_SHEET_H

#include <stdbool.h>
#include <stdio.h>

#include "engine/core/buffer.h"
#include "engine/core/limits.h"
#include "engine/core/value.h"

struct sheet {
	const char *name;      /* for messages; borrowed */
	FILE *file;            /* NULL: not open */
	char delimiter;
	uint64_t record_limit;
	uint64_t line_no;      /* of the next byte, from 1 */
	uint64_t at;           /* the line on which the row at hand begins */
	uint64_t bytes;        /* read so far */
	size_t columns;        /* of the header */
	struct buffer bytes_of; /* of the row at hand */
	struct span *cells;
	size_t count, room;
};

/* Opens a regular file, which messages call by its name, and reads its header, which is then the row at hand. label: one that must be in it, by which the
 * delimiter is known. Close it also after a failure. ERROR_SOURCE: cannot be read; ERROR_CONFIG: is no such file. */
int sheet_open(struct sheet *sheet, const char *path, const char *name, const char *label, const struct limits *limits, struct error *error) MUST_CHECK;
void sheet_close(struct sheet *sheet); /* may be called twice */

/* The next row, of exactly as many cells as the header has. 1; 0 at the end; -1 and error. *blank: it has nothing but delimiters. */
int sheet_next(struct sheet *sheet, bool *blank, struct error *error) MUST_CHECK;

static inline struct text sheet_cell(const struct sheet *sheet, size_t cell)
{
	return (struct text){ buffer_text(&sheet->bytes_of) + sheet->cells[cell].offset, sheet->cells[cell].length };
}

/* Cuts one record of CSV into cells as above, delimiter and quote given. 1; 0: it is none (a quote that is still open, or a stray byte behind one);
 * -1 and error. */
int sheet_cut(struct sheet *sheet, struct text record, char delimiter, char quote, bool trim, struct error *error) MUST_CHECK;

#endif
