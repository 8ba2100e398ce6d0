/* frame.h - where each record of a CSV file begins and ends, and what to make of one that does not end.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A line ends with LF, CR LF or a lone CR. A record is one line, or several where a quoted cell goes over line ends. A
 * quote opens a cell only as its first byte, and closes it before a delimiter, a line end or the end of the file; two
 * in a row are one; any other is a byte like others (libcsv's rules, csv_parse without CSV_STRICT).
 * A record that is longer than the limit, or still inside quotes at the end of the file, is given up: the damage is its
 * first line, and the next line begins a record again. The work is linear in the bytes whatever they are.
 */
#ifndef PENSTOCK_CONNECTORS_CSV_FRAME_H
#define PENSTOCK_CONNECTORS_CSV_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "connectors/csv/window.h"

enum frame_kind {
	FRAME_RECORD = 0,
	FRAME_BLANK,     /* a line with nothing on it (with trim: nothing but spaces) */
	FRAME_LONG_LINE, /* one line longer than the limit; its end is not known yet: framer_pass_line */
	FRAME_RUNAWAY,   /* its first line is [start, end), but over its quotes it goes on beyond the limit */
	FRAME_UNCLOSED,  /* its first line is [start, end), and its quote is still open at the end of the file */
	FRAME_END,       /* nothing left */
};

struct frame {
	enum frame_kind kind;
	bool quoted;    /* FRAME_RECORD: has a quote character, so it cannot be cut at its delimiters alone */
	uint64_t start; /* offset of its first byte */
	uint64_t end;   /* offset behind its last byte, the line end left out; FRAME_LONG_LINE: start + limit */
	uint64_t next;  /* offset behind its line end; FRAME_LONG_LINE: not known */
	uint64_t lines; /* line ends from start to next, at least 1 */
};

/* Inside a record; which one decides what the next byte means. */
enum frame_state {
	AT_CELL = 0,    /* at the beginning of a cell */
	IN_PLAIN,       /* in a cell without quotes around it */
	IN_QUOTES,
	AFTER_QUOTE,    /* behind a quote in a quoted cell: its end, half of a pair, or a byte like others */
	AFTER_SPACE,    /* with trim: behind spaces that followed such a quote */
};

/* Where a byte was last looked for, so that nothing is searched twice. */
struct seeker {
	uint64_t at; /* hit: where it is; otherwise there is none from the last question up to here */
	bool hit;
};

/* A walk over the bytes of a record that has begun before from and is in state at at. */
struct walk {
	uint64_t from, at;
	enum frame_state state;
};

struct framer {
	struct window *window; /* borrowed */
	uint64_t limit;        /* bytes of a record without its line end */
	char delimiter, quote;
	bool trim;             /* spaces and tabs around cells, and between a quote and its delimiter, are no part of them */
	struct seeker feed, carriage, quotes;
	/* The furthest walk so far of a record that was given up. At a line end inside a record the state can only be
	 * IN_QUOTES, so every other record that is inside quotes at a line end in [from, at] goes on exactly like it: it does
	 * not end before at either, and needs to be walked from there only. That makes resynchronising linear. */
	struct walk lost;
};

/* ahead bytes are what the window must be able to hold for such a limit. */
uint64_t framer_ahead(uint64_t limit);

void framer_init(struct framer *framer, struct window *window, uint64_t limit, char delimiter, char quote, bool trim);

/* The record at the window's position, complete in the window unless FRAME_LONG_LINE. The position stays: consume up to
 * next when done. Returns 0, or -1 when the window cannot read. */
int framer_next(struct framer *framer, struct frame *out, struct error *error) MUST_CHECK;

/* Consumes the rest of the line at the position, however long it is, with its line end. */
int framer_pass_line(struct framer *framer, struct error *error) MUST_CHECK;

#endif
