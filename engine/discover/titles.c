/* titles.c - counting what stands in the cells of a file's first lines.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/discover/titles.h"

#include <string.h>

/* Of two columns, one that is empty says nothing. */
enum { TITLE_LINES_MAX = 20, COLUMNS_LEAST = 3 };

struct line_cells {
	size_t cells, filled, values; /* values: filled, and no label: they begin like a number */
	bool whole;                   /* false: a quote has no end on this line */
};

static const char *line_end(const char *p, const char *end)
{
	while (p < end && *p != '\n' && *p != '\r')
		p++;
	return p;
}

static const char *next_line(const char *p, const char *end)
{
	p = line_end(p, end);
	if (p == end)
		return end;
	return p + 1 < end && p[0] == '\r' && p[1] == '\n' ? p + 2 : p + 1;
}

const char *behind_lines(const char *text, size_t *length, uint64_t lines)
{
	const char *p = text, *end = text + *length;
	for (; lines > 0 && p < end; lines--)
		p = next_line(p, end);
	*length = (size_t)(end - p);
	return p;
}

static bool begins_a_value(char c)
{
	return (c >= '0' && c <= '9') || c == '-' || c == '+';
}

static void count_cells(const char *p, const char *end, const struct csv_guess *guess, struct line_cells *out)
{
	size_t delimiter = strlen(guess->delimiter);
	char quote = strcmp(guess->quote, "none") == 0 ? '\0' : guess->quote[0], first = '\0';
	bool quoted = false, filled = false;

	*out = (struct line_cells){ .cells = 1 };
	for (;;) {
		bool cut = p == end || (!quoted && (size_t)(end - p) >= delimiter && memcmp(p, guess->delimiter, delimiter) == 0);
		if (cut) {
			out->filled += filled;
			out->values += filled && begins_a_value(first);
			filled = false;
			if (p == end)
				break;
			out->cells++;
			p += delimiter;
		} else if (quote && *p == quote) {
			quoted = !quoted;
			p++;
		} else {
			if (!filled && *p != ' ' && *p != '\t') {
				filled = true;
				first = *p;
			}
			p++;
		}
	}
	out->whole = !quoted;
}

void titles_find(const char *text, size_t length, const struct csv_guess *guess, struct titles *out)
{
	const char *p = text, *end = text + length;
	struct line_cells line;
	uint64_t lines = 0, titles = 0;

	*out = (struct titles){ .lines = 0 };
	for (; p < end && lines <= TITLE_LINES_MAX; lines++, p = next_line(p, end)) {
		count_cells(p, line_end(p, end), guess, &line);
		if (!line.whole || line.filled > 1)
			break;
		/* One that is cut off is a record with too few cells, or guess has left it out. */
		if (line.filled == 1 && line.cells < guess->columns)
			return;
		titles += line.filled;
	}
	if (p >= end || lines > TITLE_LINES_MAX || titles == 0 || !line.whole || guess->columns < COLUMNS_LEAST || line.filled < 2)
		return;
	out->lines = lines;
	out->clear = line.filled >= COLUMNS_LEAST && line.filled == line.cells && line.values == 0;
}
