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

enum walk_result walk_on(struct walk *out, const struct window *window, uint64_t stop, const struct grammar *grammar,
	const struct caps *caps)
{
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
