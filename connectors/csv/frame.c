/* frame.c - finding the ends of lines and records.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/csv/frame.h"

#include <assert.h>
#include <string.h>

uint64_t framer_ahead(uint64_t limit)
{
	return limit + 2; /* the line end behind the longest record */
}

void framer_init(struct framer *framer, struct window *window, uint64_t limit, char delimiter, char quote, bool trim)
{
	*framer = (struct framer){
		.window = window, .limit = limit, .delimiter = delimiter, .quote = quote, .trim = trim,
	};
}

/* What trim takes away. A tab that delimits cells is no space. */
static bool is_space(const struct framer *framer, char c)
{
	return (c == ' ' || c == '\t') && c != framer->delimiter;
}

/* Offset of the first such byte in [from, end of the window), or the window's end. from never goes down. */
static uint64_t seek(struct seeker *seeker, const struct window *window, char byte, uint64_t from)
{
	if (seeker->at < from) {
		seeker->at = from;
		seeker->hit = false;
	}
	if (!seeker->hit && seeker->at < window->end) {
		const char *found = memchr(window_at(window, seeker->at), byte, (size_t)(window->end - seeker->at));
		seeker->hit = found != NULL;
		seeker->at = found ? window->base + (uint64_t)(found - window->data) : window->end;
	}
	return seeker->at;
}

/* Length of the line end at offset: 2 for CR LF, else 1. There is a CR or LF at offset. */
static int line_end_length(struct window *window, uint64_t offset, unsigned *length, struct error *error)
{
	*length = 1;
	if (*window_at(window, offset) != '\r')
		return 0;
	if (offset + 1 == window->end && !window->eof && window_more(window, error) < 0)
		return -1;
	if (offset + 1 < window->end && *window_at(window, offset + 1) == '\n')
		*length = 2;
	return 0;
}

/* The line at start: end is its first CR or LF or the end of the file. Stops looking once it is longer than the limit;
 * then end is larger than start + limit. */
static int find_line(struct framer *framer, uint64_t start, uint64_t *end, uint64_t *next, struct error *error)
{
	struct window *window = framer->window;
	for (;;) {
		uint64_t feed = seek(&framer->feed, window, '\n', start);
		uint64_t carriage = seek(&framer->carriage, window, '\r', start);
		*end = feed < carriage ? feed : carriage;
		if (*end > start + framer->limit)
			return 0;
		if (*end < window->end) {
			unsigned length = 1;
			if (*end == carriage && line_end_length(window, *end, &length, error) < 0)
				return -1;
			*next = *end + length;
			return 0;
		}
		if (window->eof) {
			*next = *end;
			return 0;
		}
		if (window_more(window, error) < 0)
			return -1;
	}
}

/* Walks on to at most stop (within the window). True when the record ended: walk->at is its line end. */
static bool walk_on(const struct framer *framer, struct walk *walk, uint64_t stop)
{
	const struct window *window = framer->window;
	const char *first = window_at(window, walk->at), *end = window_at(window, stop), *p = first;
	enum frame_state state = walk->state;
	bool ended = false;

	while (p < end && !ended) {
		if (state == IN_QUOTES) {
			p = memchr(p, framer->quote, (size_t)(end - p));
			if (!p) {
				p = end;
				break;
			}
			p++;
			state = AFTER_QUOTE;
			continue;
		}
		char c = *p;
		if (c == framer->delimiter) {
			state = AT_CELL;
		} else if (c == '\n' || c == '\r') {
			ended = true;
			break;
		} else if (state == AT_CELL) {
			if (c == framer->quote)
				state = IN_QUOTES;
			else if (!framer->trim || !is_space(framer, c))
				state = IN_PLAIN;
		} else if (state == AFTER_QUOTE || state == AFTER_SPACE) {
			if (framer->trim && is_space(framer, c))
				state = AFTER_SPACE;
			else if (c == framer->quote && state == AFTER_SPACE)
				state = AFTER_QUOTE;
			else
				state = IN_QUOTES;
		}
		p++;
	}
	walk->at += (uint64_t)(p - first);
	walk->state = state;
	return ended;
}

