/* json_text.c - parses JSON and writes it again in the same pass; only the members of an object wait until their keys are known.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Not through a library's values, since those round numbers that have more digits than a double.
 */
#include "engine/core/json_text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { JSON_EXPONENT_MAX = 400, LENGTH_SPARE = 1024 };

struct parse {
	const char *at, *end;
	struct buffer *out;
	size_t begin, most; /* of out: where it began, and how long it may become, about */
	unsigned depth;
	struct error *error; /* set: not the text's fault */
};

/* Of one object: a piece of out, "key":value. Its key was unescaped into the keys of the object. */
struct member {
	size_t begin, length;
	size_t key, key_length;
};

/* The members of an object that is being read. */
struct object {
	struct member *members;
	size_t count, capacity;
	struct buffer keys;
};

static bool put(struct parse *parse, const char *bytes, size_t length)
{
	if (parse->out->length - parse->begin > parse->most)
		return false; /* what a few bytes say of zeros must not fill the memory */
	return buffer_append(parse->out, bytes, length, parse->error) == 0;
}

static void skip_spaces(struct parse *parse)
{
	while (parse->at < parse->end &&
		(*parse->at == ' ' || *parse->at == '\t' || *parse->at == '\n' || *parse->at == '\r'))
		parse->at++;
}

static bool take(struct parse *parse, char c)
{
	if (parse->at == parse->end || *parse->at != c)
		return false;
	parse->at++;
	return true;
}

/* --- strings ------------------------------------------------------------------------------------ */

static bool take_hex(struct parse *parse, unsigned *out)
{
	*out = 0;
	if (parse->end - parse->at < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		unsigned char c = (unsigned char)*parse->at++;

		if (c >= '0' && c <= '9')
			*out = *out * 16 + (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			*out = *out * 16 + ((c | 0x20u) - 'a' + 10);
		else
			return false;
	}
	return true;
}

static size_t encode(unsigned code, char *out)
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xC0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3F));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xE0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3F));
		out[2] = (char)(0x80 | (code & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3F));
	out[2] = (char)(0x80 | (code >> 6 & 0x3F));
	out[3] = (char)(0x80 | (code & 0x3F));
	return 4;
}

/* What stands behind a backslash, as UTF-8: its bytes, or 0. */
static size_t take_escape(struct parse *parse, char *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	unsigned code, low;

	if (parse->at == parse->end)
		return 0;
	if (*parse->at != 'u') {
		const char *found = *parse->at ? strchr(from, *parse->at) : NULL;

		parse->at++;
		if (found)
			*out = to[found - from];
		return found != NULL;
	}
	parse->at++;
	if (!take_hex(parse, &code) || (code >= 0xDC00 && code < 0xE000))
		return 0;
	if (code >= 0xD800 && code < 0xDC00) {
		if (!take(parse, '\\') || !take(parse, 'u') || !take_hex(parse, &low) || low < 0xDC00 || low >= 0xE000)
			return 0;
		code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
	}
	return encode(code, out);
}

/* Bytes of a string as JSON has them, without quotes. */
static int put_escaped(const char *text, size_t length, struct buffer *out, struct error *error)
{
	static const char names[] = "btn_fr"; /* from 8 */
	size_t begin = 0;

	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		if (buffer_append(out, text + begin, i - begin, error) < 0)
			return -1;
		begin = i + 1;
		if (c == '"' || c == '\\') {
			if (buffer_printf(out, error, "\\%c", c) < 0)
				return -1;
		} else if (c >= 8 && c <= 13 && c != 11) {
			if (buffer_printf(out, error, "\\%c", names[c - 8]) < 0)
				return -1;
		} else if (buffer_printf(out, error, "\\u%04X", c) < 0) {
			return -1;
		}
	}
	return buffer_append(out, text + begin, length - begin, error);
}

/* The string into out and, where plain is not NULL, its bytes as they are meant behind those of plain. */
static bool take_string(struct parse *parse, struct buffer *plain)
{
	if (!take(parse, '"') || !put(parse, "\"", 1))
		return false;
	while (parse->at < parse->end && *parse->at != '"') {
		const char *from = parse->at;
		char escaped[4];
		size_t length = 0;

		while (parse->at < parse->end && *parse->at != '"' && *parse->at != '\\' && (unsigned char)*parse->at >= 0x20)
			parse->at++;
		length = (size_t)(parse->at - from);
		if (length == 0) {
			if (*parse->at++ != '\\')
				return false;
			from = escaped;
			length = take_escape(parse, escaped);
			if (length == 0)
				return false;
		}
		if (put_escaped(from, length, parse->out, parse->error) < 0 ||
			(plain && buffer_append(plain, from, length, parse->error) < 0))
			return false;
	}
	return take(parse, '"') && put(parse, "\"", 1);
}

