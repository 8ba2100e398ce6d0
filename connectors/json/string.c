/* string.c - escapes of JSON strings into UTF-8.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/json/string.h"

#include <string.h>

#include "engine/core/utf8.h"

enum { REPLACEMENT = 0xFFFD };

static unsigned hex_digit(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a') + 10;
}

/* The code of the \uXXXX at text; false where there is none. */
static bool read_unit(const char *text, size_t length, unsigned *out)
{
	if (length < 6 || text[0] != '\\' || text[1] != 'u')
		return false;
	*out = 0;
	for (size_t i = 2; i < 6; i++)
		*out = *out * 16 + hex_digit(text[i]);
	return true;
}

/* The character that the \u at text stands for, REPLACEMENT and half true for half a pair; returns the bytes of the escape. */
static size_t read_character(const char *text, size_t length, unsigned *out, bool *half)
{
	unsigned low;

	*half = false;
	if (!read_unit(text, length, out))
		return 0;
	if (*out < 0xD800 || *out >= 0xE000)
		return 6;
	if (*out < 0xDC00 && read_unit(text + 6, length - 6, &low) && low >= 0xDC00 && low < 0xE000) {
		*out = 0x10000 + ((*out - 0xD800) << 10) + (low - 0xDC00);
		return 12;
	}
	*half = true;
	*out = REPLACEMENT;
	return 6;
}

bool json_find_trouble(const char *text, size_t length, struct json_trouble *out)
{
	size_t bad = utf8_find_bad(text, length, 0);
	const char *at = text, *end = text + bad;

	while ((at = memchr(at, '\\', (size_t)(end - at))) != NULL) {
		unsigned code;
		bool half;
		size_t used = read_character(at, (size_t)(text + length - at), &code, &half);

		if (used > 0 && (half || code == 0)) {
			*out = (struct json_trouble){ half ? JSON_TROUBLE_SURROGATE : JSON_TROUBLE_NUL, (size_t)(at - text) };
			return true;
		}
		at += used > 0 ? used : 2;
		if (at >= end)
			break;
	}
	*out = (struct json_trouble){ JSON_TROUBLE_BYTE, bad };
	return bad < length;
}

static char *put_utf8(char *out, unsigned code)
{
	if (code < 0x80) {
		*out++ = (char)code;
		return out;
	}
	if (code < 0x800) {
		*out++ = (char)(0xC0 | code >> 6);
	} else {
		if (code < 0x10000) {
			*out++ = (char)(0xE0 | code >> 12);
		} else {
			*out++ = (char)(0xF0 | code >> 18);
			*out++ = (char)(0x80 | (code >> 12 & 0x3F));
		}
		*out++ = (char)(0x80 | (code >> 6 & 0x3F));
	}
	*out++ = (char)(0x80 | (code & 0x3F));
	return out;
}

size_t json_unescape(const char *text, size_t length, char *out)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char *at = text, *end = text + length;
	char *put = out;

	while (at < end) {
		const char *next = memchr(at, '\\', (size_t)(end - at));
		size_t plain = (size_t)((next ? next : end) - at);
		unsigned code;
		bool half;

		memmove(put, at, plain);
		put += plain;
		at += plain;
		if (at == end)
			break;
		size_t used = read_character(at, (size_t)(end - at), &code, &half);
		if (used > 0) {
			put = put_utf8(put, code);
			at += used;
			continue;
		}
		const char *found = strchr(from, at[1]);
		*put++ = found && at[1] ? to[found - from] : at[1];
		at += 2;
	}
	return (size_t)(put - out);
}
