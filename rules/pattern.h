/* pattern.h - the constraint `pattern`: a regular expression that a whole value must match. Over PCRE2.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Patterns know Unicode (\d, \w, \p{L} and case). Matching is bounded: a pattern that runs away on some value refuses
 * the value instead of holding up the run.
 */
#ifndef PENSTOCK_RULES_PATTERN_H
#define PENSTOCK_RULES_PATTERN_H

#include <stddef.h>

#include "engine/core/error.h"

struct pattern; /* compiled; immutable, for any number of threads */
struct matcher; /* working memory of one thread; for any number of patterns */

enum { PATTERN_REASON_MAX = 192 };

/* NULL and reason where text is no regular expression; *at is where (in bytes); an empty reason: out of memory. */
struct pattern *pattern_new(const char *text, char reason[PATTERN_REASON_MAX], size_t *at);
void pattern_free(struct pattern *pattern);

/* NULL and error when out of memory. */
struct matcher *matcher_new(struct error *error) MUST_CHECK;
void matcher_free(struct matcher *matcher);

enum pattern_result { PATTERN_MATCHES, PATTERN_DIFFERS, PATTERN_GIVES_UP };

/* text is valid UTF-8. */
enum pattern_result pattern_match(const struct pattern *pattern, struct matcher *matcher, const char *text,
				  size_t length);

#endif
