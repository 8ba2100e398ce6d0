/* walk.c - the states between the bytes of a record.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/csv/walk.h"

#include <assert.h>
#include <string.h>

/* What trim takes away around what a cell holds. */
static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

/* Where what a cell holds ends, when its last byte stands before offset. */
static uint64_t tail_before(const struct walk *walk, const struct window *window, uint64_t offset, bool trim)
{
	/* A walk that trails behind may have lost its first bytes; it asks for no length. */
	uint64_t least = walk->origin > window->base ? walk->origin : window->base;
	while (trim && offset > least && is_space(*window_at(window, offset - 1)))
		offset--;
	return offset;
}

/* The cell ends at offset. False when it is too long. */
static bool cell_fits(struct walk *walk, const struct window *window, uint64_t offset, bool trim, const struct caps *caps)
{
	if (walk->state == AT_CELL)
		return true;
	if (walk->state == IN_PLAIN)
		walk->tail = tail_before(walk, window, offset, trim);
	return walk->tail - walk->origin <= caps->field;
}

/* --- wide dialects ------------------------------------------------------------------------------ */

char grammar_code(char letter)
{
	static const char letters[] = "bnrtZ", codes[] = "\b\n\r\t\x1A";
	const char *found = letter != '\0' ? strchr(letters, letter) : NULL;
	return found ? codes[found - letters] : '\0';
}

/* Whether text stands at p: 1, 0, or -1 where end cuts it. */
static int stands_at(const char *p, const char *end, const char *text, size_t length)
{
	size_t there = (size_t)(end - p) < length ? (size_t)(end - p) : length;
	if (memcmp(p, text, there) != 0)
		return 0;
	return there == length ? 1 : -1;
}

static enum token escaped_token(const struct grammar *grammar, const char *p, const char *end, bool whole, size_t *length)
{
	*length = 1;
	if (p + 1 == end)
		return whole ? TOKEN_PLAIN : TOKEN_PART;
	char c = p[1];
	*length = 2;
	if (c == '\n' || c == grammar->escape || (c == grammar->quote && c != '\0') || (grammar->codes && grammar_code(c)))
		return TOKEN_ESCAPED;
	if (c == '\r') {
		if (p + 2 == end && !whole)
			return TOKEN_PART;
		if (p + 2 < end && p[2] == '\n')
			*length = 3;
		return TOKEN_ESCAPED;
	}
	int there = stands_at(p + 1, end, grammar->delimiter_text, grammar->first_length);
	*length = there > 0 ? 1 + grammar->first_length : 1;
	return there > 0 ? TOKEN_ESCAPED : there < 0 && !whole ? TOKEN_PART : TOKEN_PLAIN;
}

enum token grammar_token(const struct grammar *grammar, const char *p, const char *end, bool whole, size_t *length)
{
	char c = *p;
	*length = 1;
	if (c == '\n' || c == '\r')
		return TOKEN_LINE_END;
	if (c == grammar->delimiter) {
		int there = stands_at(p, end, grammar->delimiter_text, grammar->delimiter_length);
		*length = there > 0 ? grammar->delimiter_length : 1;
		return there > 0 ? TOKEN_DELIMITER : there < 0 && !whole ? TOKEN_PART : TOKEN_PLAIN;
	}
	if (c == '\0')
		return TOKEN_PLAIN;
	if (c == grammar->quote)
		return TOKEN_QUOTE;
	return c == grammar->escape ? escaped_token(grammar, p, end, whole, length) : TOKEN_PLAIN;
}

/* The next byte inside quotes that may be more than a byte, or end. */
static const char *find_in_quotes(const struct grammar *grammar, const char *p, const char *end)
{
	if (grammar->escape == '\0') {
		const char *found = memchr(p, grammar->quote, (size_t)(end - p));
		return found ? found : end;
	}
	while (p < end && *p != grammar->quote && *p != grammar->escape)
		p++;
	return p;
}

/* A token of a cell, or at its beginning, which is none of its end. */
static void take_in_cell(struct walk *walk, const struct grammar *grammar, enum token token, char c)
{
	if (walk->state == AT_CELL) {
		if (token == TOKEN_QUOTE) {
			walk->state = grammar->trim ? OPENED : IN_QUOTES;
			walk->origin = walk->at + 1;
			return;
		}
		if (token == TOKEN_PLAIN && ((grammar->trim && is_space(c)) || (grammar->initial_space && c == ' ')))
			return;
		walk->state = IN_PLAIN;
		walk->origin = walk->at;
	}
	walk->origin += token == TOKEN_ESCAPED;
}

/* A token behind a closing quote that does not end the cell; false: a stray one. */
static bool take_after_quote(struct walk *walk, const struct grammar *grammar, enum token token, char c)
{
	if (grammar->trim && token == TOKEN_PLAIN && is_space(c)) {
		walk->state = AFTER_SPACE;
		return true;
	}
	if (token != TOKEN_QUOTE || walk->state == AFTER_SPACE || grammar->single_quotes)
		return false;
	walk->state = IN_QUOTES;
	walk->origin++;
	return true;
}