/* --- numbers and words -------------------------------------------------------------------------- */

static size_t digits(struct parse *parse)
{
	const char *from = parse->at;

	while (parse->at < parse->end && *parse->at >= '0' && *parse->at <= '9')
		parse->at++;
	return (size_t)(parse->at - from);
}

/* A number as it is written: whole[.fraction] and an exponent. */
struct number {
	const char *whole, *fraction;
	size_t whole_length, fraction_length;
	bool negative, zero;
	long exponent;
};

/* The digit at a place, counted from the point: 0 is the last one before it, -1 the first one behind it. */
static char digit_at(const struct number *number, long place)
{
	long at = (long)number->whole_length - 1 - (place - number->exponent);

	if (at < 0)
		return '0';
	if (at < (long)number->whole_length)
		return number->whole[at];
	at -= (long)number->whole_length;
	return at < (long)number->fraction_length ? number->fraction[at] : '0';
}

/* Without its exponent, as databases print it: 1.50e1 is 15.0. */
static bool put_plain(struct parse *parse, const struct number *number)
{
	long first = (long)number->whole_length - 1 + number->exponent;
	long last = number->exponent - (long)number->fraction_length;

	while (first > 0 && digit_at(number, first) == '0')
		first--;
	for (long place = first > 0 ? first : 0; place >= 0 || place >= last; place--) {
		char digit = digit_at(number, place);

		if ((place == -1 && !put(parse, ".", 1)) || !put(parse, &digit, 1))
			return false;
	}
	return true;
}

static bool read_exponent(struct parse *parse, struct number *number)
{
	bool negative;

	if (!take(parse, 'e') && !take(parse, 'E'))
		return true;
	negative = take(parse, '-');
	if (!negative)
		take(parse, '+');
	const char *from = parse->at;
	if (!digits(parse))
		return false;
	for (; from < parse->at; from++)
		if (number->exponent <= JSON_EXPONENT_MAX)
			number->exponent = number->exponent * 10 + (*from - '0');
	if (negative)
		number->exponent = -number->exponent;
	return true;
}

static bool all_zero(const char *from, const char *end)
{
	while (from < end && (*from == '0' || *from == '.'))
		from++;
	return from == end;
}

static bool take_number(struct parse *parse)
{
	struct number number = {.fraction_length = 0};
	const char *from = parse->at;

	number.negative = take(parse, '-');
	number.whole = parse->at;
	number.whole_length = digits(parse);
	if (number.whole_length == 0 || (number.whole[0] == '0' && number.whole_length > 1))
		return false;
	if (take(parse, '.')) {
		number.fraction = parse->at;
		number.fraction_length = digits(parse);
		if (number.fraction_length == 0)
			return false;
	}
	const char *end = parse->at;
	if (!read_exponent(parse, &number))
		return false;
	number.zero = all_zero(number.whole, end);
	if (number.exponent > JSON_EXPONENT_MAX || number.exponent < -JSON_EXPONENT_MAX)
		return put(parse, from, (size_t)(parse->at - from)); /* hundreds of zeros help nobody */
	if (number.negative && !number.zero && !put(parse, "-", 1))
		return false;
	return number.exponent == 0 ? put(parse, number.whole, (size_t)(end - number.whole)) : put_plain(parse, &number);
}

static bool take_word(struct parse *parse, const char *word)
{
	size_t length = strlen(word);

	if ((size_t)(parse->end - parse->at) < length || memcmp(parse->at, word, length) != 0)
		return false;
	parse->at += length;
	return put(parse, word, length);
}

/* --- objects and arrays ------------------------------------------------------------------------- */

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

static bool take_member(struct parse *parse, struct object *object)
{
	struct member *member;

	if (object->count == object->capacity) {
		size_t capacity = object->capacity ? object->capacity * 2 : 16;
		struct member *larger = realloc(object->members, capacity * sizeof(*larger));

		if (!larger) {
			error_memory(parse->error, "a JSON value");
			return false;
		}
		object->members = larger;
		object->capacity = capacity;
	}
	member = &object->members[object->count++];
	*member = (struct member){.begin = parse->out->length, .key = object->keys.length};
	skip_spaces(parse);
	if (!take_string(parse, &object->keys))
		return false;
	member->key_length = object->keys.length - member->key;
	skip_spaces(parse);
	if (!take(parse, ':') || !put(parse, ":", 1) || !take_value(parse))
		return false;
	member = &object->members[object->count - 1];
	member->length = parse->out->length - member->begin;
	return true;
}

