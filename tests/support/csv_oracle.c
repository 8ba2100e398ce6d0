/* csv_oracle.c - cell by cell, byte by byte, from the wording of docs and not from the program.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/csv_oracle.h"

#include <inttypes.h>
#include <string.h>

struct cell {
	char *bytes;
	size_t *offsets; /* of each byte in the data */
	bool *escaped;   /* never trimmed */
	size_t length;
};

struct oracle {
	const struct csv_case *how;
	const char *data;
	size_t size;
	size_t stop; /* nobody looks at or behind it */
	struct cell *cells;
	size_t count, room;
};

/* NEVER_ENDS: not where anybody looks, or something else follows a closing quote. */
enum cell_end { ENDS_CELL, ENDS_RECORD, NEVER_ENDS };

static bool line_end_at(const struct oracle *o, size_t at)
{
	return at == o->size || o->data[at] == '\n' || o->data[at] == '\r';
}

static bool text_at(const struct oracle *o, size_t at, const char *text, size_t length)
{
	return length <= o->size && at <= o->size - length && memcmp(o->data + at, text, length) == 0;
}

static const char *delimiter(const struct oracle *o)
{
	const char *text = o->how->options.delimiter;
	return strcmp(text, "\\t") == 0 ? "\t" : text;
}

static bool delimiter_at(const struct oracle *o, size_t at)
{
	return text_at(o, at, delimiter(o), strlen(delimiter(o)));
}

static bool cell_end_at(const struct oracle *o, size_t at)
{
	return line_end_at(o, at) || delimiter_at(o, at);
}

/* before: in front of a cell, where spaces may be skipped without trim. */
static bool space_at(const struct oracle *o, size_t at, bool before)
{
	bool blank = o->how->options.trim || (before && o->how->options.skip_initial_space);
	return at < o->size && !delimiter_at(o, at) && ((blank && o->data[at] == ' ') || (o->how->options.trim && o->data[at] == '\t'));
}

static bool quote_at(const struct oracle *o, size_t at)
{
	return at < o->size && strcmp(o->how->options.quote, "none") != 0 && o->data[at] == o->how->options.quote[0];
}

/* Bytes behind the escape at at that it takes the meaning of; 0: it is no escape, or stands before nothing that has one. */
static size_t escaped_at(const struct oracle *o, size_t at)
{
	const char *escape = o->how->options.escape;
	if (!escape || at + 1 >= o->size || o->data[at] != escape[0])
		return 0;
	char next = o->data[at + 1];
	if (next == '\r' && at + 2 < o->size && o->data[at + 2] == '\n')
		return 2;
	if (next == '\r' || next == '\n' || next == escape[0] || quote_at(o, at + 1) ||
	    (o->how->options.escape_codes && next != '\0' && strchr("bnrtZ", next)))
		return 1;
	/* The delimiter's first character: the bytes of it that do not begin a further one. */
	size_t first = 1;
	while (((unsigned char)delimiter(o)[first] & 0xC0) == 0x80)
		first++;
	return text_at(o, at + 1, delimiter(o), first) ? first : 0;
}

static void keep_byte(struct cell *cell, char byte, size_t at, bool escaped)
{
	cell->bytes[cell->length] = byte;
	cell->escaped[cell->length] = escaped;
	cell->offsets[cell->length++] = at;
}

static void keep(struct oracle *o, struct cell *cell, size_t at)
{
	keep_byte(cell, o->data[at], at, false);
}

/* What is behind the escape at at. */
static void keep_escaped(struct oracle *o, struct cell *cell, size_t at, size_t bytes)
{
	char next = o->data[at + 1];
	if (o->how->options.escape_codes && bytes == 1 && strchr("bnrtZ", next)) {
		keep_byte(cell, next == 'b' ? 8 : next == 'n' ? 10 : next == 'r' ? 13 : next == 't' ? 9 : 26, at + 1, true);
		return;
	}
	for (size_t i = 0; i < bytes; i++)
		keep_byte(cell, o->data[at + 1 + i], at + 1 + i, true);
}

