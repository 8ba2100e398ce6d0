/* connect.c - an ODBC connection string in its parts.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "connectors/odbc/connect.h"

static char *copy(const char *data, size_t length)
{
	char *text = malloc(length + 1);

	if (text) {
		memcpy(text, data, length);
		text[length] = '\0';
	}
	return text;
}

void connect_wipe(char *text)
{
	if (text) {
		explicit_bzero(text, strlen(text));
		free(text);
	}
}

static void pair_fini(struct connect_pair *pair)
{
	connect_wipe(pair->key);
	connect_wipe(pair->raw);
	connect_wipe(pair->value);
	memset(pair, 0, sizeof *pair);
}

void connect_fini(struct connect_string *string)
{
	for (size_t i = 0; i < string->count; i++)
		pair_fini(&string->pairs[i]);
	string->count = 0;
}

/* What stands between the braces, } undoubled; a value without braces is itself. */
static char *unbraced(const char *raw)
{
	size_t length = strlen(raw);
	char *value, *to;

	if (raw[0] != '{' || length < 2 || raw[length - 1] != '}')
		return copy(raw, length);
	value = to = malloc(length);
	if (!value)
		return NULL;
	for (const char *p = raw + 1; p < raw + length - 1; p++) {
		if (*p == '}' && p[1] == '}' && p + 1 < raw + length - 1)
			p++;
		*to++ = *p;
	}
	*to = '\0';
	return value;
}

static int add(struct connect_string *string, const char *key, size_t key_length, const char *raw, size_t raw_length,
	struct error *error)
{
	struct connect_pair *pair;

	if (string->count >= CONNECT_PAIRS_MAX)
		return error_set(error, ERROR_CONFIG, NULL, "more than %d options in a connection string", CONNECT_PAIRS_MAX);
	pair = &string->pairs[string->count];
	pair->key = copy(key, key_length);
	pair->raw = copy(raw, raw_length);
	pair->value = pair->raw ? unbraced(pair->raw) : NULL;
	if (!pair->key || !pair->raw || !pair->value) {
		pair_fini(pair);
		return error_memory(error, "a connection string");
	}
	string->count++;
	return 0;
}

/* The end of a raw value: the next ; outside braces. NULL when a brace stays open. */
static const char *value_end(const char *p)
{
	if (*p != '{')
		return p + strcspn(p, ";");
	for (p++; *p; p++) {
		if (*p != '}')
			continue;
		if (p[1] != '}')
			return p + 1 + strcspn(p + 1, ";");
		p++;
	}
	return NULL;
}

static void trim(const char **begin, const char **end)
{
	while (*begin < *end && isspace((unsigned char)**begin))
		(*begin)++;
	while (*end > *begin && isspace((unsigned char)(*end)[-1]))
		(*end)--;
}

int connect_parse(struct connect_string *string, const char *text, const char *place, struct error *error)
{
	string->count = 0;
	if (strlen(text) > CONNECT_STRING_MAX)
		return error_set(error, ERROR_CONFIG, place, "the connection string is longer than %d bytes", CONNECT_STRING_MAX);
	for (const char *p = text; *p;) {
		const char *key = p, *key_end = p + strcspn(p, "=;"), *raw, *raw_end;

		p = key_end;
		trim(&key, &key_end);
		if (*p != '=') {
			if (key < key_end) {
				connect_fini(string);
				return error_set(error, ERROR_CONFIG, place,
					"the connection string has a part without \"=\": write KEY=VALUE;KEY=VALUE");
			}
			p += *p == ';';
			continue;
		}
		raw = p + 1;
		while (*raw == ' ' || *raw == '\t')
			raw++;
		raw_end = value_end(raw);
		if (!raw_end) {
			error_set(error, ERROR_CONFIG, place, "the connection string has no closing \"}\" behind %.*s",
				(int)(key_end - key), key);
			connect_fini(string);
			return -1;
		}
		p = raw_end + (*raw_end == ';');
		trim(&raw, &raw_end);
		if (add(string, key, (size_t)(key_end - key), raw, (size_t)(raw_end - raw), error)) {
			connect_fini(string);
			return -1;
		}
	}
	return 0;
}

const char *connect_find(const struct connect_string *string, const char *key)
{
	for (size_t i = 0; i < string->count; i++)
		if (strcasecmp(string->pairs[i].key, key) == 0)
			return string->pairs[i].value;
	return NULL;
}

int connect_set(struct connect_string *string, const char *key, const char *raw, struct error *error)
{
	size_t kept = 0, before = string->count;

	/* raw may be a value of the string itself: added before the old one goes. */
	if (add(string, key, strlen(key), raw, strlen(raw), error))
		return -1;
	for (size_t i = 0; i < string->count; i++) {
		if (i < before && strcasecmp(string->pairs[i].key, key) == 0)
			pair_fini(&string->pairs[i]);
		else
			string->pairs[kept++] = string->pairs[i];
	}
	string->count = kept;
	return 0;
}

char *connect_print(const struct connect_string *string, struct error *error)
{
	size_t size = 1;
	char *text, *to;

	for (size_t i = 0; i < string->count; i++)
		size += strlen(string->pairs[i].key) + strlen(string->pairs[i].raw) + 2;
	text = to = malloc(size);
	if (!text) {
		error_memory(error, "a connection string");
		return NULL;
	}
	for (size_t i = 0; i < string->count; i++) {
		to = stpcpy(to, string->pairs[i].key);
		*to++ = '=';
		to = stpcpy(to, string->pairs[i].raw);
		*to++ = ';';
	}
	*to = '\0';
	return text;
}

static bool is_secret(const char *key)
{
	static const char *const words[] = { "pwd", "password", "token", "secret", "passphrase" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcasestr(key, words[i]))
			return true;
	return false;
}

static void mask(const char *secret, char *text)
{
	size_t length = strlen(secret);

	/* A word of one or two letters would tear holes into every message without hiding anything. */
	if (length < 3)
		return;
	for (char *at = text; (at = strstr(at, secret)); at += 3) {
		memmove(at + 3, at + length, strlen(at + length) + 1);
		memcpy(at, "***", 3);
	}
}

void connect_mask(const struct connect_string *string, char *text)
{
	for (size_t i = 0; i < string->count; i++) {
		if (is_secret(string->pairs[i].key)) {
			mask(string->pairs[i].value, text);
			mask(string->pairs[i].raw, text);
		}
	}
}
