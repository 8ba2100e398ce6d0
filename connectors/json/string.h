/* string.h - what the text between the quotes of a JSON string means, and whether it is text at all.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONNECTORS_JSON_STRING_H
#define PENSTOCK_CONNECTORS_JSON_STRING_H

#include <stdbool.h>
#include <stddef.h>

enum json_trouble_kind {
	JSON_TROUBLE_BYTE = 1,  /* a byte that is no UTF-8 */
	JSON_TROUBLE_NUL,       /* \u0000, which no database keeps in a text */
	JSON_TROUBLE_SURROGATE, /* half of a pair alone */
};

struct json_trouble {
	enum json_trouble_kind kind;
	size_t at; /* index of the byte, or of the backslash */
};

/* The first thing in strings of text, which a walk has found to be JSON or the inside of a string, that is no text. False: none. */
bool json_find_trouble(const char *text, size_t length, struct json_trouble *out);

/* Writes the meaning of the inside of a string to out, which has room for length bytes, and returns its length. What json_find_trouble
 * would name becomes U+FFFD where it fits, or stays. */
size_t json_unescape(const char *text, size_t length, char *out);

#endif
