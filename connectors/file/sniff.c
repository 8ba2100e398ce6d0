/* sniff.c - byte order marks and magic numbers, and the layers they call for.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/file/sniff.h"

#include <string.h>

#include "connectors/file/recode.h"
#include "connectors/file/unpack.h"

enum { MARK_MAX = 6 };

struct foreign {
	const char *bytes;
	size_t length;
	const char *name;
	const char *remedy;
};

static const struct foreign foreign[] = {
	{ "\xFD" "7zXZ\0", 6, "compressed with xz", "gzip and zstd are read, xz is not: unxz it first" },
	{ "PK\x03\x04", 4, "a ZIP archive or a spreadsheet", "unpack it, or save the sheet as CSV" },
};

struct mark {
	const char *bytes;
	size_t length;
	const char *encoding;
};

/* Longer ones first where one begins like another. */
static const struct mark marks[] = {
	{ "\xEF\xBB\xBF", 3, "UTF-8" },
	{ "\xFF\xFE\0\0", 4, "UTF-32LE" },
	{ "\0\0\xFE\xFF", 4, "UTF-32BE" },
	{ "\xFF\xFE", 2, "UTF-16LE" },
	{ "\xFE\xFF", 2, "UTF-16BE" },
};

static bool begins_with(const struct window *window, const char *bytes, size_t length)
{
	return window->end >= length && memcmp(window_at(window, 0), bytes, length) == 0;
}

static int look(struct window *window, struct error *error)
{
	while (window->end < MARK_MAX && !window->eof)
		if (window_more(window, error) < 0)
			return -1;
	return 0;
}

static int unpack(struct window *window, uint64_t memory, struct error *error)
{
	enum unpack_kind kind = unpack_kind_of(window_at(window, 0), (size_t)window->end);
	if (kind == UNPACK_NOTHING)
		return 0;
	struct layer *layer = unpack_new(kind, memory, window->path, error);
	if (!layer || window_put(window, layer, error) < 0 || look(window, error) < 0)
		return -1;
	if (unpack_kind_of(window_at(window, 0), (size_t)window->end) != UNPACK_NOTHING)
		return error_set(error, ERROR_SOURCE, window->path, "is compressed twice; unpack it once first");
	return 0;
}

static const struct mark *find_mark(const struct window *window)
{
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
		if (begins_with(window, marks[i].bytes, marks[i].length))
			return &marks[i];
	return NULL;
}

/* In one where the order of bytes is not said, the mark says it. */
static bool goes_with(const char *encoding, const struct mark *mark)
{
	if (recode_same(encoding, mark->encoding) || recode_is_utf8(encoding))
		return true;
	size_t order = strlen(mark->encoding) - 2; /* before LE or BE */
	char bare[8];
	memcpy(bare, mark->encoding, order);
	bare[order] = '\0';
	return mark->length != 3 && recode_same(encoding, bare);
}

/* Into UTF-8. */
static int recode(struct window *window, const char *encoding, struct error *error)
{
	struct layer *layer = recode_new(encoding, window->path, error);
	if (!layer || window_put(window, layer, error) < 0)
		return -1;
	return look(window, error);
}

int sniff(struct window *window, const char *encoding, uint64_t memory, struct error *error)
{
	if (!encoding)
		encoding = "utf-8";
	if (look(window, error) < 0 || unpack(window, memory, error) < 0)
		return -1;
	for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
		if (begins_with(window, foreign[i].bytes, foreign[i].length))
			return error_set(error, ERROR_SOURCE, window->path, "is %s; %s", foreign[i].name, foreign[i].remedy);
	const struct mark *mark = find_mark(window);
	if (mark && !goes_with(encoding, mark))
		return error_set(error, ERROR_SOURCE, window->path, "begins with the byte order mark of %s, but its encoding is said to be %s",
			mark->encoding, encoding);
	if (mark && mark != &marks[0])
		encoding = mark->encoding;
	if (!recode_is_utf8(encoding)) {
		if (recode(window, encoding, error) < 0)
			return -1;
		window->encoding = encoding;
	}
	/* The mark in UTF-8, whatever it was made of. */
	if (begins_with(window, marks[0].bytes, marks[0].length))
		window_consume(window, marks[0].length);
	return 0;
}
