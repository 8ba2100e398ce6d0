/* recode.c - iconv, pulled.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/file/recode.h"

#include <ctype.h>
#include <errno.h>
#include <iconv.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const char ILLEGAL = '\xFF';

struct recode {
	struct layer layer; /* first */
	iconv_t iconv;
	size_t unit;        /* bytes that are passed over where there is no character */
	bool flushed;
};

/* The next letter or digit, in lower case; others tell no encodings apart. */
static int next_sign(const char **text)
{
	while (**text && !isalnum((unsigned char)**text))
		++*text;
	return **text ? tolower((unsigned char)*(*text)++) : 0;
}

bool recode_same(const char *a, const char *b)
{
	for (;;) {
		int x = next_sign(&a), y = next_sign(&b);
		if (x != y)
			return false;
		if (x == 0)
			return true;
	}
}

bool recode_is_utf8(const char *encoding)
{
	return recode_same(encoding, "utf8");
}

bool recode_is_utf16(const char *encoding)
{
	return recode_same(encoding, "utf16");
}

/* What iconv calls it: it knows neither hyphens at will nor Windows' own words for all. */
static const char *known_as(const char *encoding)
{
	static const char *const names[][2] = {
		{ "latin1", "ISO-8859-1" }, { "windows1252", "CP1252" }, { "utf8", "UTF-8" }, { "ascii", "US-ASCII" },
		{ "utf16", "UTF-16LE" }, { "utf16le", "UTF-16LE" }, { "utf16be", "UTF-16BE" },
		{ "utf32", "UTF-32LE" }, { "utf32le", "UTF-32LE" }, { "utf32be", "UTF-32BE" },
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (recode_same(encoding, names[i][0]))
			return names[i][1];
	return encoding;
}

static int unknown(const char *encoding, struct error *error)
{
	return error_set(error, ERROR_CONFIG, NULL, "there is no encoding \"%s\" here; utf-8, utf-16, latin-1, windows-1252 are some, and `iconv --list` "
		"shows the others", encoding);
}

static int begin(const char *encoding, iconv_t *out, struct error *error)
{
	/* Behind a slash iconv takes orders: to leave out or replace what it does not know. */
	if (!*encoding || strchr(encoding, '/'))
		return unknown(encoding, error);
	*out = iconv_open("UTF-8", known_as(encoding));
	if (*out != (iconv_t)-1)
		return 0;
	return errno == EINVAL ? unknown(encoding, error)
		: errno == ENOMEM ? error_memory(error, "an encoding")
		: error_errno(error, ERROR_SOURCE, NULL, errno, "cannot read text in %s", encoding);
}

int recode_check(const char *encoding, struct error *error)
{
	iconv_t iconv;

	if (recode_is_utf8(encoding))
		return 0;
	if (begin(encoding, &iconv, error) < 0)
		return -1;
	iconv_close(iconv);
	return 0;
}

static size_t unit_of(const char *encoding)
{
	static const char *const wide[] = { "utf32", "utf32le", "utf32be", "ucs4", "ucs4le", "ucs4be" };
	static const char *const half[] = { "utf16", "utf16le", "utf16be", "ucs2", "ucs2le", "ucs2be" };

	for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
		if (recode_same(encoding, wide[i]))
			return 4;
	for (size_t i = 0; i < sizeof half / sizeof *half; i++)
		if (recode_same(encoding, half[i]))
			return 2;
	return 1;
}

/* What is left of a shift state; returns its bytes. */
static ssize_t flush(struct recode *recode, char *to, size_t size)
{
	char *out = to;
	size_t left = size;

	if (!recode->flushed)
		(void)iconv(recode->iconv, NULL, NULL, &out, &left); /* with room for it there is nothing to fail */
	recode->flushed = true;
	return (ssize_t)(size - left);
}

/* Converts what is there of the feed behind made bytes at to. Returns 0, or why it stopped (errno). */
static int convert(struct recode *recode, char *to, size_t size, size_t *made)
{
	struct feed *feed = &recode->layer.in;
	char *in = feed->data + feed->begin, *out = to + *made;
	size_t in_left = feed_left(feed), out_left = size - *made;
	int why = iconv(recode->iconv, &in, &in_left, &out, &out_left) == (size_t)-1 ? errno : 0;

	feed_take(feed, feed_left(feed) - in_left);
	*made = size - out_left;
	return why;
}

static ssize_t read_recoded(struct layer *layer, char *to, size_t size, struct error *error)
{
	struct recode *recode = (struct recode *)layer;
	struct feed *feed = &layer->in;
	size_t made = 0;
	int why = 0;

	for (;;) {
		/* The rest of a character may have to come first. */
		if (feed_left(feed) == 0 || (why == EINVAL && !feed->eof)) {
			if (made > 0)
				return (ssize_t)made;
			if (!feed->eof && feed_more(feed, error) < 0)
				return -1;
			if (feed_left(feed) == 0)
				return flush(recode, to, size);
		}
		why = convert(recode, to, size, &made);
		if (why == E2BIG || size - made < MB_LEN_MAX)
			return (ssize_t)made;
		if (why == EILSEQ || (why == EINVAL && feed->eof)) {
			feed_take(feed, feed_left(feed) < recode->unit ? feed_left(feed) : recode->unit);
			to[made++] = ILLEGAL;
		} else if (why != 0 && why != EINVAL) {
			return error_errno(error, ERROR_SOURCE, layer->path, why, "cannot be read in its encoding");
		}
	}
}

static void free_recode(struct layer *layer)
{
	iconv_close(((struct recode *)layer)->iconv);
	free(layer);
}

struct layer *recode_new(const char *encoding, const char *path, struct error *error)
{
	struct recode *recode = calloc(1, sizeof *recode);

	if (!recode) {
		error_memory(error, "an encoding");
		return NULL;
	}
	recode->layer = (struct layer){ .path = path, .read = read_recoded, .free = free_recode };
	recode->unit = unit_of(encoding);
	if (begin(encoding, &recode->iconv, error) == 0)
		return &recode->layer;
	free(recode);
	return NULL;
}
