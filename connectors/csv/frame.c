/* frame.c - finding the ends of lines and records.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/csv/frame.h"

#include <assert.h>
#include <string.h>

uint64_t framer_ahead(uint64_t limit)
{
	/* The line end behind the longest record, and a token that begins there. */
	return limit + 2 + 1 + DELIMITER_MAX;
}

static const struct caps no_caps = CAPS_NONE;

void framer_init(struct framer *framer, struct window *window, const struct limits *limits, const struct grammar *grammar)
{
	*framer = (struct framer){
		.window = window, .limit = limits->record, .grammar = *grammar,
		.caps = { .field = limits->field, .columns = limits->columns },
		.lost = { { .trail.at = 1, .front.at = 0 }, { .trail.at = 1, .front.at = 0 } },
	};
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

/* Line ends in [from, to); a CR LF counts once. */
static uint64_t count_lines(const struct window *window, uint64_t from, uint64_t to)
{
	uint64_t lines = 0;
	const char *p = window_at(window, from), *end = window_at(window, to);
	for (; p < end; p++)
		lines += *p == '\n' || (*p == '\r' && (p + 1 == end || p[1] != '\n'));
	return lines;
}

/* The trail comes to offset, a place behind a line end that is not behind the front. */
static void follow(const struct framer *framer, struct lost *lost, uint64_t offset)
{
	struct walk *trail = &lost->trail;
	if (trail->at < offset && walk_on(trail, framer->window, offset, &framer->grammar, &no_caps) != WALK_ON)
		assert(0 && "the end of a record that was given up before its end");
	assert(trail->at == offset && (trail->state == IN_QUOTES || (trail->state == IN_PLAIN && framer->grammar.escape != '\0')));
}

/* The walk that was given up went over offset. */
static bool covers(const struct lost *lost, uint64_t offset)
{
	return lost->trail.at <= offset && offset <= lost->front.at;
}

/* The window keeps no bytes before its position for the trails to walk over later. */
static void follow_all(struct framer *framer, uint64_t offset)
{
	for (size_t i = 0; i < LOST_WALKS; i++)
		if (framer->lost[i].trail.at < offset && offset < framer->lost[i].front.at)
			follow(framer, &framer->lost[i], offset);
}

/* walk is inside quotes behind a line end: takes it to the front where that has been here, too. Otherwise it stays. */
static enum walk_result join(struct framer *framer, struct walk *walk)
{
	struct lost *lost = &framer->lost[0];
	if (!covers(lost, walk->at))
		return WALK_ON;
	follow(framer, lost, walk->at);
	assert(walk->origin == lost->trail.origin);
	if (lost->over_field)
		return WALK_FIELD;
	walk->at = lost->front.at;
	walk->state = lost->front.state;
	walk->cells += lost->front.cells - lost->trail.cells;
	walk->origin = lost->front.origin;
	walk->tail = lost->front.tail;
	return walk->cells > framer->caps.columns ? WALK_COLUMNS : WALK_ON;
}

/* Walks on within the window, at most to last. At the end of the file: WALK_ENDED unless inside quotes. */
static enum walk_result walk_further(const struct framer *framer, struct walk *walk, uint64_t last)
{
	const struct window *window = framer->window;
	uint64_t stop = last < window->end ? last : window->end;
	enum walk_result result = WALK_ON;
	if (walk->at < stop)
		result = walk_on(walk, window, stop, &framer->grammar, &framer->caps);
	if (result == WALK_ON && window->eof && walk->at == window->end && walk->at < last && !walk_is_open(walk))
		result = walk_finish(walk, window, &framer->grammar, &framer->caps);
	return result;
}

/* The walk came to a stray byte: the record is given up. */
static void found_stray(const struct framer *framer, const struct walk *walk, struct frame *out)
{
	char byte = *window_at(framer->window, walk->at);
	out->kind = FRAME_STRAY;
	out->stray = walk->at;
	out->space = byte == ' ' || byte == '\t';
}

/* Beyond [start, end) for a dialect with an escape: walks with company up to where one of those that were given up is met, if
 * at all; then the walk is where that one was left. Returns its index or LOST_WALKS; *result as walk_on. */
static size_t meet(struct framer *framer, struct walk *walk, uint64_t last, enum walk_result *result, struct error *error)
{
	struct window *window = framer->window;
	struct walk shadow[LOST_WALKS];
	bool there[LOST_WALKS], any = false;

	for (size_t i = 0; i < LOST_WALKS; i++) {
		there[i] = covers(&framer->lost[i], walk->at);
		if (there[i])
			follow(framer, &framer->lost[i], walk->at);
		shadow[i] = framer->lost[i].trail;
		any = any || there[i];
	}
	while (any && *result == WALK_ON && walk->at < last) {
		for (size_t i = 0; i < LOST_WALKS; i++) {
			const struct walk *front = &framer->lost[i].front;
			if (!there[i] || shadow[i].state != walk->state || (walk->state != IN_QUOTES && walk->state != IN_PLAIN))
				continue;
			bool same_cell = front->cells == shadow[i].cells;
			walk->origin = same_cell ? walk->origin + (front->origin - shadow[i].origin) : front->origin;
			walk->cells += front->cells - shadow[i].cells;
			walk->at = front->at;
			walk->state = front->state;
			walk->tail = front->tail;
			if (walk->cells > framer->caps.columns)
				*result = WALK_COLUMNS;
			return i;
		}
		uint64_t before = walk->at, stop = last < window->end ? last : window->end;
		const char *feed = before < stop ? memchr(window_at(window, before), '\n', (size_t)(stop - before)) : NULL;
		if (feed)
			stop = window->base + (uint64_t)(feed + 1 - window->data);
		*result = walk_on(walk, window, stop, &framer->grammar, &framer->caps);
		any = false;
		for (size_t i = 0; i < LOST_WALKS && *result == WALK_ON; i++) {
			there[i] = there[i] && walk->at <= framer->lost[i].front.at &&
				   walk_on(&shadow[i], window, walk->at, &framer->grammar, &no_caps) == WALK_ON && shadow[i].at == walk->at;
			any = any || there[i];
		}
		if (*result != WALK_ON || walk->at > before)
			continue;
		if (window->eof)
			break;
		if (window_more(window, error) < 0) {
			*result = WALK_ENDED; /* told apart by the error */
			return LOST_WALKS + 1;
		}
	}
	return LOST_WALKS;
}

/* What to remember of a walk that was given up, which came from here and met that one. */
static void remember(struct framer *framer, const struct walk *here, const struct walk *front, size_t met)
{
	struct lost *lost = framer->lost;
	size_t slot = met;

	if (met >= LOST_WALKS) {
		bool first = covers(&lost[0], here->at), second = covers(&lost[1], here->at);
		/* Both are there, in the state that this one was not in: they are one by now, and the shorter can go. */
		slot = !first ? 0 : !second ? 1 : lost[0].front.at < lost[1].front.at ? 0 : 1;
	}
	lost[slot] = (struct lost){ .trail = *here, .front = *front };
}

/* The record goes on behind its first line [start, end): finds its end, or gives it up. */
static int find_end_beyond(struct framer *framer, struct frame *out, struct error *error)
{
	struct window *window = framer->window;
	struct walk walk = walk_from(out->start), here;
	/* A line end may stand right behind the longest record. */
	uint64_t last = out->start + framer->limit + 1;
	enum walk_result result = walk_on(&walk, window, out->next, &framer->grammar, &framer->caps);
	here = walk;
	size_t met = LOST_WALKS;
	/* Only behind a line end is there no other state to be in; the end of the file is none. */
	if (result == WALK_ON && out->next > out->end && framer->grammar.escape == '\0')
		result = join(framer, &walk);
	else if (result == WALK_ON && out->next > out->end)
		met = meet(framer, &walk, last, &result, error);
	if (met > LOST_WALKS)
		return -1;
	while (result == WALK_ON) {
		result = walk_further(framer, &walk, last);
		if (result != WALK_ON || walk.at >= last || (window->eof && walk.at == window->end))
			break;
		if (window_more(window, error) < 0)
			return -1;
	}
	if (result == WALK_ENDED) {
		unsigned length = 0;
		out->end = walk.at;
		if (walk.at < window->end && line_end_length(window, walk.at, &length, error) < 0)
			return -1;
		out->next = out->end + length;
		out->lines = count_lines(window, out->start, out->next) + (length == 0);
		return 0;
	}
	if (result == WALK_STRAY)
		found_stray(framer, &walk, out);
	else
		out->kind = result == WALK_FIELD ? FRAME_FIELD : result == WALK_COLUMNS ? FRAME_COLUMNS :
			    walk.at >= last ? FRAME_RUNAWAY : FRAME_UNCLOSED;
	if (here.at != out->next || (here.state != IN_QUOTES && here.state != IN_PLAIN))
		return 0;
	if (framer->grammar.escape != '\0')
		remember(framer, &here, &walk, met);
	else if (framer->lost[0].front.at < walk.at)
		framer->lost[0] = (struct lost){ .trail = here, .front = walk, .over_field = result == WALK_FIELD };
	return 0;
}

static bool at_delimiter(const struct grammar *grammar, const char *p, const char *end)
{
	return *p == grammar->delimiter && (size_t)(end - p) >= grammar->delimiter_length &&
	       memcmp(p, grammar->delimiter_text, grammar->delimiter_length) == 0;
}

/* Behind the spaces that are no part of a cell; a tab that delimits cells is none. */
static const char *skip_spaces(const struct framer *framer, const char *p, const char *end)
{
	const struct grammar *grammar = &framer->grammar;
	while (p < end && ((grammar->trim && (*p == ' ' || *p == '\t')) || (grammar->initial_space && *p == ' ')) &&
	       !at_delimiter(grammar, p, end))
		p++;
	return p;
}

int framer_next(struct framer *framer, struct frame *out, struct error *error)
{
	struct window *window = framer->window;
	uint64_t start = window->position;
	*out = (struct frame){ .kind = FRAME_RECORD, .start = start, .lines = 1 };
	follow_all(framer, start);
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
	if (skip_spaces(framer, window_at(window, start), window_at(window, out->end)) == window_at(window, out->end)) {
		out->kind = FRAME_BLANK;
		return 0;
	}
	const struct grammar *grammar = &framer->grammar;
	if ((grammar->quote == '\0' || seek(&framer->quotes, window, grammar->quote, start) >= out->end) &&
	    (grammar->escape == '\0' || seek(&framer->escapes, window, grammar->escape, start) >= out->end))
		return 0;
	out->quoted = true;
	struct walk line = walk_from(start);
	enum walk_result result = walk_on(&line, window, out->end, &framer->grammar, &no_caps);
	assert(result == WALK_ON || result == WALK_STRAY);
	if (result == WALK_STRAY) {
		found_stray(framer, &line, out);
		return 0;
	}
	return walk_is_open(&line) || line.at > out->end ? find_end_beyond(framer, out, error) : 0;
}

void framer_find_cell(const struct framer *framer, const struct frame *record, size_t cell, uint64_t *lines, uint64_t *column)
{
	const struct window *window = framer->window;
	struct walk walk = walk_from(record->start);
	struct caps before = { .field = UINT64_MAX, .columns = cell };
	if (cell > 0) {
		if (walk_on(&walk, window, record->end, &framer->grammar, &before) != WALK_COLUMNS)
			assert(0 && "a cell that is not there");
		walk.at += framer->grammar.delimiter_length;
	}
	const char *first = window_at(window, record->start);
	const char *at = skip_spaces(framer, window_at(window, walk.at), window_at(window, record->end)), *line = at;
	while (line > first && line[-1] != '\n' && line[-1] != '\r')
		line--;
	*lines = count_lines(window, record->start, walk.at);
	*column = (uint64_t)(at - line) + 1;
}

/* Whether the line at the position is a comment; -1 and error. */
static int at_comment(const struct framer *framer, struct error *error)
{
	struct window *window = framer->window;
	const struct grammar *grammar = &framer->grammar;
	while (window->end - window->position < grammar->comment_length && !window->eof)
		if (window_more(window, error) < 0)
			return -1;
	return window->end - window->position >= grammar->comment_length &&
	       memcmp(window_at(window, window->position), grammar->comment, grammar->comment_length) == 0;
}

int framer_pass_comments(struct framer *framer, uint64_t *lines, struct error *error)
{
	struct window *window = framer->window;
	int comment;
	if (framer->grammar.comment_length == 0)
		return 0;
	while ((comment = at_comment(framer, error)) > 0) {
		uint64_t end, next;
		follow_all(framer, window->position);
		if (find_line(framer, window->position, &end, &next, error) < 0)
			return -1;
		/* A longer line goes beyond all that was walked over. */
		if (end <= window->position + framer->limit)
			follow_all(framer, next);
		if (framer_pass_line(framer, error) < 0)
			return -1;
		++*lines;
	}
	return comment;
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
