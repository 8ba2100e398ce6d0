/* sample_pattern.c - texts made from a regular expression, and tried.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rules/sample_pattern.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { PATTERN_TRIES = 64, REPEATS_MAX = 4096 };

/* A regular expression as far as simple ones go; the rest is found out by matching. */
struct regex {
	const char *at;
	unsigned variant, more; /* which of the characters and branches, how many repeats beyond the least */
	char *out;
	size_t used, size;
	bool failed;
};

static void put(struct regex *regex, char c)
{
	if (regex->used + 1 >= regex->size)
		regex->failed = true;
	else
		regex->out[regex->used++] = c;
}

static bool in_escape(char escape, char c)
{
	switch (escape) {
	case 'd':
		return isdigit((unsigned char)c);
	case 'D':
		return !isdigit((unsigned char)c);
	case 'w':
		return isalnum((unsigned char)c) || c == '_';
	case 'W':
		return !isalnum((unsigned char)c) && c != '_';
	case 's':
		return c == ' ';
	case 'S':
		return c != ' ';
	case 't':
		return c == '\t';
	default:
		return c == escape;
	}
}

/* One of the printable characters that a class or an escape has; others for other variants. */
static void put_one(struct regex *regex, const bool has[128])
{
	static const char order[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.@ /:+,;!#$%&'()*<=>?[\\]^`{|}~\"\t";
	char found[128];
	size_t count = 0;

	for (const char *c = order; *c; c++)
		if (has[(unsigned char)*c])
			found[count++] = *c;
	if (count == 0)
		regex->failed = true;
	else
		put(regex, found[(regex->variant + regex->used) % count]);
}

static void put_class(struct regex *regex)
{
	bool has[128] = {false}, negated = *regex->at == '^';
	const char *begin = regex->at += negated;

	while (*regex->at && (*regex->at != ']' || regex->at == begin)) {
		char low = *regex->at++;

		if (low == '[' && *regex->at == ':') {
			regex->failed = true;
			return;
		}
		if (low == '\\') {
			char escape = *regex->at;

			if (!escape)
				break;
			regex->at++;
			for (int c = 0; c < 128; c++)
				has[c] = has[c] || in_escape(escape, (char)c);
			continue;
		}
		char high = low;
		if (*regex->at == '-' && regex->at[1] && regex->at[1] != ']') {
			high = regex->at[1];
			regex->at += 2;
		}
		for (int c = (unsigned char)low; c <= (unsigned char)high && c < 128; c++)
			has[c] = true;
	}
	if (*regex->at == ']')
		regex->at++;
	for (int c = 0; c < 128; c++)
		has[c] = has[c] != negated;
	put_one(regex, has);
}

static void put_branches(struct regex *regex, int depth);

/* One piece without what repeats it. */
static void put_atom(struct regex *regex, int depth)
{
	bool has[128];
	char c = *regex->at++;

	switch (c) {
	case '^':
	case '$':
		return;
	case '.':
		memset(has, true, sizeof has);
		put_one(regex, has);
		return;
	case '[':
		put_class(regex);
		return;
	case '(':
		if (strncmp(regex->at, "?:", 2) == 0)
			regex->at += 2;
		else if (*regex->at == '?')
			regex->failed = true;
		put_branches(regex, depth + 1);
		if (*regex->at == ')')
			regex->at++;
		return;
	case '\\':
		c = *regex->at;
		if (!c || strchr("123456789AbBzZpPkKRX", c)) {
			regex->failed = c == '\0' || !strchr("AbBzZ", c);
			regex->at += c != '\0';
			return;
		}
		regex->at++;
		for (int i = 0; i < 128; i++)
			has[i] = in_escape(c, (char)i);
		put_one(regex, has);
		return;
	default:
		put(regex, c);
	}
}

/* How often, behind a piece: at least. */
static unsigned repeats(struct regex *regex)
{
	unsigned least = 1, most = 1;

	if (*regex->at == '*')
		least = 0, most = REPEATS_MAX, regex->at++;
	else if (*regex->at == '+')
		most = REPEATS_MAX, regex->at++;
	else if (*regex->at == '?')
		least = 0, regex->at++;
	else if (*regex->at == '{' && isdigit((unsigned char)regex->at[1])) {
		char *end;

		least = most = (unsigned)strtoul(regex->at + 1, &end, 10);
		if (*end == ',')
			most = isdigit((unsigned char)end[1]) ? (unsigned)strtoul(end + 1, &end, 10) : (unsigned)REPEATS_MAX;
		if (*end == ',')
			end++;
		regex->at = *end == '}' ? end + 1 : end;
	}
	if (*regex->at == '?' || *regex->at == '+')
		regex->at++;
	if (least > REPEATS_MAX)
		regex->failed = true;
	return least + regex->more < most ? least + regex->more : most;
}

static void put_sequence(struct regex *regex, int depth)
{
	while (*regex->at && *regex->at != '|' && *regex->at != ')' && !regex->failed) {
		const char *begin = regex->at;
		size_t used = regex->used;
		unsigned count;

		put_atom(regex, depth);
		const char *behind = regex->at;
		count = repeats(regex);
		const char *next = regex->at;
		if (count == 0)
			regex->used = used;
		for (unsigned i = 1; i < count && !regex->failed; i++) {
			regex->at = begin;
			put_atom(regex, depth);
			regex->failed = regex->failed || regex->at != behind;
		}
		regex->at = next;
	}
}

static void put_branches(struct regex *regex, int depth)
{
	size_t used = regex->used;
	unsigned wanted = regex->variant % 2;

	if (depth > 20) {
		regex->failed = true;
		return;
	}
	put_sequence(regex, depth);
	for (unsigned branch = 1; *regex->at == '|' && !regex->failed; branch++) {
		size_t kept = regex->used;

		regex->at++;
		if (branch <= wanted)
			regex->used = kept = used;
		put_sequence(regex, depth);
		if (branch > wanted)
			regex->used = kept;
	}
}

bool sample_pattern(const struct field_rules *rules, unsigned k, uint64_t length, struct sample *out)
{
	struct error error = ERROR_INIT;
	struct matcher *matcher = matcher_new(&error);
	enum { SIZE = 64 * 1024 };
	char *text = malloc(SIZE);
	bool found = false;

	for (unsigned i = 0; text && matcher && i < PATTERN_TRIES && !found; i++) {
		struct regex regex = {.at = rules->pattern_text, .variant = k + i / 16, .more = i % 16, .out = text, .size = SIZE};

		if (length != UINT64_MAX && length > 16 && i % 16 == 15)
			regex.more = (unsigned)(length < REPEATS_MAX ? length - 1 : REPEATS_MAX);
		put_branches(&regex, 0);
		if (regex.failed || *regex.at || pattern_match(rules->pattern, matcher, text, regex.used) != PATTERN_MATCHES)
			continue;
		if (length != UINT64_MAX ? regex.used != length : (rules->has_min_length && regex.used < rules->min_length) ||
				(rules->has_max_length && regex.used > rules->max_length))
			continue;
		found = sample_text(out, SAMPLE_VALUE, text, regex.used);
	}
	free(text);
	matcher_free(matcher);
	return found;
}
