/* json.c - spells the strings of a JSON text so that a YAML parser reads the same characters.
 * SPDX-License-Identifier: Apache-2.0
 *
 * JSON is nearly YAML. Not so: \ud83d\ude00, one character in two halves (RFC 8259, 7), is \U0001F600 in YAML; and U+0085,
 * U+2028 and U+2029, ordinary characters in JSON, end lines in YAML and would be folded; U+007F to U+009F, U+FFFE and U+FFFF may not stand in YAML. Outside of strings a tab may stand
 * anywhere in JSON. What a string becomes shorter by is made up with spaces behind its closing quote, where they mean
 * nothing, so that columns in messages stay true.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "engine/config/document.h"

struct respelling {
	const char *file;
	const char *text;
	size_t length;
	size_t at;
	unsigned line;
	size_t line_begin;
	struct buffer *out;
	struct error *error;
};

static int fail(const struct respelling *r, const char *message)
{
	unsigned column = 1;
	char place[ERROR_PLACE_MAX];

	for (size_t i = r->line_begin; i < r->at; i++)
		column += ((unsigned char)r->text[i] & 0xc0) != 0x80;
	struct node at = {.file = r->file, .line = r->line, .column = column};
	return error_set(r->error, ERROR_CONFIG, node_place(&at, place, sizeof(place)), "%s", message);
}

static bool follows(const struct respelling *r, const char *text)
{
	size_t length = strlen(text);

	return r->length - r->at >= length && memcmp(r->text + r->at, text, length) == 0;
}

/* The code unit of a \uXXXX at offset from here; -1 where there is none. */
static long unit(const struct respelling *r, size_t offset)
{
	const char *c = r->text + r->at + offset;
	long value = 0;

	if (r->length - r->at < offset + 6 || c[0] != '\\' || c[1] != 'u')
		return -1;
	for (size_t i = 2; i < 6; i++) {
		const char *digits = "0123456789abcdef0123456789ABCDEF";
		const char *digit = c[i] ? strchr(digits, c[i]) : NULL;

		if (!digit)
			return -1;
		value = value * 16 + (digit - digits) % 16;
	}
	return value;
}

/* One escape sequence; *saved grows by the characters it became shorter by. */
static int escape(struct respelling *r, size_t *saved)
{
	long high = unit(r, 0);

	if (high >= 0xd800 && high < 0xdc00) {
		long low = unit(r, 6);

		if (low < 0xdc00 || low > 0xdfff)
			return fail(r, "the first half of a surrogate pair without the second (\\uD83D needs one of \\uDC00 to \\uDFFF behind it)");
		*saved += 2;
		r->at += 12;
		return buffer_printf(r->out, r->error, "\\U%08lX", 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
	}
	if (high >= 0xdc00 && high <= 0xdfff)
		return fail(r, "the second half of a surrogate pair without the first");
	if (r->at + 1 == r->length || !strchr("\"\\/bfnrtu", r->text[r->at + 1]) || (r->text[r->at + 1] == 'u' && high < 0))
		return fail(r, "not an escape of JSON (they are \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX)");
	r->at += 2;
	return buffer_append(r->out, r->text + r->at - 2, 2, r->error);
}

/* A character that YAML would take for the end of a line, or not take at all; spelling is what to write for it, or empty. Returns its length. */
static size_t foreign(const struct respelling *r, char spelling[8])
{
	static const struct {
		const char *character, *spelling;
	} ends[] = {{"\xc2\x85", "\\N"}, {"\xe2\x80\xa8", "\\L"}, {"\xe2\x80\xa9", "\\P"}};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (follows(r, ends[i].character)) {
			snprintf(spelling, 8, "%s", ends[i].spelling);
			return strlen(ends[i].character);
		}
	}
	const unsigned char *c = (const unsigned char *)r->text + r->at;
	size_t left = r->length - r->at;
	spelling[0] = '\0';
	if (c[0] == 0x7f) {
		snprintf(spelling, 8, "\\x7F");
		return 1;
	}
	if (left >= 2 && c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0) {
		snprintf(spelling, 8, "\\x%02X", c[1]);
		return 2;
	}
	if (left >= 3 && c[0] == 0xef && c[1] == 0xbf && c[2] >= 0xbe) {
		snprintf(spelling, 8, "\\uFFF%c", c[2] == 0xbe ? 'E' : 'F');
		return 3;
	}
	return 0;
}

/* From behind the opening quote to behind the closing one. A string that does not end is left to the parser. */
static int string(struct respelling *r)
{
	size_t saved = 0;

	while (r->at < r->length) {
		char spelling[8];
		size_t size = foreign(r, spelling);

		if (r->text[r->at] == '\n' || r->text[r->at] == '\r' || r->text[r->at] == '\t')
			return fail(r, "a line end or tab inside of a string; is the quote before it not closed? (else write \\n or \\t)");
		if (r->text[r->at] == '\\') {
			if (escape(r, &saved) < 0)
				return -1;
		} else if (size > 0) {
			r->at += size;
			if (buffer_puts(r->out, spelling, r->error) < 0)
				return -1;
		} else {
			bool end = r->text[r->at] == '"';

			if (buffer_append(r->out, r->text + r->at++, 1, r->error) < 0)
				return -1;
			for (; end && saved > 0; saved--)
				if (buffer_append(r->out, " ", 1, r->error) < 0)
					return -1;
			if (end)
				return 0;
		}
	}
	return 0;
}

int json_respell(const char *file, const char *text, size_t length, struct buffer *out, struct error *error)
{
	struct respelling r = {.file = file, .text = text, .length = length, .line = 1, .out = out, .error = error};

	while (r.at < r.length) {
		char c = text[r.at++];

		if (c == '\n') {
			r.line++;
			r.line_begin = r.at;
		}
		if (buffer_append(out, c == '\t' ? " " : &c, 1, error) < 0)
			return -1;
		if (c == '"' && string(&r) < 0)
			return -1;
	}
	return 0;
}
