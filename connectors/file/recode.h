/* recode.h - text in another encoding into UTF-8, through iconv(3).
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is no text in its encoding is never replaced by a character: each byte (or 16 or 32 bits) of it becomes one byte 0xFF, which is no UTF-8
 * wherever it stands, so that whoever reads the record finds it.
 */
#ifndef PENSTOCK_CONNECTORS_FILE_RECODE_H
#define PENSTOCK_CONNECTORS_FILE_RECODE_H

#include "connectors/file/layer.h"

/* Whether the name of an encoding is known here (iconv --list shows most). ERROR_CONFIG without a place. */
int recode_check(const char *encoding, struct error *error) MUST_CHECK;

/* True for the names of UTF-8, which needs no layer, and of UTF-16 without its byte order. */
bool recode_is_utf8(const char *encoding);
bool recode_is_utf16(const char *encoding);

/* True where both names are of one encoding, by their letters and digits. */
bool recode_same(const char *a, const char *b);

/* encoding: one that recode_check knows. A byte order mark is text to it. NULL and error. */
struct layer *recode_new(const char *encoding, const char *path, struct error *error) MUST_CHECK;

#endif
