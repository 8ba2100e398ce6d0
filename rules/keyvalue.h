/* keyvalue.h - the value of a key in one row, in a form that can be compared and stored.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A key of one field that is stored as an integer is that integer. Any other key is a text of bytes: its parts one
 * after the other, each so written that no two different keys of the same fields give the same bytes.
 */
#ifndef PENSTOCK_RULES_KEYVALUE_H
#define PENSTOCK_RULES_KEYVALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/batch.h"

enum key_kind { KEY_OF_INTEGER = 1, KEY_OF_BYTES };

struct keyvalue {
	int64_t integer;   /* KEY_OF_INTEGER */
	const char *bytes; /* KEY_OF_BYTES; borrowed from the maker */
	size_t length;
};

/* Memory in which keys are put together; one thread. */
struct keymaker {
	char *data;
	size_t size;
};

void keymaker_fini(struct keymaker *maker);

enum key_kind key_kind_of(const struct schema *keys);

/* False when a part is no value (null, missing, wrong). */
bool key_complete(const struct batch *batch, const size_t *columns, size_t count, uint32_t row);

/* The key of a row whose parts are all values; valid until the next call with the same maker, and while the batch
 * stays. Returns 0 or -1 (out of memory). */
int key_make(struct keymaker *maker, enum key_kind kind, const struct batch *batch, const size_t *columns, size_t count,
	     uint32_t row, struct keyvalue *out, struct error *error) MUST_CHECK;

#endif
