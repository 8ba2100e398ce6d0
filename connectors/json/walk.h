/* walk.h - over the bytes of one JSON value as they come: strictly by RFC 8259, however long it is, in no memory.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A walk says where a value ends, and at which byte it is none. Bytes within strings need not be UTF-8, and \u escapes need not be
 * characters: that is the business of whoever reads the string (string.h).
 */
#ifndef PENSTOCK_CONNECTORS_JSON_WALK_H
#define PENSTOCK_CONNECTORS_JSON_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum json_walked {
	JSON_WALK_MORE = 0, /* all bytes were taken, and the value goes on (a number may) */
	JSON_WALK_DONE,     /* the value ended */
	JSON_WALK_BAD,      /* no JSON; json_walk_expected says why */
};

struct json_walk {
	uint64_t objects; /* a bit for each open object (1) or array (0), the innermost is the lowest */
	const char *rest; /* of a word that was begun */
	uint8_t state;    /* enum in walk.c */
	uint8_t hex;      /* digits of a \u that are still to come */
	uint8_t depth, most;
	bool key;         /* the string at hand is a key */
};

/* The beginning of a value that stands within outside objects and arrays already (0 to JSON_DEPTH_MAX of json_text.h). */
struct json_walk json_walk_from(unsigned outside);

/* Goes on over data[0..length). *used: bytes of the value in it; JSON_WALK_BAD: before the byte that cannot stand there. Spaces before the
 * value are taken for part of it, those behind it are not looked at. Not to be called again after DONE or BAD. */
enum json_walked json_walk_on(struct json_walk *walk, const char *data, size_t length, size_t *used);

/* Nothing follows: true where the value is complete, which only a number can turn out to be. */
bool json_walk_finish(const struct json_walk *walk);

/* True after JSON_WALK_DONE. */
bool json_walk_has_ended(const struct json_walk *walk);

/* What should stand where the walk is: "a colon". Static text. */
const char *json_walk_expected(const struct json_walk *walk);

static inline bool json_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

#endif
