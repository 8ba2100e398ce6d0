/* sniff.c - byte order marks and magic numbers.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/file/sniff.h"

#include <string.h>

enum { MARK_MAX = 6 };

struct mark {
	const char *bytes;
	size_t length;
	const char *name;
	const char *remedy;
};

/* Longer ones first where one begins like another (UTF-32 and UTF-16). */
static const struct mark foreign[] = {
	{ "\xFF\xFE\0\0", 4, "UTF-32", "convert it first: iconv -f UTF-32 -t UTF-8" },
	{ "\0\0\xFE\xFF", 4, "UTF-32", "convert it first: iconv -f UTF-32 -t UTF-8" },
	{ "\xFF\xFE", 2, "UTF-16", "convert it first: iconv -f UTF-16 -t UTF-8" },
	{ "\xFE\xFF", 2, "UTF-16", "convert it first: iconv -f UTF-16 -t UTF-8" },
	{ "\x1F\x8B", 2, "compressed with gzip", "compressed files are not read by this version: gunzip it first" },
	{ "\x28\xB5\x2F\xFD", 4, "compressed with zstd", "compressed files are not read by this version: unzstd it first" },
	{ "\xFD" "7zXZ\0", 6, "compressed with xz", "compressed files are not read by this version: unxz it first" },
	{ "PK\x03\x04", 4, "a ZIP archive or a spreadsheet", "unpack it, or save the sheet as CSV" },
};

static bool begins_with(const struct window *window, const char *bytes, size_t length)
{
	return window->end >= length && memcmp(window_at(window, 0), bytes, length) == 0;
}

int sniff(struct window *window, struct error *error)
{
	while (window->end < MARK_MAX && !window->eof)
		if (window_more(window, error) < 0)
			return -1;
	for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
		if (begins_with(window, foreign[i].bytes, foreign[i].length))
			return error_set(error, ERROR_SOURCE, window->path, "is %s; %s", foreign[i].name, foreign[i].remedy);
	if (begins_with(window, "\xEF\xBB\xBF", 3))
		window_consume(window, 3);
	return 0;
}
