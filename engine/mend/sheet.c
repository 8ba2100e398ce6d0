/* sheet.c - reading CSV byte by byte, with one row in memory.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/mend/sheet.h"

#include "engine/core/plural.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char mark[] = "\xEF\xBB\xBF";

/* --- bytes --- */

/* Where bytes come from: the file, or one record. */
struct feed {
	struct sheet *sheet;
	const char *text, *end; /* a record; NULL: the file */
};

static int take(struct feed *feed)
{
	if (feed->text)
		return feed->text < feed->end ? (unsigned char)*feed->text++ : EOF;
	int c = getc_unlocked(feed->sheet->file);
	feed->sheet->bytes += c != EOF;
	return c;
}

static int peek(struct feed *feed)
{
	if (feed->text)
		return feed->text < feed->end ? (unsigned char)*feed->text : EOF;
	int c = getc_unlocked(feed->sheet->file);
	if (c != EOF)
		ungetc(c, feed->sheet->file);
	return c;
}

static int keep(struct sheet *sheet, int c, struct error *error)
{
	char byte = (char)c;
	if (sheet->bytes_of.length < sheet->bytes_of.ceiling)
		return buffer_append(&sheet->bytes_of, &byte, 1, error);
	char place[ERROR_PLACE_MAX];
	snprintf(place, sizeof place, "%s:%" PRIu64, sheet->name, sheet->at);
	return error_set(error, ERROR_CONFIG, place, "the row is longer than limits.record (%" PRIu64 " bytes); is a quote left open?",
		sheet->record_limit);
}

/* --- a row --- */

static int add_cell(struct sheet *sheet, size_t begin, size_t end, struct error *error)
{
	if (sheet->count == sheet->room) {
		size_t room = sheet->room ? 2 * sheet->room : 32;
		struct span *cells = realloc(sheet->cells, room * sizeof *cells);
		if (!cells)
			return error_memory(error, "the cells of a row");
		sheet->cells = cells;
		sheet->room = room;
	}
	sheet->cells[sheet->count++] = (struct span){ (uint32_t)begin, (uint32_t)(end - begin) };
	return 0;
}

struct style {
	int delimiter, quote;
	bool trim;
};

enum cut { CUT_END = 0, CUT_MORE, CUT_LINE, CUT_OPEN, CUT_STRAY };

static bool is_space(int c)
{
	return c == ' ' || c == '\t';
}

/* One cell; what stands behind it: a delimiter (CUT_MORE), a line end, or nothing. */
static int cut_cell(struct feed *feed, const struct style *style, enum cut *behind, struct error *error)
{
	struct sheet *sheet = feed->sheet;
	size_t begin = sheet->bytes_of.length;
	bool quoted = false;
	int c = take(feed);
	while (style->trim && is_space(c) && c != style->delimiter)
		c = take(feed);
	if (c == style->quote) {
		quoted = true;
		for (;;) {
			c = take(feed);
			if (c == EOF) {
				*behind = CUT_OPEN;
				return 0;
			}
			if (c == style->quote && peek(feed) != style->quote)
				break;
			if (c == style->quote)
				take(feed);
			if (c == '\n' || (c == '\r' && peek(feed) != '\n'))
				sheet->line_no++;
			if (keep(sheet, c, error) < 0)
				return -1;
		}
		c = take(feed);
		while (style->trim && is_space(c) && c != style->delimiter)
			c = take(feed);
	}
	while (c != EOF && c != style->delimiter && c != '\n' && c != '\r') {
		if (quoted) {
			*behind = CUT_STRAY;
			return 0;
		}
		if (keep(sheet, c, error) < 0)
			return -1;
		c = take(feed);
	}
	size_t end = sheet->bytes_of.length;
	while (style->trim && !quoted && end > begin && is_space(sheet->bytes_of.data[end - 1]))
		end--;
	*behind = c == style->delimiter ? CUT_MORE : c == EOF ? CUT_END : CUT_LINE;
	if (c == '\r' && peek(feed) == '\n')
		take(feed);
	sheet->line_no += *behind == CUT_LINE;
	return add_cell(sheet, begin, end, error);
}

static int cut_row(struct feed *feed, const struct style *style, enum cut *behind, struct error *error)
{
	struct sheet *sheet = feed->sheet;
	buffer_clear(&sheet->bytes_of);
	sheet->count = 0;
	sheet->at = sheet->line_no;
	do
		if (cut_cell(feed, style, behind, error) < 0)
			return -1;
	while (*behind == CUT_MORE);
	return 0;
}

int sheet_cut(struct sheet *sheet, struct text record, char delimiter, char quote, bool trim, struct error *error)
{
	struct feed feed = { .sheet = sheet, .text = record.data ? record.data : "", .end = (record.data ? record.data : "") + record.length };
	const struct style style = { .delimiter = (unsigned char)delimiter, .quote = (unsigned char)quote, .trim = trim };
	enum cut behind;
	if (cut_row(&feed, &style, &behind, error) < 0)
		return -1;
	return behind == CUT_END || (behind == CUT_LINE && feed.text == feed.end);
}

/* --- the file --- */

static const char *place_of(const struct sheet *sheet, uint64_t line, char place[ERROR_PLACE_MAX])
{
	snprintf(place, ERROR_PLACE_MAX, "%s:%" PRIu64, sheet->name, line);
	return place;
}

