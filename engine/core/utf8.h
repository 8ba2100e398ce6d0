/* utf8.h - where valid UTF-8 ends, and cutting a text without cutting a character.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CORE_UTF8_H
#define PENSTOCK_CORE_UTF8_H

#include <stddef.h>

/* Length in bytes of the character at text (1 to 4), or 0 where none begins: malformed, overlong, a surrogate, beyond
 * U+10FFFF, or cut off by length (RFC 3629). */
size_t utf8_character(const char *text, size_t length);

/* The longest prefix of at most limit bytes that does not end inside a character. text is valid UTF-8. */
size_t utf8_cut(const char *text, size_t length, size_t limit);

/* Index of the first byte at or behind from that is NUL or no UTF-8, or length. Fast over ASCII. */
size_t utf8_find_bad(const char *text, size_t length, size_t from);

/* Characters (code points) of valid UTF-8. */
size_t utf8_count(const char *text, size_t length);

#endif