static bool is_trimmed(const struct cell *cell, size_t i)
{
	return !cell->escaped[i] && (cell->bytes[i] == ' ' || cell->bytes[i] == '\t');
}

/* One cell at *at; moves *at to what ended it. */
static enum cell_end read_cell(struct oracle *o, size_t *at)
{
	if (o->count == o->room) {
		o->room = 2 * o->room + 8;
		o->cells = realloc(o->cells, o->room * sizeof *o->cells);
		CHECK(o->cells);
	}
	struct cell *cell = &o->cells[o->count++];
	size_t most = o->stop > *at ? o->stop - *at : 1;
	*cell = (struct cell){ .bytes = malloc(most), .offsets = malloc(most * sizeof *cell->offsets), .escaped = malloc(most) };
	CHECK(cell->bytes && cell->offsets && cell->escaped);

	size_t p = *at;
	while (space_at(o, p, true))
		p++;
	bool quoted = quote_at(o, p);
	p += quoted;
	for (;; p++) {
		if (p >= o->stop && !(p == o->size && !quoted))
			return NEVER_ENDS;
		size_t bytes = escaped_at(o, p);
		if (bytes > 0) {
			if (p + 1 + bytes > o->stop)
				return NEVER_ENDS;
			keep_escaped(o, cell, p, bytes);
			p += bytes;
			continue;
		}
		if (!quoted && cell_end_at(o, p))
			break;
		if (quoted && quote_at(o, p)) {
			size_t after = p + 1;
			while (space_at(o, after, false))
				after++;
			if (cell_end_at(o, after)) {
				p = after;
				break;
			}
			if (!quote_at(o, p + 1) || !o->how->options.double_quote)
				return NEVER_ENDS;
			keep(o, cell, p++);
			continue;
		}
		keep(o, cell, p);
	}
	*at = p;
	if (o->how->options.trim) {
		size_t first = 0, last = cell->length;
		while (first < last && is_trimmed(cell, first))
			first++;
		while (last > first && is_trimmed(cell, last - 1))
			last--;
		memmove(cell->bytes, cell->bytes + first, last - first);
		memmove(cell->offsets, cell->offsets + first, (last - first) * sizeof *cell->offsets);
		cell->length = last - first;
	}
	return line_end_at(o, p) ? ENDS_RECORD : ENDS_CELL;
}

static void forget_cells(struct oracle *o)
{
	for (size_t i = 0; i < o->count; i++) {
		free(o->cells[i].bytes);
		free(o->cells[i].offsets);
		free(o->cells[i].escaped);
	}
	o->count = 0;
}

/* Behind the line end at at. */
static size_t next_line(const struct oracle *o, size_t at)
{
	if (at < o->size && o->data[at] == '\r' && at + 1 < o->size && o->data[at + 1] == '\n')
		return at + 2;
	return at < o->size ? at + 1 : at;
}

/* By decoding: the first byte that is NUL or begins no character, or length. */
static size_t first_bad(const struct cell *cell)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	for (size_t i = 0; i < cell->length;) {
		unsigned char c = (unsigned char)cell->bytes[i];
		size_t bytes = c < 0x80 ? 1 : c >> 5 == 6 ? 2 : c >> 4 == 14 ? 3 : c >> 3 == 30 ? 4 : 0;
		if (c == 0 || bytes == 0 || i + bytes > cell->length)
			return i;
		uint32_t code = bytes == 1 ? c : c & (0xFFu >> (bytes + 1));
		for (size_t k = 1; k < bytes; k++) {
			unsigned char more = (unsigned char)cell->bytes[i + k];
			if (more >> 6 != 2)
				return i;
			code = code << 6 | (more & 0x3F);
		}
		if (code < least[bytes] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
			return i;
		i += bytes;
	}
	return cell->length;
}

static bool over_limits(const struct oracle *o)
{
	bool over = o->count > o->how->limits.columns;
	for (size_t i = 0; i < o->count; i++)
		over = over || o->cells[i].length > o->how->limits.field;
	return over;
}

