/* utf8.c - UTF-8 as RFC 3629 has it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static bool follows(unsigned char c)
{
	return (c & 0xC0) == 0x80;
}

size_t utf8_character(const char *text, size_t length)
{
	const unsigned char *t = (const unsigned char *)text;
	if (length == 0)
		return 0;
	if (t[0] < 0x80)
		return 1;
	if (t[0] >= 0xC2 && t[0] <= 0xDF)
		return length >= 2 && follows(t[1]) ? 2 : 0;
	if (t[0] >= 0xE0 && t[0] <= 0xEF) {
		if (length < 3 || !follows(t[1]) || !follows(t[2]))
			return 0;
		if ((t[0] == 0xE0 && t[1] < 0xA0) || (t[0] == 0xED && t[1] > 0x9F))
			return 0;
		return 3;
	}
	if (t[0] >= 0xF0 && t[0] <= 0xF4) {
		if (length < 4 || !follows(t[1]) || !follows(t[2]) || !follows(t[3]))
			return 0;
		if ((t[0] == 0xF0 && t[1] < 0x90) || (t[0] == 0xF4 && t[1] > 0x8F))
			return 0;
		return 4;
	}
	return 0;
}

size_t utf8_cut(const char *text, size_t length, size_t limit)
{
	if (length <= limit)
		return length;
	while (limit > 0 && follows((unsigned char)text[limit]))
		limit--;
	return limit;
}

size_t utf8_count(const char *text, size_t length)
{
	size_t count = 0;
	for (size_t i = 0; i < length; i++)
		count += !follows((unsigned char)text[i]);
	return count;
}

/* True where none of the eight bytes at text is above 0x7F or NUL. */
static bool plain_eight(const char *text)
{
	static const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
	uint64_t word;
	memcpy(&word, text, sizeof word);
	return ((word | (word - ones)) & highs) == 0;
}

size_t utf8_find_bad(const char *text, size_t length, size_t from)
{
	size_t i = from;
	while (i < length) {
		while (length - i >= 8 && plain_eight(text + i))
			i += 8;
		/* The last few again with those before them, which are known. */
		if (i == length || (i - from >= 8 && length - i < 8 && plain_eight(text + length - 8)))
			break;
		size_t bytes = text[i] == '\0' ? 0 : utf8_character(text + i, length - i);
		if (bytes == 0)
			return i;
		i += bytes;
	}
	return length;
}
