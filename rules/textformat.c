/* textformat.c - what an address, a URI, a UUID and base64 look like.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rules/textformat.h"

#include <stdint.h>
#include <string.h>

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int hex_of(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Beyond ASCII: international addresses (RFC 6531). */
static bool is_wide(char c)
{
	return (unsigned char)c >= 0x80;
}

static bool is_local(const char *text, size_t length)
{
	if (length == 0 || length > 64 || text[0] == '.' || text[length - 1] == '.')
		return false;
	for (size_t i = 0; i < length; i++) {
		char c = text[i];
		if (c == '.' && text[i - 1] == '.')
			return false;
		if (!is_letter(c) && !is_digit(c) && !is_wide(c) && (c == '\0' || !strchr(".!#$%&'*+/=?^_`{|}~-", c)))
			return false;
	}
	return true;
}

static bool is_domain(const char *text, size_t length)
{
	size_t label = 0, dots = 0;
	if (length == 0 || length > 253)
		return false;
	for (size_t i = 0; i <= length; i++) {
		if (i == length || text[i] == '.') {
			size_t size = i - label;
			if (size == 0 || size > 63 || text[label] == '-' || text[i - 1] == '-')
				return false;
			dots += i < length;
			label = i + 1;
		} else if (!is_letter(text[i]) && !is_digit(text[i]) && !is_wide(text[i]) && text[i] != '-') {
			return false;
		}
	}
	return dots > 0;
}

bool text_is_email(const char *text, size_t length)
{
	const char *at = length > 0 ? memchr(text, '@', length) : NULL;
	if (!at)
		return false;
	size_t local = (size_t)(at - text);
	return is_local(text, local) && is_domain(at + 1, length - local - 1);
}

bool text_is_uri(const char *text, size_t length)
{
	size_t at = 0;
	while (at < length && (is_letter(text[at]) || (at > 0 && (is_digit(text[at]) || text[at] == '+' ||
								  text[at] == '-' || text[at] == '.'))))
		at++;
	if (at == 0 || at + 1 >= length || text[at] != ':')
		return false;
	for (at++; at < length; at++) {
		char c = text[at];
		if (c == '%') {
			if (length - at < 3 || hex_of(text[at + 1]) < 0 || hex_of(text[at + 2]) < 0)
				return false;
			at += 2;
		} else if (!is_letter(c) && !is_digit(c) && (c == '\0' || !strchr("-._~:/?#[]@!$&'()*+,;=", c))) {
			return false;
		}
	}
	return true;
}

bool text_to_uuid(const char *text, size_t length, char out[UUID_LENGTH])
{
	if (length != UUID_LENGTH)
		return false;
	for (size_t i = 0; i < UUID_LENGTH; i++) {
		char c = text[i];
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash ? c != '-' : hex_of(c) < 0)
			return false;
		out[i] = c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
	}
	return true;
}

static int base64_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (is_digit(c))
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool text_from_base64(const char *text, size_t length, char *out, size_t *out_length)
{
	size_t used = 0;
	if (length % 4 != 0)
		return false;
	size_t padding = length > 0 && text[length - 1] == '=' ? 1u + (text[length - 2] == '=') : 0;
	for (size_t at = 0; at < length; at += 4) {
		size_t filled = at + 4 == length ? 4 - padding : 4;
		uint32_t bits = 0;
		for (size_t i = 0; i < 4; i++) {
			int value = i < filled ? base64_of(text[at + i]) : 0;
			if (value < 0)
				return false;
			bits = bits << 6 | (uint32_t)value;
		}
		/* Bits behind the last byte would be lost. */
		if ((filled == 3 && (bits & 0xFF) != 0) || (filled == 2 && (bits & 0xFFFF) != 0))
			return false;
		for (size_t i = 0; i + 1 < filled; i++)
			out[used++] = (char)(unsigned char)(bits >> (16 - 8 * i));
	}
	*out_length = used;
	return true;
}
