/* walk.c - the states between the bytes of a JSON value.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/json/walk.h"

#include <assert.h>

#include "engine/core/json_text.h"

enum state {
	AT_VALUE = 0,
	AT_VALUE_OR_END, /* behind [ */
	AT_KEY,          /* behind a comma in an object */
	AT_KEY_OR_END,   /* behind { */
	AT_COLON,
	AFTER_VALUE,     /* in an object or array */
	IN_STRING,
	IN_ESCAPE,       /* behind a backslash */
	IN_HEX,
	IN_WORD,
	AFTER_MINUS,
	AFTER_ZERO,      /* a whole part that is 0 alone */
	IN_WHOLE,
	AFTER_POINT,
	IN_FRACTION,
	AFTER_E,
	AFTER_SIGN,      /* of an exponent */
	IN_EXPONENT,
	TOO_DEEP,
	ENDED,
};

struct json_walk json_walk_from(unsigned outside)
{
	assert(outside <= JSON_DEPTH_MAX);
	return (struct json_walk){ .state = AT_VALUE, .most = (uint8_t)(JSON_DEPTH_MAX - outside) };
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* True where the whole value ended with it. */
static bool end_value(struct json_walk *walk)
{
	if (walk->key) {
		walk->key = false;
		walk->state = AT_COLON;
		return false;
	}
	walk->state = walk->depth > 0 ? AFTER_VALUE : ENDED;
	return walk->depth == 0;
}

static bool open_nested(struct json_walk *walk, bool object)
{
	if (walk->depth == walk->most) {
		walk->state = TOO_DEEP;
		return false;
	}
	walk->depth++;
	walk->objects = walk->objects << 1 | object;
	walk->state = object ? AT_KEY_OR_END : AT_VALUE_OR_END;
	return true;
}

static bool close_nested(struct json_walk *walk)
{
	walk->depth--;
	walk->objects >>= 1;
	return end_value(walk);
}

/* The first byte of a value. False where it is none. */
static bool begin_value(struct json_walk *walk, char c)
{
	switch (c) {
	case '"':
		walk->state = IN_STRING;
		return true;
	case '{':
	case '[':
		return open_nested(walk, c == '{');
	case 't':
		walk->rest = "rue";
		break;
	case 'f':
		walk->rest = "alse";
		break;
	case 'n':
		walk->rest = "ull";
		break;
	case '-':
		walk->state = AFTER_MINUS;
		return true;
	default:
		if (!is_digit(c))
			return false;
		walk->state = c == '0' ? AFTER_ZERO : IN_WHOLE;
		return true;
	}
	walk->state = IN_WORD;
	return true;
}

/* One byte of a number. 1: taken; 0: the number ended before it; -1: it cannot stand there. */
static int walk_number(struct json_walk *walk, char c)
{
	bool digit = is_digit(c), e = c == 'e' || c == 'E';

	switch (walk->state) {
	case AFTER_MINUS:
		walk->state = c == '0' ? AFTER_ZERO : IN_WHOLE;
		return digit ? 1 : (walk->state = AFTER_MINUS, -1);
	case AFTER_ZERO:
	case IN_WHOLE:
		if (digit)
			return walk->state == IN_WHOLE ? 1 : -1;
		if (c == '.' || e) {
			walk->state = e ? AFTER_E : AFTER_POINT;
			return 1;
		}
		return 0;
	case AFTER_POINT:
		if (!digit)
			return -1;
		walk->state = IN_FRACTION;
		return 1;
	case IN_FRACTION:
		if (e)
			walk->state = AFTER_E;
		return digit || e;
	case AFTER_E:
		if (!digit && c != '+' && c != '-')
			return -1;
		walk->state = digit ? IN_EXPONENT : AFTER_SIGN;
		return 1;
	case AFTER_SIGN:
		if (!digit)
			return -1;
		walk->state = IN_EXPONENT;
		return 1;
	default:
		assert(walk->state == IN_EXPONENT);
		return digit;
	}
}

/* One byte of a string, its key or its closing quote, behind what skip_plain passed over. As walk_number; 2: and the whole value ended. */
static int walk_string(struct json_walk *walk, char c)
{
	static const char escapes[] = "\"\\/bfnrt";

	switch (walk->state) {
	case IN_STRING:
		if (c == '"')
			return end_value(walk) ? 2 : 1;
		if (c == '\\')
			walk->state = IN_ESCAPE;
		return c == '\\' ? 1 : -1; /* what is left is a control character */
	case IN_ESCAPE:
		if (c == 'u') {
			walk->hex = 4;
			walk->state = IN_HEX;
			return 1;
		}
		for (const char *at = escapes; *at; at++)
			if (c == *at) {
				walk->state = IN_STRING;
				return 1;
			}
		return -1;
	default:
		assert(walk->state == IN_HEX);
		if (!is_hex(c))
			return -1;
		if (--walk->hex == 0)
			walk->state = IN_STRING;
		return 1;
	}
}

/* One byte between values. As walk_string. */
static int walk_between(struct json_walk *walk, char c)
{
	bool object = walk->objects & 1;

	if (json_is_space(c))
		return 1;
	switch (walk->state) {
	case AT_VALUE_OR_END:
		if (c == ']')
			return close_nested(walk) ? 2 : 1;
		return begin_value(walk, c) ? 1 : -1;
	case AT_VALUE:
		return begin_value(walk, c) ? 1 : -1;
	case AT_KEY_OR_END:
		if (c == '}')
			return close_nested(walk) ? 2 : 1;
		/* fall through */
	case AT_KEY:
		if (c != '"')
			return -1;
		walk->key = true;
		walk->state = IN_STRING;
		return 1;
	case AT_COLON:
		walk->state = c == ':' ? AT_VALUE : AT_COLON;
		return c == ':' ? 1 : -1;
	default:
		assert(walk->state == AFTER_VALUE);
		if (c == (object ? '}' : ']'))
			return close_nested(walk) ? 2 : 1;
		if (c != ',')
			return -1;
		walk->state = object ? AT_KEY : AT_VALUE;
		return 1;
	}
}

enum json_walked json_walk_on(struct json_walk *walk, const char *data, size_t length, size_t *used)
{
	const char *at = data, *end = data + length;

