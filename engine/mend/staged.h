/* staged.h - the rejects of one step that a replay or an export is going to give, in an unlinked temporary file.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_MEND_STAGED_H
#define PENSTOCK_MEND_STAGED_H

#include <stdint.h>

#include "engine/core/error.h"
#include "engine/core/value.h"

/* How the record is to be had. */
enum staged_form {
	STAGED_PLACE = 1, /* in its source, at record_no and byte_offset */
	STAGED_CELLS,     /* its cells are here, see cells.h */
	STAGED_JSON,      /* its text is here: one JSON value */
};

struct staged_item {
	int64_t reject_id;
	uint64_t record_no, byte_offset;
	enum staged_form form;
	struct text source;        /* STAGED_PLACE: the path */
	struct text rule, message; /* as the store has them; for exports */
	struct text body;          /* the other forms */
};

struct staged;

/* ceiling: bytes of the file. NULL and error. */
struct staged *staged_new(uint64_t ceiling, struct error *error) MUST_CHECK;
void staged_free(struct staged *staged); /* NULL is fine */

/* Copies the item. ERROR_RESOURCE: disk full, or beyond the ceiling. */
int staged_add(struct staged *staged, const struct staged_item *item, struct error *error) MUST_CHECK;

/* From the first one again; once all were added. */
int staged_rewind(struct staged *staged, struct error *error) MUST_CHECK;
/* 1 and the next item, valid until the next call; 0 at the end, -1 and error. Those of one source come by their record_no, as far as a window over
 * all of them reaches: behind it may be earlier ones. */
int staged_next(struct staged *staged, struct staged_item *out, struct error *error) MUST_CHECK;

#endif