static int by_key(const void *left, const void *right, void *keys)
{
	const struct member *a = left, *b = right;
	size_t common = a->key_length < b->key_length ? a->key_length : b->key_length;
	const char *bytes = keys;
	int order = common > 0 ? memcmp(bytes + a->key, bytes + b->key, common) : 0;

	return order != 0 ? order : (a->key_length > b->key_length) - (a->key_length < b->key_length);
}

/* The members, which stand in out from begin on, in order and with commas; false where two have the same key. */
static bool sort_members(struct parse *parse, size_t begin, struct object *object)
{
	struct buffer sorted;
	bool good = true;

	if (object->count > 1)
		qsort_r(object->members, object->count, sizeof(*object->members), by_key, object->keys.data);
	buffer_init(&sorted, parse->out->ceiling);
	for (size_t i = 0; good && i < object->count; i++) {
		const struct member *member = &object->members[i];

		good = i == 0 || by_key(member - 1, member, object->keys.data) != 0;
		good = good && (i == 0 || buffer_append(&sorted, ",", 1, parse->error) == 0) &&
			buffer_append(&sorted, parse->out->data + member->begin, member->length, parse->error) == 0;
	}
	if (good) {
		parse->out->length = begin;
		good = put(parse, buffer_text(&sorted), sorted.length);
	}
	buffer_fini(&sorted);
	return good;
}

static bool take_object(struct parse *parse)
{
	struct object object = {.count = 0};
	size_t begin;
	bool good;

	if (!take(parse, '{') || !put(parse, "{", 1))
		return false;
	begin = parse->out->length;
	skip_spaces(parse);
	if (take(parse, '}'))
		return put(parse, "}", 1);
	buffer_init(&object.keys, parse->out->ceiling);
	do {
		good = take_member(parse, &object);
	} while (good && take(parse, ','));
	good = good && take(parse, '}') && sort_members(parse, begin, &object);
	buffer_fini(&object.keys);
	free(object.members);
	return good && put(parse, "}", 1);
}

/* A value and the spaces around it. */
static bool take_value(struct parse *parse)
{
	bool good = false;

	skip_spaces(parse);
	if (parse->at == parse->end)
		return false;
	if ((*parse->at == '{' || *parse->at == '[') && ++parse->depth > JSON_DEPTH_MAX)
		return false;
	switch (*parse->at) {
	case '{':
		good = take_object(parse);
		parse->depth--;
		break;
	case '[':
		good = take_array(parse);
		parse->depth--;
		break;
	case '"':
		good = take_string(parse, NULL);
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
	skip_spaces(parse);
	return good;
}

enum json_kind json_kind_of(const char *text)
{
	switch (text[0]) {
	case '{':
		return JSON_OBJECT;
	case '[':
		return JSON_ARRAY;
	case '"':
		return JSON_STRING;
	case 't':
	case 'f':
	case 'n':
		return JSON_WORD;
	default:
		return JSON_NUMBER;
	}
}

int json_canonical(const char *text, size_t length, struct buffer *out, enum json_kind *kind, struct error *error)
{
	struct error own = ERROR_INIT;
	struct parse parse = {.at = text, .end = text + length, .out = out, .begin = out->length,
		.most = 2 * length + LENGTH_SPARE, .error = &own};
	size_t begin = out->length;
	bool good = take_value(&parse) && parse.at == parse.end;

	if (good && kind)
		*kind = json_kind_of(out->data + begin);
	if (good)
		return 1;
	out->length = begin;
	if (out->data)
		out->data[begin] = '\0';
	return error_is_set(&own) ? error_set(error, own.kind, own.place, "%s", own.message) : 0;
}

int json_put_string(const char *text, size_t length, struct buffer *out, struct error *error)
{
	if (buffer_append(out, "\"", 1, error) < 0 || put_escaped(text, length, out, error) < 0)
		return -1;
	return buffer_append(out, "\"", 1, error);
}

uint64_t json_count(const char *text, size_t length)
{
	uint64_t commas = 0;
	unsigned depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (quoted)
			continue;
		else if (c == '{' || c == '[')
			depth++;
		else if (c == '}' || c == ']')
			depth--;
		else if (c == ',' && depth == 1)
			commas++;
	}
	return length <= 2 ? 0 : commas + 1;
}
