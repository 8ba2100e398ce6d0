/* columns.h - the columns of a file of rejects: what stands in front, then the fields of the table, then what did not fit.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   reject_id, rule, message, FIELD..., extra        extra: only where some record has cells that are of no field
 *
 * A field of one of these names keeps it; ours is then "penstock." and the name.
 */
#ifndef PENSTOCK_MEND_COLUMNS_H
#define PENSTOCK_MEND_COLUMNS_H

#include "engine/core/schema.h"
#include "engine/mend/sheet.h"

enum own_column { OWN_REJECT_ID = 0, OWN_RULE, OWN_MESSAGE, OWN_EXTRA, OWN_COLUMNS };

/* Static text. */
const char *columns_label(const struct schema *schema, enum own_column column);

/* Where each column of a sheet is. */
struct columns {
	size_t own[OWN_COLUMNS]; /* SIZE_MAX: not there */
	size_t *fields;          /* schema->field_count */
};

/* From the header, which is the row at hand. Every field must be there once, and nothing that is unknown; of ours, reject_id. Their order does not
 * matter. ERROR_CONFIG, naming the place. Call fini in any case. */
int columns_match(struct columns *columns, const struct sheet *sheet, const struct schema *schema, struct error *error) MUST_CHECK;
void columns_fini(struct columns *columns);

#endif
