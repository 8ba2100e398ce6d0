/* json_text.c - JSON from a database in canonical form: parsed once, member by member, keys sorted.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Not through a library's values, since those round numbers that have more digits than a double.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/json_text.h"
#include "engine/core/buffer.h"

enum { DEPTH_MAX = 64 };

struct parse {
	const char *at, *end;
	struct buffer out;
	unsigned depth;
	struct error *error; /* set: not the text's fault */
};

/* Of one object: its canonical pieces in out, "key":value. */
struct member {
	size_t begin, key_length, length;
};

static bool put(struct parse *parse, const char *bytes, size_t length)
{
	return buffer_append(&parse->out, bytes, length, parse->error) == 0;
}

static void skip_spaces(struct parse *parse)
{
	while (parse->at < parse->end && strchr(" \t\r\n", *parse->at) && *parse->at)
		parse->at++;
}

static bool take(struct parse *parse, char c)
{
	if (parse->at == parse->end || *parse->at != c)
		return false;
	parse->at++;
	return true;
}

static bool take_hex(struct parse *parse, unsigned *out)
{
	*out = 0;
	if (parse->end - parse->at < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		char c = *parse->at++;
		const char *digits = "0123456789abcdef", *found = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + ('a' - 'A') : c) : NULL;

		if (!found)
			return false;
		*out = *out * 16 + (unsigned)(found - digits);
	}
	return true;
}

static bool put_character(struct parse *parse, unsigned code)
{
	char bytes[8];
	size_t length;

	if (code == '"' || code == '\\') {
		length = (size_t)snprintf(bytes, sizeof bytes, "\\%c", (int)code);
	} else if (code < 0x20) {
		static const char names[] = "bt n fr"; /* from 8 */

		if (code >= 8 && code <= 13 && code != 11)
			length = (size_t)snprintf(bytes, sizeof bytes, "\\%c", names[code - 8]);
		else
			length = (size_t)snprintf(bytes, sizeof bytes, "\\u%04X", code);
	} else if (code < 0x80) {
		bytes[0] = (char)code;
		length = 1;
	} else if (code < 0x800) {
		bytes[0] = (char)(0xC0 | code >> 6);
		bytes[1] = (char)(0x80 | (code & 0x3F));
		length = 2;
	} else if (code < 0x10000) {
		bytes[0] = (char)(0xE0 | code >> 12);
		bytes[1] = (char)(0x80 | (code >> 6 & 0x3F));
		bytes[2] = (char)(0x80 | (code & 0x3F));
		length = 3;
	} else {
		bytes[0] = (char)(0xF0 | code >> 18);
		bytes[1] = (char)(0x80 | (code >> 12 & 0x3F));
		bytes[2] = (char)(0x80 | (code >> 6 & 0x3F));
		bytes[3] = (char)(0x80 | (code & 0x3F));
		length = 4;
	}
	return put(parse, bytes, length);
}

static bool take_escape(struct parse *parse)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *found;
	unsigned code, low;

	if (parse->at == parse->end)
		return false;
	if (*parse->at != 'u') {
		found = *parse->at ? strchr(from, *parse->at) : NULL;
		parse->at++;
		return found && put_character(parse, (unsigned char)to[found - from]);
	}
	parse->at++;
	if (!take_hex(parse, &code) || (code >= 0xDC00 && code < 0xE000))
		return false;
	if (code >= 0xD800 && code < 0xDC00) {
		if (!take(parse, '\\') || !take(parse, 'u') || !take_hex(parse, &low) || low < 0xDC00 || low >= 0xE000)
			return false;
		code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
	}
	return put_character(parse, code);
}

static bool take_string(struct parse *parse)
{
	if (!take(parse, '"') || !put(parse, "\"", 1))
		return false;
	while (parse->at < parse->end && *parse->at != '"') {
		const char *from = parse->at;

		if ((unsigned char)*from < 0x20)
			return false;
		if (*from == '\\') {
			parse->at++;
			if (!take_escape(parse))
				return false;
			continue;
		}
		while (parse->at < parse->end && *parse->at != '"' && *parse->at != '\\' && (unsigned char)*parse->at >= 0x20)
			parse->at++;
		if (!put(parse, from, (size_t)(parse->at - from)))
			return false;
	}
	return take(parse, '"') && put(parse, "\"", 1);
}

static size_t digits(struct parse *parse)
{
	const char *from = parse->at;

	while (parse->at < parse->end && *parse->at >= '0' && *parse->at <= '9')
		parse->at++;
	return (size_t)(parse->at - from);
}

static bool take_number(struct parse *parse)
{
	const char *from = parse->at, *first;

	take(parse, '-');
	first = parse->at;
	if (!digits(parse) || (*first == '0' && parse->at - first > 1))
		return false;
	if (take(parse, '.') && !digits(parse))
		return false;
	if (take(parse, 'e') || take(parse, 'E')) {
		if (!take(parse, '+'))
			take(parse, '-');
		if (!digits(parse))
			return false;
	}
	return put(parse, from, (size_t)(parse->at - from));
}

static bool take_value(struct parse *parse);

