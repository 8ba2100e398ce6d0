/* bare.c - what stands around a number where bareNumber is false.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rules/bare.h"

#include <stdint.h>
#include <string.h>

#include "engine/core/utf8.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* True where the decimal mark stands at text. */
static bool is_mark(const struct number_style *style, bool whole, const char *text, size_t length)
{
	return !whole && style->decimal_length > 0 && style->decimal_length <= length && memcmp(style->decimal, text, style->decimal_length) == 0;
}

static uint32_t code_point(const char *text, size_t length)
{
	static const unsigned char first[5] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
	uint32_t code = (unsigned char)text[0] & first[length];
	for (size_t i = 1; i < length; i++)
		code = code << 6 | ((unsigned char)text[i] & 0x3Fu);
	return code;
}

/* Hyphens, dashes and minus signs of Unicode. */
static bool is_minus(uint32_t code)
{
	return code == '-' || (code >= 0x2010 && code <= 0x2015) || code == 0x2212 || code == 0xFE58 || code == 0xFE63 || code == 0xFF0D;
}

/* Digits of other scripts, and fractions such as one half. */
static bool is_other_digit(uint32_t code)
{
	static const uint32_t zeros[] = { 0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xE50, 0xED0,
					  0xF20, 0x1040, 0x17E0, 0x1810, 0xFF10 };
	for (size_t i = 0; i < sizeof zeros / sizeof *zeros; i++)
		if (code >= zeros[i] && code < zeros[i] + 10)
			return true;
	return (code >= 0xBC && code <= 0xBE) || (code >= 0x2150 && code <= 0x215F) || code == 0x2189;
}

/* Right behind a digit it is an exponent; behind letters it belongs to a unit, such as that of square metres. */
static bool is_superscript(uint32_t code)
{
	return code == 0xB2 || code == 0xB3 || code == 0xB9 || (code >= 0x2070 && code <= 0x207B);
}

/* False where it says more than a unit; adds the brackets that it opens to *open, less those that it closes. */
static bool is_unit(const char *text, size_t length, int *open)
{
	for (size_t at = 0, size; at < length; at += size) {
		size = utf8_character(text + at, length - at);
		if (size == 0)
			return false;
		uint32_t code = code_point(text + at, size);
		if (is_minus(code) || is_other_digit(code))
			return false;
		*open += (code == '(') - (code == ')');
	}
	return true;
}

/* "5,-" has no cents. Of a whole number, for which there is no mark, either one may stand there. */
static size_t skip_no_cents(const struct number_style *style, bool whole, const char *text, size_t length)
{
	size_t at = whole ? 1 : style->decimal_length, size;
	if (whole ? length == 0 || (*text != ',' && *text != '.') : !is_mark(style, whole, text, length))
		return 0;
	while (at < length && (size = utf8_character(text + at, length - at)) > 0 && is_minus(code_point(text + at, size)))
		at += size;
	return at;
}

bool bare_number_find(const struct number_style *style, bool whole, const char **text, size_t *length)
{
	const char *begin = *text, *at = begin, *behind = *text + *length, *end = behind;
	while (at < behind && !is_digit(*at)) {
		size_t rest = (size_t)(behind - at);
		if ((*at == '-' || *at == '+') && rest > 1)
			break;
		if (is_mark(style, whole, at, rest) && style->decimal_length < rest && is_digit(at[style->decimal_length]))
			break;
		at++;
	}
	while (end > at && !is_digit(end[-1]))
		end--;
	*text = at;
	*length = (size_t)(end - at);

	int open = 0, shut = 0;
	if (!is_unit(begin, (size_t)(at - begin), &open))
		return false;
	const char *suffix = end + skip_no_cents(style, whole, end, (size_t)(behind - end));
	size_t size = suffix < behind ? utf8_character(suffix, (size_t)(behind - suffix)) : 0;
	if (size > 0 && is_superscript(code_point(suffix, size)))
		return false;
	return is_unit(suffix, (size_t)(behind - suffix), &shut) && !(open > 0 && shut < 0);
}
