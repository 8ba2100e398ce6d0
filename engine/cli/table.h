/* table.h - rows in aligned columns for a terminal or a pipe.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Widths come from the first TABLE_ROWS_MAX rows, which are kept until then; later rows go out one by one in those widths, so that a
 * list of any length needs the same memory.
 */
#ifndef PENSTOCK_CLI_TABLE_H
#define PENSTOCK_CLI_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include "engine/core/buffer.h"

enum { TABLE_COLUMNS_MAX = 16, TABLE_ROWS_MAX = 500 };

struct table_column {
	const char *title; /* NULL ends the columns */
	bool right;        /* numbers */
	unsigned most;     /* display columns, longer cells are cut with "..."; 0: any */
};

struct text_table {
	FILE *out;
	const struct table_column *columns; /* borrowed */
	size_t column_count;
	unsigned indent;                    /* columns before each row */
	unsigned line;                      /* columns of the terminal: the last column is cut to fit; 0: never */
	size_t widths[TABLE_COLUMNS_MAX];
	struct buffer cells;                /* of the rows kept: escaped, each ended by a NUL */
	size_t rows;                        /* kept */
	size_t cell;                        /* column of the next cell */
	bool titled;                        /* the widths are fixed and the titles printed */
};

/* line: display_columns(out), or 0. indent may be set behind it. */
void table_init(struct text_table *table, FILE *out, const struct table_column *columns, unsigned line);
void table_fini(struct text_table *table);

/* The next cell, left to right, row after row; text is copied and escaped. Each returns 0, or -1 and error. */
int table_cell(struct text_table *table, const char *text, size_t length, struct error *error) MUST_CHECK;
int table_text(struct text_table *table, const char *text, struct error *error) MUST_CHECK; /* NULL: an empty cell */
int table_printf(struct text_table *table, struct error *error, const char *format, ...) PRINTF_LIKE(3, 4) MUST_CHECK;

/* Prints what is left. A table without rows prints its titles. */
void table_end(struct text_table *table);

#endif
