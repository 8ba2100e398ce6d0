/* walk.h - over the bytes of a record that may go on over line ends: its cells, how long they are, its end.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A quote opens a cell only as its first byte; elsewhere in a cell without quotes around it, it is a byte like others. In
 * quotes two in a row are one, and one alone closes the cell: behind it comes a delimiter, a line end or the end of the
 * file (RFC 4180). Any other byte there is a stray one. libcsv would take the quote before it for text and go on in the
 * cell, over line ends, to the next quote that does close: lines would vanish into one cell.
 * A cell's length is counted as split.h counts it: quotes that are none of its bytes, and trimmed spaces, left out.
 */
#ifndef PENSTOCK_CONNECTORS_CSV_WALK_H
#define PENSTOCK_CONNECTORS_CSV_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "connectors/file/window.h"

enum { DELIMITER_MAX = 32, COMMENT_MAX = 32 };

struct grammar {
	char delimiter; /* its first byte */
	char quote;     /* NUL: there is none */
	bool trim;      /* spaces and tabs around cells, and between a quote and its delimiter, are no part of them */

	/* Everything below is of wide dialects: those that libcsv does not know. */
	bool wide;
	bool single_quotes;   /* a quote within quotes is not written twice */
	bool initial_space;   /* spaces before a cell are no part of it */
	bool codes;           /* escape and b, n, r, t or Z is a control character */
	char escape;          /* NUL: there is none */
	size_t first_length;      /* bytes of the delimiter's first character, */
	size_t delimiter_length;  /* and of all of it; also of narrow dialects */
	char delimiter_text[DELIMITER_MAX + 1];
	size_t comment_length;    /* 0: no comments; also of narrow dialects */
	char comment[COMMENT_MAX];
};

/* What stands at a place of a wide dialect. */
enum token {
	TOKEN_PART = 0, /* the bytes up to the end do not tell; only before the end of the file */
	TOKEN_PLAIN,    /* one byte of a cell, also an escape that nothing to be escaped follows: nothing is dropped */
	TOKEN_DELIMITER,
	TOKEN_LINE_END, /* not known how many bytes */
	TOKEN_QUOTE,
	/* An escape with what it stands before: a quote, an escape, the delimiter's first character, a line end (CR LF is one),
	 * or with codes a letter. As long as the cell's bytes that it stands for, and one more. */
	TOKEN_ESCAPED,
};

/* The token at p, p < end, and its length. whole: the file, or the record, ends at end. */
enum token grammar_token(const struct grammar *grammar, const char *p, const char *end, bool whole, size_t *length);

/* The byte that an escape and this letter stand for with codes, or NUL. */
char grammar_code(char letter);

/* A walk stops before what would make the record break one of them. */
struct caps {
	uint64_t field;   /* bytes of a cell */
	uint64_t columns; /* cells, at least 1 */
};
#define CAPS_NONE { .field = UINT64_MAX, .columns = UINT64_MAX }

/* What the next byte means. */
enum walk_state {
	AT_CELL = 0,    /* at the beginning of a cell; with trim: or behind spaces there */
	IN_PLAIN,       /* in a cell without quotes around it */
	OPENED,         /* with trim: in quotes, and nothing but spaces so far */
	IN_QUOTES,
	AFTER_QUOTE,    /* behind a quote in a quoted cell: its end, or half of a pair */
	AFTER_SPACE,    /* with trim: behind spaces that followed the quote that is its end */
};

struct walk {
	uint64_t at;     /* offset of the next byte */
	enum walk_state state;
	uint64_t cells;  /* of the record so far, the one at at included */
	uint64_t origin; /* not AT_CELL or OPENED: what stands before x is x - origin bytes of the cell. Behind its first byte
	                  * two walks of one cell differ in nothing else. */
	uint64_t tail;   /* AFTER_QUOTE, AFTER_SPACE: where the quote is the cell's end, tail - origin is its length */
};

enum walk_result {
	WALK_ON = 0,  /* came to stop */
	WALK_ENDED,   /* at is the line end that ends the record, or the end of the file */
	WALK_FIELD,   /* at is behind a cell longer than caps->field */
	WALK_COLUMNS, /* at is a delimiter, and the record has caps->columns cells before it */
	WALK_STRAY,   /* at is a byte behind a cell's closing quote that is no delimiter and no line end */
};

/* The beginning of a record at offset. */
static inline struct walk walk_from(uint64_t offset)
{
	return (struct walk){ .at = offset, .cells = 1 };
}

/* The walk is inside quotes, where a line end does not end the record. */
static inline bool walk_is_open(const struct walk *walk)
{
	return walk->state == IN_QUOTES || walk->state == OPENED;
}

/* Walks on to at most stop, window->base <= walk->at <= stop <= window->end. With a wide dialect it may come to the end of
 * an escaped line end that begins before stop, and stays before a token that the window has only a part of. */
enum walk_result walk_on(struct walk *walk, const struct window *window, uint64_t stop, const struct grammar *grammar,
	const struct caps *caps);

/* The walk is at the end of the file and not inside quotes: WALK_ENDED or WALK_FIELD. */
enum walk_result walk_finish(struct walk *walk, const struct window *window, const struct grammar *grammar,
	const struct caps *caps);

#endif
