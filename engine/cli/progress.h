/* progress.h - one line on a terminal that says how far a step is, redrawn in place at most five times a second.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CLI_PROGRESS_H
#define PENSTOCK_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { PROGRESS_LINE_MAX = 512, PROGRESS_INTERVAL_MS = 200 };

/* What the line shows. */
struct progress_view {
	const char *step;
	uint64_t rows;       /* read */
	uint64_t before;     /* of them by earlier runs: no part of the rate */
	uint64_t rejected;
	uint64_t bytes;      /* of the source, read */
	uint64_t total;      /* bytes of the source; 0: not known */
	int64_t elapsed_ms;  /* of the step */
};

struct progress {
	FILE *out;        /* NULL: nothing is ever drawn */
	bool colour;
	bool shown;       /* the line is on the screen */
	int64_t drawn_ms; /* when, by clock_elapsed_ms */
};

/* True where a line may be drawn: a terminal that can move its cursor. */
bool progress_possible(FILE *out);

/* Lays the line out for a terminal of so many columns: parts that do not fit are left out, from the right, and the bar
 * before them. Returns its length in bytes. */
size_t progress_format(const struct progress_view *view, unsigned columns, bool colour, char out[PROGRESS_LINE_MAX]);

/* Draws, unless the last drawing is younger than the interval. */
void progress_draw(struct progress *progress, const struct progress_view *view);

/* Takes the line off the screen, before other output and at the end. */
void progress_clear(struct progress *progress);

#endif