/* Line ends in [from, to); a CR LF counts once. */
static uint64_t count_lines(const struct window *window, uint64_t from, uint64_t to)
{
	uint64_t lines = 0;
	const char *p = window_at(window, from), *end = window_at(window, to);
	for (; p < end; p++)
		lines += *p == '\n' || (*p == '\r' && (p + 1 == end || p[1] != '\n'));
	return lines;
}

/* The record goes on behind its first line [start, end): finds its end, or gives it up. */
static int find_end_beyond(struct framer *framer, struct frame *out, struct error *error)
{
	struct window *window = framer->window;
	struct walk walk = { .from = out->next, .at = out->next, .state = IN_QUOTES };
	/* Only behind a line end is there no other state to be in; the end of the file is none. */
	if (out->next > out->end && framer->lost.from <= out->next && out->next <= framer->lost.at)
		walk = framer->lost;
	/* A line end may stand right behind the longest record. */
	uint64_t last = out->start + framer->limit + 1;
	for (;;) {
		uint64_t stop = last < window->end ? last : window->end;
		bool ended = walk.at < stop && walk_on(framer, &walk, stop);
		if (ended || (window->eof && walk.at == window->end && walk.at < last && walk.state != IN_QUOTES)) {
			framer->lost = (struct walk){ .from = 1, .at = 0 };
			out->end = out->next = walk.at;
			if (ended) {
				unsigned length;
				if (line_end_length(window, out->end, &length, error) < 0)
					return -1;
				out->next += length;
			}
			out->lines = count_lines(window, out->start, out->next) + !ended;
			return 0;
		}
		if (walk.at >= last || (window->eof && walk.at == window->end)) {
			out->kind = walk.at >= last ? FRAME_RUNAWAY : FRAME_UNCLOSED;
			framer->lost = walk;
			return 0;
		}
		if (window_more(window, error) < 0)
			return -1;
	}
}

static bool only_spaces(const struct framer *framer, const char *p, const char *end)
{
	while (p < end && is_space(framer, *p))
		p++;
	return p == end;
}

int framer_next(struct framer *framer, struct frame *out, struct error *error)
{
	struct window *window = framer->window;
	uint64_t start = window->position;
	*out = (struct frame){ .kind = FRAME_RECORD, .start = start, .lines = 1 };
	if (find_line(framer, start, &out->end, &out->next, error) < 0)
		return -1;
	if (out->end > start + framer->limit) {
		out->kind = FRAME_LONG_LINE;
		out->end = start + framer->limit;
		return 0;
	}
	if (out->end == start) {
		out->kind = out->next == start ? FRAME_END : FRAME_BLANK;
		return 0;
	}
	if (framer->trim && only_spaces(framer, window_at(window, start), window_at(window, out->end))) {
		out->kind = FRAME_BLANK;
		return 0;
	}
	if (seek(&framer->quotes, window, framer->quote, start) >= out->end)
		return 0;
	out->quoted = true;
	struct walk line = { .from = start, .at = start, .state = AT_CELL };
	(void)walk_on(framer, &line, out->end);
	assert(line.at == out->end);
	if (line.state != IN_QUOTES)
		return 0;
	return find_end_beyond(framer, out, error);
}

int framer_pass_line(struct framer *framer, struct error *error)
{
	struct window *window = framer->window;
	for (;;) {
		uint64_t feed = seek(&framer->feed, window, '\n', window->position);
		uint64_t carriage = seek(&framer->carriage, window, '\r', window->position);
		uint64_t end = feed < carriage ? feed : carriage;
		window_consume(window, end);
		if (end < window->end) {
			unsigned length;
			if (line_end_length(window, end, &length, error) < 0)
				return -1;
			window_consume(window, end + length);
			return 0;
		}
		if (window->eof)
			return 0;
		if (window_more(window, error) < 0)
			return -1;
	}
}
