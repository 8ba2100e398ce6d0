/* connect.h - an ODBC connection string in its parts, so that options can be looked up, set and printed again.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Keys compare without case; the first of equal keys counts, as the ODBC specification says of SQLDriverConnect. Values may be in
 * braces ({a;b}, } doubled inside) and are printed again as they were written. Holds secrets: fini wipes them.
 */
#ifndef PENSTOCK_ODBC_CONNECT_H
#define PENSTOCK_ODBC_CONNECT_H

#include <stddef.h>

#include "engine/core/error.h"

enum { CONNECT_STRING_MAX = 16 * 1024, CONNECT_PAIRS_MAX = 256 };

struct connect_string {
	struct connect_pair {
		char *key;
		char *raw;   /* as written, braces included */
		char *value; /* without them */
	} pairs[CONNECT_PAIRS_MAX];
	size_t count;
};

/* Fills an empty struct. ERROR_CONFIG, which names the key at most, where the string cannot be read. */
int connect_parse(struct connect_string *string, const char *text, const char *place, struct error *error) MUST_CHECK;
void connect_fini(struct connect_string *string);

/* The value of key, or NULL. */
const char *connect_find(const struct connect_string *string, const char *key);

/* Makes key stand there once, with this raw value (in braces where it needs them). */
int connect_set(struct connect_string *string, const char *key, const char *raw, struct error *error) MUST_CHECK;

/* The whole string, malloc'd; wipe it before freeing. NULL and error. */
char *connect_print(const struct connect_string *string, struct error *error) MUST_CHECK;

/* Replaces each secret value of the string (passwords, tokens) that occurs in text by "***". */
void connect_mask(const struct connect_string *string, char *text);

/* Wipes and frees a text; NULL is fine. */
void connect_wipe(char *text);

#endif
