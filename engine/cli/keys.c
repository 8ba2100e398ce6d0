/* keys.c - penstock keys new.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "engine/cli/command.h"
#include "engine/cli/log.h"
#include "engine/config/serve.h"
#include "engine/core/digest.h"

enum { KEY_BYTES = 32, KEY_SIZE = 3 + 43 + 1 };

struct keys_flags {
	struct flag_list scope;
};

/* "pk_" and 256 random bits, six in a character (RFC 4648, section 5). */
static int make_key(char key[KEY_SIZE], struct error *error)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned char random[KEY_BYTES + 1] = {0};
	size_t got = 0;

	while (got < KEY_BYTES) {
		ssize_t n = getrandom(random + got, KEY_BYTES - got, 0);

		if (n < 0 && errno != EINTR)
			return error_errno(error, ERROR_RESOURCE, NULL, errno, "the system gives no random bytes");
		got += n > 0 ? (size_t)n : 0;
	}
	memcpy(key, "pk_", 3);
	for (size_t i = 0; i < KEY_SIZE - 4; i++) {
		size_t bit = 6 * i;
		unsigned two = (unsigned)random[bit / 8] << 8 | random[bit / 8 + 1];

		key[3 + i] = alphabet[two >> (10 - bit % 8) & 63];
	}
	key[KEY_SIZE - 1] = '\0';
	OPENSSL_cleanse(random, sizeof(random));
	return 0;
}

static bool good_name(const char *name)
{
	return name[0] && strlen(name) < SERVE_NAME_MAX &&
		!name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")];
}

/* A scope goes into quotes. */
static bool good_scope(const char *scope)
{
	const char *colon = strchr(scope, ':');
	size_t i = 0;

	if (!colon || !colon[1] || strpbrk(scope, "\"\\\n"))
		return false;
	while (serve_verbs[i] && (strlen(serve_verbs[i]) != (size_t)(colon - scope) || strncmp(serve_verbs[i], scope, strlen(serve_verbs[i])) != 0))
		i++;
	return serve_verbs[i] || (colon - scope == 1 && scope[0] == '*');
}

static int new_main(const void *bound, const struct arguments *arguments)
{
	const struct keys_flags *flags = bound;
	const char *name = arguments->items[0];
	struct error error = ERROR_INIT;
	char key[KEY_SIZE], hash[SHA256_HEX_SIZE];

	if (!good_name(name))
		error_set(&error, ERROR_CONFIG, NULL, "the name of a key has 1 to %d letters, digits, dashes, dots and underscores", SERVE_NAME_MAX - 1);
	for (size_t i = 0; i < flags->scope.count; i++)
		if (!good_scope(flags->scope.items[i]))
			error_set(&error, ERROR_CONFIG, NULL, "a scope is VERB:PIPELINE, with a verb of ingest, run, read, report, upload and cancel, either may be *: \"%s\" is none",
				flags->scope.items[i]);
	if (error_is_set(&error))
		return complain_usage(&error, "keys new");
	if (make_key(key, &error) < 0)
		return complain(&error);
	digest_of(key, strlen(key), hash);
	printf("key:  %s\n", key);
	OPENSSL_cleanse(key, sizeof(key));
	printf("line: - { name: \"%s\", sha256: %s, scopes: [", name, hash);
	for (size_t i = 0; i < flags->scope.count; i++)
		printf("%s\"%s\"", i ? ", " : "", flags->scope.items[i]);
	printf("%s] }\n", flags->scope.count ? "" : "\"*:*\"");
	fputs("The key is shown this once. The line goes below keys: in the serve file; it holds a hash, from which the key cannot be had.\n", stderr);
	return 0;
}

static const struct flag flags_of_new[] = {
	{.name = "scope", .kind = FLAG_LIST, .offset = offsetof(struct keys_flags, scope), .metavar = "VERB:PIPELINE",
		.help = "what the key may do: ingest, run, read, report, upload or cancel, and the pipeline; either may be *; may be repeated (default: *:*)"},
	{.name = NULL},
};

static const char *const examples_of_new[] = {
	"penstock keys new loader --scope ingest:ingest --scope read:ingest",
	NULL,
};

static const struct command command_keys_new = {
	.name = "new",
	.arguments = "NAME",
	.least = 1,
	.most = 1,
	.summary = "make an API key for penstock serve",
	.description =
		"Prints a key of 256 random bits, once, and the line for the serve file, which holds its SHA-256 alone. Several keys may "
		"be live at once: to change one, add the new line, hand out the new key, and take the old line away.",
	.flags = flags_of_new,
	.size = sizeof(struct keys_flags),
	.exits = EXITS(0) | EXITS(1) | EXITS(2),
	.examples = examples_of_new,
	.run = new_main,
};

static const struct command *const subcommands[] = {&command_keys_new, NULL};

const struct command command_keys = {
	.name = "keys",
	.summary = "API keys of the HTTP service",
	.description = "Makes the keys that requests to penstock serve present.",
	.subcommands = subcommands,
};