static bool take_array(struct parse *parse)
{
	if (!take(parse, '[') || !put(parse, "[", 1))
		return false;
	skip_spaces(parse);
	if (take(parse, ']'))
		return put(parse, "]", 1);
	do {
		if (!take_value(parse))
			return false;
		if (take(parse, ']'))
			return put(parse, "]", 1);
	} while (take(parse, ',') && put(parse, ",", 1));
	return false;
}

/* The next byte of a key as it is meant; keys are sorted by those. */
static int next_byte(const char **at, const char *end)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char *found;
	unsigned code = 0;

	if (*at == end)
		return -1;
	if (**at != '\\')
		return (unsigned char)*(*at)++;
	(*at)++;
	found = strchr(from, **at);
	if (**at == 'u') {
		sscanf(*at + 1, "%4x", &code);
		*at += 5;
		return (int)code;
	}
	return found ? ((*at)++, to[found - from]) : (unsigned char)*(*at)++;
}

static int compare_members(const void *left, const void *right, void *bytes)
{
	const struct member *a = left, *b = right;
	const char *x = (const char *)bytes + a->begin + 1, *x_end = x + a->key_length - 2;
	const char *y = (const char *)bytes + b->begin + 1, *y_end = y + b->key_length - 2;
	int one, other;

	do {
		one = next_byte(&x, x_end);
		other = next_byte(&y, y_end);
	} while (one == other && one != -1);
	return one - other;
}

/* The members, which stand in out from begin on, in order; false where two have the same key. */
static bool sort_members(struct parse *parse, size_t begin, struct member *members, size_t count)
{
	struct buffer sorted;
	bool good = true;

	qsort_r(members, count, sizeof *members, compare_members, parse->out.data);
	buffer_init(&sorted, parse->out.ceiling);
	for (size_t i = 0; good && i < count; i++) {
		if (i && compare_members(&members[i - 1], &members[i], parse->out.data) == 0)
			good = false;
		else
			good = (i == 0 || buffer_append(&sorted, ",", 1, parse->error) == 0) &&
				buffer_append(&sorted, parse->out.data + members[i].begin, members[i].length, parse->error) == 0;
	}
	if (good) {
		parse->out.length = begin;
		good = put(parse, buffer_text(&sorted), sorted.length);
	}
	buffer_fini(&sorted);
	return good;
}

static bool take_members(struct parse *parse, struct member **members, size_t *count)
{
	size_t capacity = 0;

	do {
		struct member member = { .begin = parse->out.length };

		skip_spaces(parse);
		if (!take_string(parse))
			return false;
		member.key_length = parse->out.length - member.begin;
		skip_spaces(parse);
		if (!take(parse, ':') || !put(parse, ":", 1) || !take_value(parse))
			return false;
		member.length = parse->out.length - member.begin;
		if (*count == capacity) {
			struct member *grown = realloc(*members, (capacity = capacity ? capacity * 2 : 16) * sizeof **members);

			if (!grown) {
				error_memory(parse->error, "a JSON value");
				return false;
			}
			*members = grown;
		}
		(*members)[(*count)++] = member;
	} while (take(parse, ','));
	return take(parse, '}');
}

static bool take_object(struct parse *parse)
{
	struct member *members = NULL;
	size_t count = 0, begin;
	bool good;

	if (!take(parse, '{') || !put(parse, "{", 1))
		return false;
	begin = parse->out.length;
	skip_spaces(parse);
	good = take(parse, '}') || (take_members(parse, &members, &count) && sort_members(parse, begin, members, count));
	free(members);
	return good && put(parse, "}", 1);
}

static bool take_word(struct parse *parse, const char *word)
{
	size_t length = strlen(word);

	if ((size_t)(parse->end - parse->at) < length || memcmp(parse->at, word, length) != 0)
		return false;
	parse->at += length;
	return put(parse, word, length);
}

/* A value and the spaces around it. */
static bool take_value(struct parse *parse)
{
	bool good = false;

	skip_spaces(parse);
	if (parse->at == parse->end || ++parse->depth > DEPTH_MAX)
		return false;
	switch (*parse->at) {
	case '{':
		good = take_object(parse);
		break;
	case '[':
		good = take_array(parse);
		break;
	case '"':
		good = take_string(parse);
		break;
	case 't':
		good = take_word(parse, "true");
		break;
	case 'f':
		good = take_word(parse, "false");
		break;
	case 'n':
		good = take_word(parse, "null");
		break;
	default:
		good = take_number(parse);
		break;
	}
	parse->depth--;
	skip_spaces(parse);
	return good;
}

int json_text_store(struct batch *batch, struct text text, struct span *out, bool *valid, struct error *error)
{
	struct parse parse = { .at = text.data, .end = text.data + text.length, .error = error };
	int result = 0;

	buffer_init(&parse.out, 6 * text.length + 16);
	*valid = take_value(&parse) && parse.at == parse.end;
	if (error_is_set(error))
		result = -1;
	else if (*valid)
		result = batch_store(batch, buffer_text(&parse.out), parse.out.length, out, error);
	buffer_fini(&parse.out);
	return result;
}
