/* textformat.h - the formats of strings: email, uri, uuid, binary.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_RULES_TEXTFORMAT_H
#define PENSTOCK_RULES_TEXTFORMAT_H

#include <stdbool.h>
#include <stddef.h>

enum { UUID_LENGTH = 36 };

/* local@domain as in RFC 5321 without quoted local parts and address literals; the domain has a dot. */
bool text_is_email(const char *text, size_t length);

/* An absolute URI as in RFC 3986: a scheme, a colon, and characters that may stand in one. */
bool text_is_uri(const char *text, size_t length);

/* 8-4-4-4-12 hexadecimal digits; out gets them in lower case. */
bool text_to_uuid(const char *text, size_t length, char out[UUID_LENGTH]);

/* Base64 (RFC 4648, section 4, with padding). out has room for length / 4 * 3 bytes. */
bool text_from_base64(const char *text, size_t length, char *out, size_t *out_length);

#endif
