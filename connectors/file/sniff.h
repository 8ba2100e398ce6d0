/* sniff.h - from what a file says of itself in its first bytes to text in UTF-8.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONNECTORS_FILE_SNIFF_H
#define PENSTOCK_CONNECTORS_FILE_SNIFF_H

#include "connectors/file/window.h"

/* Whatever is packed with gzip or zstd is unpacked, whatever its name; then whatever is not UTF-8 becomes it: by the byte order mark that it
 * begins with, or by encoding (NULL: UTF-8; one that recode_check knows). Steps over a byte order mark. ERROR_SOURCE for what cannot be text, and
 * for a mark of another encoding. To be called before anything is consumed. memory: limits.memory. encoding is borrowed. */
int sniff(struct window *window, const char *encoding, uint64_t memory, struct error *error) MUST_CHECK;

#endif
