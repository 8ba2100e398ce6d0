/* reject.h - one rejected record in the neutral form that a reject store keeps and a spool carries.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CORE_REJECT_H
#define PENSTOCK_CORE_REJECT_H

#include "engine/core/batch.h"
#include "engine/core/buffer.h"

enum {
	REJECT_RECORD_MAX = 64 * 1024, /* bytes of `record` that are kept */
	REJECT_VALUE_MAX = 256,        /* bytes of a value in messages and violations */
	REJECT_VIOLATIONS_MAX = 1000,  /* of one record that are listed */
};

struct reject {
	uint64_t record_no, line_no, byte_offset;
	struct text source;     /* path as the pipeline resolved it */
	struct text field;      /* of the first violation: "id", "region+id" or empty */
	struct text code;
	struct text rule;       /* id */
	struct text message;
	struct text violations; /* JSON array: [{"field","code","rule","value","truncated","message"}] */
	struct text record;     /* the original, valid UTF-8 without NUL: other bytes as \xHH; sensitive cells as *** */
};

/* Builds the reject of a row from its violations first..first+count (sorted). Texts point into scratch, which is emptied
 * before, and into the batch and its rules; valid until either changes. Returns 0 or -1. */
int reject_from_batch(struct reject *out, const struct batch *batch, size_t first, size_t count, const char *source,
	struct buffer *scratch, struct error *error) MUST_CHECK;

#endif