/* 1, 0 at the end of the file, -1 and error. */
static int file_row(struct sheet *sheet, struct error *error)
{
	struct feed feed = { .sheet = sheet };
	const struct style style = { .delimiter = (unsigned char)sheet->delimiter, .quote = '"' };
	char place[ERROR_PLACE_MAX];
	enum cut behind;
	if (peek(&feed) == EOF && !ferror(sheet->file))
		return 0;
	if (cut_row(&feed, &style, &behind, error) < 0)
		return -1;
	if (ferror(sheet->file))
		return error_errno(error, ERROR_SOURCE, sheet->name, errno, "cannot be read");
	if (behind == CUT_OPEN)
		return error_set(error, ERROR_CONFIG, place_of(sheet, sheet->at, place),
			"a quote that is opened in this row is still open at the end of the file");
	if (behind == CUT_STRAY)
		return error_set(error, ERROR_CONFIG, place_of(sheet, sheet->line_no, place),
			"a closing quote is followed by something else than a delimiter (a quote within quotes is written twice)");
	return 1;
}

static bool has_label(const struct sheet *sheet, const char *label)
{
	for (size_t i = 0; i < sheet->count; i++) {
		struct text cell = sheet_cell(sheet, i);
		if (cell.length == strlen(label) && memcmp(cell.data, label, cell.length) == 0)
			return true;
	}
	return false;
}

/* The first line again, with each delimiter, until the label is a cell of it. It is a header, so it is short and has no line ends in it. */
static int read_header(struct sheet *sheet, const char *label, struct error *error)
{
	static const char delimiters[] = ",;\t";
	char place[ERROR_PLACE_MAX];
	struct buffer line;
	int result = 0;
	buffer_init(&line, (size_t)sheet->record_limit);
	struct feed feed = { .sheet = sheet };
	for (int c; (c = take(&feed)) != EOF && result == 0;) {
		char byte = (char)c;
		if (c == '\n' || (c == '\r' && peek(&feed) != '\n')) {
			sheet->line_no++;
			/* Which delimiter follows, as some spreadsheets say and want to be told. */
			if (line.length >= 4 && line.length <= 6 && memcmp(line.data, "sep=", 4) == 0) {
				buffer_clear(&line);
				continue;
			}
			break;
		}
		result = buffer_append(&line, &byte, 1, error);
		if (line.length == 3 && memcmp(line.data, mark, 3) == 0 && sheet->line_no == 1)
			buffer_clear(&line);
	}
	if (result == 0 && ferror(sheet->file))
		result = error_errno(error, ERROR_SOURCE, sheet->name, errno, "cannot be read");
	if (result == 0 && line.length >= 2 && ((unsigned char)line.data[0] == 0xFF || (unsigned char)line.data[0] == 0xFE ||
			memchr(line.data, '\0', line.length)))
		result = error_set(error, ERROR_CONFIG, sheet->name, "is not in UTF-8; save it as CSV in UTF-8");
	if (result == 0 && line.length >= 2 && memcmp(line.data, "PK", 2) == 0)
		result = error_set(error, ERROR_CONFIG, sheet->name, "is a workbook of a spreadsheet, or another archive; save it as CSV in UTF-8");
	while (result == 0 && line.length > 0 && line.data[line.length - 1] == '\r')
		line.length--;
	for (const char *p = delimiters; *p && result == 0; p++) {
		int cut = sheet_cut(sheet, (struct text){ buffer_text(&line), line.length }, *p, '"', false, error);
		sheet->delimiter = *p;
		if (cut < 0)
			result = -1;
		if (cut > 0 && has_label(sheet, label))
			break;
	}
	if (result == 0 && !has_label(sheet, label))
		result = error_set(error, ERROR_CONFIG, place_of(sheet, 1, place),
			"the first line has no column \"%s\": this is no file that `penstock rejects export` wrote, or that column was taken away",
			label);
	buffer_fini(&line);
	sheet->columns = sheet->count;
	sheet->at = sheet->line_no > 1 ? sheet->line_no - 1 : 1;
	return result;
}

int sheet_open(struct sheet *sheet, const char *path, const char *name, const char *label, const struct limits *limits, struct error *error)
{
	struct stat status;
	*sheet = (struct sheet){ .name = name, .line_no = 1, .record_limit = limits->record };
	buffer_init(&sheet->bytes_of, (size_t)limits->record);
	sheet->file = fopen(path, "re");
	if (!sheet->file)
		return error_errno(error, ERROR_SOURCE, name, errno, "cannot be opened");
	if (fstat(fileno(sheet->file), &status) < 0 || !S_ISREG(status.st_mode))
		return error_set(error, ERROR_SOURCE, name, "is no regular file, so it cannot be read twice, which a replay must");
	return read_header(sheet, label, error);
}

void sheet_close(struct sheet *sheet)
{
	if (sheet->file)
		fclose(sheet->file);
	sheet->file = NULL;
	free(sheet->cells);
	sheet->cells = NULL;
	sheet->count = sheet->room = 0;
	buffer_fini(&sheet->bytes_of);
}

int sheet_next(struct sheet *sheet, bool *blank, struct error *error)
{
	char place[ERROR_PLACE_MAX];
	int more = file_row(sheet, error);
	if (more <= 0)
		return more;
	*blank = true;
	for (size_t i = 0; i < sheet->count; i++)
		*blank = *blank && sheet->cells[i].length == 0;
	for (; sheet->count > sheet->columns && sheet->cells[sheet->count - 1].length == 0; sheet->count--)
		;
	if (sheet->count > sheet->columns)
		return error_set(error, ERROR_CONFIG, place_of(sheet, sheet->at, place),
			"the row has %zu cell%s, the header %zu: a cell with a delimiter in it must stand in quotes", sheet->count,
			plural(sheet->count, "", "s"), sheet->columns);
	while (sheet->count < sheet->columns)
		if (add_cell(sheet, sheet->bytes_of.length, sheet->bytes_of.length, error) < 0)
			return -1;
	return 1;
}
