/* scan.h - all records of a CSV file through the source that a run would use, into the profiles of its columns.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_DISCOVER_SCAN_H
#define PENSTOCK_DISCOVER_SCAN_H

#include "connectors/csv/guess.h"
#include "connectors/csv/style.h"
#include "engine/core/cancel.h"
#include "engine/discover/profile.h"

struct scan {
	const char *path;
	struct csv_options options;
	struct csv_guess guess;
	struct profiling profiling;
	struct profile *profiles; /* of width columns */
	size_t width, columns;    /* cells that are looked at; cells that a record should have */
	int64_t header_rows;      /* records at the beginning that are one: their cells are joined; 0: one */
	uint64_t header_lines[HEADER_ROWS_MAX]; /* where each of them begins */
	char **first;             /* the first record, cell by cell; NULL: it has not that many */
	size_t first_cells;
	uint64_t first_line, first_lines; /* of the first record, from 1; lines that it takes */
	uint64_t *repeats;        /* how often what the first record has there comes again */
	uint64_t records;         /* the first one included, blank ones not */
	uint64_t blank, damaged, bad_bytes, extra_filled; /* extra_filled: with something in a cell too many */
	size_t most;              /* cells of the longest record, within width */
	bool all;                 /* nothing was left out */
};

/* Reads the file. options and guess are set. Fini it also after a failure. */
int scan_file(struct scan *scan, uint64_t most, struct cancel *cancel, struct error *error) MUST_CHECK;
void scan_fini(struct scan *scan);

#endif