	while (at < end) {
		int took;

		if (walk->state == IN_STRING)
			while (at < end && *at != '"' && *at != '\\' && (unsigned char)*at >= 0x20)
				at++;
		if (at == end)
			break;
		if (walk->state < IN_STRING) {
			took = walk_between(walk, *at);
		} else if (walk->state < IN_WORD) {
			took = walk_string(walk, *at);
		} else if (walk->state == IN_WORD) {
			took = *at == *walk->rest ? 1 : -1;
			if (took > 0 && !*++walk->rest && end_value(walk))
				took = 2;
		} else {
			took = walk_number(walk, *at);
			if (took == 0) {
				if (end_value(walk)) {
					*used = (size_t)(at - data);
					return JSON_WALK_DONE;
				}
				continue;
			}
		}
		if (took < 0) {
			*used = (size_t)(at - data);
			return JSON_WALK_BAD;
		}
		at++;
		if (took == 2) {
			*used = (size_t)(at - data);
			return JSON_WALK_DONE;
		}
	}
	*used = length;
	return JSON_WALK_MORE;
}

bool json_walk_finish(const struct json_walk *walk)
{
	return walk->depth == 0 && (walk->state == AFTER_ZERO || walk->state == IN_WHOLE || walk->state == IN_FRACTION ||
		walk->state == IN_EXPONENT);
}

bool json_walk_has_ended(const struct json_walk *walk)
{
	return walk->state == ENDED;
}

const char *json_walk_expected(const struct json_walk *walk)
{
	switch (walk->state) {
	case AT_VALUE:
		return "a value";
	case AT_VALUE_OR_END:
		return "a value or ]";
	case AT_KEY:
		return "a key in double quotes";
	case AT_KEY_OR_END:
		return "a key in double quotes or }";
	case AT_COLON:
		return "a colon";
	case AFTER_VALUE:
		return walk->objects & 1 ? "a comma or }" : "a comma or ]";
	case IN_STRING:
		return "the rest of a string (a control character in it is written with a backslash)";
	case IN_ESCAPE:
		return "one of \"\\/bfnrtu behind the backslash";
	case IN_HEX:
		return "four hexadecimal digits behind \\u";
	case IN_WORD:
		return "true, false or null";
	case TOO_DEEP:
		return "a value that nests no deeper than 64 objects and arrays";
	case AFTER_ZERO:
		return "no digit behind the leading 0";
	default:
		return "a digit";
	}
}
