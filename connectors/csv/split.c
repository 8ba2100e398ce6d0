/* split.c - cutting plain records, and libcsv, or tokens, for those with quotes.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/csv/split.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
	PARSER_BLOCK = 16 * 1024,    /* libcsv's buffer grows by this much */
	PARSER_KEPT = 256 * 1024,    /* and is given back when one huge cell made it larger */
};

static int no_space(unsigned char c)
{
	(void)c;
	return 0;
}

int split_init(struct split *split, const struct grammar *grammar, uint64_t field_limit, size_t keep, struct error *error)
{
	*split = (struct split){
		.grammar = *grammar, .keep = keep, .field_limit = field_limit < SIZE_MAX ? (size_t)field_limit : SIZE_MAX,
	};
	if (!grammar->wide) {
		if (csv_init(&split->parser, 0) != 0)
			return error_memory(error, "the CSV parser");
		split->ready = true;
		csv_set_delim(&split->parser, (unsigned char)grammar->delimiter);
		csv_set_quote(&split->parser, (unsigned char)grammar->quote);
		/* Its buffer needs no ceiling of its own: it only ever sees whole records within limits.record. */
		csv_set_blk_size(&split->parser, PARSER_BLOCK);
		if (!grammar->trim)
			csv_set_space_func(&split->parser, no_space);
	}
	split->cells = calloc(keep > 0 ? keep : 1, sizeof *split->cells);
	return split->cells ? 0 : error_memory(error, "the cells of a record");
}

