/* nested.h - a value of any type as canonical JSON (sorted keys, no spaces), or passed over.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A record is an object by the labels of its fields, a map an object, a value of a union the value of its branch. Bytes are base64 (RFC
 * 4648, section 4), decimals, dates, times, uuids and durations their canonical text.
 */
#ifndef PENSTOCK_AVRO_NESTED_H
#define PENSTOCK_AVRO_NESTED_H

#include "connectors/avro/scalar.h"
#include "engine/core/buffer.h"

struct nested_entry {
	struct text key;   /* borrowed from the block or the type */
	size_t begin, end; /* of `"key":value` in out */
};

struct nested {
	struct buffer out;
	struct buffer work;
	struct nested_entry *entries; /* of the objects that are being written, the innermost last */
	size_t count, room;
	size_t limit;       /* bytes of out */
	/* What was wrong with the last value: out is not to be used then. */
	bool too_long;      /* more than limit */
	bool bad;           /* holds something that is no value of ours: NaN, a date that does not exist, a map with a key twice */
	char shown[64];     /* what that was */
	bool no_text;       /* holds a string that is no UTF-8, or has a NUL */
};

void nested_init(struct nested *nested, size_t limit);
void nested_fini(struct nested *nested);

/* Writes the value to nested->out. 0, or -1 and error: ERROR_SOURCE without a place (the block is damaged, or the value is nested more
 * than AVRO_NESTING_MAX deep), ERROR_RESOURCE. */
int nested_json(struct nested *nested, struct wire *wire, const struct avro_type *type, struct error *error) MUST_CHECK;

/* Reads the value and forgets it. */
int nested_skip(struct wire *wire, const struct avro_type *type, struct error *error) MUST_CHECK;

#endif
