/* split.c - cutting plain records, and libcsv for those with quotes.
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

int split_init(struct split *split, char delimiter, char quote, bool trim, uint64_t field_limit, size_t keep,
	struct error *error)
{
	*split = (struct split){
		.delimiter = delimiter, .trim = trim, .keep = keep,
		.field_limit = field_limit < SIZE_MAX ? (size_t)field_limit : SIZE_MAX,
	};
	if (csv_init(&split->parser, 0) != 0)
		return error_memory(error, "the CSV parser");
	split->ready = true;
	csv_set_delim(&split->parser, (unsigned char)delimiter);
	csv_set_quote(&split->parser, (unsigned char)quote);
	/* Its buffer needs no ceiling of its own: it only ever sees whole records within limits.record. */
	csv_set_blk_size(&split->parser, PARSER_BLOCK);
	if (!trim)
		csv_set_space_func(&split->parser, no_space);
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

static struct span trimmed(const char *base, struct span cell)
{
	while (cell.length > 0 && (base[cell.offset] == ' ' || base[cell.offset] == '\t')) {
		cell.offset++;
		cell.length--;
	}
	while (cell.length > 0 && (base[cell.offset + cell.length - 1] == ' ' || base[cell.offset + cell.length - 1] == '\t'))
		cell.length--;
	return cell;
}

static void start(struct split *split, size_t length)
{
	assert(length <= UINT32_MAX);
	(void)length;
	split->count = split->used = split->too_long = 0;
}

static inline void add(struct split *split, const char *base, size_t offset, size_t length)
{
	size_t cell = split->count++;
	struct span span = { .offset = (uint32_t)offset, .length = (uint32_t)length };
	if (split->trim)
		span = trimmed(base, span);
	if (span.length > split->field_limit && split->too_long == 0) {
		split->too_long = cell + 1;
		split->too_long_bytes = span.length;
	}
	if (cell < split->keep)
		split->cells[cell] = span;
}

void split_plain(struct split *split, const char *record, size_t length)
{
	start(split, length);
	const char *cell = record, *end = record + length, *cut;
	while ((cut = memchr(cell, split->delimiter, (size_t)(end - cell))) != NULL) {
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

int split_quoted(struct split *split, const char *record, size_t length, char *out, struct error *error)
{
	start(split, length);
	split->out = out;
	split->records = 0;
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
