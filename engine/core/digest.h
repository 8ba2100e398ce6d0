/* digest.h - SHA-256 over a stream, with the hash of what came so far at any time. Over libcrypto.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CORE_DIGEST_H
#define PENSTOCK_CORE_DIGEST_H

#include <stddef.h>

#include "engine/core/batch.h"

struct digest;

/* NULL and error when out of memory. */
struct digest *digest_new(struct error *error) MUST_CHECK;
void digest_free(struct digest *digest);

void digest_reset(struct digest *digest);
void digest_add(struct digest *digest, const void *data, size_t length);

/* Hash of all bytes added so far, in hex; the stream goes on. */
void digest_hex(const struct digest *digest, char out[SHA256_HEX_SIZE]);

/* Hash of one piece. */
void digest_of(const void *data, size_t length, char out[SHA256_HEX_SIZE]);

#endif
