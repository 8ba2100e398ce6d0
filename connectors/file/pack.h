/* pack.h - text on its way to a file or a stream, packed with gzip or zstd, in bounded memory.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The same text gives the same bytes: no time and no name is in them. What comes out is one member (RFC 1952) or one frame (RFC 8878, with a
 * checksum), which the sources unpack again.
 */
#ifndef PENSTOCK_FILE_PACK_H
#define PENSTOCK_FILE_PACK_H

#include "connectors/file/text.h"

enum pack_kind { PACK_NONE = 0, PACK_GZIP, PACK_ZSTD };

/* Of an option, in the order of the kinds: "none", "gzip", "zstd". */
extern const char *const pack_names[];

/* ERROR_CONFIG where this build cannot pack so. */
int pack_check(enum pack_kind kind, struct error *error) MUST_CHECK;

struct pack;

/* Not of PACK_NONE. to is copied, and what it writes to is borrowed. NULL and error when out of memory. */
struct pack *pack_new(enum pack_kind kind, const struct text_to *to, struct error *error) MUST_CHECK;

/* As text_to.write; self is a struct pack. */
int pack_write(void *self, const char *data, size_t length, struct error *error) MUST_CHECK;

/* Gives out what is left, and the end. Once, then only free. */
int pack_finish(struct pack *pack, struct error *error) MUST_CHECK;

/* pack may be NULL. */
void pack_free(struct pack *pack);

#endif