static enum walk_result walk_wide(struct walk *walk, const struct window *window, uint64_t stop, const struct grammar *grammar,
	const struct caps *caps)
{
	const char *end = window_at(window, stop), *seen = window_at(window, window->end);

	while (walk->at < stop) {
		const char *p = window_at(window, walk->at);
		size_t length;
		if (walk->state == OPENED) {
			if (is_space(*p)) {
				walk->at++;
				continue;
			}
			walk->state = IN_QUOTES;
			walk->origin = walk->at;
		}
		if (walk->state == IN_QUOTES) {
			const char *found = find_in_quotes(grammar, p, end);
			walk->at += (uint64_t)(found - p);
			if (found == end)
				return WALK_ON;
			if (*found == grammar->quote) {
				walk->state = AFTER_QUOTE;
				walk->tail = tail_before(walk, window, walk->at, grammar->trim);
				walk->at++;
				continue;
			}
			enum token token = escaped_token(grammar, found, seen, window->eof, &length);
			if (token == TOKEN_PART)
				return WALK_ON;
			walk->origin += token == TOKEN_ESCAPED;
			walk->at += length;
			continue;
		}
		enum token token = grammar_token(grammar, p, seen, window->eof, &length);
		if (token == TOKEN_PART)
			return WALK_ON;
		if (token == TOKEN_DELIMITER || token == TOKEN_LINE_END) {
			if (!cell_fits(walk, window, walk->at, grammar->trim, caps))
				return WALK_FIELD;
			if (token == TOKEN_LINE_END)
				return WALK_ENDED;
			if (walk->cells >= caps->columns)
				return WALK_COLUMNS;
			walk->cells++;
			walk->state = AT_CELL;
		} else if (walk->state == AT_CELL || walk->state == IN_PLAIN) {
			take_in_cell(walk, grammar, token, *p);
		} else if (!take_after_quote(walk, grammar, token, *p)) {
			return WALK_STRAY;
		}
		walk->at += length;
	}
	return WALK_ON;
}

/* --- all ---------------------------------------------------------------------------------------- */

enum walk_result walk_on(struct walk *out, const struct window *window, uint64_t stop, const struct grammar *grammar,
	const struct caps *caps)
{
	if (grammar->wide)
		return walk_wide(out, window, stop, grammar, caps);
	const char delimiter = grammar->delimiter, quote = grammar->quote;
	const bool trim = grammar->trim;
	/* A copy: bytes may be anywhere, for all the compiler knows, so also in *out. */
	struct walk walk = *out;
	const uint64_t from = walk.at;
	const char *first = window_at(window, from), *end = window_at(window, stop), *p = first;
	enum walk_result result = WALK_ON;

	while (p < end) {
		if (walk.state == OPENED) {
			while (p < end && is_space(*p))
				p++;
			if (p == end)
				break;
			walk.state = IN_QUOTES;
			walk.origin = from + (uint64_t)(p - first);
		}
		if (walk.state == IN_QUOTES) {
			p = memchr(p, quote, (size_t)(end - p));
			if (!p) {
				p = end;
				break;
			}
			walk.state = AFTER_QUOTE;
			walk.tail = tail_before(&walk, window, from + (uint64_t)(p - first), trim);
			p++;
			continue;
		}
		if (walk.state == IN_PLAIN)
			while (p < end && *p != delimiter && *p != '\n' && *p != '\r')
				p++;
		if (p == end)
			break;
		char c = *p;
		if (c == delimiter || c == '\n' || c == '\r') {
			if (!cell_fits(&walk, window, from + (uint64_t)(p - first), trim, caps))
				result = WALK_FIELD;
			else if (c != delimiter)
				result = WALK_ENDED;
			else if (walk.cells >= caps->columns)
				result = WALK_COLUMNS;
			if (result != WALK_ON)
				break;
			walk.cells++;
			walk.state = AT_CELL;
		} else if (walk.state == AT_CELL) {
			if (c == quote) {
				walk.state = trim ? OPENED : IN_QUOTES;
				walk.origin = from + (uint64_t)(p - first) + 1;
			} else if (!trim || !is_space(c)) {
				walk.state = IN_PLAIN;
				walk.origin = from + (uint64_t)(p - first);
			}
		} else if (trim && is_space(c)) {
			walk.state = AFTER_SPACE;
		} else if (c != quote || walk.state == AFTER_SPACE) {
			result = WALK_STRAY;
			break;
		} else {
			walk.state = IN_QUOTES;
			walk.origin++;
		}
		p++;
	}
	walk.at = from + (uint64_t)(p - first);
	*out = walk;
	return result;
}

enum walk_result walk_finish(struct walk *walk, const struct window *window, const struct grammar *grammar,
	const struct caps *caps)
{
	assert(window->eof && walk->at == window->end && !walk_is_open(walk));
	return cell_fits(walk, window, walk->at, grammar->trim, caps) ? WALK_ENDED : WALK_FIELD;
}
