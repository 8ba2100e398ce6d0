/* unpack.h - undoes gzip and zstd, of any number of members or frames, in bounded memory and to the very end of the file.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is cut off, damaged, or followed by something else is ERROR_SOURCE naming the file and the byte in it.
 */
#ifndef PENSTOCK_CONNECTORS_FILE_UNPACK_H
#define PENSTOCK_CONNECTORS_FILE_UNPACK_H

#include "connectors/file/layer.h"

enum unpack_kind { UNPACK_NOTHING = 0, UNPACK_GZIP, UNPACK_ZSTD };

/* By the first bytes of a file (RFC 1952, RFC 8878); fewer than UNPACK_MAGIC only where it has no more. */
enum { UNPACK_MAGIC = 4 };
enum unpack_kind unpack_kind_of(const char *data, size_t length);

/* A zstd frame may ask for a window of the largest power of two within an eighth of memory (limits.memory): 8 MiB of 64 MiB, which is all that
 * zstd -19 takes. NULL and error: out of memory, or the kind is not in this build (ERROR_SOURCE). */
struct layer *unpack_new(enum unpack_kind kind, uint64_t memory, const char *path, struct error *error) MUST_CHECK;

/* "gzip, zstd": what this build undoes. */
const char *unpack_kinds(void);

#endif
