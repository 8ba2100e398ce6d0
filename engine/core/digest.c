/* digest.c - SHA-256 over libcrypto's EVP interface.
 * SPDX-License-Identifier: Apache-2.0
 *
 * With a context in hand libcrypto's SHA-256 cannot fail but for a provider that is missing, which the constructor finds
 * out; so the calls after it are asserted.
 */
#include "engine/core/digest.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdlib.h>

struct digest {
	EVP_MD_CTX *stream;
	EVP_MD_CTX *snapshot; /* kept, so that a hash at every batch allocates nothing */
};

static void must(int ok)
{
	assert(ok == 1);
	(void)ok;
}

static void to_hex(const unsigned char *bytes, char out[SHA256_HEX_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	for (int i = 0; i < 32; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[64] = '\0';
}

struct digest *digest_new(struct error *error)
{
	struct digest *digest = calloc(1, sizeof *digest);
	if (digest) {
		digest->stream = EVP_MD_CTX_new();
		digest->snapshot = EVP_MD_CTX_new();
	}
	if (!digest || !digest->stream || !digest->snapshot || EVP_DigestInit_ex(digest->stream, EVP_sha256(), NULL) != 1) {
		digest_free(digest);
		error_memory(error, "a SHA-256 digest");
		return NULL;
	}
	return digest;
}

void digest_free(struct digest *digest)
{
	if (!digest)
		return;
	EVP_MD_CTX_free(digest->stream);
	EVP_MD_CTX_free(digest->snapshot);
	free(digest);
}

void digest_reset(struct digest *digest)
{
	must(EVP_DigestInit_ex(digest->stream, EVP_sha256(), NULL));
}

void digest_add(struct digest *digest, const void *data, size_t length)
{
	must(EVP_DigestUpdate(digest->stream, data, length));
}

void digest_hex(const struct digest *digest, char out[SHA256_HEX_SIZE])
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	must(EVP_MD_CTX_copy_ex(digest->snapshot, digest->stream));
	must(EVP_DigestFinal_ex(digest->snapshot, bytes, &length));
	to_hex(bytes, out);
}

void digest_of(const void *data, size_t length, char out[SHA256_HEX_SIZE])
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	must(EVP_Digest(data, length, bytes, &size, EVP_sha256(), NULL));
	to_hex(bytes, out);
}
