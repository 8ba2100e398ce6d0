/* view.h - some columns of a batch, in an order of their own, as if it had no others.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A CSV file has to be read with all its columns, also where only some of them are compared.
 */
#ifndef PENSTOCK_COMPARE_VIEW_H
#define PENSTOCK_COMPARE_VIEW_H

#include "engine/core/batch.h"

struct view {
	struct schema *schema;
	size_t *fields;         /* of the whole schema, one a column of the view */
	struct column *columns;
	struct batch batch;
};

/* names: of schema, every one of them. Returns 0 or -1; view_fini in both cases. */
int view_init(struct view *view, const struct schema *schema, const char *const *names, size_t count, struct error *error) MUST_CHECK;
void view_fini(struct view *view);

/* Valid until the next call and as long as batch is left alone. For reading. */
const struct batch *view_of(struct view *view, const struct batch *batch);

#endif
