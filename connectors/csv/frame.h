/* frame.h - where each record of a CSV file begins and ends, and what to make of one that does not end.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A line ends with LF, CR LF or a lone CR. A record is one line, or several where a quoted cell goes over line ends
 * (walk.h). One over a limit, with a stray byte behind a closing quote, or still inside quotes at the end of the file, is
 * given up: the damage is its first line, and the next line begins a record again. The work is linear in the bytes
 * whatever they are.
 */
#ifndef PENSTOCK_CONNECTORS_CSV_FRAME_H
#define PENSTOCK_CONNECTORS_CSV_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "connectors/csv/walk.h"
#include "engine/core/limits.h"

enum frame_kind {
	FRAME_RECORD = 0,
	FRAME_BLANK,     /* a line with nothing on it (with trim: nothing but spaces) */
	FRAME_LONG_LINE, /* one line longer than limits.record; its end is not known yet: framer_pass_line */
	FRAME_STRAY,     /* a record with a stray byte behind a closing quote; its first line is [start, end) */
	/* The first line of a record that goes on over its quotes is [start, end); the record */
	FRAME_RUNAWAY,   /* is longer than limits.record, */
	FRAME_FIELD,     /* has a cell longer than limits.field, */
	FRAME_COLUMNS,   /* has more cells than limits.columns, */
	FRAME_UNCLOSED,  /* or is still inside quotes at the end of the file. */
	FRAME_END,       /* nothing left */
};

struct frame {
	enum frame_kind kind;  /* FRAME_RECORD of one line: whether its cells are within the limits is for others to see */
	bool quoted;    /* FRAME_RECORD: has a quote or an escape character, so it cannot be cut at its delimiters alone */
	uint64_t start; /* offset of its first byte */
	uint64_t end;   /* offset behind its last byte, the line end left out; FRAME_LONG_LINE: start + limit */
	uint64_t next;  /* offset behind its line end; FRAME_LONG_LINE: not known */
	uint64_t lines; /* line ends from start to next, at least 1 */
	uint64_t stray; /* FRAME_STRAY: offset of the stray byte, */
	bool space;     /* and whether it is one that trim would take away */
};

/* Where a byte was last looked for, so that nothing is searched twice. */
struct seeker {
	uint64_t at; /* hit: where it is; otherwise there is none from the last question up to here */
	bool hit;
};

/* What is remembered of the walk that went furthest in a record that was given up.
 *
 * At a line end inside a record the state can only be IN_QUOTES. A later record begins behind one, at a cell where that walk
 * is in quotes. From there the two can only meet where a cell of both ends: as long as one is in quotes and the other is
 * not, a run of quotes leaves them so, or ends both cells, or has a stray byte behind it for one of them. So where the
 * later record is inside quotes behind a line end over which that walk went, too, it is in the very same cell and goes on
 * exactly like it, but for the number of its cells: it is not walked again, but goes on from where the walk came to, once
 * that number is known. That makes resynchronising linear.
 */
struct lost {
	struct walk trail; /* the same record at an earlier byte, not behind the records to come: what it was there */
	struct walk front; /* where the walk was left; front.at < trail.at: nothing is remembered */
	bool over_field;   /* it was left behind a cell longer than limits.field */
};

/* In a dialect with an escape a line end may also stand, escaped, in a cell without quotes: a record that was given up is
 * either in quotes or in such a cell behind a line end. Two walks that are in the same of these two at the same place go on
 * alike; a third walk that meets neither of two others means that these two have met. So what is remembered of two walks
 * is enough to walk over no byte more than a few times. */
enum { LOST_WALKS = 2 };

struct framer {
	struct window *window; /* borrowed */
	uint64_t limit;        /* bytes of a record without its line end */
	struct caps caps;
	struct grammar grammar;
	struct seeker feed, carriage, quotes, escapes;
	struct lost lost[LOST_WALKS]; /* the second one only where the dialect has an escape */
};

/* ahead bytes are what the window must be able to hold for such a limit. */
uint64_t framer_ahead(uint64_t limit);

void framer_init(struct framer *framer, struct window *window, const struct limits *limits, const struct grammar *grammar);

/* The record at the window's position, complete in the window unless FRAME_LONG_LINE. The position stays: consume up to
 * next when done. Returns 0, or -1 when the window cannot read. */
int framer_next(struct framer *framer, struct frame *out, struct error *error) MUST_CHECK;

/* Consumes the lines at the position that are comments; *lines grows by them. */
int framer_pass_comments(struct framer *framer, uint64_t *lines, struct error *error) MUST_CHECK;

/* Where a cell (from 0, and there) of a FRAME_RECORD that is still at the position begins: line ends before it in the record,
 * and its column in bytes from 1; with trim, behind the spaces. */
void framer_find_cell(const struct framer *framer, const struct frame *record, size_t cell, uint64_t *lines, uint64_t *column);

/* Consumes the rest of the line at the position, however long it is, with its line end. */
int framer_pass_line(struct framer *framer, struct error *error) MUST_CHECK;

#endif
