/* auth.c - keys, scopes, and the hosts and origins that a request may name.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <arpa/inet.h>
#include <openssl/crypto.h>
#include <string.h>
#include <strings.h>

#include "engine/core/digest.h"
#include "engine/http/parts.h"

const struct serve_key *auth_key(const struct serve_file *file, const char *text)
{
	char hash[SHA256_HEX_SIZE];
	size_t found = SIZE_MAX;

	/* The hash of nothing, in a serve file, comes from a variable that was empty. */
	if (!text[0])
		return NULL;
	digest_of(text, strlen(text), hash);
	for (size_t i = 0; i < file->key_count; i++) {
		size_t same = (size_t)(CRYPTO_memcmp(hash, file->keys[i].sha256, sizeof(hash)) == 0);

		/* No branch on what was found. */
		found = (found & (same - 1)) | (i & (0 - same));
	}
	return found < file->key_count ? &file->keys[found] : NULL;
}

bool auth_scope(const struct serve_key *key, enum verb verb, const char *pipeline)
{
	const char *word = serve_verbs[verb - VERB_INGEST];
	size_t length = strlen(word);

	for (size_t i = 0; i < key->scope_count; i++) {
		const char *scope = key->scopes[i];
		const char *colon = strchr(scope, ':');
		bool verb_fits = (colon - scope == 1 && scope[0] == '*') ||
			((size_t)(colon - scope) == length && memcmp(scope, word, length) == 0);

		if (verb_fits && (strcmp(colon + 1, "*") == 0 || (pipeline && strcmp(colon + 1, pipeline) == 0)))
			return true;
	}
	return false;
}

enum { HOST_SIZE = 256 };

/* The name in "name", "name:port", "[address]:port", in lower case; false where it is none of these. */
static bool host_name(const char *text, char name[HOST_SIZE])
{
	bool bracket = text[0] == '[';
	size_t length = bracket ? strcspn(text + 1, "]") : strcspn(text, ":");
	const char *rest = bracket ? text + 1 + length : text + length;

	if (bracket && *rest++ != ']')
		return false;
	if (length == 0 || length >= HOST_SIZE || (*rest == ':' && (strlen(rest) > 6 || rest[1 + strspn(rest + 1, "0123456789")])) ||
		(*rest && *rest != ':'))
		return false;
	for (size_t i = 0; i < length; i++) {
		char c = text[i + bracket];

		name[i] = c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
	}
	name[length] = '\0';
	return true;
}

/* Whether two texts are the same numeric address. */
static bool same_address(const char *one, const char *other)
{
	unsigned char a[16], b[16];

	return (inet_pton(AF_INET, one, a) == 1 && inet_pton(AF_INET, other, b) == 1 && memcmp(a, b, 4) == 0) ||
		(inet_pton(AF_INET6, one, a) == 1 && inet_pton(AF_INET6, other, b) == 1 && memcmp(a, b, 16) == 0);
}

static bool listed(const struct serve_file *file, const char *name)
{
	for (size_t i = 0; i < file->host_count; i++)
		if (strcmp(file->hosts[i], name) == 0)
			return true;
	return false;
}

bool auth_host(const struct serve_file *file, const char *host)
{
	char name[HOST_SIZE];
	unsigned char address[16];

	if (!host_name(host, name))
		return false;
	if (strcmp(name, "localhost") == 0 || same_address(name, file->address) || listed(file, name))
		return true;
	/* Listening on every address of the machine: no name that a foreign page could have pointed here is a number. */
	return file->any && (inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1);
}

bool auth_origin(const struct serve_file *file, const char *origin, const char *host)
{
	const char *rest = strncmp(origin, "http://", 7) == 0 ? origin + 7 : strncmp(origin, "https://", 8) == 0 ? origin + 8 : NULL;
	char name[HOST_SIZE];

	return rest && host_name(rest, name) && (strcasecmp(rest, host) == 0 || listed(file, name));
}
