/* about.c - what was seen of a file, in words.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/discover/finding.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/core/utf8.h"

int put_in_comment(struct buffer *out, const char *text, struct error *error)
{
	size_t length = strlen(text);
	for (size_t at = 0, bytes; at < length; at += bytes) {
		const char *p = text + at;
		bytes = utf8_character(p, length - at);
		unsigned char c = (unsigned char)*p, second = bytes > 1 ? (unsigned char)p[1] : 0;
		bool hidden = bytes == 0 || c < 0x20 || c == 0x7F || (c == 0xC2 && second < 0xA0) || memcmp(p, "\xEF\xBB\xBF", bytes == 3 ? 3 : 1) == 0 ||
			      (bytes == 3 && c == 0xE2 && (second == 0x80 || second == 0x81) && (unsigned char)p[2] >= (second == 0x80 ? 0xA8 : 0xA0)) ||
			      (bytes == 3 && c == 0xEF && second == 0xBF && (unsigned char)p[2] >= 0xB9);
		if (hidden ? buffer_puts(out, "?", error) < 0 : buffer_append(out, p, bytes, error) < 0)
			return -1;
		bytes = bytes > 0 ? bytes : 1;
	}
	return 0;
}

static const char *delimiter_word(const char *delimiter)
{
	return strcmp(delimiter, "\x1F") == 0 ? "the unit separator (1F)" : strcmp(delimiter, "\x01") == 0 ? "the control character 01" : strcmp(delimiter, ",") == 0 ? "comma" : strcmp(delimiter, "\t") == 0 ? "tab" : strcmp(delimiter, ";") == 0 ? "semicolon" : NULL;
}

static int put_counted(struct finding *finding, uint64_t count, const char *of, const char *what, struct error *error)
{
	char text[COUNT_TEXT];
	return count == 0 ? 0 : buffer_printf(&finding->out->about, error, "%s %s%s %s\n", count_text(count, text), of, count == 1 ? "" : "s", what);
}

/* Where nulls are spelled \N, MySQL or PostgreSQL's COPY wrote the file, which put a backslash in front of much else, too. */
static int tell_backslashes(struct finding *finding, struct error *error)
{
	const struct scan *scan = &finding->scan;
	uint64_t nulls = 0, others = 0;
	char count[COUNT_TEXT];

	for (size_t c = 0; c < scan->columns; c++) {
		nulls += scan->profiles[c].words[missing_word("\\N", 2)];
		others += scan->profiles[c].backslashes;
	}
	if (nulls == 0 || others == 0)
		return 0;
	return buffer_printf(&finding->out->about, error, "NOT SURE: %s cell%s a backslash, beside others that are \\N: where MySQL or PostgreSQL's COPY wrote them, the "
		"source needs %sescape_codes: true\n", count_text(others, count), others == 1 ? " has" : "s have", scan->guess.escape ? "" : "escape: \"\\\\\" and ");
}

int finding_tell(struct finding *finding, struct error *error)
{
	const struct scan *scan = &finding->scan;
	struct buffer *about = &finding->out->about;
	const char *word = delimiter_word(scan->guess.delimiter);
	const char *rival = scan->guess.rival ? delimiter_word(scan->guess.rival) : NULL;
	const char *encoding = finding->encoding[0] ? finding->encoding : finding->marked[0] ? finding->marked : "utf-8";
	char records[COUNT_TEXT];

	if (buffer_printf(about, error, "%s%s record%s, %zu column%s, %s%s, ", scan->all ? "" : "the first ", count_text(scan->records, records),
		    scan->records == 1 ? "" : "s", scan->columns, scan->columns == 1 ? "" : "s", encoding,
		    finding->marked[0] ? " by its byte order mark" : "") < 0)
		return -1;
	if (scan->columns == 1 ? buffer_puts(about, "nothing that delimits cells", error) < 0
			       : buffer_printf(about, error, "cut by %s", word ? word : scan->guess.delimiter) < 0)
		return -1;
	if (buffer_printf(about, error, ", %s\n", finding->header.there ? finding->header.sure ? "with a header" : "with a header, NOT SURE: see --header"
		    : finding->header.sure ? "without a header" : "without a header, NOT SURE: see --header") < 0)
		return -1;
	char lines[COUNT_TEXT + 16] = "the first line";
	if (finding->titles.lines > 1)
		snprintf(lines, sizeof lines, "the first %" PRIu64 " lines", finding->titles.lines);
	if (finding->titles.lines > 0 &&
	    buffer_printf(about, error, "NOT SURE: %s %s a title: something stands in one cell alone; see --skip-lines\n", lines,
		    !finding->titles.clear ? "could be" : finding->titles.lines > 1 ? "are left out as" : "is left out as") < 0)
		return -1;
	if (finding->header.there && !finding->header.as_it_is &&
	    buffer_puts(about, "its labels are empty, twice there, too long, or with spaces around them: the source reads past them, and fields have names of their own\n", error) < 0)
		return -1;
	if (scan->guess.rival && scan->columns > 1 &&
	    buffer_printf(about, error, "NOT SURE: %s would cut the records about as well; see --delimiter\n", rival ? rival : scan->guess.rival) < 0)
		return -1;
	bool single = strcmp(encoding, "windows-1252") == 0 || strcmp(encoding, "latin-1") == 0;
	if (single && !finding->how->encoding &&
	    buffer_printf(about, error, "NOT SURE: not all of it is UTF-8, and %s is the likeliest of many encodings of one byte a character; see --encoding\n", encoding) < 0)
		return -1;
	if (tell_backslashes(finding, error) < 0)
		return -1;
	if (put_counted(finding, scan->blank, "line", "with nothing on, skipped", error) < 0 ||
	    put_counted(finding, finding_is_short(finding) ? scan->profiles[scan->columns - 1].absent : 0,
		    "record", "with too few cells: short_rows: pad takes what is not there for null", error) < 0 ||
	    put_counted(finding, scan->extra_filled, "record", "with too many cells, which would be rejected", error) < 0 ||
	    put_counted(finding, scan->damaged, "record", "with quotes that do not match or beyond the limits, which would be rejected", error) < 0 ||
	    put_counted(finding, scan->bad_bytes, "record", "with bytes that are no character of this encoding, which would be rejected", error) < 0)
		return -1;
	if (finding_is_long(finding) && scan->extra_filled == 0 && buffer_puts(about, "empty cells behind the last column are dropped\n", error) < 0)
		return -1;
	for (size_t c = 0; c < scan->columns && scan->records > 1; c++) {
		const struct described *column = &finding->columns[c];
		if (c == finding->key || !column->complete || !column->different || !column->key_type)
			continue;
		if (put_in_comment(about, finding->header.names[c], error) < 0 ||
		    buffer_printf(about, error, " could be a key%s: no two of its values are alike%s\n", finding->key != SIZE_MAX ? ", too" : "",
			    column->sure ? "" : " as far as looked at") < 0)
			return -1;
	}
	return 0;
}
