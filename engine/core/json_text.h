/* json_text.h - JSON in the one form that every copy of a value has: keys sorted, no spaces.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Numbers keep their digits: 1.50 stays 1.50, and none is lost. An exponent is written out, as databases do (1.5e3 is 1500; up to 400
 * either way), and -0 is 0. Keys are sorted by their UTF-8 bytes, strings
 * have the escapes that they need (\" \\ and those below a space) and no other.
 */
#ifndef PENSTOCK_CORE_JSON_TEXT_H
#define PENSTOCK_CORE_JSON_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "engine/core/buffer.h"

enum { JSON_DEPTH_MAX = 64 }; /* objects and arrays within each other */

enum json_kind { JSON_OBJECT = 1, JSON_ARRAY, JSON_STRING, JSON_NUMBER, JSON_WORD /* true, false, null */ };

/* Appends the canonical form of a text, which is valid UTF-8, to out, and what it is to *kind (may be NULL). Returns 1; 0 where it is no
 * JSON (RFC 8259), holds a key twice, half a surrogate pair, nests too deep, or would become more than twice as long and a KiB by exponents
 * that are written out: then out is as it was; -1 and error. */
int json_canonical(const char *text, size_t length, struct buffer *out, enum json_kind *kind, struct error *error) MUST_CHECK;

/* Appends a text, which is valid UTF-8, as a JSON string with its quotes. Returns 0 or -1. */
int json_put_string(const char *text, size_t length, struct buffer *out, struct error *error) MUST_CHECK;

/* What a canonical text is, by its first byte. */
enum json_kind json_kind_of(const char *text);

/* Members of an object or elements of an array in canonical form. */
uint64_t json_count(const char *text, size_t length);

#endif
