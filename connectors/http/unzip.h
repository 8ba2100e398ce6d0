/* unzip.h - undoes the gzip and zstd of an answer piece by piece: to its very end, and in bounded memory.
 * SPDX-License-Identifier: Apache-2.0
 *
 * libcurl could do it, but takes a compressed text that ends in its middle for a whole one, and lets a zstd frame ask for 128 MiB.
 */
#ifndef PENSTOCK_CONNECTORS_HTTP_UNZIP_H
#define PENSTOCK_CONNECTORS_HTTP_UNZIP_H

#include <stddef.h>

#include "engine/core/error.h"

enum unzip_kind { UNZIP_NOTHING = 0, UNZIP_GZIP, UNZIP_ZSTD, UNZIP_UNKNOWN };

struct unzip;

/* Takes bytes of the plain text. 0, or -1 and error. */
typedef int unzip_taker(void *arg, const char *data, size_t length, struct error *error);

/* What Accept-Encoding should be in this build. */
const char *unzip_encodings(void);

/* Of a Content-Encoding. UNZIP_UNKNOWN: none of those that were asked for. */
enum unzip_kind unzip_kind_of(const char *name, size_t length);

/* NULL and error when out of memory. kind is neither UNZIP_NOTHING nor UNZIP_UNKNOWN. */
struct unzip *unzip_new(enum unzip_kind kind, unzip_taker *taker, void *arg, struct error *error) MUST_CHECK;
void unzip_free(struct unzip *unzip);

/* 0, or -1 and error: ERROR_SOURCE naming place for what is no such text, or that of the taker. */
int unzip_feed(struct unzip *unzip, const char *data, size_t length, const char *place, struct error *error) MUST_CHECK;

/* Nothing follows. ERROR_SOURCE, with retry set, where the text is not at an end. */
int unzip_end(const struct unzip *unzip, const char *place, struct error *error) MUST_CHECK;

#endif