/* Cells and faults of a record that is whole and within the limits. */
static void put_record(const struct oracle *o, struct csv_line *line)
{
	size_t fields = o->how->schema->field_count;
	for (size_t f = 0; f < fields; f++) {
		bool there = f < o->count;
		csv_line_put(line, " %c", !there ? (o->how->options.short_rows == SHORT_PAD ? '0' : '-') : first_bad(&o->cells[f]) < o->cells[f].length ? '!' : '=');
		if (there)
			csv_line_bytes(line, o->cells[f].bytes, o->cells[f].length);
	}
	bool beyond = false;
	for (size_t i = 0; i < o->count; i++) {
		size_t bad = first_bad(&o->cells[i]);
		if (bad == o->cells[i].length || beyond)
			continue;
		beyond = i >= fields;
		csv_line_put(line, " encoding(%zd@%zu)", beyond ? (ssize_t)-1 : (ssize_t)i, o->cells[i].offsets[bad]);
	}
	bool dropped = o->how->options.long_rows != LONG_REJECT;
	for (size_t i = fields; i < o->count && o->how->options.long_rows == LONG_DROP_EMPTY; i++)
		dropped = dropped && o->cells[i].length == 0;
	if (o->count > fields && !dropped)
		csv_line_put(line, " extra(%zu cell%s expected, %zu found)", fields, fields == 1 ? "" : "s", o->count);
}

void csv_oracle(const struct csv_case *how, const char *data, size_t size, struct csv_seen *seen)
{
	struct oracle o = { .how = how, .data = data, .size = size };
	size_t start = size >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
	uint64_t record_no = 0, line_no = 1;
	*seen = (struct csv_seen){ 0 };
	for (int64_t i = 0; i < how->options.skip_lines; i++, line_no++) {
		while (!line_end_at(&o, start))
			start++;
		start = next_line(&o, start);
	}
	while (start < size) {
		size_t line_end = start;
		while (!line_end_at(&o, line_end))
			line_end++;
		if (how->options.comment && text_at(&o, start, how->options.comment, strlen(how->options.comment))) {
			start = next_line(&o, line_end);
			line_no++;
			continue;
		}
		size_t end = line_end;
		bool blank = line_end - start <= how->limits.record;
		for (size_t i = start; i < line_end; i++)
			blank = blank && space_at(&o, i, true);
		/* The byte behind the longest record may be its line end. */
		o.stop = how->limits.record < size - start ? start + how->limits.record + 1 : size;
		bool whole = !blank && line_end - start <= how->limits.record;
		enum cell_end ended = ENDS_CELL;
		for (size_t at = start; whole && ended == ENDS_CELL; at += strlen(delimiter(&o))) {
			ended = read_cell(&o, &at);
			whole = ended != NEVER_ENDS && at - start <= how->limits.record;
			end = at;
		}
		/* A record over a cap is damaged from its first byte to the end of the line in which it begins. */
		whole = whole && !over_limits(&o);
		if (!whole)
			end = line_end;
		size_t next = next_line(&o, end), text = end - start;
		if (text > how->limits.record)
			text = how->limits.record;

		struct csv_line line = { 0 };
		csv_line_put(&line, "%" PRIu64 " line %" PRIu64 " @%zu+%zu %s", ++record_no, line_no, start, next - start,
			blank ? "blank" : "live");
		if (whole) {
			put_record(&o, &line);
		} else {
			for (size_t f = 0; f < how->schema->field_count; f++)
				csv_line_put(&line, " -");
			if (!blank)
				csv_line_put(&line, " record");
		}
		csv_line_put(&line, " <");
		csv_line_bytes(&line, data + start, text);
		csv_line_put(&line, ">");
		csv_line_end(&line, seen);
		forget_cells(&o);
		for (size_t i = start; i < next; i++)
			line_no += data[i] == '\n' || (data[i] == '\r' && (i + 1 == size || data[i + 1] != '\n'));
		start = next;
	}
	free(o.cells);
}