void split_fini(struct split *split)
{
	if (split->ready)
		csv_free(&split->parser);
	split->ready = false;
	free(split->cells);
	split->cells = NULL;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

static struct span trimmed(const char *base, struct span cell)
{
	while (cell.length > 0 && is_space(base[cell.offset])) {
		cell.offset++;
		cell.length--;
	}
	while (cell.length > 0 && is_space(base[cell.offset + cell.length - 1]))
		cell.length--;
	return cell;
}

static void start(struct split *split, size_t length)
{
	assert(length <= UINT32_MAX);
	(void)length;
	split->count = split->used = split->too_long = 0;
	split->filled_beyond = false;
}

static inline void put(struct split *split, struct span span)
{
	size_t cell = split->count++;
	if (span.length > split->field_limit && split->too_long == 0) {
		split->too_long = cell + 1;
		split->too_long_bytes = span.length;
	}
	if (cell < split->keep)
		split->cells[cell] = span;
	else if (span.length > 0)
		split->filled_beyond = true;
}

static inline void add(struct split *split, const char *base, size_t offset, size_t length)
{
	struct span span = { .offset = (uint32_t)offset, .length = (uint32_t)length };
	if (split->grammar.trim)
		span = trimmed(base, span);
	put(split, span);
}

/* A record of a dialect with several bytes to the delimiter, or with spaces to be skipped. */
static void split_plain_wide(struct split *split, const char *record, const char *end)
{
	const struct grammar *grammar = &split->grammar;
	for (const char *cell = record;;) {
		const char *cut = memmem(cell, (size_t)(end - cell), grammar->delimiter_text, grammar->delimiter_length);
		const char *last = cut ? cut : end;
		while (grammar->initial_space && cell < last && *cell == ' ')
			cell++;
		add(split, record, (size_t)(cell - record), (size_t)(last - cell));
		if (!cut)
			return;
		cell = cut + grammar->delimiter_length;
	}
}

void split_plain(struct split *split, const char *record, size_t length)
{
	start(split, length);
	const char *cell = record, *end = record + length, *cut;
	if (split->grammar.wide) {
		split_plain_wide(split, record, end);
		return;
	}
	while ((cut = memchr(cell, split->grammar.delimiter, (size_t)(end - cell))) != NULL) {
		add(split, record, (size_t)(cell - record), (size_t)(cut - cell));
		cell = cut + 1;
	}
	add(split, record, (size_t)(cell - record), (size_t)(end - cell));
}

static void on_cell(void *data, size_t length, void *argument)
{
	struct split *split = argument;
	if (split->count >= split->keep) {
		add(split, data, 0, length);
		return;
	}
	memcpy(split->out + split->used, data, length);
	add(split, split->out, split->used, length);
	split->used += length;
}

static void on_record(int end, void *argument)
{
	(void)end;
	struct split *split = argument;
	split->records++;
}

static bool at_delimiter(const struct grammar *grammar, const char *p, const char *end)
{
	return (size_t)(end - p) >= grammar->delimiter_length && memcmp(p, grammar->delimiter_text, grammar->delimiter_length) == 0;
}

/* Behind the spaces at p that are no part of a cell. */
static const char *skip_spaces(const struct grammar *grammar, const char *p, const char *end)
{
	while (p < end && ((grammar->trim && is_space(*p)) || (grammar->initial_space && *p == ' ')) && !at_delimiter(grammar, p, end))
		p++;
	return p;
}

/* One cell of a wide dialect; it goes to out, where what is not kept has room, too. Returns what stands behind the cell. */
static const char *take_wide(struct split *split, const char *p, const char *end, size_t *first, size_t *count)
{
	const struct grammar *grammar = &split->grammar;
	char *out = split->out + *first;
	/* With trim: bytes up to the last one that is no space, spaces that were escaped aside. */
	size_t used = 0, kept = 0;
	bool quoted = false;

	p = skip_spaces(grammar, p, end);
	if (p < end && *p == grammar->quote && grammar->quote != '\0') {
		quoted = true;
		p++;
	}
	while (p < end) {
		size_t length;
		enum token token = grammar_token(grammar, p, end, true, &length);
		if (!quoted && token == TOKEN_DELIMITER)
			break;
		if (token == TOKEN_ESCAPED) {
			char code = grammar->codes && length == 2 ? grammar_code(p[1]) : '\0';
			if (code && p[1] != grammar->escape && p[1] != grammar->quote) {
				out[used++] = code;
			} else {
				memcpy(out + used, p + 1, length - 1);
				used += length - 1;
			}
			kept = used;
			p += length;
			continue;
		}
		if (quoted && token == TOKEN_QUOTE) {
			bool twice = p + 1 < end && p[1] == grammar->quote && !grammar->single_quotes;
			p += twice ? 2 : 1;
			if (!twice)
				break;
			out[used++] = grammar->quote;
			kept = used;
			continue;
		}
		if (!grammar->trim || !is_space(*p) || used > 0)
			out[used++] = *p;
		if (!is_space(*p))
			kept = used;
		p++;
	}
	/* Behind a closing quote there are only spaces to be trimmed (walk.h). */
	while (quoted && p < end && !at_delimiter(grammar, p, end))
		p++;
	*count = grammar->trim ? kept : used;
	return p;
}

static void split_wide(struct split *split, const char *record, const char *end)
{
	for (const char *p = record;;) {
		size_t first = split->used, count;
		p = take_wide(split, p, end, &first, &count);
		if (split->count < split->keep)
			split->used += count;
		put(split, (struct span){ .offset = (uint32_t)first, .length = (uint32_t)count });
		if (p == end)
			return;
		p += split->grammar.delimiter_length;
	}
}

int split_quoted(struct split *split, const char *record, size_t length, char *out, struct error *error)
{
	start(split, length);
	split->out = out;
	split->records = 0;
	if (split->grammar.wide) {
		split_wide(split, record, record + length);
		return 0;
	}
	if (csv_parse(&split->parser, record, length, on_cell, on_record, split) != length ||
	    csv_parse(&split->parser, "\n", 1, on_cell, on_record, split) != 1) {
		/* Without CSV_STRICT libcsv stops for nothing else. */
		assert(csv_error(&split->parser) != CSV_EPARSE);
		return error_memory(error, "a cell");
	}
	assert(split->records == 1 && "libcsv saw another end of the record than the framer");
	if (csv_get_buffer_size(&split->parser) > PARSER_KEPT)
		csv_free(&split->parser);
	return 0;
}
